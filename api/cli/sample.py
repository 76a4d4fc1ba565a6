"""The sample province: loaded once, mended where its first load was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from api.cli.ground import Ground, owner_connection
from api.cli.noted import note
from api.cli.progress import say, step
from spatial.errors import BadParameter
from spatial.settings import Settings

KIND = "sample"
ZONE = ZoneInfo("Asia/Shanghai")


def anchor_of(freeze: str | None) -> datetime:
    """Return the time that the sample is anchored to: the given one, or today 00:00 +08:00."""
    if freeze is None:
        return datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        anchor = datetime.fromisoformat(freeze)
    except ValueError:
        anchor = datetime.min
    if anchor.tzinfo is None:
        raise BadParameter(
            f"{freeze!r} is not an RFC 3339 time with offset.",
            f"{freeze!r} 不是带时区的 RFC 3339 时间。",
            mend_en="For example 2026-03-02T00:00:00+08:00.",
            mend_zh="例如 2026-03-02T00:00:00+08:00。",
        )
    return anchor


def loaded_anchor(conn: psycopg.Connection) -> datetime | None:
    """Return the anchor of the sample that is loaded completely, None where there is none."""
    row = conn.execute(
        "SELECT options->>'anchor' FROM sigang.load_run WHERE kind = %s AND state = 'done'"
        " AND options ? 'anchor' ORDER BY started_at DESC LIMIT 1",
        [KIND],
    ).fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def ensure_sample(ground: Ground, freeze: str | None) -> None:
    """Load the sample unless it is there; another anchor asked for loads it again."""
    with owner_connection(ground) as conn:
        found = loaded_anchor(conn)
    if found is None or (freeze is not None and anchor_of(freeze) != found):
        load(ground, freeze)
    elif freeze is None:
        _fly_today(ground)


def _fly_today(ground: Ground) -> None:
    """Move the sample's flights and restrictions to today where they are of a day that is over."""
    from data.generate.flight_rows import flown_on, write_flights
    from data.generate.world import read_roads

    today = anchor_of(None)
    with owner_connection(ground) as conn:
        day = flown_on(conn)
        if day is None or day >= today:
            return
        with step("moving the sample's flights to today"):
            write_flights(conn, read_roads(conn), today)
            conn.commit()
    note(ground, "load", "sample flights", detail={"anchor": today.isoformat()})


def load(ground: Ground, freeze: str | None) -> None:
    """Load the sample province, again if it is there."""
    with owner_connection(ground) as conn, step("loading the sample province"):
        load_into(conn, anchor_of(freeze), say)
    note(ground, "load", "sample", detail={"anchor": anchor_of(freeze).isoformat()})


def load_into(conn: psycopg.Connection, anchor: datetime, progress: Callable[[str], None]) -> None:
    """Load the sample province into a migrated database; the run is recorded whatever happens."""
    from api.network.rule_models import load_rules
    from data.sample import load_sample
    from layers.declare.catalog import Catalog
    from layers.tiles.rebuild import refresh_tiles

    run = _begin(conn, anchor)
    try:
        load_rules(conn, Settings.from_env().areas)
        load_sample(conn, anchor, progress)
        progress("tile tables")
        refresh_tiles(conn, Catalog.load(Settings.from_env().areas).layers.values())
        _finish(conn, run, "done")
    except BaseException:
        conn.rollback()
        _finish(conn, run, "failed")
        raise


def _begin(conn: psycopg.Connection, anchor: datetime) -> str:
    conn.execute(
        "UPDATE sigang.load_run SET state = 'failed', finished_at = now()"
        " WHERE kind = %s AND state = 'running'",
        [KIND],
    )
    row = conn.execute(
        "INSERT INTO sigang.load_run (source_id, kind, options, state)"
        " VALUES ('sample', %s, %s, 'running') RETURNING id",
        [KIND, Jsonb({"anchor": anchor.isoformat()})],
    ).fetchone()
    conn.commit()
    return str(row[0]) if row else ""


def _finish(conn: psycopg.Connection, run: str, state: str) -> None:
    conn.execute(
        "UPDATE sigang.load_run SET state = %s, finished_at = now() WHERE id = %s", [state, run]
    )
    conn.commit()
