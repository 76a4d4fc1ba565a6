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
    "r02_gate_and_limit": "a place on a bridge too weak is taken off it; the gate opens at the end",
}
"""Debatable cases in which the documentation decides otherwise; one that is right must leave."""


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
    assert {name: text for name, text in faults.items() if name not in DECIDED} == {}
    assert DECIDED.keys() - faults.keys() == set(), "right by now"
