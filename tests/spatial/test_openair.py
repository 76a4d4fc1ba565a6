"""OpenAir: heights, shapes, broken blocks, encodings, the file that is written."""

from __future__ import annotations

import gzip
from collections import Counter

import pytest
import shapely

from spatial.airspace_rules import FEED_BOUNDS, FEED_RESTRICTIONS
from spatial.geo.crs import GEOD
from spatial.geo.volumes import Circle
from spatial.geozones.checks import checked, restricted
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import GROUND, ZoneFault, ZoneLimit
from spatial.geozones.openair import read_openair, write_openair
from spatial.geozones.openair_heights import read_height
from spatial.rule_files import read_rule
from tests.conftest import shared_path

CODES = read_rule(FEED_RESTRICTIONS).value.openair
BLOCK = "AC {klass}\nAN {name}\nAL {low}\nAH {high}\n{shape}\n"
SQUARE = "\n".join(f"DP 30:{m}:00 N 120:{n}:00 E" for m, n in ((0, 0), (0, 10), (10, 10), (10, 0)))


def block(name="X", klass="D", low="SFC", high="FL95", shape=SQUARE):
    return BLOCK.format(name=name, klass=klass, low=low, high=high, shape=shape)


def read(*blocks, **how):
    return read_openair("\n".join(blocks).encode(), **how)


@pytest.mark.parametrize(
    ("text", "limit", "doubt"),
    [
        ("2000M AGL", ZoneLimit(2000.0, "AGL"), ""),
        ("FL 65 (MNM ALT 5500FT)", ZoneLimit(6500 * 0.3048, "STD"), "MNM ALT 5500FT"),
        ("1000ft GND", ZoneLimit(304.8, "AGL"), "unusual"),
        ("UNL", None, ""),
        ("GND", GROUND, ""),
        ("SFC", GROUND, ""),
        ("0 AGL", GROUND, ""),
        ("2000M ASFC", ZoneLimit(2000.0, "AGL"), "readers differ"),
        ("5000MSL", ZoneLimit(1524.0, "AMSL"), ""),
        ("99999 AGL", None, ""),
        ("-33.5ft MSL", ZoneLimit(-10.2108, "AMSL"), ""),
    ],
)
def test_a_height_keeps_its_datum(text, limit, doubt):
    found = read_height(text)
    if limit is None:
        assert found.limit is None
    else:
        assert found.limit is not None
        assert found.limit.datum == limit.datum
        assert found.limit.value_m == pytest.approx(limit.value_m)
    assert doubt in "".join(found.doubts)
    assert bool(found.doubts) is bool(doubt)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("120", "missing-datum"), ("FL", "bad-height"), ("nan AGL", "bad-height"), ("", "bad-height")],
)
def test_what_is_no_height_is_refused(text, reason):
    with pytest.raises(ZoneFault) as caught:
        read_height(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("shape", "line", "reason"),
    [
        ("DC 2\nDC 3", 6, "bad-line"),
        ("V X=30:00:00 N 120:00:00 E\nDC 2\nDC 3", 8, "two-shapes"),
        ("DC 22:28:39 S 017:28:14 E", 6, "bad-line"),
        ("DP 30:00:00 N", 6, "bad-place"),
        ("DP 30:61:00 N 120:00:00 E", 6, "bad-place"),
        ("DP NaN N 120:00:00 E", 6, "bad-place"),
        ("DP 91:00:00 N 120:00:00 E", 6, "out-of-range"),
        ("what is this", 6, "bad-line"),
        ("DP 30:00:00 N 120:00:00 E", 2, "no-geometry"),
    ],
)
def test_a_broken_block_is_refused_with_its_line_and_the_others_are_kept(shape, line, reason):
    found = read(f"* head\n{block('bad', shape=shape)}", block("good"))
    (refused,) = found.refused
    assert (refused.place, refused.reason) == (line, reason)
    assert "bad" in refused.row["text"]
    assert [zone.name_zh for zone in found.zones] == ["good"]


def test_a_block_without_a_height_or_of_an_unknown_class_is_no_zone():
    found = read("AC D\nAN low\nAL SFC\n" + SQUARE, block("odd", klass="XYZ"))
    assert [one.reason for one in found.refused] == ["missing-height"]
    with pytest.raises(ZoneFault, match="XYZ"):
        restricted(found.zones[0], CODES)


def test_arcs_keep_their_ends_and_lie_at_their_radius():
    centre = (120.0, 30.0)
    arc = read(block(shape="V X=30:00:00 N 120:00:00 E\nV D=-\nDA 10,270,90\n"))
    ring = shapely.get_coordinates(arc.zones[0].volumes[0].footprint)
    metres = [GEOD.inv(*centre, x, y)[2] for x, y in ring]
    assert min(metres) == pytest.approx(18520.0, abs=1e-3) == max(metres)
    assert ring[:, 1].min() < 29.84  # anticlockwise from west to east: by the south
    between = "V X=30:00:00 N 120:00:00 E\nDB 30:10:00 N 120:00:00 E, 30:00:00 N 120:11:30 E"
    ring = shapely.get_coordinates(read(block(shape=f"{between}\nDP 30:00:00 N 120:00:00 E"))
                                   .zones[0].volumes[0].footprint)  # fmt: skip
    assert ring[0].tolist() == pytest.approx([120.0, 30 + 1 / 6])
    assert ring[-3].tolist() == pytest.approx([120 + 11.5 / 60, 30.0], abs=1e-12)


def test_direction_and_centre_hold_in_their_own_block_only():
    first = block("a", shape="V X=30:00:00 N 120:00:00 E\nDC 2")
    found = read(first, block("b", shape="DC 2"))
    assert found.zones[0].volumes[0].footprint == Circle((120.0, 30.0), 3704.0)
    assert [one.reason for one in found.refused] == ["bad-line"]


@pytest.mark.parametrize(
    ("encoding", "name", "told"),
    [("utf-8", "四港 é", False), ("utf-8-sig", "é", False), ("utf-16", "é", True),
     ("latin-1", "Besançon", True), ("cp1250", "Příšera", True)],
)  # fmt: skip
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding, name, told, ends):
    found = read_openair(block(name).replace("\n", ends).encode(encoding))
    assert [zone.name_zh for zone in found.zones] == [name]
    assert any("--encoding" in text for text in found.remarks) is told


def test_an_outline_that_crosses_itself_is_refused_but_for_a_hair():
    bounds = read_rule(FEED_BOUNDS).value
    bow = "\n".join(
        f"DP {y}:00:00 N {x}:00:00 E" for x, y in ((120, 30), (121, 31), (121, 30), (120, 31))
    )
    with pytest.raises(ZoneFault) as caught:
        checked(read(block(shape=bow)).zones[0], bounds)
    assert caught.value.reason == "self-intersection"
    loop = [("5:00", "120:00:00"), ("4:59", "120:00:00"), ("4:59.5", "120:00:00.1"),
            ("4:59.5", "119:59:59.9"), ("4:58", "120:00:00")]  # fmt: skip
    slip = "\n".join([SQUARE, *(f"DP 30:{y} N {x} E" for y, x in loop)])
    zone = checked(read(block(shape=slip)).zones[0], bounds)
    assert zone.volumes[0].shape.is_valid
    assert "by a hair" in zone.warnings[0]


@pytest.mark.shared
def test_the_czech_file_gives_all_its_airspaces_and_reports_its_colour_blocks():
    body = gzip.decompress(shared_path("data/airspace/openair-CZ-2026-04.txt.gz").read_bytes())
    found = read_openair(body)
    assert Counter(zone.level for zone in found.zones) == {
        "R": 85, "GS": 76, "Q": 45, "D": 41, "P": 11, "C": 9, "E": 3,
    }  # fmt: skip
    assert [one.reason for one in found.refused] == ["colour-block"] * 18
    assert all(one.place for one in found.refused)
    bounds = read_rule(FEED_BOUNDS).value
    zones = [checked(restricted(zone, CODES), bounds) for zone in found.zones]
    assert sum(bool(zone.warnings) for zone in zones) == 3
    again = read_openair(write_openair(zones, CODES, "x", LeftOut()))
    assert len(again.zones) == 270
    for one, other in zip(zones, again.zones, strict=True):
        assert one.level == other.level
        limits = [
            [limit and (limit.datum, round(limit.value_m, 6)) for limit in (v.floor, v.ceiling)]
            for v in (one.volumes[0], other.volumes[0])
        ]
        assert limits[0] == limits[1]
        assert one.volumes[0].shape.equals_exact(other.volumes[0].shape, 1e-8)
