"""Voyages on a served waterway with what happens there: queues at locks."""

from __future__ import annotations

from contextlib import closing

import pytest

from spatial.postgres.db import connect
from tests.api.waterworld import LOCK, ask, fill, skipper, told
from tests.conftest import running_server

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(module_database_url):
    fill(module_database_url)
    with running_server(module_database_url, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with closing(server.client()) as found:
        yield found


def test_a_voyage_waits_behind_who_is_declared_at_its_lock(server, client):
    def eta(who):
        return told(ask(who, "path", "A", "E"))["features"][0]["properties"]["eta"]

    with closing(server.client("dispatcher")) as mine:
        (before,) = eta(mine)["locks"]
        assert (before["queue_known"], before["wait_s"]) == (False, None)
        assert before["note"]["en"] == "no queue known"
        with connect(server.database_url) as conn:
            for k in range(30):
                conn.execute(
                    "INSERT INTO sigang.lock_declaration (facility_id, vessel, way, ready_at,"
                    " length_m, beam_m, cargo, rank, account_id, admin_code, visibility, origin)"
                    " VALUES (%s, %s, 'down', now(), 55, 10.8, 'ordinary', 'ordinary', 'test',"
                    " '330282', 'province', 'synthetic')",
                    [LOCK, f"Boat {k}"],
                )
        found = eta(mine)
        (lock,) = found["locks"]
        assert lock["queue_known"] and found["waits_unknown"] == []
        # 100 m x 14 m takes one such vessel at a time, and is fetched back for each
        assert lock["wait_s"]["p50"] > 25 * 3600
        spread = found["with_locks_s"]
        assert spread["p10"] < spread["p50"] < spread["p90"]
        assert spread["p50"] > found["travel_s"] + lock["wait_s"]["p50"] - 3600
        page = skipper(mine).text
        assert 'id="locks"' in page and "wait and lockage" in page
        assert eta(client)["waits_unknown"] == [str(LOCK)]  # nobody's queue is seen without one
        assert "no queue known" in skipper(client).text
        with connect(server.database_url) as conn:
            conn.execute("TRUNCATE sigang.lock_declaration")
