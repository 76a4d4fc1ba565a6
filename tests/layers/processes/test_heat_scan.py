"""The scan as a process: planted circles, equal to the formula, the same by the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.processes.law.heat_scan import PROCESS
from layers.processes.readers.heat_rows import HeatCells
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import ENFORCERS, Dismissed, Scene
from spatial.errors import BadParameter, TooComplex
from spatial.geo.crs import GEOD
from spatial.geo.zorder import bounds_of, key_of_cell
from tests.layers.processes.test_heat_surface import NAMES, NOW, rules

__all__ = ["rules"]
SIDE, COUNTY = 15, "330702"


def board(seed=4):
    """Return a square of cells in Zhejiang with a hot block, cells of it, and one never seen."""
    random = np.random.default_rng(seed)
    y, x = (part.ravel() for part in np.indices((SIDE, SIDE)))
    hot = (abs(x - 4) <= 1) & (abs(y - 9) <= 1)
    looks = random.integers(50, 150, SIDE**2).astype(float)
    hits = random.binomial(looks.astype(int), np.where(hot, 0.4, 0.08)).astype(float)
    looks[0], hits[0] = 0.0, 7.0
    looks[1], hits[1] = 3.0, 4.0
    keys = key_of_cell(x + 54_600, y + 27_100)
    order = np.argsort(keys)
    cells = HeatCells(keys[order], [COUNTY] * len(keys), hits[order], looks[order])
    return cells, set(keys[hot].tolist())


def ran(rules, cells, progress=lambda *_: None, **inputs):
    checked = check_inputs(PROCESS, {"level": 16, "replications": 99} | inputs)
    scene = Scene({"rules": rules, "heat": cells, "county_names": NAMES}, NOW, progress)
    return PROCESS.run(checked, scene)


def middles(cells):
    west, south, east, north = bounds_of(cells.keys, 16)
    return shapely.points((west + east) / 2, (south + north) / 2)


def test_the_planted_block_is_the_one_cluster_with_all_its_numbers(rules):
    cells, hot = board()
    found = ran(rules, cells)
    first = found.clusters.features[0]
    told, outline = first["properties"], shapely.geometry.shape(first["geometry"])
    inside = shapely.contains(outline, middles(cells))
    assert len(hot & set(cells.keys[inside].tolist())) >= 7
    centre = middles(cells)[inside & (cells.keys == int(first["id"]))]
    assert [(told["lon"], told["lat"])] == [pytest.approx((at.x, at.y), abs=1e-6) for at in centre]
    far = [GEOD.inv(told["lon"], told["lat"], at.x, at.y)[2] for at in middles(cells)[inside]]
    assert told["radius_m"] == pytest.approx(max(far), rel=0.01)
    assert told["cells"] == inside.sum()
    hits, looks = cells.events[inside].sum(), cells.exposure[inside].sum()
    rated = (cells.exposure > 0) & (cells.events <= cells.exposure)
    total, seen = cells.events[rated].sum(), cells.exposure[rated].sum()
    assert (told["events"], told["exposure"]) == (hits, looks)
    assert told["expected"] == pytest.approx(total * looks / seen, abs=1e-5)
    outside = (total - hits) / (seen - looks)
    assert told["relative_risk"] == pytest.approx(hits / looks / outside, abs=1e-5)
    by_hand = hits * np.log(hits / told["expected"])
    by_hand += (total - hits) * np.log((total - hits) / (total - told["expected"]))
    assert told["log_likelihood_ratio"] == pytest.approx(by_hand, abs=1e-3)
    assert (told["p"], told["rank"], told["county_en"]) == (0.01, 1, NAMES[COUNTY][1])
    summary = found.summary
    assert (summary.cells, summary.not_inspected, summary.short) == (SIDE**2 - 2, 1, 1)
    assert (summary.events, summary.exposure) == (total, seen)
    assert summary.clusters == len(found.clusters.features) and summary.least_p == 0.01
    assert {rule["key"] for rule in summary.rules} == {"law.heat_cells", "law.heat_scan"}


def test_seed_and_replications_are_told_and_say_the_same_again(rules):
    cells, _ = board()
    first = ran(rules, cells, seed=5)
    assert first.clusters == ran(rules, cells, seed=5).clusters
    assert (first.summary.parameters.seed, first.summary.parameters.replications) == (5, 99)
    by_rule = check_inputs(PROCESS, {})
    assert (by_rule.seed, by_rule.replications, by_rule.share) == (None, None, None)
    small = ran(rules, cells, share=0.01)
    assert small.clusters.features[0]["properties"]["cells"] < 9


def ring_around(cells):
    west, south, east, north = (
        float(f(one))
        for f, one in zip(
            (np.min, np.min, np.max, np.max), bounds_of(np.array(sorted(cells)), 16), strict=True
        )
    )
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_an_area_scans_the_cells_in_it_alone(rules):
    cells, hot = board()
    ring = ring_around(cells.keys[cells.keys > np.median(cells.keys)].tolist())
    within = shapely.contains(shapely.Polygon(ring), middles(cells))
    assert 9 < within.sum() < len(within)
    alone = HeatCells(
        cells.keys[within], [COUNTY] * int(within.sum()), cells.events[within],
        cells.exposure[within],
    )  # fmt: skip
    found, wanted = ran(rules, cells, area=ring), ran(rules, alone)
    assert (found.clusters, found.summary) == (wanted.clusters, wanted.summary)
    assert found.summary.cells == (within & (cells.exposure >= cells.events)).sum()
    flat = ran(rules, cells, area=ring_around(hot)).summary
    assert (flat.cells, flat.clusters) == (len(hot), 0)


def test_where_chance_explains_all_there_is_no_cluster(rules):
    cells, _ = board()
    random = np.random.default_rng(1)
    even = HeatCells(
        cells.keys, cells.admin_codes,
        random.binomial(cells.exposure.astype(int), 0.1).astype(float), cells.exposure,
    )  # fmt: skip
    found = ran(rules, even)
    assert found.clusters.features == [] and found.summary.least_p > found.summary.most_p
    none = HeatCells(cells.keys[:0], [], cells.events[:0], cells.exposure[:0])
    nothing = ran(rules, none).summary
    assert (nothing.cells, nothing.clusters, nothing.least_p) == (0, 0, None)


def test_it_is_a_job_for_who_may_count_and_ends_when_dismissed(rules):
    assert PROCESS.roles == ENFORCERS and not PROCESS.quick

    def dismissed(*_):
        raise Dismissed

    with pytest.raises(Dismissed):
        ran(rules, board()[0], dismissed)


def test_bad_input_is_told(rules, monkeypatch):
    for wrong in ({"replications": 3}, {"seed": -1}, {"share": 0.9}, {"surface": "gi"},
                  {"since": "2026-02-01", "until": "2026-01-01"},
                  {"area": [[120, 30], [121, 31], [121, 30], [120, 31], [120, 30]]},
                  {"area": [[120, 30], [121, 30], [121, 31], [120, 31]]}):  # fmt: skip
        with pytest.raises(BadParameter):
            check_inputs(PROCESS, wrong)
    monkeypatch.setattr("layers.processes.law.heat_scan.MOST_STEPS", 1000)
    with pytest.raises(TooComplex, match="replications"):
        ran(rules, board()[0])
