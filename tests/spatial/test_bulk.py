"""COPY into the concept tables: geometry, json, arrays, ranges, nulls."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.range import TimestamptzRange
from shapely import Point

from spatial.postgres.bulk import copy_rows


@pytest.fixture
def conn(database_url):
    with psycopg.connect(database_url, options="-c search_path=sigang,public") as conn:
        conn.execute(
            "INSERT INTO source (id, title_zh, title_en, license, attribution)"
            " VALUES ('bulk-test', '测试', 'Test', 'none', 'none') ON CONFLICT DO NOTHING"
        )
        yield conn
        conn.rollback()


@pytest.mark.db
def test_copy_keeps_every_type(conn):
    node, facility = uuid4(), uuid4()
    sent = copy_rows(
        conn,
        "node",
        ["id", "kind", "origin", "source_id", "modes", "facility_id", "props", "geom", "name_zh"],
        [
            [
                node,
                "junction",
                "real",
                "bulk-test",
                ["road", "rail"],
                facility,
                {"深": [1, None]},
                Point(120.5, 30.25),
                "甲\t乙\\",
            ],
            [uuid4(), "junction", "real", "bulk-test", [], None, {}, Point(121, 30), None],
        ],
    )
    assert sent == 2
    row = conn.execute(
        "SELECT modes, facility_id, props, ST_AsText(geom), ST_SRID(geom), name_zh,"
        " ST_SRID(geom_3857) FROM node WHERE id = %s",
        [node],
    ).fetchone()
    assert row == (
        ["road", "rail"],
        facility,
        {"深": [1, None]},
        "POINT(120.5 30.25)",
        4326,
        "甲\t乙\\",
        3857,
    )


@pytest.mark.db
def test_copy_ranges_nan_and_defaults(conn):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    edge, event = uuid4(), uuid4()
    columns = ["edge_id", "kind", "value", "valid", "event_id", "version_from"]
    valid = TimestamptzRange(now, now + timedelta(hours=1), "[)")
    copy_rows(conn, "edge_state", columns, [[edge, "closure", float("nan"), valid, event, 3]])
    row = conn.execute(
        "SELECT value, valid, direction, version_from FROM edge_state WHERE edge_id = %s", [edge]
    ).fetchone()
    assert row[0] is None
    assert (row[1].lower, row[1].upper) == (now, now + timedelta(hours=1))
    assert row[2:] == ("both", 3)


@pytest.mark.db
def test_copy_refuses_an_unknown_column(conn):
    with pytest.raises(LookupError, match="no column colour_of_smell"):
        copy_rows(conn, "node", ["id", "colour_of_smell"], [[uuid4(), 1]])


@pytest.mark.db
def test_copy_of_nothing_sends_nothing(conn):
    assert copy_rows(conn, "node", ["id"], []) == 0
