"""A query ends when its client leaves or its time is up."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from spatial.postgres.db import connect
from tests.conftest import running_server
from tests.layers.small import seed, write_areas

pytestmark = pytest.mark.db

SLOW = """
CREATE FUNCTION sigang.slow_rows() RETURNS TABLE (
  id uuid, kind text, admin_code text, unit_id text, visibility text, origin text, source_id text)
LANGUAGE sql VOLATILE AS $$
  SELECT gen_random_uuid(), 'slow', NULL, NULL, 'public', 'synthetic', 'test' FROM pg_sleep(20) $$
"""
LAYER = """
id = "slow"
title = {zh = "慢", en = "Slow"}
description = {zh = "慢", en = "Slow"}
columns = []
[source]
function = "slow_rows"
[geometry]
type = "none"
[access]
public = true
"""
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%slow_rows%'"
    " AND pid <> pg_backend_pid()"
)


@pytest.fixture(scope="module")
def served(module_database_url, tmp_path_factory):
    areas = write_areas(tmp_path_factory.mktemp("areas"))
    (areas / "port" / "slow.layer.toml").write_text(LAYER, encoding="utf-8")
    with connect(module_database_url) as conn:
        seed(conn)
        conn.execute(SLOW)
        conn.commit()
    with running_server(
        module_database_url, workers=1, areas=str(areas), routing="0", statement_timeout_ms="6000"
    ) as server:
        yield server


def running(url: str) -> int:
    with psycopg.connect(url) as conn:
        return conn.execute(RUNNING).fetchone()[0]


def reaches(url: str, number: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(url) != number:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_query_of_a_client_that_left_is_cancelled(served):
    place = urlsplit(served.base_url)
    with socket.create_connection((place.hostname, place.port)) as client:
        client.sendall(b"GET /api/collections/slow/items HTTP/1.1\r\nHost: x\r\n\r\n")
        assert reaches(served.database_url, 1, 30)
    assert reaches(served.database_url, 0, 2)


def test_a_query_over_its_time_is_a_503(served):
    answer = httpx.get(
        f"{served.base_url}/api/collections/slow/items",
        headers={"Accept-Language": "en"}, timeout=30, trust_env=False,
    )  # fmt: skip
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/timed-out"
    assert answer.headers["retry-after"]
    assert reaches(served.database_url, 0, 2)
