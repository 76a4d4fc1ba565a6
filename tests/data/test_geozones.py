"""Zones of feeds into the database: versions, quarantine, the air that knows them."""

from __future__ import annotations

import gzip
from pathlib import Path

import psycopg
import pytest

from data.geozones import MOST_BYTES, Feed, load_airspace
from spatial.errors import BadParameter, Quarantined
from tests.conftest import shared_path
from tests.spatial.test_openair import block

pytestmark = pytest.mark.db


@pytest.fixture
def load(conn: psycopg.Connection, tmp_path: Path):
    def run(body: str | bytes, source: str = "feed", **how: str):
        path = tmp_path / "zones.txt"
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        told: list[str] = []
        report = load_airspace(conn, path, Feed(source, source, **how), told.append)
        return report, told

    return run


def zones(conn: psycopg.Connection):
    return conn.execute(
        "SELECT name_zh, kind, ceiling_m, valid_from, valid_to FROM sigang.zone"
        " WHERE source_id = 'feed' ORDER BY name_zh, valid_to NULLS LAST"
    ).fetchall()


def version(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT version FROM sigang.airspace_version").fetchone()
    assert row is not None
    return row[0]


def test_a_later_load_replaces_the_feed_and_keeps_what_was_in_force(conn, load) -> None:
    report, _ = load(block("a", high="3000 MSL") + block("b") + block("c"))
    assert report.rows == {"zone": 3}
    assert [row[3:] for row in zones(conn)] == [(None, None)] * 3
    before = version(conn)
    report, _ = load(block("a", high="4000 MSL") + block("c"))
    assert report.rows == {"zone": 2}
    assert version(conn) > before
    old, new, gone, same = zones(conn)
    assert [old[1], new[1], gone[1], same[1]] == [
        "airspace_superseded", "airspace", "airspace_superseded", "airspace",
    ]  # fmt: skip
    assert old[4] == new[3] == gone[4]
    assert (new[2], same[3], same[4]) == (pytest.approx(4000 * 0.3048), None, None)
    before = version(conn)
    load(block("c"))
    assert version(conn) > before
    assert [row[1] for row in zones(conn)] == ["airspace_superseded"] * 3 + ["airspace"]


def test_a_version_that_comes_back_is_a_new_row(conn, load) -> None:
    for high in ("3000 MSL", "4000 MSL", "3000 MSL"):
        load(block("a", high=high))
    assert [row[1] for row in zones(conn)].count("airspace") == 1
    assert len(zones(conn)) == 3


def test_what_is_no_zone_is_kept_with_its_line_and_reason(conn, load) -> None:
    mask = "\n".join(f"DP {y}:00:00 N {x}:00:00 E" for x, y in ((90, 10), (90, 40), (130, 40)))
    report, told = load(
        block("a") + "AC Q\nSP 0,1,0,0,0\n" + block("mask", shape=mask) + block("x", klass="ZZ")
    )
    assert report.refused == {"colour-block": 1, "too-large": 1, "unknown-class": 1}
    rows = conn.execute("SELECT row_no, reason, row FROM sigang.quarantine ORDER BY 1").fetchall()
    assert [row[1] for row in rows] == ["colour-block", "too-large", "unknown-class"]
    assert "POLYGON" in rows[1][2]["volumes"][0]["wkt"]
    assert any("unknown-class" in line for line in told)


def test_a_file_without_one_zone_changes_nothing(conn, load) -> None:
    load(block("a"))
    with pytest.raises(Quarantined, match="nothing was changed"):
        load(block("a", high="120"))
    assert [row[:2] for row in zones(conn)] == [("a", "airspace")]
    state = conn.execute("SELECT state, rows_bad FROM sigang.load_run ORDER BY id DESC").fetchone()
    assert state == ("refused", 1)


def test_a_file_that_is_too_large_is_not_read(conn, load, tmp_path) -> None:
    with (tmp_path / "zones.txt").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(Quarantined, match="64 MB"):
        load_airspace(conn, tmp_path / "zones.txt", Feed("big", "big"), lambda _: None)


def test_what_is_in_no_format_or_of_another_source_is_refused(conn, load) -> None:
    with pytest.raises(BadParameter, match="none of"):
        load("nothing of the kind")
    conn.execute("INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
                 " VALUES ('roads', 'x', 'x', 'x', 'x')")  # fmt: skip
    conn.commit()
    with pytest.raises(BadParameter, match="not a feed"):
        load(block("a"), source="roads")


def test_what_a_dataset_says_of_its_times_is_what_is_in_force(conn, load) -> None:
    from tests.spatial.test_geozones import ed269

    period = {"permanent": "NO", "startDateTime": "2127-01-01T00:00:00+08:00",
              "endDateTime": "2127-06-01T00:00:00+08:00"}  # fmt: skip
    load(ed269(applicability=[period]))
    load(ed269(applicability=[period], name="二"))
    ((name, kind, ceiling, begin, end),) = zones(conn)
    assert (name, kind, ceiling) == ("二", "airspace", pytest.approx(121.92))  # never in force
    assert (begin.isoformat()[:10], end.isoformat()[:10]) == ("2126-12-31", "2127-05-31")
    past = period | {"startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2021-01-01T00:00:00Z"}
    report, _ = load(ed269(applicability=[past]))
    assert (report.rows, report.refused) == ({}, {"ended": 1})


@pytest.mark.shared
def test_a_dataset_with_wrong_metadata_is_refused_and_nothing_stored(conn, load) -> None:
    body = shared_path("data/airspace/ed318/InvalidExample_GeoZone_2_Layers.json").read_bytes()
    with pytest.raises(Quarantined, match=r"metadata.validFrom.*REQ_AUTHORIZATION"):
        load(body)
    assert zones(conn) == []


@pytest.mark.shared
def test_the_czech_file_loads_whole(conn, load) -> None:
    body = gzip.decompress(shared_path("data/airspace/openair-CZ-2026-04.txt.gz").read_bytes())
    report, told = load(body)
    assert report.rows == {"zone": 270}
    assert report.refused == {"colour-block": 18}
    assert any("270 airspaces" in line and "18 colour blocks" in line for line in told)
    kinds = dict(conn.execute("SELECT restriction, count(*) FROM sigang.zone GROUP BY 1"))
    assert kinds == {"PROHIBITED": 11, "REQ_AUTHORISATION": 138, "CONDITIONAL": 121}
