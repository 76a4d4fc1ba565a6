"""A lock whose sill lies under the tide: plans keep to the level that is forecast."""

from __future__ import annotations

import math
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from api.network.rule_models import load_rules
from data.accounts import load_accounts
from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from tests.api.test_locks import LOCKS, declare, fill, starts
from tests.conftest import running_server

pytestmark = pytest.mark.db
GAUGE = stable_uuid7("locks", "tide gauge")
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
SILL_M, REFERENCE_M, MARGIN_M = 2.0, 1.0, 0.3


def level_m(hours):
    """Return the p10 of the level some hours from now: low water now, high in six."""
    return 1.2 - 1.0 * math.cos(hours / 12 * 2 * math.pi)


def depth_m(at):
    return SILL_M + level_m((at - NOW.timestamp()) / 3600) - REFERENCE_M


@pytest.fixture(scope="module")
def server(module_database_url):
    with connect(module_database_url) as conn:
        fill(conn)
        conn.execute(
            "INSERT INTO sigang.facility (id, kind, visibility, origin, source_id, props, geom)"
            " VALUES (%s, 'gauge', 'public', 'synthetic', 'locks', '{\"datum\": \"1985\"}',"
            " 'SRID=4326;POINT(121.2 30.2)')",
            [GAUGE],
        )
        conn.execute(
            "UPDATE sigang.waterway_limit SET value = %s, datum = '1985', reference_level_m = %s,"
            " gauge_id = %s WHERE facility_id = %s AND kind = 'sill'",
            [SILL_M, REFERENCE_M, GAUGE, LOCKS[0]],
        )
        for step in range(49):
            hours = step / 2
            conn.execute(
                "INSERT INTO sigang.water_level VALUES (%s, 'forecast', %s, %s, %s, %s, %s,"
                " 'locks', 'synthetic')",
                [GAUGE, NOW + timedelta(hours=hours), NOW - timedelta(hours=1), level_m(hours),
                 level_m(hours) + 0.2, level_m(hours) + 0.4],
            )  # fmt: skip
        load_accounts(conn)
        load_rules(conn)
    with running_server(module_database_url, workers=1) as running:
        yield running


def test_a_deep_vessel_is_locked_at_high_water_and_a_flat_one_before(server):
    with closing(server.client("dispatcher")) as desk:
        lock = next(x for x in desk.get("/api/locks").json()["locks"] if x["id"] == str(LOCKS[0]))
        deep = declare(desk, lock, "Deep", 1, draught_m=2.5)
        assert deep.status_code == 201, deep.text
        flat = declare(desk, lock, "Flat", 1, draught_m=0.6).json()["id"]
        sunk = declare(desk, lock, "Sunk", 1, draught_m=3.4)
        assert sunk.json()["type"].endswith("limit-violated")
        assert "too shallow" in sunk.json()["detail"]
        answer = desk.post(f"/api/locks/{lock['id']}/plans", json={})
        assert answer.status_code == 201, answer.text
        plan = answer.json()["plan"]
        begun = starts(plan)
        (own,) = [x for x in plan["lockages"] if deep.json()["id"] in x["ships"]]
        assert begun[flat] < NOW.timestamp() + 1800
        for at in range(own["start"], own["end"], 60):
            assert depth_m(at) >= 2.5 + MARGIN_M - 0.02
        assert depth_m(own["start"] - 1200) < 2.5 + MARGIN_M  # as soon as it could
