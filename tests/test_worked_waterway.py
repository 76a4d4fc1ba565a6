"""The worked example `waterway_clearance`: a bridge, its clear height at a level, and a vessel."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from routing.waterway.judge import FAIL, PASS
from routing.waterway.levels import GaugeRow, LevelRow
from routing.waterway.limits import LimitRow, Structure
from spatial.ids import stable_uuid7
from tests.conftest import shared_path
from tests.routing.maps import NOW, edge_id
from tests.routing.waterways import VESSEL, World, gauge_id

pytestmark = pytest.mark.shared
BRIDGE = stable_uuid7("worked", "bridge")


@pytest.fixture(scope="module")
def case():
    return json.loads(shared_path("worked_examples.json").read_text("utf-8"))["waterway_clearance"]


def judged(case, level_m: float) -> tuple[float, int]:
    """Return the height that is available at a level, and whether the vessel passes."""
    gauge = GaugeRow(gauge_id(0), "G", {"zh": None, "en": None}, "1985")
    bridge, vessel = case["bridge"], case["vessel"]
    about = {"datum": "1985", "gauge": gauge.id, "reference_level_m": bridge["HNWL_m"]}
    limits = [
        LimitRow("deep", "depth", 9.0, edge=edge_id("AB")),
        LimitRow("height", "clearance", bridge["clear_height_at_HNWL_m"], facility=BRIDGE, **about),
        LimitRow("width", "width", float(bridge["clear_width_m"]), facility=BRIDGE),
    ]
    structure = Structure(BRIDGE, "bridge", {"zh": None, "en": None}, (edge_id("AB"),))
    before = NOW - timedelta(minutes=5)
    read = LevelRow(gauge.id, "reading", before, before, None, level_m, None)
    network = World({"AB": {}}, limits, [structure], [gauge], [read]).network()
    judge = network.limits.judge
    margin = judge.margins_rule.value.clearance
    assert (margin.times, margin.add) == (1.0, vessel["margin_m"])
    sizes = {**VESSEL, "air_draught_m": vessel["air_draught_m"], "beam_m": vessel["beam_m"]}
    state = judge.at(NOW.timestamp())
    found = judge.verdict(state, np.array([sizes[name] for name in judge.kind.sizes]))
    (term,) = [t for t, row in enumerate(judge.table.term_row)
               if judge.table.rows[row].id == "height"]  # fmt: skip
    least, most = judge.available(state)
    assert least[term] == most[term]
    return float(least[term]), int(found.edge[0])


def test_waterway_clearance(case):
    height, verdict = judged(case, case["water_level_m"])
    assert height == pytest.approx(case["available_m"])
    assert (verdict == PASS) is case["passes"]
    later = case["at_level_3_10"]
    height, verdict = judged(case, 3.10)
    assert height == pytest.approx(later["available_m"])
    assert (verdict == PASS, verdict == FAIL) == (later["passes"], not later["passes"])
