"""Records of a delivery in the database: added or corrected by key in one statement, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import sql

from data.enforcement.mapping import RecordKind
from spatial.ids import record_id
from spatial.postgres.ingest import Run

_COLUMNS = {
    "case_file": (
        "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "valid_from",
        "props", "workflow", "stage", "opened_at", "due_at", "closed_at", "verdict", "amount_cny",
        "z_key", "geom",
    ),
    "exposure": (
        "source_id", "key", "kind", "admin_code", "unit_id", "visibility", "origin", "at", "n",
        "z_key",
    ),
}  # fmt: skip
_KEYS = {"case_file": ("id",), "exposure": ("source_id", "key")}
_STAGE = "CREATE TEMP TABLE given ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
_COPY = "COPY given ({columns}) FROM STDIN"
_LATEST = "SELECT max({at}) FROM {table} WHERE source_id = %s AND kind = %s"
_PUT = """
WITH put AS (
  INSERT INTO {table} AS c ({columns}) SELECT {columns} FROM given ORDER BY {key}
  ON CONFLICT ({key}) DO UPDATE SET ({rest}) = ROW ({excluded}), recorded_at = now()
  WHERE ({mine}) IS DISTINCT FROM ({excluded})
  RETURNING xmax = 0 AS fresh, {at} AS at)
SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh),
  count(*) FILTER (WHERE fresh AND at < %s) FROM put"""
_TAKE_BACK_CASES = """
WITH known AS (SELECT id, stage FROM sigang.case_file WHERE id = ANY(%(ids)s)),
gone AS (UPDATE sigang.case_file c SET stage = 'withdrawn', recorded_at = now() FROM known
  WHERE c.id = known.id AND known.stage <> 'withdrawn' RETURNING 1)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM known)"""
_TAKE_BACK_EXPOSURE = """
WITH gone AS (DELETE FROM sigang.exposure
  WHERE source_id = %(source)s AND kind = %(kind)s AND key = ANY(%(keys)s) RETURNING 1)
SELECT count(*), count(*) FROM gone"""


def put(run: Run, what: RecordKind, given: Sequence[Mapping[str, object]]) -> None:
    """Add or correct records by their keys, and tell how many were what.

    Those are late that are added though they lie before the latest that the source had.
    """
    table = what.kind.table
    columns, key = _COLUMNS[table], _KEYS[table]
    rest = [name for name in columns if name not in key]
    parts = {
        "table": sql.Identifier("sigang", table),
        "columns": _names(columns),
        "key": _names(key),
        "rest": _names(rest),
        "excluded": _names(rest, "excluded"),
        "mine": _names(rest, "c"),
        "at": sql.Identifier(what.at),
    }
    latest = run.conn.execute(
        sql.SQL(_LATEST).format(**parts), [run.source_id, what.kind.name]
    ).fetchone()
    run.conn.execute(sql.SQL(_STAGE).format(**parts))
    with run.conn.cursor() as cursor, cursor.copy(sql.SQL(_COPY).format(**parts)) as copy:
        for row in given:
            copy.write_row([row.get(name) for name in columns])
    did = run.conn.execute(sql.SQL(_PUT).format(**parts), [latest and latest[0]]).fetchone()
    for name, count in zip(("added", "corrected", "late"), did or (), strict=False):
        run.told[name] = count
    run.rows[table] = run.told["added"] + run.told["corrected"]


def withdraw(run: Run, what: RecordKind, keys: Sequence[str]) -> None:
    """Take records back by their keys; those that are not there are told as unknown."""
    if not keys:
        return
    text = _TAKE_BACK_CASES if what.kind.table == "case_file" else _TAKE_BACK_EXPOSURE
    ids = [record_id(run.source_id, what.kind.name, key) for key in keys]
    asked = {"ids": ids, "source": run.source_id, "kind": what.kind.name, "keys": list(keys)}
    gone, known = run.conn.execute(text, asked).fetchone() or (0, 0)
    run.told["withdrawn"] = gone
    run.told["unknown"] = len(keys) - known


def _names(columns: Sequence[str], of: str | None = None) -> sql.Composed:
    names = (sql.Identifier(of, name) if of else sql.Identifier(name) for name in columns)
    return sql.SQL(", ").join(names)
