"""Jobs that compute layers: one a layer at a time, added by whichever process looks first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from layers.computed.catalogue import ComputedLayer
from layers.computed.store import Conn, Made

ACCOUNT = "computed"
LOCK = 6_251_019
RETRY = timedelta(minutes=10)
"""After which a run that failed is tried again."""
_HOME = """
SELECT DISTINCT left(admin_code, 2) || '0000' FROM sigang.zone WHERE kind = 'county'
  AND admin_code IS NOT NULL"""
_LAST = """
SELECT state, created_at, finished_at FROM sigang.job
WHERE account_id = %s AND request ->> 'computed' = %s ORDER BY created_at DESC LIMIT 1"""
_ADD = """
INSERT INTO sigang.job (id, process, account_id, role, scope, request)
VALUES (%s, %s, %s, 'admin', %s, %s)"""


def lock(conn: Conn) -> bool:
    """Take the lock of who adds such jobs for this transaction; False where it is held."""
    found = conn.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
    return bool(found and found[0])


def home(conn: Conn) -> str | None:
    """Return the code of the province that is loaded; None for none, or for several."""
    found = conn.execute(_HOME).fetchall()
    return str(found[0][0]) if len(found) == 1 else None


def reads_as(computed: ComputedLayer, province: str) -> str:
    """Return the scope in which a layer is computed: it reads what all who see its rows may read.

    Rows that are kept for the province make none that its counties see: a county that takes off
    what it sees itself would have them. The first digit of a code (GB/T 2260) is a region, which
    sees the rows of all units in it and none that are kept for a province.
    """
    return {"province": province, "unit": province[:1], "public": ""}[computed.how.visibility]


def may_run(conn: Conn, layer: str, rest: timedelta) -> bool:
    """Tell whether a layer may be computed now: nothing runs, and the last run is long enough ago.

    Parameters
    ----------
    conn
        The owner's.
    layer, rest
        Which, and the rest after a run that came to its end.
    """
    last = conn.execute(_LAST, [ACCOUNT, layer]).fetchone()
    if last is None:
        return True
    state, created, finished = last
    if finished is None:
        return False
    now = datetime.now(UTC)
    return bool(created + rest <= now if state == "successful" else finished + RETRY <= now)


def add(conn: Conn, job: UUID, computed: ComputedLayer, made: Made, scope: str) -> None:
    """Add the job that computes a layer."""
    request = {
        "inputs": computed.how.inputs, "computed": computed.layer.id, "digest": made.digest,
        "rule_versions": list(made.rule_versions), "made_of": list(made.made_of),
    }  # fmt: skip
    conn.execute(_ADD, [job, computed.process.id, ACCOUNT, scope, Jsonb(request)])
