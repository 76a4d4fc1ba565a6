"""The synthetic day: seeded, planted, anchored to a midnight, and marked as synthetic in each row.

Nothing here describes a real case, vehicle, vessel or person; plates exist only as hashes of
invented numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import psycopg

from data.generate.cases import write_cases
from data.generate.events import write_events
from data.generate.feeds import write_feeds
from data.generate.fleet import write_fleet
from data.generate.flight_rows import write_flights
from data.generate.looks import write_exposure
from data.generate.sites import write_sites
from data.generate.world import SOURCE, read_roads
from data.things import clear, write_sources

Progress = Callable[[str], None]
WIM = "sample-wim"
TABLES = (
    "case_file", "exposure", "event", "observation", "position", "project_section", "project",
    "facility", "zone", "feed",
)  # fmt: skip


def load_generated(conn: psycopg.Connection, anchor: datetime, progress: Progress) -> None:
    """Generate cases, events, sites, sensors, projects, fleet and flights around `anchor`.

    Parameters
    ----------
    conn
        A connection with the owner's rights, networks loaded; the caller commits.
    anchor
        Start of the sample's day (with offset); open events hold through that day.
    progress
        Receives one line per step.
    """
    write_sources(conn, SOURCE, WIM)
    conn.execute(
        "DELETE FROM sigang.latest_position p USING sigang.asset a"
        " WHERE a.id = p.asset_id AND a.source_id = %s",
        [SOURCE],
    )
    clear(conn, [SOURCE, WIM], *TABLES, "asset")
    roads = read_roads(conn)
    progress("inspections and cases")
    write_cases(conn, roads, anchor)
    write_exposure(conn, roads, anchor)
    progress("incidents, risks and hazards")
    write_events(conn, roads, anchor)
    progress("sites, sensors, projects and feeds")
    write_sites(conn, roads, anchor)
    write_feeds(conn, anchor)
    progress("vehicles, vessels and aircraft")
    write_fleet(conn, roads, anchor)
    progress("flight plans")
    write_flights(conn, roads, anchor)
