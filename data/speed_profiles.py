"""Measured speeds by hour of the week from a CSV file: edge_id, direction, hour, kmh.

One row per edge, direction (both, forward, backward) and hour of the local week (0 is Monday
00:00); each edge and direction has all 168. A load replaces what its source gave before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from spatial.errors import BadParameter, NotFound

HEADER = "edge_id,direction,hour,kmh"
FASTEST_KMH = 250
SHOWN = 5

_STAGE = """
CREATE TEMP TABLE given (edge_id uuid NOT NULL, direction text NOT NULL, hour smallint NOT NULL,
  kmh real NOT NULL) ON COMMIT DROP"""
_COPY = "COPY given (edge_id, direction, hour, kmh) FROM STDIN WITH (FORMAT csv, HEADER true)"
_WRONG = """
SELECT edge_id::text || ' ' || direction || ' ' || hour || ' ' || kmh FROM given
WHERE direction NOT IN ('both', 'forward', 'backward') OR hour NOT BETWEEN 0 AND 167
  OR NOT (kmh > 0 AND kmh <= %s) LIMIT %s"""
_UNKNOWN = """
SELECT DISTINCT g.edge_id::text FROM given g LEFT JOIN sigang.edge e ON e.id = g.edge_id
WHERE e.id IS NULL LIMIT %s"""
_UNEVEN = """
SELECT edge_id::text || ' ' || direction FROM given GROUP BY edge_id, direction
HAVING count(*) <> 168 OR count(DISTINCT hour) <> 168 LIMIT %s"""
_REPLACE = "DELETE FROM sigang.edge_speed_profile WHERE source_id = %s"
_INSERT = """
INSERT INTO sigang.edge_speed_profile (edge_id, direction, speeds_kmh, source_id)
SELECT edge_id, direction, array_agg(kmh ORDER BY hour), %s FROM given GROUP BY edge_id, direction
ON CONFLICT (edge_id, direction)
DO UPDATE SET speeds_kmh = excluded.speeds_kmh, source_id = excluded.source_id"""
_RELOAD = """
UPDATE sigang.network_version SET version = version + 1, topology = topology + 1,
  changed_at = clock_timestamp() WHERE network = 'road'"""


def load_speed_profiles(conn: psycopg.Connection[Any], file: Path, source: str) -> int:
    """Load a file in one transaction and return the number of edges and directions in it.

    Raises
    ------
    NotFound
        The source is not registered.
    BadParameter
        The file is no such CSV, or a row of it is wrong; nothing is changed.
    """
    with conn.transaction():
        if not conn.execute("SELECT 1 FROM sigang.source WHERE id = %s", [source]).fetchone():
            raise NotFound(f"No source {source!r}", f"没有数据来源 {source!r}")
        conn.execute("DROP TABLE IF EXISTS pg_temp.given")
        conn.execute(_STAGE)
        _copy(conn, file)
        _refuse(conn, _WRONG, [FASTEST_KMH, SHOWN], "wrong direction, hour or speed", "值不合格")
        _refuse(conn, _UNKNOWN, [SHOWN], "unknown edges", "未知路段")
        _refuse(conn, _UNEVEN, [SHOWN], "not 168 hours", "不足 168 小时")
        conn.execute(_REPLACE, [source])
        count = conn.execute(_INSERT, [source]).rowcount
        conn.execute(_RELOAD)
    return count


def _copy(conn: psycopg.Connection[Any], file: Path) -> None:
    with file.open(encoding="utf-8-sig") as rows:
        header = rows.readline().strip().replace(" ", "")
        if header != HEADER:
            raise BadParameter(
                f"{file.name}: the first line must be {HEADER}",
                f"{file.name}：首行须为 {HEADER}",
            )
        try:
            with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.write(f"{header}\n")
                while chunk := rows.read(1 << 20):
                    copy.write(chunk)
        except psycopg.DataError as error:
            reason = str(error).splitlines()[0]
            raise BadParameter(f"{file.name}: {reason}", f"{file.name}：{reason}") from error


def _refuse(conn: psycopg.Connection[Any], query: str, values: list[Any], en: str, zh: str) -> None:
    """Refuse the file where a query finds rows."""
    found = [row[0] for row in conn.execute(query, values)]
    if found:
        shown = "; ".join(found)
        raise BadParameter(f"{en}: {shown}", f"{zh}：{shown}")
