"""Deliveries of enforcement from files: added once, corrected, late, withdrawn, refused by line."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import pandas
import pytest

from data.enforcement.load import load_records
from data.enforcement.mapping import CODES
from layers.declare.catalog import Catalog
from spatial.errors import ConfigError, Quarantined
from spatial.postgres.ingest import NO_LOAD
from tests.conftest import ROOT
from tests.data.layerfiles import write_csv
from tests.spatial.test_heat_cube import DIFFERENT

pytestmark = pytest.mark.db

AREAS = ROOT / "layers" / "areas"
SOURCE = """
datum = "WGS84"
key = "id"
withdrawn = "gone"
[source]
id = "patrols"
title = { zh = "巡查", en = "Patrols" }
license = "internal"
attribution = "test"
[place]
lon = "lon"
lat = "lat"
"""
PASSAGES = 'kind = "passage"\n' + SOURCE + '[columns]\nat = "at"\nn = "n"\n'
INSPECTIONS = (
    'kind = "inspection"\n' + SOURCE + '[columns]\nopened_at = "at"\n'
    '[props]\ninspected = "n"\nhits = "hits"\n'
)
CASES = (
    'kind = "enforcement"\n' + SOURCE + '[columns]\nopened_at = "at"\n[props]\nviolation = "what"\n'
)
ROUTE = """
INSERT INTO sigang.carriageway (route_id, side, source_id, length_m, geom)
VALUES ('G104', 'up', 'patrols', 1000, 'SRID=4326;LINESTRING(120 30, 120.01 30)')"""
COUNTED = """
SELECT s.measure, s.kind, sum(c.n)::int FROM sigang.heat_cube c
JOIN sigang.heat_series s ON s.id = c.series WHERE c.grain = 'd' AND c.n <> 0
GROUP BY 1, 2 ORDER BY 1, 2"""


def row(key, at="2026-03-02 07:30", n=5, lon=120.15, lat=30.25, gone="", **more):
    return {"id": key, "at": at, "n": n, "lon": lon, "lat": lat, "gone": gone, **more}


@pytest.fixture
def deliver(conn, units, tmp_path: Path):
    """Return what loads rows as a CSV file."""

    def run(rows, mapping=PASSAGES, **how):
        path = tmp_path / "map.toml"
        path.write_text(mapping, encoding="utf-8")
        file = rows if isinstance(rows, Path) else write_csv(tmp_path / "rows.csv", rows)
        return load_records(conn, file, path, lambda line: None, **how)

    return run


def counted(conn):
    assert conn.execute(DIFFERENT).fetchone() == (0,)
    return {(measure, kind): n for measure, kind, n in conn.execute(COUNTED).fetchall()}


def test_a_delivery_may_come_again_corrected_late_and_withdrawn(conn, deliver):
    first = deliver([row("a"), row("b", n=7)])
    assert first.told == {"added": 2, "corrected": 0, "late": 0, "unchanged": 0}
    assert deliver([row("a"), row("b", n=7)]).told["unchanged"] == 2
    assert counted(conn) == {("exposure", "passage"): 12}
    more = deliver([row("a", n=6), row("c", at="2026-02-01 06:00"), row("b", gone="是"),
                    row("zz", gone="yes", at="", n="")])  # fmt: skip
    assert more.told == {
        "added": 1, "corrected": 1, "late": 1, "unchanged": 0, "withdrawn": 1, "unknown": 1,
    }  # fmt: skip
    assert counted(conn) == {("exposure", "passage"): 11}
    did = conn.execute(
        "SELECT options -> 'did' FROM sigang.load_run WHERE id = %s", [more.load_id]
    ).fetchone()
    assert did == (dict(more.told),)


def test_cases_and_inspections_are_withdrawn_and_stay_on_record(conn, deliver):
    deliver([row("s", n=40, hits=3), row("t", n=20, hits=1)], INSPECTIONS)
    deliver([row("k", what="overload"), row("m", what="hazmat")], CASES)
    assert counted(conn) == {
        ("case", "hazmat"): 1, ("case", "overload"): 1, ("exposure", "inspection"): 60,
        ("hit", "inspection"): 4,
    }  # fmt: skip
    deliver([row("s", n=40, hits=3, gone="1")], INSPECTIONS)
    assert deliver([row("k", what="overload", gone="1")], CASES).told["withdrawn"] == 1
    assert deliver([row("k", what="overload", gone="1")], CASES).told["withdrawn"] == 0
    assert counted(conn) == {
        ("case", "hazmat"): 1, ("exposure", "inspection"): 20, ("hit", "inspection"): 1,
    }  # fmt: skip
    stages = conn.execute("SELECT stage, count(*) FROM sigang.case_file GROUP BY 1 ORDER BY 1")
    assert stages.fetchall() == [("closed", 1), ("investigating", 1), ("withdrawn", 2)]
    keys = conn.execute("SELECT count(*) FROM sigang.case_file WHERE z_key IS NULL").fetchone()
    assert keys == (0,)


BAD = [
    (row("x1", n=0), "bad-value"), (row("x2", n="many"), "bad-value"), (row(""), "no-key"),
    (row("x3", at="yesterday"), "bad-value"), (row("x4", at="2999-01-01"), "no-time"),
    (row("x5", lon=30.25, lat=120.15), "swapped-axes"), (row("x6", lon=""), "no-place"),
    (row("x7", lon=100.0, lat=20.0), "no-unit"), (row("good"), "duplicate-id"),
    (row("x8", gone="perhaps"), "bad-value"), (row("x9", n=2_000_000), "bad-value"),
    (row("x10", at="0206-03-02 07:30"), "no-time"),
]  # fmt: skip


def test_each_bad_row_is_kept_with_its_line_and_reason(conn, deliver):
    report = deliver([row("good"), *(bad for bad, _ in BAD)])
    assert report.told["added"] == 1 and report.rows_bad == len(BAD)
    kept = conn.execute(
        "SELECT row_no, reason FROM sigang.quarantine WHERE load_id = %s ORDER BY 1",
        [report.load_id],
    ).fetchall()
    assert kept == [(line, reason) for line, (_, reason) in enumerate(BAD, 2)]


CODED = CASES.replace(
    'at"\n[props]', 'at"\nstage = "stage"\nverdict = "verdict"\namount_cny = "n"\n[props]'
)
CODED += 'plate_hash = "plate"\nstake = "stake"\nside = "side"\n'
RIGHT = {"what": "overload", "stage": "closed", "verdict": "fine", "plate": "0f" * 8,
         "stake": "K3+200", "side": "up"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stage": "Withdrawn"}, "bad-value"), ({"verdict": "fein"}, "bad-value"),
        ({"n": -500}, "bad-value"), ({"what": "张三 浙B12345"}, "bad-props"),
        ({"plate": "浙B12345"}, "bad-props"), ({"stake": "K3+2O0"}, "bad-props"),
        ({"side": "left"}, "bad-props"),
    ],
)  # fmt: skip
def test_words_that_are_none_of_theirs_are_refused(deliver, change, reason):
    """A misspelt stage would count, a plate or a name would be told."""
    report = deliver([row("k", **RIGHT), row("m", **RIGHT | change)], CODED)
    assert (report.told["added"], dict(report.refused)) == (1, {reason: 1})


def test_codes_are_those_that_the_layer_of_cases_declares():
    columns = {column.name: column for column in Catalog.load(AREAS).get_layer("cases").columns}
    for name, known in CODES.items():
        assert set(columns[name].values) == set(known)


def test_more_hits_than_inspected_are_refused(deliver):
    report = deliver([row("s", n=4, hits=5), row("t", n=4, hits=4)], INSPECTIONS)
    assert (report.told["added"], dict(report.refused)) == (1, {"bad-value": 1})


def test_a_route_that_is_none_is_refused_where_routes_are_known(conn, deliver):
    mapping = INSPECTIONS + 'route_id = "road"\n'
    rows = [row("s", n=4, hits=1, road=" g104"), row("t", n=4, hits=1, road="G9999"),
            row("u", n=4, hits=1, road="")]  # fmt: skip
    assert deliver(rows, mapping).told["added"] == 3
    conn.execute(ROUTE)
    conn.commit()
    report = deliver(rows, mapping)
    assert dict(report.refused) == {"bad-value": 1}
    (why,) = conn.execute("SELECT detail FROM sigang.quarantine").fetchone()
    assert "G9999" in why and "there are: G104" in why


def test_a_dry_run_judges_all_and_changes_nothing(conn, deliver, tmp_path: Path):
    bad = tmp_path / "bad.csv"
    report = deliver([row("a"), row("b", n=0)], dry_run=True, bad_rows=bad)
    assert report.load_id == NO_LOAD
    assert (report.told["added"], dict(report.refused)) == (1, {"bad-value": 1})
    assert "b,2026-03-02 07:30,0" in bad.read_text("utf-8-sig")
    for table in ("exposure", "load_run", "quarantine", "heat_cube"):
        assert conn.execute(f"SELECT count(*) FROM sigang.{table}").fetchone() == (0,)
    none = "SELECT count(*) FROM sigang.source WHERE id = 'patrols'"
    assert conn.execute(none).fetchone() == (0,)


def test_parquet_and_geojson_bring_the_same(conn, deliver, tmp_path: Path):
    rows = [row("a"), row("b", n=7)]
    frame = pandas.DataFrame(rows)
    frame.to_parquet(tmp_path / "rows.parquet")
    assert deliver(tmp_path / "rows.parquet").told["added"] == 2
    points = geopandas.points_from_xy(frame["lon"], frame["lat"])
    shaped = geopandas.GeoDataFrame(frame.drop(columns=["lon", "lat"]), geometry=points, crs=4326)
    (tmp_path / "rows.geojson").write_text(json.dumps(json.loads(shaped.to_json())), "utf-8")
    place = '[place]\nlon = "lon"\nlat = "lat"\n'
    again = deliver(tmp_path / "rows.geojson", PASSAGES.replace(place, ""))
    assert again.told["unchanged"] == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("passage", "patrol"), "kind"), (('key = "id"\n', ""), "key"),
        (('n = "n"', 'z_key = "n"'), "z_key"), (('at = "at"\n', ""), "at"),
        (('withdrawn = "gone"', 'withdrawn = "lost"'), "lost"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_is_told(deliver, change, says):
    with pytest.raises(ConfigError, match=says):
        deliver([row("a")], PASSAGES.replace(*change))


def test_a_file_without_a_good_row_changes_nothing(conn, deliver):
    with pytest.raises(Quarantined, match="row 1"):
        deliver([row("a", n=0)])
    assert conn.execute("SELECT count(*) FROM sigang.exposure").fetchone() == (0,)
