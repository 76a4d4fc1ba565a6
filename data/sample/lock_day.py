"""Half a day at the training locks: declared vessels, made up and marked as synthetic in each row.

It is written around a moment, so that a lock shows who waits, who is locked and who comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import psycopg

from data.facts import Facts, read_facts
from data.sample.network.training import SOURCE
from spatial.ids import stable_uuid7
from spatial.postgres.bulk import copy_rows

ACCOUNT = "sample"
"""Whose declarations these are; nobody signs in as it."""
_COLUMNS = (
    "id", "facility_id", "vessel", "voyage", "way", "ready_at", "checked_in_at", "length_m",
    "beam_m", "draught_m", "cargo", "rank", "state", "account_id", "admin_code", "visibility",
    "origin",
)  # fmt: skip
_LOCKS = """
SELECT codes->>'lock', id, admin_code FROM sigang.facility
WHERE kind = 'lock' AND source_id = %s AND codes->>'lock' = ANY (%s)"""


def lock_day_lasts(conn: psycopg.Connection, now: datetime) -> bool:
    """Tell whether a vessel of the sample is still to come to a lock."""
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM sigang.lock_declaration"
        " WHERE account_id = %s AND ready_at > %s)",
        [ACCOUNT, now],
    ).fetchone()
    return row == (True,)


def write_lock_day(conn: psycopg.Connection, now: datetime) -> list[UUID]:
    """Replace the sample's declarations by those around `now` and return their locks.

    Plans of these locks are of vessels that are gone, and go with them. The caller commits.
    """
    facts = read_facts("lock_day")
    found = conn.execute(_LOCKS, [SOURCE, facts["chain"]]).fetchall()
    locks = {key: (lock, code) for key, lock, code in found}
    ids = [lock for lock, _ in locks.values()]
    conn.execute("DELETE FROM sigang.lock_declaration WHERE account_id = %s", [ACCOUNT])
    conn.execute("DELETE FROM sigang.lock_plan WHERE facility_id = ANY (%s)", [ids])
    copy_rows(conn, "lock_declaration", _COLUMNS, _rows(facts, locks, now))
    return ids


def _rows(
    facts: Facts, locks: dict[str, tuple[UUID, str]], now: datetime
) -> Iterator[list[object]]:
    rng = np.random.default_rng(facts["seed"])
    forms = [one for one in facts["form"] for _ in range(one["of_20"])]
    first, last = facts["hours"]
    chain = facts["chain"]
    leg = facts["leg_min"] / 60
    for number, (way, order) in enumerate((("up", chain), ("down", chain[::-1])), 1):
        leaves, k = first - leg * len(chain), 0
        while leaves < last:
            form, k = forms[int(rng.integers(len(forms)))], k + 1
            hour = leaves
            for key in order:
                if key in locks and first <= hour < last:
                    there = hour < 0 and rng.random() < facts["checked_in"]
                    at = now + timedelta(hours=hour)
                    name = f"XL-{number}{k:02d}"
                    yield [
                        stable_uuid7(ACCOUNT, f"{name}/{key}/{now.isoformat()}"), locks[key][0],
                        name, f"{name}/{now:%m%d}", way, at, at if there else None, *form["sizes"],
                        form.get("cargo", "ordinary"), form.get("rank", "ordinary"),
                        "checked_in" if there else "declared", ACCOUNT, locks[key][1], "unit",
                        "synthetic",
                    ]  # fmt: skip
                hour += leg + float(rng.normal(0, facts["leg_sd_min"])) / 60
            leaves += facts["headway_min"] / 60 * float(rng.uniform(0.6, 1.4))
