"""Zones in ED-269, ED-318, GeoJSON, KML and OpenAir: what comes round, what is odd."""

from __future__ import annotations

import time as clock
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone

import jsonschema
import orjson
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

from api.cli.export import FORMATS as EXPORTS
from api.cli.parser import parse
from spatial.airspace_rules import FEED_BOUNDS, FEED_RESTRICTIONS
from spatial.geo.volumes import Circle
from spatial.geozones.checks import checked, restricted
from spatial.geozones.ed269 import read_ed269, write_ed269
from spatial.geozones.ed318 import read_ed318, write_ed318
from spatial.geozones.formats import FORMATS, Writing, recognise
from spatial.geozones.kml import read_kml
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import Authority, GeoZone, ZoneFault, ZoneLimit, ZoneVolume
from spatial.geozones.rows import values_of, zones_of
from spatial.geozones.schedule import SUN_EVENTS, Daily, Period
from spatial.rule_files import read_rule
from tests.conftest import shared_path

NOW = datetime(2026, 11, 29, tzinfo=UTC)
WORDS, BOUNDS = read_rule(FEED_RESTRICTIONS).value, read_rule(FEED_BOUNDS).value
WRITING = Writing(NOW, "Sigang (CC0-1.0)", WORDS)
LEVELS = {"B": "REQ_AUTHORISATION", "G": "NO_RESTRICTION", "W": "NO_RESTRICTION",
          "P": "PROHIBITED", "R": "REQ_AUTHORISATION", "Q": "CONDITIONAL"}  # fmt: skip
OPENAIR_LOSES = {
    "level", "name_en", "applicability", "reasons", "authorities", "message", "conditions",
    "country", "included",
}  # fmt: skip

words = st.text(st.characters(categories=("L", "N"), max_codepoint=0xFFFF), max_size=12)
names = st.text(st.characters(categories=("L", "N"), max_codepoint=0xFFFF), min_size=1, max_size=20)
metres = st.floats(0, 20_000).map(lambda value: round(value, 3))


@st.composite
def volumes(draw, ring: int, centre: tuple[float, float]):
    """Draw one ring of a stack: disc, polygon, or polygon with a hole, above the one before."""
    datum = draw(st.sampled_from(["AGL", "AMSL", "W84", "STD"]))
    floor = ZoneLimit(300.0 * ring, datum, draw(st.booleans()) or ring == 0)
    top = draw(st.none() | metres.map(lambda m: 300.0 * ring + 1 + m))
    ceiling = None if top is None else ZoneLimit(top, datum, draw(st.booleans()))
    radius = 1000.0 * (ring + 1)
    disc = Circle(centre, draw(st.floats(radius, radius + 900)))
    ring_ = shapely.Polygon(shapely.get_coordinates(disc.polygon)[::16][::-1])
    hole = shapely.affinity.scale(ring_, 0.3, 0.3)
    shape = draw(st.sampled_from([disc, ring_, ring_.difference(hole)]))
    return ZoneVolume(shape, floor, ceiling)


edges = st.none() | st.sampled_from(SUN_EVENTS) | st.times().map(
    lambda t: t.replace(microsecond=0, tzinfo=timezone(timedelta(hours=8)))
)  # fmt: skip
hours = st.builds(
    Daily,
    st.lists(st.integers(0, 6), min_size=1, max_size=6, unique=True).map(
        lambda d: tuple(sorted(d))
    ),
    edges,
    edges,
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
    lambda t: t.replace(microsecond=0, tzinfo=UTC)
)
periods = st.builds(
    Period,
    moments,
    st.just(datetime(2028, 1, 1, tzinfo=UTC)),
    st.lists(hours, max_size=2).map(tuple),
)
people = st.builds(
    Authority, names, words, purpose=st.sampled_from(["AUTHORIZATION", "INFORMATION"]),
    site=st.just("https://example.org"), interval_before=st.just("P10DT00H"),
)  # fmt: skip


@st.composite
def zones(draw):
    """Draw a feed of zones with stacked rings, of which each has an identifier of its own."""
    found = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        centre = (draw(st.floats(-170, 170)), draw(st.floats(-70, 70)))
        level = draw(st.sampled_from(["", *LEVELS]))
        asked = LEVELS.get(level) or draw(st.sampled_from(sorted(set(LEVELS.values()))))
        stack = tuple(draw(volumes(ring, centre)) for ring in range(draw(st.integers(1, 3))))
        found.append(GeoZone(
            name, stack, draw(names), draw(names), asked, asked, level,
            draw(st.sampled_from(["", "CHE"])),
            tuple(draw(st.lists(st.sampled_from(["NATURE", "DAR", "OTHER", "演出"]), unique=True))),
            tuple(draw(st.lists(periods, max_size=2))), tuple(draw(st.lists(people, max_size=1))),
            draw(words), draw(words),
        ))  # fmt: skip
    return found


def plain(zone: GeoZone) -> tuple[object, ...]:
    """Return what must come round, but for footprints and heights."""
    return (
        zone.identifier, zone.name_zh, zone.name_en, zone.level, zone.restriction, zone.country,
        zone.reasons, zone.applicability, zone.authorities, zone.message, zone.conditions,
    )  # fmt: skip


def assert_same_volumes(zone: GeoZone, other: GeoZone) -> None:
    assert len(zone.volumes) == len(other.volumes)
    for one, two in zip(zone.volumes, other.volumes, strict=True):
        for low, high in ((one.floor, two.floor), (one.ceiling, two.ceiling)):
            assert (low is None) == (high is None)
            if low is not None and high is not None:
                assert (low.datum, low.included) == (high.datum, high.included)
                assert low.value_m == pytest.approx(high.value_m, abs=1e-6)
        assert type(one.footprint) is type(two.footprint)
        if isinstance(one.footprint, Circle) and isinstance(two.footprint, Circle):
            assert one.footprint.centre == pytest.approx(two.footprint.centre, abs=1e-7)
            assert one.footprint.radius_m == pytest.approx(two.footprint.radius_m, abs=1e-5)
        else:
            assert one.shape.normalize().equals_exact(two.shape.normalize(), 1e-7)


def again(name: str, feed: list[GeoZone]) -> tuple[bytes, list[GeoZone]]:
    body = FORMATS[name].write(feed, WRITING)
    assert recognise(body) == name
    found = FORMATS[name].read(body, None)
    assert found.refused == []
    codes = WORDS.openair if name == "openair" else WORDS.geozone
    return body, [checked(restricted(zone, codes), BOUNDS) for zone in found.zones]


def stated(feed: list[GeoZone], holds) -> list[GeoZone]:
    """Return zones with the volumes that a format can state."""
    kept = [replace(z, volumes=tuple(v for v in z.volumes if holds(v))) for z in feed]
    return [zone for zone in kept if zone.volumes]


@pytest.mark.parametrize("name", ["geojson", "kml", "ed269", "ed318"])
@settings(max_examples=20, deadline=None)
@given(feed=zones())
def test_a_feed_comes_round(name: str, feed: list[GeoZone]) -> None:
    body, found = again(name, feed)
    expected = feed
    if name.startswith("ed"):
        expected = stated(
            feed, lambda v: "STD" not in (v.floor.datum, v.ceiling and v.ceiling.datum)
        )
        document = orjson.loads(body)
        left = document["left_out"] if name == "ed318" else (
            document["extendedProperties"]["sigang"]["left_out"])  # fmt: skip
        lost = [zone.identifier for zone in feed
                if any(v.floor.datum == "STD" for v in zone.volumes)]  # fmt: skip
        assert left == {"zones": dict.fromkeys(sorted(lost), "heights of standard pressure"),
                        "fields": {}}  # fmt: skip
    assert [plain(zone) for zone in found] == [plain(zone) for zone in expected]
    for one, two in zip(found, expected, strict=True):
        assert_same_volumes(one, two)


@settings(max_examples=20, deadline=None)
@given(feed=zones())
def test_openair_carries_what_it_can_and_names_the_rest(feed: list[GeoZone]) -> None:
    body, found = again("openair", feed)

    def holds(volume: ZoneVolume) -> bool:
        holed = not isinstance(volume.footprint, Circle) and volume.footprint.interiors
        return volume.floor.datum != "W84" and not holed

    expected = stated(feed, holds)
    head = [line for line in body.decode().splitlines() if line.startswith("* left out: ")]
    fields = {line.split()[3] for line in head if " of " in line}
    assert fields <= OPENAIR_LOSES
    for field in OPENAIR_LOSES - {"level", "included", "name_en", "country"}:
        assert (field in fields) is any(getattr(zone, field) for zone in expected)
    gone = [zone for zone in feed if not all(holds(volume) for volume in zone.volumes)]
    assert all(f"left out: {zone.identifier}: " in body.decode() for zone in gone)
    assert [(z.identifier, z.name_zh, z.restriction) for z in found] == [
        (z.identifier, z.name_zh, z.restriction) for z in expected
    ]
    for one, two in zip(found, expected, strict=True):
        assert one.level == (
            two.level
            or {
                "PROHIBITED": "P",
                "REQ_AUTHORISATION": "R",
                "CONDITIONAL": "Q",
                "NO_RESTRICTION": "G",
            }[two.restriction]
        )
        whole = tuple(
            replace(v, floor=replace(v.floor, included=True),
                    ceiling=v.ceiling and replace(v.ceiling, included=True))
            for v in two.volumes
        )  # fmt: skip
        assert_same_volumes(one, replace(two, volumes=whole))


@settings(max_examples=12, deadline=None)
@given(feed=zones())
def test_a_feed_comes_round_by_way_of_rows(feed: list[GeoZone]) -> None:
    rows = []
    for zone in feed:
        for part in range(len(zone.volumes)):
            row = values_of(zone, part)
            shape = zone.volumes[part].footprint
            lon, lat = shape.centre if isinstance(shape, Circle) else (None, None)
            rows.append(row | {"lon": lon, "lat": lat, "geom": shapely.to_wkb(row["geom"]),
                               "source_id": "feed", "id": "x", "valid_from": None,
                               "valid_to": None})  # fmt: skip
    found, unstated = zones_of(rows)
    assert unstated == {}
    assert [plain(zone) for zone in found] == [plain(zone) for zone in feed]
    for one, two in zip(found, feed, strict=True):
        assert_same_volumes(one, two)


SQUARE = [[[120.0, 30.0], [120.1, 30.0], [120.1, 30.1], [120.0, 30.1], [120.0, 30.0]]]


def ed269(**more):
    """Return an ED-269 document of one zone."""
    part = {"uomDimensions": "FT", "lowerLimit": 0, "lowerVerticalReference": "AGL",
            "upperLimit": 400, "upperVerticalReference": "AGL",
            "horizontalProjection": {"type": "Polygon", "coordinates": SQUARE}}  # fmt: skip
    zone = {"identifier": "Z1", "country": "CHN", "name": "一", "type": "COMMON",
            "restriction": "REQ_AUTHORISATION", "reason": [], "applicability": []}  # fmt: skip
    part |= {key: more.pop(key) for key in [*more] if key in part}
    return orjson.dumps({"UASZoneList": [zone | {"geometry": [part]} | more]})


def floored(floor):
    """Return a GeoJSON document of one zone with this floor."""
    said = {"name": "n", "floor": floor, "ceiling": None, "restriction": "PROHIBITED"}
    part = {"type": "Polygon", "coordinates": SQUARE}
    return orjson.dumps({"features": [{"geometry": part, "properties": said}]})


def ed318(layer=None, metadata=None, geometry=None, **more):
    """Return an ED-318 document of one zone."""
    layer = {"lower": 0, "lowerReference": "AGL", "upper": 120, "upperReference": "AGL"} | (
        layer or {}
    )
    zone = {"identifier": "Z1", "country": "CHN", "type": "REQ_AUTHORIZATION", "variant": "COMMON",
            "zoneAuthority": [{"purpose": "AUTHORIZATION"}]}  # fmt: skip
    where = {"type": "Polygon", "coordinates": SQUARE, "layer": layer} | (geometry or {})
    feature = {"type": "Feature", "geometry": where, "properties": zone | more}
    return orjson.dumps({"type": "FeatureCollection", "metadata": metadata, "features": [feature]})


def only(found):
    assert found.refused == []
    (zone,) = found.zones
    return zone


def test_feet_radii_and_several_geometries_keep_their_unit():
    circle = {"type": "Circle", "center": [120.0, 30.0], "radius": 1000}
    zone = only(read_ed269(ed269(horizontalProjection=circle)))
    assert zone.volumes[0].footprint == Circle((120.0, 30.0), 304.8)
    assert zone.volumes[0].ceiling == ZoneLimit(400 * 0.3048, "AGL")
    assert zone.applicability == ()


@pytest.mark.parametrize("upper", [None, 99999, "99999", 100000.0])
def test_an_upper_limit_that_is_null_or_99999_states_no_ceiling(upper):
    zone = only(read_ed269(ed269(upperLimit=upper)))
    assert zone.volumes[0].ceiling is None
    assert zone.given == ({} if upper is None else {"upper_0": f"{upper} FT"})
    written = write_ed269([replace(zone, restriction="REQ_AUTHORISATION")], NOW, "x", LeftOut())
    assert written["UASZoneList"][0]["geometry"][0]["upperLimit"] is None
    if upper is None or isinstance(upper, int):
        assert only(read_ed318(ed318(layer={"upper": upper}))).volumes[0].ceiling is None


def test_reasons_that_are_no_texts_are_written_as_texts():
    assert only(read_ed269(ed269(reason=[7, None, " AIR_TRAFFIC "]))).reasons == (
        "7",
        "AIR_TRAFFIC",
    )


def test_each_format_keeps_its_own_spelling_and_reads_the_other_with_a_warning():
    own = only(read_ed269(ed269()))
    assert (own.declared, own.warnings) == ("REQ_AUTHORISATION", ())
    assert (
        write_ed269([own], NOW, "x", LeftOut())["UASZoneList"][0]["restriction"]
        == "REQ_AUTHORISATION"
    )
    assert write_ed318([own], NOW, "x", LeftOut())["features"][0]["properties"]["type"] == (
        "REQ_AUTHORIZATION"
    )
    other = only(read_ed269(ed269(restriction="REQ_AUTHORIZATION")))
    assert (other.declared, len(other.warnings)) == ("REQ_AUTHORISATION", 1)
    other = only(read_ed318(ed318(type="REQ_AUTHORISATION")))
    assert (other.declared, len(other.warnings)) == ("REQ_AUTHORISATION", 1)


@pytest.mark.parametrize(
    ("daily", "expected"),
    [
        ([{"day": [], "startTime": None, "endTime": None}], ()),
        ([{"day": ["ANY"]}], ()),
        (
            [{"day": ["SUN", "MON"], "startTime": "16:00Z", "endTime": "17:00:00Z"}],
            (Daily((0, 6), time(16, tzinfo=UTC), time(17, tzinfo=UTC)),),
        ),
        (
            [{"day": ["ANY"], "startEvent": "BMCT", "endEvent": "EECT"}],
            (Daily((), "BMCT", "EECT"),),
        ),
    ],
)
def test_daily_hours_are_read(daily, expected):
    applicability = [{"permanent": "YES", "startDateTime": None, "endDateTime": None,
                      "dailyPeriod": daily}]  # fmt: skip
    periods = only(read_ed269(ed269(applicability=applicability))).applicability
    assert periods == ((Period(daily=expected),) if expected else ())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (ed269(lowerLimit=None), "missing-height"),
        (ed269(lowerVerticalReference=None), "missing-datum"),
        (ed269(upperLimit="high"), "bad-height"),
        (ed269(uomDimensions="KM"), "bad-height"),
        (
            ed269(horizontalProjection={"type": "Circle", "center": [120, 30], "radius": 0}),
            "bad-shape",
        ),
        (
            ed269(horizontalProjection={"type": "Polygon", "coordinates": [[["a", 1]] * 4]}),
            "bad-shape",
        ),
        (ed269(horizontalProjection={"type": "Polygon", "coordinates": []}), "no-geometry"),
        (ed269(applicability=[{"startDateTime": "2026-01-01T00:00:00"}]), "bad-time"),
        (ed269(applicability=[{"dailyPeriod": [{"day": ["FUN"]}]}]), "bad-time"),
        (ed269(lowerLimit=500), "floor-above-ceiling"),
        (ed269(lowerLimit="nan"), "not-finite"),
        (ed269(restriction="MAYBE"), "unknown-class"),
        (ed269(geometry="none"), "bad-file"),
        (ed318(layer={"lower": None}), "missing-height"),
        (ed318(geometry={"layer": None}), "missing-height"),
        (ed318(geometry={"type": "LineString"}), "bad-shape"),
        (
            ed318(geometry={"coordinates": [[[30, 120], [31, 120], [31, 121], [30, 120]]]}),
            "swapped-axes",
        ),
        (
            ed318(
                geometry={"coordinates": [[[120, 30], [121, 31], [121, 30], [120, 31], [120, 30]]]}
            ),
            "self-intersection",
        ),
        (
            ed318(geometry={"coordinates": [[[179, 30], [-179, 30], [-179, 31], [179, 30]]]}),
            "antimeridian",
        ),
        (
            ed318(geometry={"coordinates": [[[120, 30], [140, 30], [140, 31], [120, 30]]]}),
            "too-large",
        ),
        (
            ed318(
                geometry={
                    "coordinates": [
                        SQUARE[0],
                        [[120.02, 30.02], [120.04, 30.02], [120.04, 30.04], [120.02, 30.02]],
                    ]
                }
            ),
            "outside-mask",
        ),
        (
            ed318(
                geometry={
                    "coordinates": [[[120 + i / 1e6, 30 + i % 2 / 10] for i in range(100_000)]]
                }
            ),
            "too-many-vertices",
        ),
        (
            b'{"features": [{"geometry": {"type": "Point", "coordinates": [120, 30]},'
            b' "properties": {}}]}',
            "bad-shape",
        ),
        (
            b'{"features": [{"geometry": {"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1]]]},'
            b' "properties": {"floor": 5, "ceiling": null}}]}',
            "missing-datum",
        ),
        (floored({"value": 5, "datum": ["AGL"], "unit": "m"}), "missing-datum"),
        (floored({"value": 5, "datum": "AGL", "unit": {}}), "bad-height"),
    ],
)
def test_an_odd_zone_is_named_and_kept(body, reason):
    found = FORMATS[recognise(body)].read(body, None)
    for zone in found.zones:
        with pytest.raises(ZoneFault) as caught:
            checked(restricted(zone, WORDS.geozone), BOUNDS)
        assert caught.value.reason == reason
    assert [one.reason for one in found.refused] in ([], [reason])
    assert len(found.zones) + len(found.refused) == 1
    assert all(one.place == 1 and one.row for one in found.refused)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
%s]><kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&z;</name></Placemark></kml>""" % (
    b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 40) for n in range(25))
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"features": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"UASZoneList": [{"identifier": NaN}]}',
        b'{"UASZoneList": 5}',
        b'{"features": [',
        BOMB,
        b"<kml><Document></Document></kml>",
        b"<kml>" + b"<Folder>" * 10_000,
        b"<kml><Placemark>",
        b'<!DOCTYPE kml SYSTEM "secret.dtd"><kml><Placemark/></kml>',
    ],
    ids=["deep", "nan", "number", "cut", "bomb", "empty", "deep-xml", "cut-xml", "external"],
)
def test_a_hostile_file_is_refused_at_once(body):
    start = clock.perf_counter()
    with pytest.raises(ZoneFault) as caught:
        FORMATS[recognise(body)].read(body, None)
    assert caught.value.reason == "bad-file"
    assert clock.perf_counter() - start < 1.0


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_door_on_the_command_line(name):
    given = parse(["load", "airspace", "zones.x", "--format", name, "--source", "feed"])
    assert (given.what, given.format, given.source) == ("airspace", name, "feed")
    assert EXPORTS[f".{name}"] == name


def kml(inner: str, data: str = "") -> bytes:
    return (f'<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>n</name>{data}<Polygon>'
            f"{inner}<outerBoundaryIs><LinearRing><coordinates>120,30,500 120.1,30,500"
            " 120.1,30.1,500 120,30,500</coordinates></LinearRing></outerBoundaryIs></Polygon>"
            "</Placemark></kml>"
            ).encode()  # fmt: skip


def test_a_polygon_of_kml_that_reaches_down_from_one_height_says_it():
    zone = only(read_kml(kml("<extrude>1</extrude><altitudeMode>absolute</altitudeMode>")))
    assert zone.volumes[0].ceiling == ZoneLimit(500.0, "AMSL")
    assert zone.volumes[0].floor == ZoneLimit(0.0, "AGL")
    hanging = read_kml(kml("<altitudeMode>absolute</altitudeMode>"))
    assert [one.reason for one in hanging.refused] == ["missing-height"]
    for wrong, reason in (("x", "bad-height"), ("", "missing-height")):
        raised = kml("<extrude>1</extrude><altitudeMode>absolute</altitudeMode>")
        found = read_kml(raised.replace(b",500", f",{wrong}".encode()))
        assert [one.reason for one in found.refused] == [reason]
    nowhere = kml("<extrude>1</extrude><altitudeMode>absolute</altitudeMode>")
    found = read_kml(nowhere.replace(b"120,30,", b"NaN,30,"))
    assert [one.reason for one in found.refused] == ["bad-shape"]
    flat = read_kml(kml(""))
    assert [one.reason for one in flat.refused] == ["missing-height"]


@pytest.mark.shared
def test_the_samples_of_the_standards_are_read():
    folder = shared_path("data/airspace")
    sample = only(read_ed269(next((folder / "ed269").glob("*.json")).read_bytes()))
    assert (sample.declared, sample.volumes[0].ceiling, sample.applicability) == (
        "REQ_AUTHORISATION", None, (),
    )  # fmt: skip
    swiss = read_ed318((folder / "ed318/interuss_che_cis_source_sample_ed318.json").read_bytes())
    assert [zone.identifier for zone in swiss.zones] == ["LSZB003", "BLns058", "LSTB002"]
    assert [zone.given["upper_0"] for zone in swiss.zones] == ["99999 m"] * 3
    assert {zone.volumes[0].ceiling for zone in swiss.zones} == {None}
    for name, count in (
        ("Example_Collection", 2),
        ("Example_GeoZone_2_Layers", 1),
        ("Example_GeoZone_Circle", 1),
        ("Example_GeoZone_with_extension", 1),
    ):
        body = (folder / f"ed318/{name}.json").read_bytes()
        assert recognise(body) == "ed318"
        found = read_ed318(body)
        assert (len(found.zones), found.refused) == (count, [])
    with pytest.raises(ZoneFault) as caught:
        read_ed318((folder / "ed318/InvalidExample_GeoZone_2_Layers.json").read_bytes())
    assert "metadata.validFrom" in caught.value.en
    assert "REQ_AUTHORISATION is spelt REQ_AUTHORIZATION" in caught.value.en


@pytest.fixture(scope="module")
def validator():
    folder = shared_path("data/airspace/ed318-schema")
    schemas = {path.name: orjson.loads(path.read_bytes()) for path in folder.glob("*.json")}
    registry = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    for name, schema in schemas.items():
        registry = registry.with_resource(f"./{name}", Resource.from_contents(schema))
    whole = schemas["Schema_GeoZones.json"]
    return jsonschema.Draft7Validator(whole, registry=registry)


@pytest.mark.shared
@settings(max_examples=10, deadline=None)
@given(feed=zones())
def test_what_is_written_keeps_to_the_official_schema(validator, feed):
    validator.validate(orjson.loads(FORMATS["ed318"].write(feed, WRITING)))
