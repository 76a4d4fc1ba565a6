"""Inspections by HTTP: batches that may be sent again, corrected and withdrawn, counted at once."""

from __future__ import annotations

import pytest

from spatial.postgres.db import connect
from tests.api.test_exposure import ABROAD, INLAND

pytestmark = pytest.mark.db

SINCE, UNTIL = "2021-02-03T09:00:00+08:00", "2021-02-03T13:00:00+08:00"
AHEAD = "2150-02-03T09:00:00+08:00"
"""One such record would be the last of all, and all weeks before it empty."""
COUNTED = """
SELECT s.measure, sum(c.n)::int FROM sigang.heat_cube c JOIN sigang.heat_series s
ON s.id = c.series WHERE c.grain = 'd' AND c.at = '2021-02-03' AND c.n <> 0 GROUP BY 1 ORDER BY 1"""


def shift(key, inspected=40, hits=3, place=INLAND, **more):
    return {"key": key, "place": place, "since": SINCE, "until": UNTIL,
            "inspected": inspected, "hits": hits, **more}  # fmt: skip


@pytest.fixture
def counted(server):
    """Return what the cube has of the day that the tests write; nothing of it stays."""
    with connect(server.database_url) as conn:
        conn.autocommit = True
        yield lambda: dict(conn.execute(COUNTED).fetchall())
        conn.execute("DELETE FROM sigang.case_file WHERE opened_at < '2022-01-01'")


@pytest.fixture
def source(server):
    with connect(server.database_url) as conn:
        return conn.execute("SELECT id FROM sigang.source ORDER BY id LIMIT 1").fetchone()[0]


def test_inspections_count_once_are_corrected_and_withdrawn(dispatcher, source, counted):
    body = {"source": source, "inspections": [shift("a"), shift("b", 20, 1, stake="K3+200")]}
    head = {"Idempotency-Key": "inspections of a test"}
    first = dispatcher.post("/api/inspections", json=body, headers=head)
    assert first.status_code == 201, first.text
    assert first.json() == {"source": source, "added": 2, "corrected": 0, "unchanged": 0}
    assert dispatcher.post("/api/inspections", json=body, headers=head).json() == first.json()
    again = dispatcher.post("/api/inspections", json=body).json()
    assert (again["added"], again["unchanged"]) == (0, 2)
    assert counted() == {"exposure": 60, "hit": 4}
    told = dispatcher.post("/api/inspections", json=body | {"inspections": [shift("a", 50, 3)]})
    assert told.json()["corrected"] == 1
    assert counted() == {"exposure": 70, "hit": 4}
    gone = {"source": source, "keys": ["a", "x"]}
    answer = dispatcher.post("/api/inspections/withdrawals", json=gone).json()
    assert answer == {"source": source, "withdrawn": 1, "unknown": ["x"]}
    assert dispatcher.post("/api/inspections/withdrawals", json=gone).json()["withdrawn"] == 0
    assert counted() == {"exposure": 20, "hit": 1}
    asked = {"indicators": "vehicles_inspected,inspection_hit_rate", "period": "2021-02"}
    tiles = dispatcher.get("/api/board", params=asked).json()["tiles"]
    assert [tile["total"]["value"] for tile in tiles] == [20, 5]  # what is withdrawn is in neither


@pytest.mark.parametrize(
    ("inspections", "status", "pointer"),
    [
        ([], 400, "/inspections"),
        ([shift("a"), shift("b", hits=41)], 400, "/inspections/1"),
        ([shift("a"), shift("b", inspected=-1)], 400, "/inspections/1/inspected"),
        ([shift("a", until="2021-02-03T08:00:00+08:00")], 400, "/inspections/0"),
        ([shift("a"), shift("b", inspected="40")], 400, "/inspections/1/inspected"),
        ([shift("a"), shift("b", stake="K15O+2OO")], 400, "/inspections/1"),
        ([shift("a"), shift("b", until="2021-04-04T09:00:00+08:00")], 400, "/inspections/1/until"),
        (
            [shift("a", route_id=" g104 "), shift("b", route_id="G9999")],
            400,
            "/inspections/1/route_id",
        ),
        ([shift("a", since=AHEAD, until=AHEAD)], 400, "/inspections/0/since"),
        ([shift("a"), shift("b", place=[30.25, 120.15])], 400, "/inspections/1/place"),
        ([shift("a"), shift("b", place=ABROAD)], 403, "/inspections/1/place"),
    ],
)
def test_a_bad_one_is_pointed_to_and_none_is_taken(
    dispatcher, source, counted, inspections, status, pointer
):
    body = {"source": source, "inspections": inspections}
    answer = dispatcher.post("/api/inspections", json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (status, pointer), answer.text
    if pointer.endswith(("until", "route_id")):
        assert ("24" if "until" in pointer else "G104") in answer.json()["detail"]
    assert counted() == {}


@pytest.mark.parametrize("account", ["anonymous", "developer"])
def test_who_may_not_write_inspects_nothing(clients, source, account):
    body = {"source": source, "inspections": [shift("a")]}
    assert clients[account].post("/api/inspections", json=body).status_code in {401, 403}


def test_a_desk_changes_no_record_of_another_area_public_ones_neither(
    dispatcher, clients, server, source, counted
):
    """Everybody reads what is public, and may be told of it; nobody else may correct it."""
    body = {"source": source, "inspections": [shift("p")]}
    looked = {"key": "p", "kind": "passage", "place": INLAND, "at": SINCE, "n": 7}
    for path, sent in (
        ("inspections", body),
        ("exposure", {"source": source, "records": [looked]}),
    ):
        assert dispatcher.post(f"/api/{path}", json=sent).status_code == 201
    with connect(server.database_url) as conn:
        for table, key in (("case_file", "props->>'source_key'"), ("exposure", "key")):
            conn.execute(f"UPDATE sigang.{table} SET visibility = 'public' WHERE {key} = 'p'")
        conn.commit()
    ningbo, before = clients["ningbo"], counted()
    assert before == {"exposure": 47, "hit": 3}
    there = [121.55, 29.87]
    for path, sent in (
        ("inspections", body | {"inspections": [shift("p", 10, 9, place=there)]}),
        ("exposure", {"source": source, "records": [looked | {"place": there, "n": 1}]}),
    ):
        assert ningbo.post(f"/api/{path}", json=sent).status_code == 403
        gone = ningbo.post(f"/api/{path}/withdrawals", json={"source": source, "keys": ["p"]})
        assert gone.json() == {"source": source, "withdrawn": 0, "unknown": ["p"]}
    assert counted() == before
    kept = body | {"inspections": [shift("q", place=there)], "visibility": "province"}
    answer = ningbo.post("/api/inspections", json=kept)
    assert (answer.status_code, answer.json()["pointer"]) == (403, "/visibility")
    for path in ("inspections", "exposure"):
        gone = dispatcher.post(f"/api/{path}/withdrawals", json={"source": source, "keys": ["p"]})
        assert gone.json()["withdrawn"] == 1
