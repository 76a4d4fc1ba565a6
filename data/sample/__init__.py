"""The sample province: everything that a fresh installation shows, built from packages and facts.

Each part clears the rows of its own sources first, so loading twice gives the same rows with the
same ids. Nothing is committed here: the caller owns the transaction, so an interrupted first run
leaves nothing half loaded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import psycopg

Progress = Callable[[str], None]


def load_sample(conn: psycopg.Connection, anchor: datetime, progress: Progress) -> None:
    """Load the whole sample province; events and cases are placed around `anchor`.

    Parameters
    ----------
    conn
        A connection with the owner's rights; the caller commits.
    anchor
        Start of the sample's day (with offset), normally today 00:00 Asia/Shanghai.
    progress
        Receives one line per step.
    """
    for name, step in _steps(conn, anchor, progress):
        started = time.monotonic()
        step()
        progress(f"{name}: {time.monotonic() - started:.1f} s")


def _steps(
    conn: psycopg.Connection, anchor: datetime, progress: Progress
) -> list[tuple[str, Callable[[], object]]]:
    """Return the steps in order; imported here, for the parts share modules of this package."""
    from data.accounts import load_accounts
    from data.generate.load import load_generated
    from data.sample.airspace import load_airspace
    from data.sample.facilities import load_facilities
    from data.sample.ground import load_ground
    from data.sample.linkage import load_linkage
    from data.sample.network.load import load_networks
    from data.sample.network.training import load_training
    from data.sample.network.transfers import load_transfers
    from data.sample.relief import load_relief
    from data.sample.search import load_search
    from data.sample.shipments import load_shipments
    from data.sample.terminals import load_terminals
    from data.sample.zones import load_zones

    return [
        ("accounts", lambda: load_accounts(conn)),
        ("zones", lambda: load_zones(conn, progress)),
        ("networks", lambda: load_networks(conn, progress)),
        ("facilities", lambda: load_facilities(conn, progress)),
        ("transfers", lambda: load_transfers(conn)),
        ("linkage", lambda: load_linkage(conn, anchor, progress)),
        ("shipments", lambda: load_shipments(conn, anchor)),
        ("terminals", lambda: load_terminals(conn, anchor)),
        ("airspace", lambda: load_airspace(conn)),
        ("controlled ground", lambda: load_ground(conn)),
        ("relief", lambda: load_relief(conn)),
        ("generated things", lambda: load_generated(conn, anchor, progress)),
        ("training waterways", lambda: load_training(conn, anchor)),
        ("search", lambda: load_search(conn)),
        ("statistics", lambda: conn.execute("ANALYZE")),
    ]
