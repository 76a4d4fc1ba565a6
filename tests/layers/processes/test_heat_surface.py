"""Surfaces of enforcement heat: states, colours, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import orjson
import pytest

from api.network.rule_models import RuleBook, read_rules
from layers.processes.law.cell_inputs import cells_asked
from layers.processes.law.heat_surface import PROCESS
from layers.processes.readers.heat_rows import HeatCells
from layers.processes.registry import check_inputs
from layers.processes.runtime.feature_text import rectangles
from layers.processes.runtime.helpers import box_shape, feature
from layers.processes.runtime.model import Scene
from spatial.errors import BadParameter
from spatial.geo.zorder import columns_and_rows, key_of_cell

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), NOW).at(NOW)


def block(size, events, exposure):
    """Return a square of cells in Zhejiang with numbers by row."""
    y, x = (part.ravel() for part in np.indices((size, size)))
    at = key_of_cell(x + 54_600, y + 27_100)
    order = np.argsort(at)
    return HeatCells(
        at[order], ["330702"] * size**2, np.ravel(events)[order].astype(float),
        np.ravel(exposure)[order].astype(float),
    )  # fmt: skip


NAMES = {"330702": ("婺城区", "Wucheng District")}


def ran(rules, cells, **inputs):
    scene = Scene({"rules": rules, "heat": cells, "county_names": NAMES}, NOW)
    checked = check_inputs(PROCESS, {"level": 16} | inputs)
    PROCESS.check(checked, scene)
    return PROCESS.run(checked, scene)


def properties(found):
    return [orjson.loads(orjson.dumps(one))["properties"] for one in found.cells.features]


def test_every_state_stands_for_itself(rules):
    hits, looks = np.full((4, 4), 5), np.full((4, 4), 100)
    hits[0, :], looks[1, 0], hits[2, 2], looks[2, 2] = 30, 0, 9, 8
    found = ran(rules, block(4, hits, looks))
    cells = properties(found)
    assert {c["state"] for c in cells} == {"rated", "not_inspected", "short"}
    for cell in cells:
        told = cell["value"] is not None
        assert told == (cell["state"] == "rated") == (cell["colour"] is not None)
        assert not told or cell["lower"] < cell["value"] < cell["upper"]
    assert (found.summary.not_inspected, found.summary.short) == (1, 1)
    assert found.summary.pooled_rate == pytest.approx((30 * 4 + 5 * 10) / (100 * 14))
    assert all(len(cell["beidou"]) == 11 for cell in cells)


def test_much_patrolled_is_first_by_count_and_last_by_rate(rules):
    hits, looks = np.full((3, 3), 20), np.full((3, 3), 100)
    hits[1, 1], looks[1, 1] = 60, 3000
    cells = block(3, hits, looks)
    by_count = max(properties(ran(rules, cells, surface="count")), key=lambda c: c["value"])
    by_rate = min(properties(ran(rules, cells)), key=lambda c: c["value"])
    assert by_count["exposure"] == by_rate["exposure"] == 3000
    assert by_count["mostly_patrol"] and by_count["by_exposure"] > 0.9


def test_a_surface_says_where_more_was_found_because_more_was_looked(rules):
    hits, looks = np.full((3, 3), 20), np.full((3, 3), 400)
    hits[1, 1], looks[1, 1], hits[0, 0] = 60, 1500, 60
    found = ran(rules, block(3, hits, looks), surface="count")
    told = [cell["exposure"] for cell in properties(found) if cell["mostly_patrol"]]
    assert told == [1500] and found.summary.mostly_patrol == 1
    assert "1 个单元查获多因检查多" in found.summary.sentence.zh


def test_a_block_of_high_rates_is_hot_and_alone_in_that(rules):
    hits, looks = np.full((12, 12), 5), np.full((12, 12), 100)
    hits[2:5, 2:5] = 40
    found = properties(ran(rules, block(12, hits, looks), surface="gi"))
    hot = [cell for cell in found if cell["spot"] == 1]
    assert 9 <= len(hot) <= 25 and not [cell for cell in found if cell["spot"] == -1]
    assert all(cell["value"] > 1.96 for cell in hot)


def test_a_coarser_level_adds_up_the_same_events(rules):
    hits, looks = np.full((8, 8), 3), np.full((8, 8), 50)
    fine = ran(rules, block(8, hits, looks))
    coarse = ran(rules, block(8, hits, looks), level=None)
    assert coarse.summary.level == 14
    assert fine.summary.events == coarse.summary.events == 192
    assert coarse.summary.cells < fine.summary.cells


def test_density_is_about_events_per_km2(rules):
    hits = np.zeros((9, 9))
    hits[4, 4] = 10
    found = ran(rules, block(9, hits, np.full((9, 9), 50)), surface="kde", bandwidth_m=2000.0)
    peak = max(cell["value"] for cell in properties(found))
    assert peak == pytest.approx(10 * 3 / (np.pi * 4), rel=1e-3)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"since": "2026-03-01", "until": "2026-03-01"}, "until must be after since"),
        ({"hours": [8], "since": "2026-03-02", "until": "2026-04-01"}, "whole months"),
        ({"hours": [168]}, "hours"),
        ({"surface": "kde", "bandwidth_m": 0.0}, "200 to 50000 metres"),
        ({"surface": "kde", "bandwidth_m": 1e9}, "200 to 50000 metres"),
        ({"surface": "heat"}, "surface"),
        ({"plate": "浙A"}, "plate"),
        ({"level": 17}, "level"),
    ],
)
def test_bad_input_is_told(rules, inputs, says):
    with pytest.raises(BadParameter) as refused:
        ran(rules, block(3, np.ones((3, 3)), np.ones((3, 3))), **inputs)
    assert says in f"{refused.value} {refused.value.extra}"


@pytest.mark.parametrize("surface", ["rate", "count", "kde"])
def test_no_records_are_no_cells(rules, surface):
    nothing = HeatCells(np.zeros(0, np.int64), [], np.zeros(0), np.zeros(0))
    found = ran(rules, nothing, surface=surface)
    assert found.cells.features == [] and found.summary.pooled_rate is None


def test_a_lone_cell_has_no_neighbours(rules):
    with pytest.raises(BadParameter, match="no cell has a neighbour"):
        ran(rules, block(1, [[1]], [[5]]), surface="gi")


def test_the_coarsest_grain_that_has_the_period_is_read():
    def grain(**inputs):
        return cells_asked(check_inputs(PROCESS, inputs)).counted.grain

    assert grain(since=date(2026, 1, 1), until=date(2026, 3, 1)) == "m"
    assert grain(since=date(2026, 1, 1), until=date(2026, 3, 2)) == "d"
    assert grain(since=date(2026, 1, 1), until=date(2026, 3, 1), hours=[3]) == "h"


def test_features_written_by_columns_are_those_written_one_by_one():
    dice = np.random.default_rng(3)
    west, south, east, north = boxes = dice.uniform(-180, 180, (4, 50))
    rate = np.where(dice.random(50) < 0.2, np.nan, dice.normal(0, 1, 50))
    columns = {
        "n": dice.integers(-9, 10**12, 50), "rate": rate, "spot": dice.integers(-1, 2, 50, np.int8),
        "name": np.array([f'甲,"{i}"\\' for i in range(50)]), "hot": rate > 0,
        "code": [None if i % 3 else str(i % 7) for i in range(50)],
    }  # fmt: skip
    found = [orjson.loads(orjson.dumps(one)) for one in rectangles(range(50), boxes, columns)]
    for i, one in enumerate(found):
        told = {name: column[i] for name, column in columns.items()}
        told |= {"rate": None if np.isnan(rate[i]) else float(rate[i]), "hot": bool(rate[i] > 0)}
        assert one == feature(i, box_shape(west[i], south[i], east[i], north[i]), **told)
    assert rectangles([], np.zeros((4, 0)), {"n": np.zeros(0)}) == []


def test_cells_say_which_county_they_are_of(rules):
    (cell, *_) = properties(ran(rules, block(2, np.full((2, 2), 1), np.full((2, 2), 9))))
    assert (cell["county_zh"], cell["county_en"]) == NAMES["330702"]


def test_hot_spots_say_how_much_cells_cluster_at_all(rules):
    hits = np.full((6, 6), 2) + np.random.default_rng(7).integers(0, 3, (6, 6))
    hits[:3] += 20
    looks = np.full((6, 6), 100)
    cells = block(6, hits, looks)
    told = ran(rules, cells, surface="gi_count").summary.clustering
    x, y = columns_and_rows(cells.keys)
    near = (np.abs(x[:, None] - x) <= 1) & (np.abs(y[:, None] - y) <= 1) & ~np.eye(36, dtype=bool)
    z = cells.events - cells.events.mean()
    assert told.i == pytest.approx(36 / near.sum() * (z @ near @ z) / (z @ z))
    assert told.expected == pytest.approx(-1 / 35)
    assert told.i > 0.5 and told.z_normal > 5 and told.z_random > 5
    summary = ran(rules, cells, surface="gi").summary
    assert summary.clustering is not None and summary.clustering.i != told.i
    assert ran(rules, cells, surface="rate").summary.clustering is None
