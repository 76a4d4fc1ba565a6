"""Load messages of shipments: `sigang load messages FILE…`, each event once.

EDIFACT (COPARN, CODECO, IFTSTA), DCSA Track & Trace and ONE Record. A wrong message goes to
quarantine with its file and segment and stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import psycopg

from spatial.errors import NotFound
from spatial.ids import stable_uuid7
from spatial.logistics.events import Event
from spatial.logistics.reading import read_messages
from spatial.logistics.rule_models import MESSAGE_CODES
from spatial.postgres.ingest import BadRow, LoadReport, Run, find_source, loading, trying
from spatial.rule_store import read_stored
from spatial.rules import RuleBook, get_rule

KIND = "messages"
_REGISTER = "./sigang load source FILE.toml"
Progress = Callable[[str], None]
_ADD = """
INSERT INTO sigang.shipment_event (id, source_id, event_id, at, unit, transport, refs, retracts,
  document, raw, origin)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"""


def load_messages(
    conn: psycopg.Connection, files: Sequence[Path], progress: Progress, *, source: str,
    synthetic: bool = False, dry_run: bool = False, bad_rows: Path | None = None,
) -> LoadReport:  # fmt: skip
    """Add the events of messages to those of a source.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    files
        Text files, each an interchange or JSON.
    progress
        Receives one line per step.
    source
        A registered source: whose messages they are.
    synthetic
        Whether they are made up.
    dry_run
        Read all and undo it.
    bad_rows
        File for what a dry run refuses; that of a load is in quarantine.

    Raises
    ------
    NotFound
        The source is not registered.
    """
    info = find_source(conn, source)
    if info is None:
        raise NotFound(
            f"No source {source!r}", f"没有数据来源 {source!r}",
            mend_en=f"Register it: {_REGISTER}.", mend_zh=f"请先登记：{_REGISTER}。",
        )  # fmt: skip
    tried = trying(conn, info, bad_rows) if dry_run else None
    options = {"files": [file.name for file in files]}
    with tried or loading(conn, info, files[0], KIND, options) as run:
        for file in files:
            _load(run, file, progress, "synthetic" if synthetic else "real")
    return run.report()


def _load(run: Run, file: Path, progress: Progress, origin: str) -> None:
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # UNOC
    periods, now = read_stored(run.conn)
    codes = get_rule(RuleBook.of(periods, now).at(now), MESSAGE_CODES).value
    reading = read_messages(text, run.source_id, codes)
    added = add_events(run.conn, reading.events, origin)
    run.rows["shipment_event"] += added
    run.told["messages"] += reading.messages
    run.told["events that were there"] += len(reading.events) - added
    for fault in reading.faults:
        where = f"{file.name}: {fault.number}{f' {fault.where}' if fault.where else ''}"
        told = {"file": file.name, "segment": fault.where, "message": fault.raw}
        detail = f"{where}: {fault.zh} / {fault.en}"
        run.refuse(BadRow(fault.number, "bad-message", detail, told))
        progress(f"refused: {detail}")


def add_events(conn: psycopg.Connection, given: Sequence[tuple[Event, str]], origin: str) -> int:
    """Add events that no shipment is named for, each content once; return how many were new."""
    added = 0
    with conn.cursor() as cursor:
        for event, raw in given:
            name = f"event//{event.id}/{event.digest.hex()}"
            cursor.execute(_ADD, [
                stable_uuid7(event.source, name), event.source, event.id, event.at, event.unit,
                event.transport, list(event.references), event.retracts,
                orjson.dumps(event.told()).decode(), raw, origin,
            ])  # fmt: skip
            added += cursor.rowcount
    return added
