"""Filters that are meant to stop a server: each is answered, and the server goes on beside them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from api.http.problems import translate
from tests.layers.cql.hostile import HOSTILE, doubled

pytestmark = pytest.mark.db

ITEMS = "/api/collections/places/items"
SLOWEST_S = 15.0
"""For a busy machine; before, the first of these held a worker for ever."""


def answered(answer) -> bool:
    """Tell whether an answer is rows, or a problem that says how to mend the filter."""
    if answer.status_code == 200:
        return True
    problem = answer.json()
    return answer.status_code == 400 and problem["parameter"] == "filter" and problem["detail"]


def test_every_hostile_filter_is_answered_while_the_server_lives(server):
    asked = [
        {"filter": text, "filter-lang": lang, "limit": "1"}
        for text in HOSTILE.values()
        for lang in ("cql2-text", "cql2-json")
    ]
    longest = 0.0
    with (
        server.client() as attacker,
        server.client() as other,
        ThreadPoolExecutor(6) as threads,
    ):
        waiting = [threads.submit(attacker.get, ITEMS, params=one) for one in asked]
        while not all(one.done() for one in waiting):
            began = time.monotonic()
            assert other.get("/healthz").status_code == 200
            longest = max(longest, time.monotonic() - began)
        answers = [one.result() for one in waiting]
    wrong = [a.text[:200] for a in answers if not answered(a)]
    assert wrong == []
    assert max(a.elapsed.total_seconds() for a in answers) < SLOWEST_S
    assert longest < SLOWEST_S / 5


@pytest.mark.parametrize("at", ["items", "count", "csv", "nearest"])
def test_wherever_a_filter_is_taken_long_and_nested_ones_are_answered(server, at):
    with server.client() as client:
        for text in ("(" * 4000, doubled("NOT (", "true", ")"), " OR ".join(["name_zh='a'"] * 500)):
            if at == "nearest":
                body = {"point": [120.16, 30.27], "layer": "places", "filter": text, "limit": 1,
                        "max_duration_s": 60}  # fmt: skip
                answer = client.post("/api/nearest", json=body)
            else:
                path = ITEMS.replace("items", "count") if at == "count" else ITEMS
                form = {"f": "csv"} if at == "csv" else {}
                answer = client.get(path, params={"filter": text} | form)
            assert answered(answer), answer.text[:300]
            assert (answer.status_code == 200) == text.endswith("'a'")


def test_what_is_too_much_for_the_database_is_a_problem_of_the_caller():
    error = translate(asyncpg.exceptions.StatementTooComplexError("stack depth limit exceeded"))
    assert (error.status, error.type) == (400, "bad-parameter")
    assert "IN (1, 2, 3)" in error.mend_en
