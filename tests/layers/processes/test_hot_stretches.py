"""Hot stretches by stake: equal to a slow count, by both sides, with breaks, gaps and counties."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
import shapely

from api.network.rule_models import RuleBook, read_rules
from layers.processes.law.hot_stretches import PROCESS
from layers.processes.readers.route_rows import Places, Records, RouteRows
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene
from spatial.common_units import unit_numbers
from spatial.errors import BadParameter
from spatial.geo.admin_units import AdminUnits
from spatial.geo.codes import format_stake
from spatial.geo.linear_reference import Carriageway
from tests.layers.processes import stretch_count
from tests.routing.corridor import at, carriageway, line

NOW = datetime(2026, 11, 29, tzinfo=UTC)
TOWARDS = {("G92", "up"): ("宁波", "Ningbo"), ("G92", "down"): ("杭州", "Hangzhou")}
MONDAY = 1400 * 7
WHOSE = ["330101"] * 400 + ["330102"], ["330102"]
"""Of whom are records this side of the border between counties, and beyond it."""


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), NOW).at(NOW)


def county(west, east):
    return shapely.box(*at(west, -9000), *at(east, 9000))


def world(records, ways=None):
    """Return rows of routes with records: x, y, and route, stake, side, unit where stated."""
    ways = ways or [carriageway("up"), carriageway("down")]
    place = np.arange(len(records))
    lon, lat = np.array([at(r["x"], r["y"]) for r in records]).reshape(-1, 2).T
    columns = [[r.get(name) for r in records] for name in ("route", "stake", "stated")]
    numbers = [np.array([r[n] for r in records], float) for n in ("events", "exposure")]
    day = np.array([MONDAY + 7 * r["week"] + i % 7 for i, r in enumerate(records)], np.int64)
    counties = AdminUnits({"330101": county(-9000, 5000), "330102": county(5000, 20000)})
    units = unit_numbers([r.get("unit") for r in records])
    places = Places(lon, lat, *columns)
    return RouteRows(ways, TOWARDS, counties, Records(places, place, day, *numbers, units))


def ran(rules, rows, **inputs):
    checked = check_inputs(PROCESS, inputs)
    return PROCESS.run(checked, Scene({"rules": rules, "routes": rows}, NOW))


def told(found):
    return [one["properties"] for one in found.stretches.features]


def thrown(dice):
    """Return records of 20 weeks: hot, rising, cold, and places never looked at."""
    made = []
    posts = [(x, side) for x in range(60, 9990, 97) for side in ("up", "down")]
    for x, side in posts:
        if 1990 < x < 2900 or (side == "down" and x > 8300):
            continue
        for week in dice.sample(range(20), dice.choice([4, 12, 20])):
            looks = dice.randrange(10, 60)
            rate = 0.1
            if side == "up" and 4050 < x < 5900:
                rate = 0.45
            elif side == "down" and 1000 < x < 1900:
                rate = 0.01
            elif side == "up" and 8000 < x < 8800:
                rate = 0.1 + 0.02 * week
            hits = sum(dice.random() < rate for _ in range(looks))
            hits = 9 * looks if (x, side) == (60, "down") else hits
            made.append({
                "x": x, "y": 0 if side == "up" else 30, "side": side, "week": week,
                "events": hits, "exposure": looks, "unit": dice.choice(WHOSE[x > 5000]),
            })  # fmt: skip
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_what_a_slow_count_finds(rules, seed):
    dice = random.Random(seed)
    records = thrown(dice)
    for record in records:
        _, k = stretch_count.stake_of(record["x"])
        if dice.random() < 0.3 and not 102_160 < k < 102_260:
            moved = {"x": record["x"] + dice.uniform(-900, 900), "y": record["y"] + 700.0}
            record["at"] = {
                **moved,
                "route": " g92",
                "stake": format_stake(k),
                "stated": record["side"],
            }
    rows = world([{**r, **r.get("at", {})} for r in records])
    found = told(ran(rules, rows))
    expected = stretch_count.count(records, 500, 0.05, 0.9)
    assert {s["state"] for s in expected} == {"hot", "cold", "ordinary", "not_inspected", "short"}
    assert len(found) == len(expected)
    for one, slow in zip(found, expected, strict=True):
        assert {name: one[name] for name in slow} == pytest.approx(slow, abs=1e-4), slow


def test_a_stretch_is_of_the_smallest_unit_of_all_its_records(rules):
    """Whose records a stretch sums may see it, wherever it lies; without any, where it lies."""
    here = {"y": 0, "week": 0, "events": 1, "exposure": 20, "side": "up"}
    whose = [["330101"], ["330101", "330102"], ["330102"], ["330102", None], ["330203", "330101"],
             [None], ["330101", "320506"]]  # fmt: skip
    records = [
        {**here, "x": 250 + 600 * i, "unit": unit} for i, units in enumerate(whose)
        for unit in units
    ]  # fmt: skip
    found = [s for s in told(ran(rules, world(records))) if s["exposure"]]
    assert [s["admin_code"] for s in found] == [
        "330101", "330100", "330102", "330000", "330000", None, "000000",
    ]  # fmt: skip
    empty = {s["admin_code"] for s in told(ran(rules, world(records))) if not s["exposure"]}
    assert empty == {"330101", "330102"}


def test_it_is_named_by_route_stakes_and_both_directions(rules):
    dice = random.Random(3)
    by_side = told(ran(rules, world(thrown(dice))))
    assert {(s["side"], s["towards_zh"]) for s in by_side} == {("up", "宁波"), ("down", "杭州")}
    hot = next(s for s in by_side if s["state"] == "hot")
    assert hot["name"] == f"G92 {hot['stake_from']}–{hot['stake_to']}"
    assert (hot["side"], hot["calibrated"], hot["accuracy_m"]) == ("up", True, 5.0)
    one_line = [_on(line("up"), "up"), _on(line("up").reverse(), "down")]
    records = [{**r, "y": 0} for r in thrown(dice)]
    together = told(ran(rules, world(records, one_line)))
    assert {(s["side"], s["towards_en"]) for s in together} == {("both", "Ningbo / Hangzhou")}
    assert sum(s["events"] for s in together) == sum(r["events"] for r in records)
    stated = told(ran(rules, world([{**r, "stated": r["side"]} for r in records], one_line)))
    assert {s["side"] for s in stated} == {"up", "down"}


def _on(shape, side):
    row = {"route_id": "G92", "side": side, "part": 0, "calibrated": False, "accuracy_m": 90.0,
           "source_id": "corridor", "geom": shape}  # fmt: skip
    ends = [(0.0, 0.0), (10_000.0, 10_000.0)]
    return Carriageway(row, [
        {"route_id": "G92", "side": side, "part": 0, "k_m": k if side == "up" else 10_000 - k,
         "chainage_m": c, "accuracy_m": None} for c, k in ends
    ])  # fmt: skip


def test_lines_are_as_long_as_they_say_and_cover_the_route_once(rules):
    found = ran(rules, world(thrown(random.Random(4))))
    for side, y in (("up", 0), ("down", 30)):
        mine = [f for f in found.stretches.features if f["properties"]["side"] == side]
        assert sum(f["properties"]["length_m"] for f in mine) == pytest.approx(10_000, abs=1)
        ends = [f["geometry"]["coordinates"] for f in mine]
        assert ends[0][0] == pytest.approx(at(0 if side == "up" else 10_000, y), abs=1e-6)
        for before, after in pairwise(ends):
            assert before[-1] == pytest.approx(after[0], abs=2e-7)


def test_never_inspected_is_said_and_is_no_zero(rules):
    found = ran(rules, world([]))
    assert {s["state"] for s in told(found)} == {"not_inspected"}
    assert all(s["rate"] is None and s["trend"] is None for s in told(found))
    assert found.summary.not_inspected_m == pytest.approx(10_000, abs=1)
    assert found.summary.pooled_rate is None and found.summary.since is None


def test_what_lies_on_no_route_is_counted_apart(rules):
    here = {"x": 500, "y": 0, "week": 0, "events": 1, "exposure": 20, "side": "up"}
    far = {**here, "y": 5000, "events": 3, "exposure": 4}
    told_far = {**far, "route": "G92", "stake": "K95+500"}
    unknown = {**far, "route": "G999"}
    summary = ran(rules, world([here, far, told_far, unknown])).summary
    assert (summary.events, summary.exposure) == (1, 20)
    assert (summary.off_route.events, summary.off_route.exposure) == (9, 12)
    assert (summary.side_unknown.events, summary.side_unknown.exposure) == (0, 0)


def test_the_last_slices_end_with_the_last_record(rules):
    records = [
        {"x": 500, "y": 0, "week": week, "events": 1, "exposure": 10, "side": "up"}
        for week in range(12)
    ]
    summary = ran(rules, world(records), slices=5).summary
    assert (summary.slices, summary.exposure) == (5, 50)
    assert (summary.until - summary.since).days == 35 and summary.since.weekday() == 0


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"since": "2026-03-02", "until": "2026-03-02"}, "until must be after since"),
        ({"slices": 0}, "slices"),
        ({"hours": []}, "hours"),
        ({"plate": "浙A"}, "plate"),
    ],
)
def test_bad_input_is_told(rules, inputs, says):
    with pytest.raises(BadParameter) as refused:
        ran(rules, world([]), **inputs)
    assert says in f"{refused.value} {refused.value.extra}"
