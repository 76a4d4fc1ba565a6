"""Records of exposure by HTTP: batches that may be sent again, corrected and withdrawn."""

from __future__ import annotations

import pytest

from spatial.postgres.db import connect

pytestmark = pytest.mark.db

AT = "2026-02-03T09:00:00+08:00"
INLAND, ABROAD = [120.15, 30.25], [100.0, 20.0]
COUNTED = """
SELECT coalesce(sum(c.n), 0)::int FROM sigang.heat_cube c JOIN sigang.heat_series s
ON s.id = c.series WHERE c.grain = 'd' AND s.measure = 'exposure' AND s.kind = 'passage'"""


def record(key, n=1, place=INLAND, **more):
    return {"key": key, "kind": "passage", "place": place, "at": AT, "n": n, **more}


@pytest.fixture
def counted(server):
    """Return how many passages the cube has more than before."""
    with connect(server.database_url) as conn:
        conn.autocommit = True
        before = conn.execute(COUNTED).fetchone()[0]
        yield lambda: conn.execute(COUNTED).fetchone()[0] - before


@pytest.fixture
def source(server):
    """Return a source that is there; records whose keys are one letter go afterwards."""
    with connect(server.database_url) as conn:
        found = conn.execute("SELECT id FROM sigang.source ORDER BY id LIMIT 1").fetchone()[0]
        yield found
        own = "DELETE FROM sigang.exposure WHERE source_id = %s AND length(key) = 1"
        conn.execute(own, [found])
        conn.commit()


def test_a_batch_sent_again_changes_nothing_and_a_correction_counts(dispatcher, source, counted):
    body = {"source": source, "records": [record("a", 40), record("b", 2)]}
    first = dispatcher.post("/api/exposure", json=body)
    assert first.status_code == 201, first.text
    assert first.json() == {"source": source, "added": 2, "corrected": 0, "unchanged": 0}
    again = dispatcher.post("/api/exposure", json=body).json()
    assert (again["added"], again["unchanged"]) == (0, 2)
    assert counted() == 42
    body["records"] = [record("a", 41), record("c", 1)]
    told = dispatcher.post("/api/exposure", json=body).json()
    assert (told["added"], told["corrected"]) == (1, 1)
    assert counted() == 44
    gone = dispatcher.post("/api/exposure/withdrawals", json={"source": source, "keys": ["a", "x"]})
    assert gone.json() == {"source": source, "withdrawn": 1, "unknown": ["x"]}
    assert counted() == 3


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"records": []}, 400, "records"),
        ({"records": [record("a"), record("a")]}, 400, "twice"),
        ({"records": [record("a", 0)]}, 400, "records"),
        ({"records": [record("a", at="2026-02-03T09:00:00")]}, 400, "records"),
        ({"records": [record("a", at="2150-02-03T09:00:00+08:00")]}, 400, "lies ahead"),
        ({"records": [record("a", n="5")]}, 400, "records"),
        ({"records": [record("a", place=[30.25, 120.15])]}, 400, "swapped|latitude|axes"),
        ({"records": [record("a", place=ABROAD)]}, 403, "outside your area"),
        ({"source": "nobody-knows-it", "records": [record("a")]}, 404, "No source"),
    ],
)
def test_bad_records_are_told(dispatcher, source, counted, change, status, says):
    answer = dispatcher.post("/api/exposure", json={"source": source, **change},
                             headers={"Accept-Language": "en"})  # fmt: skip
    assert answer.status_code == status, answer.text
    assert any(word in answer.text for word in says.split("|")), answer.text
    assert counted() == 0


def test_who_may_not_write_records_none(clients, source):
    body = {"source": source, "records": [record("a")]}
    assert clients["anonymous"].post("/api/exposure", json=body).status_code in {401, 403}
