"""Classes of cells in space and time: by slices, with unknown ones, and too few for a class."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from api.network.rule_models import RuleBook, read_rules
from layers.processes.law.space_time import PROCESS
from layers.processes.readers.heat_slice_rows import HeatSlices
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene
from routing.statistics.rule_models import SPACE_TIME
from spatial.common_units import NO_ROWS
from spatial.errors import BadParameter
from spatial.geo.zorder import key_of_cell
from spatial.rules import get_rule

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SIDE = 12


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), NOW).at(NOW)


def world(hits_of, weeks=20):
    """Return a square of cells; `hits_of` changes hits and looks, (weeks, rows, columns)."""
    y, x = (part.ravel() for part in np.indices((SIDE, SIDE)))
    at = key_of_cell(x + 13_650, y + 6_775)
    order = np.argsort(at)
    hits, looks = np.full((weeks, SIDE, SIDE), 5.0), np.full((weeks, SIDE, SIDE), 50.0)
    hits += np.random.default_rng(4).integers(-2, 3, hits.shape)
    hits_of(hits, looks)
    flat = [table.reshape(weeks, -1)[:, order] for table in (hits, looks)]
    units = np.where(flat[0] + flat[1] > 0, 330702, NO_ROWS)
    return HeatSlices(14, 1400, 7, at[order], units, *flat)


def ran(rules, given, **inputs):
    scene = Scene({"rules": rules, "heat_slices": given}, NOW)
    return PROCESS.run(check_inputs(PROCESS, inputs), scene)


def classes(found):
    return {cell["properties"]["space_time"] for cell in found.cells.features}


def test_new_and_rising_and_gone_are_told_apart(rules):
    def plant(hits, looks):
        weeks = len(hits)
        hits[-1, 1:3, 1:3] = 40
        hits[:, 8:11, 8:11] = np.linspace(25, 45, weeks)[:, None, None]
        hits[: weeks - 1, 8:11, 1:4] = 40

    found = ran(rules, world(plant))
    assert {"new_hot", "intensifying_hot", "historical_hot", "no_pattern"} <= classes(found)
    new = [
        c["properties"] for c in found.cells.features if c["properties"]["space_time"] == "new_hot"
    ]
    assert {cell["history"][-1] for cell in new} == {"+"} and {c["hot"] for c in new} == {1}
    assert found.summary.since.weekday() == 0
    assert (found.summary.until - found.summary.since).days == 140


def test_few_inspected_slices_are_no_class(rules):
    def plant(hits, looks):
        looks[9:, 5, 5] = hits[9:, 5, 5] = 0
        hits[3, 0, 0] = 60

    found = ran(rules, world(plant))
    short = [c["properties"] for c in found.cells.features
             if c["properties"]["space_time"] == "too_short"]  # fmt: skip
    assert [(c["slices"], c["history"].count(".")) for c in short] == [(9, 11)]
    missing = [c["properties"]["slices"] for c in found.cells.features]
    assert sorted(set(missing)) == [9, 19, 20]
    assert classes(ran(rules, world(plant), slices=9)) == {"too_short"}


def test_what_was_last_inspected_long_ago_has_no_class_and_its_week_is_told(rules):
    fresh = get_rule(rules, SPACE_TIME).value.fresh_slices

    def plant(hits, looks):
        hits[:, 1:4, 1:4] = 40
        for x, weeks in ((5, fresh), (7, fresh + 1)):
            looks[-weeks:, 5, x] = hits[-weeks:, 5, x] = 0

    given = world(plant, weeks=30)
    found = ran(rules, given)
    by_key = {int(c["id"]): c["properties"] for c in found.cells.features}

    def at(x, y):
        return by_key[int(key_of_cell(np.int64(x + 13_650), np.int64(y + 6_775)))]

    kept, gone, always = at(5, 5), at(7, 5), at(9, 9)
    assert kept["space_time"] == "no_pattern" and gone["space_time"] is None
    for cell, weeks in ((kept, fresh), (gone, fresh + 1), (always, 0)):
        assert cell["last_inspected"] == given.begins(29 - weeks).isoformat()
        assert cell["history"].endswith("." * weeks) and cell["history"][29 - weeks] != "."
    assert found.summary.stale == 1 and sum(found.summary.classes.values()) == SIDE**2 - 1


def test_no_records_are_no_cells_and_a_bad_period_is_told(rules):
    nothing = HeatSlices(14, 0, 7, np.zeros(0, np.int64), *np.zeros((3, 0, 0)))
    assert ran(rules, nothing).cells.features == []
    with pytest.raises(BadParameter) as refused:
        check_inputs(PROCESS, {"since": "2026-03-01", "until": "2026-02-01"})
    assert "until must be after since" in f"{refused.value} {refused.value.extra}"
