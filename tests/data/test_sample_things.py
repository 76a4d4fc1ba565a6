"""The sample's zones, facilities, airspace, rules and search index."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.sample.gshhg import LAND, read_shore
from data.sample.ports import parse_minutes
from layers.features.search import Search
from spatial.actor import ANONYMOUS
from spatial.airspace_rules import CLASS_B_RINGS, CLASS_C, GROUND
from spatial.errors import BadParameter, SetupError
from spatial.geo.crs import GEOD
from spatial.geo.volumes import geodesic_ring
from spatial.postgres.db import Database, connect
from spatial.rule_files import FOLDER, read_rule
from spatial.rule_models import UNIT_TOLERANCE
from spatial.settings import Settings

pytestmark = pytest.mark.db

PREFECTURES = 11
COUNTIES = 90
NEIGHBOURS = 49  # prefectures of Jiangsu, Anhui, Fujian and Jiangxi


@pytest.fixture(scope="module")
def rows(sample_url: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(sample_url) as connection:
        yield connection


def one(rows: psycopg.Connection[Any], query: str, *params: Any) -> Any:
    found = rows.execute(query, params).fetchone()
    assert found is not None
    return found[0] if len(found) == 1 else found


def test_all_units_of_the_province_have_names_codes_and_parents(rows):
    count = dict(rows.execute(
        "SELECT kind, count(*) FROM sigang.zone WHERE source_id = 'tianditu-admin' GROUP BY kind"
    ).fetchall())  # fmt: skip
    units = {"province": 6, "prefecture": PREFECTURES, "county": COUNTIES}
    assert count == {**units, "neighbour": NEIGHBOURS}
    bad = rows.execute(
        "SELECT z.name_zh FROM sigang.zone z LEFT JOIN sigang.zone p ON p.id = z.parent_id"
        " WHERE z.source_id = 'tianditu-admin' AND (z.name_zh IS NULL OR z.name_en IS NULL"
        " OR NOT ST_IsValid(z.geom) OR z.origin <> 'real' OR z.visibility <> 'public'"
        " OR z.kind IN ('county', 'prefecture') AND (p.id IS NULL"
        "   OR NOT starts_with(z.admin_code, CASE z.kind WHEN 'county' THEN left(p.admin_code, 4)"
        "      ELSE '33' END) OR NOT ST_Covers(z.geom, z.centre)))"
    ).fetchall()
    assert bad == []


def test_units_fill_their_parents(rows):
    whole, parts = one(
        rows,
        "SELECT (SELECT sum(ST_Area(geom::geography)) FROM sigang.zone WHERE kind = 'prefecture'),"
        " (SELECT sum(ST_Area(geom::geography)) FROM sigang.zone WHERE kind = 'county')",
    )
    assert parts == pytest.approx(whole, rel=0.01)


@pytest.mark.parametrize(
    ("lon", "lat", "kind"),
    [
        (122.10, 30.06, "land"),  # Zhoushan's main island
        (121.87, 30.03, "land"),  # Jintang
        (120.17, 30.27, "land"),  # Hangzhou
        (121.45, 30.48, "sea"),  # Hangzhou Bay
        (123.60, 29.20, "sea"),  # East China Sea
        (121.98, 30.05, "sea"),  # the strait between Jintang and Zhoushan
        (120.12, 31.20, "lake"),  # Taihu
    ],
)
def test_a_point_lies_on_land_in_a_lake_or_at_sea(rows, lon, lat, kind):
    kinds = {
        row[0]
        for row in rows.execute(
            "SELECT kind FROM sigang.zone WHERE kind IN ('land', 'lake')"
            " AND ST_Covers(geom, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [lon, lat],
        )
    }
    assert kinds == {"land": {"land"}, "sea": set(), "lake": {"land", "lake"}}[kind]


@pytest.mark.parametrize(
    ("lon", "lat", "levels"),
    [
        (103.8, 36.0, {"outside_sea", "outside_land"}),  # Lanzhou, far inland
        (135.0, 20.0, {"outside_sea"}),  # the Pacific
        (120.5, 28.8, {"outside_sea", "outside_land", "extent"}),
        (-100.0, 40.0, set()),  # nothing is known: drawn as no data
    ],
)
def test_around_the_sample_land_is_land(rows, lon, lat, levels):
    found = rows.execute(
        "SELECT level FROM sigang.zone WHERE kind = 'around'"
        " AND ST_Covers(geom, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
        [lon, lat],
    )
    assert {row[0] for row in found} == levels


def test_zhoushan_is_an_island_of_its_size_and_not_a_blob():
    here = shapely.Point(122.10, 30.06)
    islands = [s for s in read_shore((121.0, 29.0, 123.5, 31.2)) if s.level == LAND]
    assert len(islands) > 400
    (zhoushan,) = [s for s in islands if s.geometry.covers(here)]
    area_km2 = abs(GEOD.geometry_area_perimeter(zhoushan.geometry)[0]) / 1e6
    assert area_km2 == pytest.approx(490, rel=0.05)
    assert shapely.get_num_coordinates(zhoushan.geometry) > 200


def test_bins_fit_so_that_a_larger_window_gives_the_same_land():
    small = shapely.box(121.2, 29.7, 122.8, 30.6)
    whole = shapely.union_all([s.geometry for s in read_shore((120, 29, 124, 31))
                               if s.level == LAND])  # fmt: skip
    part = shapely.union_all([s.geometry for s in read_shore(small.bounds) if s.level == LAND])
    assert (whole & small).symmetric_difference(part).area < 1e-9


def test_a_missing_shoreline_file_says_what_to_install(tmp_path):
    with pytest.raises(SetupError) as caught:
        read_shore((120, 29, 121, 30), tmp_path / "none.nc")
    assert "gmt-gshhg-full" in caught.value.mend_en


def test_the_jiaxing_trap_is_set_aside_and_the_port_stands_in_its_city(rows):
    row, reason = one(
        rows,
        "SELECT row, reason FROM sigang.quarantine WHERE row ->> 'code' = 'CNJIX'",
    )
    assert reason == "outside_unit"
    assert row["at"] == pytest.approx([121.543991, 29.868336])
    codes, inside = one(
        rows,
        "SELECT f.codes -> 'un_locode', ST_Covers(z.geom, f.geom) FROM sigang.facility f"
        " JOIN sigang.zone z ON z.admin_code = '330400' AND z.kind = 'prefecture'"
        " WHERE f.kind = 'port' AND f.name_zh = '嘉兴'",
    )
    assert inside
    assert codes == ["CNJAX", "CNJIX"]


def test_no_real_port_lies_outside_its_unit(rows):
    tolerance = read_rule(UNIT_TOLERANCE).value.root
    strays = rows.execute(
        "SELECT f.name_zh FROM sigang.facility f JOIN sigang.zone z ON z.admin_code = f.admin_code"
        " AND z.kind IN ('county', 'prefecture') WHERE f.kind IN ('port', 'dry_port')"
        " AND f.origin = 'real' AND NOT ST_DWithin(z.geom::geography, f.geom::geography, %s)",
        [tolerance],
    ).fetchall()
    assert strays == []
    assert one(rows, "SELECT count(*) FROM sigang.facility WHERE kind = 'port'") > 45
    assert one(rows, "SELECT count(*) FROM sigang.facility WHERE kind = 'dry_port'") > 15


def test_a_port_without_a_place_of_its_own_says_so(rows):
    schematic = rows.execute(
        "SELECT props ->> 'placed', (props ->> 'accuracy_m')::int FROM sigang.facility"
        " WHERE kind = 'port' AND origin = 'schematic'"
    ).fetchall()
    assert {placed for placed, _ in schematic} == {"its hub", "unit's seat"}
    assert min(accuracy for _, accuracy in schematic) >= 1900


def test_every_code_finds_one_place(rows):
    doubled = rows.execute(
        "SELECT code FROM (SELECT DISTINCT f.name_zh, f.kind, jsonb_array_elements_text("
        " f.codes -> 'un_locode') AS code FROM sigang.facility f WHERE f.kind = 'port') t"
        " GROUP BY code HAVING count(*) > 1"
    ).fetchall()
    assert doubled == []


def test_airfields_of_other_provinces_and_air_bases_are_not_shown(rows):
    names = {
        name
        for (name,) in rows.execute(
            "SELECT name_en FROM sigang.facility WHERE kind IN ('airport', 'heliport')"
        )
    }
    assert "Aurora Plaza Helipad" not in names
    assert "Taizhou Chunlan Heliport" not in names
    assert not any("Air Base" in name for name in names)
    transport = one(
        rows,
        "SELECT count(*) FROM sigang.facility WHERE kind = 'airport'"
        " AND props ->> 'transport' = 'true'",
    )
    assert transport == 9


def test_a_runway_is_as_long_on_the_ground_as_it_says(rows):
    lengths = rows.execute(
        "SELECT ST_Length(geom::geography), (props ->> 'length_m')::float, origin"
        " FROM sigang.facility WHERE kind = 'runway'"
    ).fetchall()
    assert len(lengths) == 8
    for ground, stated, origin in lengths:
        assert ground == pytest.approx(stated, rel=0.001 if origin == "derived" else 0.06)


def test_airspace_rings_follow_the_rule(rows):
    rule = read_rule(CLASS_B_RINGS)
    rings = rows.execute(
        "SELECT radius_m, floor_m, floor_datum, ceiling_m, ceiling_datum, rule_version, origin,"
        " ST_AsBinary(centre), ST_AsBinary(geom), (props ->> 'ceiling_included')::boolean"
        " FROM sigang.zone WHERE kind = 'airspace' AND code LIKE 'ZSHC-B%' ORDER BY radius_m"
    ).fetchall()
    steps = rule.value.two  # Xiaoshan has two runways
    assert [ring[0] for ring in rings] == [step.radius_m for step in steps]
    elevation = one(rows, "SELECT elevation_m FROM sigang.facility WHERE icao = 'ZSHC'"
                          " AND kind = 'airport'")  # fmt: skip
    assert [ring[1:5] for ring in rings] == [
        (0.0, "AGL", elevation + steps[0].top.value_m, "AMSL"),
        (elevation + steps[1].floor.value_m, "AMSL", elevation + steps[1].top.value_m, "AMSL"),
    ]
    for ring in rings:
        radius, version, origin, centre, shape, included = ring[0], *ring[5:]
        assert (version, origin) == (f"{rule.key}@{rule.version}", "derived")
        assert included
        at = shapely.from_wkb(bytes(centre))
        outer = shapely.get_coordinates(shapely.from_wkb(bytes(shape)))
        far = GEOD.inv([at.x] * len(outer), [at.y] * len(outer), outer[:, 0], outer[:, 1])[2]
        assert far == pytest.approx(radius, abs=1.0)
    first, second = (shapely.from_wkb(bytes(ring[8])) for ring in rings)
    assert second.covers(first)  # discs, stacked: straight above the airport is class B


def test_fields_of_general_aviation_may_have_a_class_c_that_nobody_is_sure_of(rows):
    found = rows.execute(
        "SELECT radius_m, props ->> 'uncertain' FROM sigang.zone"
        " WHERE kind = 'airspace' AND level = 'C'"
    ).fetchall()
    assert found
    assert set(found) == {(read_rule(CLASS_C).value.radius_m, "tower")}


def test_each_county_says_of_each_category_whether_it_is_known(rows):
    found = rows.execute(
        "SELECT level, props - 'unknown', (props ->> 'unknown')::int FROM sigang.zone"
        " WHERE kind = 'ground_coverage'"
    ).fetchall()
    assert len(found) == COUNTIES
    for level, statuses, unknown in found:
        assert set(statuses) == set(read_rule(GROUND).value.root)
        assert set(statuses.values()) <= {"loaded", "empty", "unknown"}
        assert unknown == list(statuses.values()).count("unknown")
        assert level == ("unknown" if unknown else "known")
    assert {level for level, _, _ in found} == {"known", "unknown"}


def test_the_relief_is_marked_made_up_and_raises_the_version_of_the_air(rows):
    assert one(rows, "SELECT props ->> 'origin' FROM sigang.source s WHERE EXISTS"
                     " (SELECT 1 FROM sigang.terrain_tile t WHERE t.source_id = s.id)"
               ) == "synthetic"  # fmt: skip
    assert one(rows, "SELECT version FROM sigang.airspace_version") > 1


def test_a_point_13_km_from_a_three_runway_airport_is_in_the_first_ring():
    first = read_rule(CLASS_B_RINGS).value.three[0]
    ring = shapely.Polygon(geodesic_ring(120.432, 30.229, first.radius_m))
    assert ring.covers(shapely.Point(120.3, 30.2))
    assert not ring.covers(shapely.Point(120.2, 30.2))
    assert first.top.value_m == 900


def test_heights_over_an_unsurveyed_aerodrome_do_not_claim_a_sea_level(rows):
    found = dict(rows.execute(
        "SELECT z.ceiling_datum, bool_and((f.elevation_m IS NULL) = (z.ceiling_datum = 'AAE'))"
        " FROM sigang.zone z JOIN sigang.facility f ON f.id = (z.props ->> 'airport_id')::uuid"
        " WHERE z.kind = 'airspace' GROUP BY 1"
    ).fetchall())  # fmt: skip
    assert found == {"AMSL": True, "AAE": True}


def test_what_is_not_loaded_of_the_airspace_is_told(rows):
    missing = one(rows, "SELECT props -> 'not_loaded' FROM sigang.source"
                        " WHERE id = 'sample-airspace'")  # fmt: skip
    assert {"military", "border"} <= set(missing)


@given(
    st.integers(0, 89), st.integers(0, 59), st.sampled_from("NS"),
    st.integers(0, 179), st.integers(0, 59), st.sampled_from("EW"),
)  # fmt: skip
def test_unlocode_minutes_are_read_exactly(lat, lat_min, ns, lon, lon_min, ew):
    found = parse_minutes(f"{lat:02d}{lat_min:02d}{ns} {lon:03d}{lon_min:02d}{ew}")
    assert found[1] == pytest.approx((lat + lat_min / 60) * (1 if ns == "N" else -1), abs=1e-6)
    assert found[0] == pytest.approx((lon + lon_min / 60) * (1 if ew == "E" else -1), abs=1e-6)


@pytest.mark.parametrize("text", ["2892N 12002E", "3012N", "", "3012N 12060E", "30.2N 120.3E"])
def test_a_coordinate_that_is_none_is_refused(text):
    with pytest.raises(BadParameter):
        parse_minutes(text)


DECLARED = [path.name.split(".")[0] for path in FOLDER.glob("*/*.layer.toml")]


def search(url: str, text: str) -> list[Any]:
    async def ask() -> list[Any]:
        db = await Database.open(Settings.from_env({}), url)
        try:
            return (await Search(db).find(ANONYMOUS, text, 5, DECLARED)).hits
        finally:
            await db.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("嘉兴", "嘉兴"),
        ("jiaxing", "嘉兴"),
        ("beilun", "北仑区"),
        ("北仑", "北仑区"),
        ("杭州湾跨海大桥", "杭州湾跨海大桥"),
        ("hgh", "杭州萧山国际机场"),
        ("ZSNB", "宁波栎社国际机场"),
        ("cnnbg", "宁波"),
        ("乍浦港区", "乍浦港区"),
        ("g15", "沈海高速"),
        ("京杭运河", "京杭运河"),
    ],
)
def test_the_search_finds_first_what_is_meant(sample_url, text, label):
    assert search(sample_url, text)[0].label["zh"] == label


def test_every_entry_of_the_search_belongs_to_a_layer(rows):
    indexed = {layer for (layer,) in rows.execute("SELECT DISTINCT layer FROM search_entry")}
    assert indexed <= set(DECLARED)
    assert {"places", "ports", "structures", "carriageways", "waterways"} <= indexed


def test_jiaxing_is_found_at_its_seat(rows, sample_url):
    lon, lat = search(sample_url, "嘉兴")[0].center
    seat = one(rows, "SELECT ST_X(centre), ST_Y(centre) FROM sigang.zone"
                     " WHERE admin_code = '330400'")  # fmt: skip
    assert (lon, lat) == pytest.approx(seat)
