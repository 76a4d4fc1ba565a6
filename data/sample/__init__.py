"""The sample province: everything that a fresh installation shows, built from packages and facts.

Each part clears the rows of its own sources first, so loading twice gives the same rows with the
same ids. Nothing is committed here: the caller owns the transaction, so an interrupted first run
leaves nothing half loaded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import psycopg

Progress = Callable[[str], None]

_STAGES = (
    ("data.sample.rules", "load_rules"),
    ("data.accounts", "load_accounts"),
    ("data.sample.zones", "load_zones"),
    ("data.sample.network", "load_networks"),
    ("data.sample.facilities", "load_facilities"),
    ("data.sample.network_transfers", "load_transfers"),
    ("data.sample.airspace", "load_airspace"),
    ("data.generate", "load_generated"),
    ("data.sample.search", "load_search"),
)


def load_sample(conn: psycopg.Connection[Any], anchor: datetime, progress: Progress) -> None:
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
    offered = {"conn": conn, "anchor": anchor, "progress": progress}
    for module, name in _STAGES:
        if find_spec(module) is None:
            continue
        stage = getattr(import_module(module), name)
        started = time.monotonic()
        wanted = stage.__code__.co_varnames[: stage.__code__.co_argcount]
        stage(**{key: offered[key] for key in wanted})
        progress(f"{name.removeprefix('load_')}: {time.monotonic() - started:.1f} s")
    conn.execute("ANALYZE")
