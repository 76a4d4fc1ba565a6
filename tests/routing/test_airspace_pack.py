"""The offline pack: its reader says what the judge says, and refuses what it cannot stand for."""

from __future__ import annotations

import ast
import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyproj
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routing.airspace import pack_reader
from routing.airspace.ask import Heights, judge_point
from routing.airspace.pack import Contents, Term, make_pack
from routing.airspace.verdict import answer_of
from spatial.airspace_rules import ACCURACY, FILING
from spatial.geo.terrain import pack, unpack
from tests.routing.test_airspace import NOON, flight_of, joins_of, judge, probe, read_rule, world

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw().hex()
BEGINS = datetime.fromtimestamp(NOON, UTC) - timedelta(hours=3)
TERM = Term(BEGINS, BEGINS + timedelta(hours=12), 300.0)


class Clock:
    """A clock, and the ticks since some time, that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.now, self.ticked = now.timestamp(), 0.0

    def pass_(self, seconds: float) -> None:
        self.now, self.ticked = self.now + seconds, self.ticked + seconds


@cache
def packed() -> bytes:
    contents = Contents(judge(), read_rule(FILING).value, read_rule(ACCURACY).value, {"note": "?"})
    return make_pack(contents, TERM, KEY)


def opened(clock: Clock | None = None, mark: Path | None = None, data: bytes | None = None):
    clock = clock or Clock(BEGINS)
    return pack_reader.Pack(
        data or packed(), PUBLIC, mark, lambda: clock.now, lambda: clock.ticked
    )  # fmt: skip


def server_says(asked: dict) -> tuple[str, list[str]]:
    value, slack, datum, qnh = asked["height"]
    flight = flight_of(asked["aircraft"], asked["task"], asked["own_zone"], asked["when"])
    found = judge_point(
        judge(), asked["lon"], asked["lat"], Heights(datum, value, value, slack), flight,
        joins_of(qnh),
    )  # fmt: skip
    verdict = answer_of(found.least, found.most, unknown=found.unknown).value
    return verdict, [one.name for one in found.findings if one.zone is not None and one.most]


def pack_says(pack: pack_reader.Pack, asked: dict) -> tuple[str, list[str]]:
    value, slack, datum, qnh = asked["height"]
    more = {} if qnh is None else {"qnh_hpa": qnh}
    return pack.verdict(
        asked["lon"], asked["lat"], value, datum, asked["aircraft"],
        datetime.fromtimestamp(asked["when"], UTC), accuracy_m=slack, task=asked["task"],
        facility=asked["own_zone"], **more,
    )  # fmt: skip


def at_noon() -> dict:
    return probe(random.Random(3)) | {"when": NOON}


def on_a_border(asked: dict, shuffled: random.Random) -> dict:
    """Move a probe onto a corner or side of a polygon, or onto a limit of height."""
    polygons = [one["polygon"] for key in ("zones", "counties") for one in world()[key]
                if "polygon" in one]  # fmt: skip
    corners = shuffled.choice(polygons)
    n = shuffled.randrange(len(corners))
    (x1, y1), (x2, y2) = corners[n], corners[n - 1]
    share = shuffled.choice([0.0, 0.5, 0.25, shuffled.random()])
    limits = [(120.0, "AGL"), (50.0, "AGL"), (6000.0, "STD")]
    limits += [one[side][:2] for one in world()["zones"] for side in ("floor", "top") if one[side]]
    value_m, datum = shuffled.choice([one for one in limits if one[0] is not None])
    slack_m = shuffled.choice([0.0, 5.0])
    height = (value_m - shuffled.choice([0.0, slack_m]), slack_m, datum, 1005.0)
    when = shuffled.choice([NOON, NOON - 3600.0, NOON + 3600.0 * 4])
    place = {"lon": x1 + (x2 - x1) * share, "lat": y1 + (y2 - y1) * share}
    return {**asked, **place, "height": height, "when": when}


def test_the_reader_says_what_the_server_says():
    pack, shuffled = opened(), random.Random(11)
    probes = [probe(shuffled) for _ in range(1_500)]
    probes += [on_a_border(one, shuffled) for one in probes[:700]]
    wrong, verdicts = [], Counter()
    for asked in probes:
        found, expected = pack_says(pack, asked), server_says(asked)
        verdicts[found[0]] += 1
        if (found[0], sorted(found[1])) != (expected[0], sorted(expected[1])):
            wrong.append((asked, found, expected))
    assert wrong == []
    assert set(verdicts) == {*pack_reader.NAMES, "undetermined"}


@pytest.mark.parametrize("slack_m", [0.0, 5.0])
def test_exactly_at_a_floor_that_is_not_of_its_zone_the_zone_does_not_speak(slack_m):
    pack, asked = opened(), {**at_noon(), "lon": 120.61, "lat": 30.57, "aircraft": "large"}
    for value_m, speaks in ((660.0, False), (660.1, True)):
        asked["height"] = (value_m - slack_m, slack_m, "AMSL", 1005.0)
        for verdict, spoken in (pack_says(pack, asked), server_says(asked)):
            assert ("n4" in spoken) is speaks
            assert ("n3" in spoken) is (slack_m > 0 or not speaks)
            assert verdict != "suitable"


def test_its_geodesic_is_that_of_the_server():
    shuffled, geod = random.Random(5), pyproj.Geod(ellps="GRS80")
    for _ in range(500):
        lon, lat = shuffled.uniform(100, 130), shuffled.uniform(-60, 60)
        far, way = shuffled.choice([50.0, 5e3, 6e4, 1e5]), shuffled.uniform(0, 360)
        x, y, _ = geod.fwd(lon, lat, way, far)
        assert abs(pack_reader._metres(lon, lat, x, y) - far) < 1e-5


def test_a_pack_that_lacks_the_terrain_says_undetermined_where_the_server_knows_more():
    pack, shuffled, seen = opened(), random.Random(7), Counter()
    pack.facts["terrain"]["tiles"] = {}
    for asked in (probe(shuffled) for _ in range(400)):
        found, expected = pack_says(pack, asked)[0], server_says(asked)[0]
        seen[found == expected] += 1
        assert found in (expected, "undetermined")
    assert seen[False]
    assert seen[True] > 200


@pytest.mark.parametrize("at", [8, 40, 72, 500, -1])
def test_a_pack_that_was_changed_is_refused(at):
    data = bytearray(packed())
    data[at] ^= 1
    with pytest.raises(pack_reader.Refused, match="signed"):
        opened(data=bytes(data))


def test_it_holds_in_its_time_only():
    for moment in (TERM.begins - timedelta(seconds=301), TERM.expires):
        with pytest.raises(pack_reader.Refused):
            opened(Clock(moment))
    clock = Clock(TERM.begins - timedelta(seconds=299))  # within what a clock may be off
    pack = opened(clock)
    asked = at_noon()
    assert pack_says(pack, asked)
    with pytest.raises(pack_reader.Refused, match="within the time"):
        pack_says(pack, asked | {"when": TERM.expires.timestamp()})
    clock.pass_(12 * 3600 + 300)
    with pytest.raises(pack_reader.Refused, match="expired"):
        pack_says(pack, asked)


def test_a_clock_that_is_set_back_is_refused(tmp_path):
    clock = Clock(TERM.begins)
    pack = opened(clock, tmp_path / "mark")
    clock.pass_(3600)
    pack_says(pack, at_noon())
    clock.now -= 3000  # while it is open
    with pytest.raises(pack_reader.Refused, match="moved"):
        pack_says(pack, at_noon())
    with pytest.raises(pack_reader.Refused, match="set back"):  # and from run to run
        opened(Clock(TERM.begins), tmp_path / "mark")


def test_it_imports_nothing_of_ours_and_is_short():
    text = Path(pack_reader.__file__).read_text("utf-8")
    named = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)
    }  # fmt: skip
    assert named <= {*sys.stdlib_module_names, "cryptography"}
    assert len(text.splitlines()) <= 200


def test_terrain_is_kept_to_the_decimetre_so_that_a_pack_holds_it_whole():
    grid = np.array([[1.234, np.nan], [-0.06, 1789.87]], np.float32)
    np.testing.assert_array_equal(
        unpack(pack(grid), 2), np.array([[1.2, np.nan], [-0.1, 1789.9]], np.float32)
    )
