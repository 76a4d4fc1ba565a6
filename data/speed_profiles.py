"""Measured speeds by hour of the week from a CSV file: edge_id, direction, hour, kmh.

One row per edge, direction (both, forward, backward) and hour of the local week (0 is Monday
00:00); each edge and direction has all 168. A load replaces what its source gave before. A bad row
goes to quarantine, and with it all rows of its edge and direction.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from spatial.errors import NotFound, Quarantined
from spatial.networks.road import KIND as ROAD
from spatial.postgres.ingest import BadRow, LoadReport, Run, find_source, loading

HEADER = "edge_id,direction,hour,kmh"
MOST_KEPT = 100_000
TABLE = "edge_speed_profile"

_STAGE = """
CREATE TEMP TABLE given (row_no bigint GENERATED ALWAYS AS IDENTITY, edge_id text, direction text,
  hour text, kmh text) ON COMMIT DROP"""
_COPY = "COPY given (edge_id, direction, hour, kmh) FROM STDIN WITH (FORMAT csv, HEADER true)"
_WRONG = """
CREATE TEMP TABLE wrong ON COMMIT DROP AS SELECT row_no, name FROM (
  SELECT row_no, CASE
    WHEN edge_id IS NULL OR edge_id !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN 'edge_id'
    WHEN direction IS NULL OR direction NOT IN ('both', 'forward', 'backward') THEN 'direction'
    WHEN CASE WHEN hour ~ '^[0-9]{1,3}$' THEN hour::int > 167 ELSE true END THEN 'hour'
    WHEN CASE WHEN kmh ~ '^[0-9]{1,3}([.][0-9]{1,9})?$' THEN kmh::real = 0 OR kmh::real > 250
      ELSE true END THEN 'kmh' END AS name
  FROM given) judged WHERE name IS NOT NULL"""
_WEEKS = """
CREATE TEMP TABLE week ON COMMIT DROP AS
SELECT w.*, CASE WHEN e.id IS NULL THEN 'unknown-edge' WHEN rows > hours THEN 'duplicate-hour'
  WHEN hours < 168 THEN 'incomplete-week' END AS reason
FROM (
  SELECT g.edge_id::uuid AS edge, g.direction, count(*) AS rows,
    count(DISTINCT g.hour::int) AS hours, array_agg(g.kmh::real ORDER BY g.hour::int) AS kmh
  FROM given g WHERE NOT EXISTS (SELECT 1 FROM wrong w WHERE w.row_no = g.row_no)
  GROUP BY 1, 2) w
LEFT JOIN sigang.edge e ON e.id = w.edge"""
_BAD = """
SELECT g.row_no, coalesce(w.name, k.reason) AS reason, w.name AS column,
  g.edge_id, g.direction, g.hour, g.kmh
FROM given g LEFT JOIN wrong w USING (row_no)
LEFT JOIN week k ON k.direction = g.direction
  AND k.edge = CASE WHEN w.name IS NULL THEN g.edge_id::uuid END
WHERE w.name IS NOT NULL OR k.reason IS NOT NULL ORDER BY g.row_no LIMIT %s"""
_INSERT = """
INSERT INTO sigang.edge_speed_profile (edge_id, direction, speeds_kmh, source_id)
SELECT edge, direction, kmh, %s FROM week WHERE reason IS NULL
ON CONFLICT (edge_id, direction)
DO UPDATE SET speeds_kmh = excluded.speeds_kmh, source_id = excluded.source_id"""
_SAYS = {
    "edge_id": "不是路段编号 / no id of an edge",
    "direction": "须为 both、forward 或 backward / must be both, forward or backward",
    "hour": "须为 0–167 的整数 / must be a whole number from 0 to 167",
    "kmh": "须大于 0，至多 250 / must be more than 0 and at most 250",
    "unknown-edge": "没有该路段 / there is no such edge",
    "duplicate-hour": "该路段方向有重复的小时 / an hour of this edge and direction comes twice",
    "incomplete-week": "该路段方向不足 168 小时 / this edge and direction has not all 168 hours",
}


def load_speed_profiles(conn: psycopg.Connection, file: Path, source: str) -> LoadReport:
    """Load the whole weeks of a file; what is bad goes to quarantine.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    file
        UTF-8, with the header above.
    source
        Id of a registered source.

    Raises
    ------
    NotFound
        The source is not registered.
    Quarantined
        The file is no such CSV, or has no good week; nothing was changed.
    """
    info = find_source(conn, source)
    if info is None:
        raise NotFound(
            f"No source {source!r}", f"没有数据来源 {source!r}",
            mend_en="Name a registered one, such as detectors.",
            mend_zh="请指定已登记的来源，例如 detectors。",
        )  # fmt: skip
    with loading(conn, info, file, "speeds", {}) as run:
        conn.execute(_STAGE)
        _copy(run, file)
        for statement in (_WRONG, "ANALYZE wrong", _WEEKS):
            conn.execute(sql.SQL(statement))
        _quarantine(run, file)
        run.clear(TABLE)
        run.rows[TABLE] = conn.execute(_INSERT, [source]).rowcount
        run.raise_topology([ROAD.mode])
        return run.report()


def _copy(run: Run, file: Path) -> None:
    with file.open(encoding="utf-8-sig") as rows:
        header = rows.readline().strip().replace(" ", "")
        if header != HEADER:
            raise _refused(file, f"the first line must be {HEADER}", f"首行须为 {HEADER}", run)
        try:
            with run.conn.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.write(f"{header}\n")
                while chunk := rows.read(1 << 20):
                    copy.write(chunk)
        except (psycopg.DataError, UnicodeDecodeError) as error:
            where = error.diag.context if isinstance(error, psycopg.Error) else None
            reason = f"{str(error).splitlines()[0]} ({where})" if where else str(error)
            raise _refused(file, reason, reason, run) from error


def _quarantine(run: Run, file: Path) -> None:
    """Put the bad rows aside, the first `MOST_KEPT` of them.

    Raises
    ------
    Quarantined
        No week is good.
    """
    with run.conn.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_BAD, [MOST_KEPT]):
            number, reason, column = row.pop("row_no"), row.pop("reason"), row.pop("column")
            detail = f"{column} {row[column]!r}: {_SAYS[column]}" if column else _SAYS[reason]
            run.refuse(BadRow(number, "bad-value" if column else reason, detail, row))
    good = run.conn.execute("SELECT 1 FROM week WHERE reason IS NULL LIMIT 1").fetchone()
    if good is None:
        first = run.bad[0] if run.bad else None
        at = f"row {first.row_no}: {first.detail}" if first else "no rows / 没有数据行"
        raise _refused(file, f"no good week; {at}", f"没有完整合格的一周；{at}", run)


def _refused(file: Path, en: str, zh: str, run: Run) -> Quarantined:
    return Quarantined(f"{file.name}: {en}", f"{file.name}：{zh}", load_id=str(run.load_id))
