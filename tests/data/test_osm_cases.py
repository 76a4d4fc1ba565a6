"""150 small OpenStreetMap files with the right answers, loaded as one network and asked."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.network.rule_models import load_rules
from data.osm.load import load_osm
from spatial.postgres.db import connect
from tests.conftest import running_server, shared_path
from tests.data.osm_cases import merge, read_cases, wrong

pytestmark = [pytest.mark.db, pytest.mark.shared, pytest.mark.timeout(300)]

DECIDED = {
    "f02_no_tag": "a ferry carries vehicles only where it says so: docs/loading.md",
    "g13_service_alley": "a place on a road closed to the vehicle is taken to the nearest open one",
}
"""Debatable cases in which the documentation decides otherwise."""
OPEN = {
    "t06_from_unsplit", "t10_restriction_conditional", "t11_hour_on", "a05_official", "a07_hov",
    "a14_hgv_articulated", "a17_mv_no_cond_yes", "a18_hgv_weight_cond", "a19b_ph",
    "a20_pedestrian_mv_yes", "a21_track_mv_yes", "a23_motorroad_foot", "b10_gate_cond",
    "b14_fence", "b16_node_maxheight", "b21_stile", "b22_hampshire", "f01_duration",
    "f07_shuttle_train", "s01_fwd_back", "s04_none", "s06_walk", "s07_source", "s10_hgv",
    "s13_cond", "l09_below_default", "l15_weight_hgv", "l24_fwd", "g01_dup_coords", "g11_area",
    "t01b_via_ring", "d01_destination_zone",
}  # fmt: skip
"""Cases that are not answered right; one that is must leave the list."""


@pytest.fixture(scope="module")
def folder() -> Path:
    return shared_path("cases/osm")


@pytest.fixture(scope="module")
def client(
    folder: Path, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    path = merge(folder, tmp_path_factory.mktemp("cases") / "cases.osm")
    with connect(module_database_url) as conn:
        load_rules(conn)
        conn.commit()
        load_osm(conn, path, "cases", lambda line: None)
    with (
        running_server(module_database_url, workers=1) as server,
        httpx.Client(base_url=server.base_url, timeout=60, trust_env=False) as client,
    ):
        yield client


def test_every_small_map_is_answered_right(folder: Path, client: httpx.Client) -> None:
    asked, faults = 0, {}
    for case in read_cases(folder):
        for body, expected in case.requests:
            asked += 1
            fault = wrong(case, expected, client.post("/api/paths", json=body))
            if fault is not None:
                faults[case.name] = f"{body}: expected {expected}, got {fault}"
    assert asked == 250
    known = OPEN | DECIDED.keys()
    assert {name: text for name, text in faults.items() if name not in known} == {}
    assert known - faults.keys() == set(), "right by now"
