"""Synthetic ledger of feeds: all come in time through the sample's day, but the planted ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg

from data.generate.world import SOURCE, settings
from spatial.postgres.bulk import copy_rows
from spatial.truths import read_truths

_COLUMNS = [
    "id", "admin_code", "unit_id", "visibility", "origin", "source_id", "name_zh", "name_en",
    "owner", "every_s", "last_at", "valid_from",
]  # fmt: skip
_REGISTERED = timedelta(days=200)
_THROUGH = timedelta(hours=30)


def write_feeds(conn: psycopg.Connection, anchor: datetime) -> int:
    """Write the feeds that are expected and when each came last; return how many."""
    return copy_rows(conn, "feed", _COLUMNS, _feeds(anchor))


def _feeds(anchor: datetime) -> Iterator[list[object]]:
    truths = read_truths()
    late, missing = truths["late_feeds"].planted["heard_h"], set(truths["missing_feed"].finds)
    for feed in settings()["feed"]:
        key = feed["id"]
        last: datetime | None = anchor + _THROUGH
        if key in late:
            last = anchor + timedelta(hours=late[key])
        elif key in missing:
            last = None
        yield [
            key, feed["unit"][:6], feed["unit"], "unit", "synthetic", SOURCE,
            f"{feed['zh']}(合成)", f"{feed['en']} (synthetic)", feed["unit"], feed["every_s"],
            last, anchor - _REGISTERED,
        ]  # fmt: skip
