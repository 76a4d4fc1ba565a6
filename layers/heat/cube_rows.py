"""Rows of the cube as one caller sees them: read whole by binary COPY, then what changed since."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date

import asyncpg
import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Ints
from routing.statistics.cube_kernels import Int32, UInt8, UInt16, UInt32

EPOCH = date(1950, 1, 1)
"""Days are counted from here to 2129; what lies beyond counts on the first and last of them."""
LAST_DAY = 65_535
READ_S = 300
"""How long reading a whole grain may take."""
MOST_CHANGES = 200_000
"""With more the cube is read anew."""
_HEAD, _PIECE = 19, 1 << 22
_LOW = (1 << 32) - 1
_ROW = np.dtype(
    [("", ">i2"), ("", ">i4"), ("cell", ">i8"), ("", ">i4"), ("day", ">i4"), ("", ">i4"),
     ("hour", ">i2"), ("", ">i4"), ("series", ">i4"), ("", ">i4"), ("n", ">i4")]
)  # fmt: skip
"""A row of COPY in binary: its fields, each with its length before it."""
_COLUMNS = """cell, greatest(0, least(65535, at - '1950-01-01'::date))::int4 AS day,
  (hour + 1)::int2 AS hour, series, least(n, 2147483647)::int4 AS n"""
_ROWS = f"SELECT {_COLUMNS} FROM sigang.heat_cube WHERE grain = $1 AND n <> 0"
_CHANGES = f"""SELECT {_COLUMNS} FROM sigang.heat_change
  WHERE grain = $1 AND xid >= pg_snapshot_xmin($2::text::pg_snapshot)
    AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
  LIMIT {MOST_CHANGES + 1}"""
_SERIES = "SELECT id, measure, kind, admin_code, unit_id FROM sigang.heat_series ORDER BY id"
_PATIENCE = f"SET LOCAL statement_timeout = '{READ_S}s'"
ALL_SEEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
"""The first transaction that a snapshot of now may not see."""
PURGE = "DELETE FROM sigang.heat_change WHERE xid < %s::text::xid8"
_SNAPSHOT = "SELECT pg_current_snapshot()::text"


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted, each as the caller sees it: parallel columns, `at` by id."""

    at: dict[int, int]
    measures: NDArray[np.str_]
    kinds: NDArray[np.str_]
    admin_codes: Sequence[str | None]
    unit_ids: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class CubeRows:
    """Rows of one grain by day and hour, of each of these by counter: 8 bytes a row.

    Parameters
    ----------
    cells
        Keys of all cells there are, rising.
    place, series
        Of each counter, which is what a series has in a cell: the number of its cell, and the id
        of its series, of which there are 65,535 at most.
    day, hour
        Of each slot of time that has rows, rising; `hour` is 0 where none is told, else 1 to 168.
    first
        Which row is the first of each slot, and behind the last one.
    counter, n
        Of each row; no two of a slot have the same counter, and no `n` is 0.
    """

    cells: Ints
    place: UInt32
    series: UInt16
    day: UInt16
    hour: UInt8
    first: Ints
    counter: UInt32
    n: Int32

    def __len__(self) -> int:
        return len(self.n)

    @property
    def nbytes(self) -> int:
        """Bytes that all columns take."""
        return sum(int(getattr(self, column.name).nbytes) for column in fields(self))

    def columns(self) -> tuple[np.ndarray, ...]:
        """Return cell, day, hour, series and number of each row, as `rows_of` takes them."""
        times = np.diff(self.first)
        day, hour = np.repeat(self.day, times), np.repeat(self.hour, times)
        return self.cells[self.place][self.counter], day, hour, self.series[self.counter], self.n


@dataclass(slots=True)
class _Decoder:
    """Takes what COPY sends, piece by piece, and keeps of each row what it needs."""

    rest: bytearray = field(default_factory=bytearray)
    begun: bool = False
    parts: dict[str, list[np.ndarray]] = field(
        default_factory=lambda: {name: [] for name in ("cell", "day", "hour", "series", "n")}
    )

    async def take(self, data: bytes) -> None:
        """Take a piece."""
        self.rest += data
        if len(self.rest) >= _PIECE:
            self._decode(len(self.rest) - 2)

    def _decode(self, size: int) -> None:
        start = 0 if self.begun else _HEAD
        whole = max(0, size - start) // _ROW.itemsize
        rows = np.frombuffer(bytes(self.rest[start:]), _ROW, whole)
        for name, type_ in (
            ("cell", np.int64), ("day", np.uint16), ("hour", np.uint8), ("series", np.uint16),
            ("n", np.int32),
        ):  # fmt: skip
            self.parts[name].append(rows[name].astype(type_))
        del self.rest[: start + whole * _ROW.itemsize]
        self.begun = True

    def finish(self) -> CubeRows:
        """Return the rows; the end of the stream has been taken."""
        self._decode(len(self.rest) - 2)
        columns = {}
        for name in list(self.parts):
            columns[name] = np.concatenate(self.parts.pop(name))
        return rows_of(**columns)


def rows_of(
    cell: np.ndarray, day: np.ndarray, hour: np.ndarray, series: np.ndarray, n: np.ndarray
) -> CubeRows:
    """Return rows by their columns: those of the same cell, series, day and hour added up."""
    own, counter = np.unique(series.astype(np.int64) << 32 | cell.astype(np.int64),
                             return_inverse=True)  # fmt: skip
    key = (day.astype(np.int64) << 8 | hour.astype(np.int64)) << 32 | counter
    del counter
    key, n = _added_up(key, n)
    first = np.flatnonzero(np.diff(key >> 32, prepend=-1))
    slots = key[first] >> 32
    cells, place = np.unique(own & _LOW, return_inverse=True)
    return CubeRows(
        cells, place.astype(np.uint32), (own >> 32).astype(np.uint16),
        (slots >> 8).astype(np.uint16), (slots & 255).astype(np.uint8),
        np.append(first, len(key)), (key & _LOW).astype(np.uint32), n.astype(np.int32),
    )  # fmt: skip


def _added_up(key: Ints, n: np.ndarray) -> tuple[Ints, np.ndarray]:
    """Return keys, rising, each once, and their sums; without those that come to 0."""
    if not (np.diff(key) > 0).all():
        order = np.argsort(key)
        key, n = key[order], n[order]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        key, n = key[starts], np.add.reduceat(n.astype(np.int64), starts)
    if (n != 0).all():
        return key, n
    return key[n != 0], n[n != 0]


async def read_snapshot(conn: asyncpg.Connection) -> str:
    """Return the snapshot that the transaction reads."""
    return str(await conn.fetchval(_SNAPSHOT))


async def read_rows(conn: asyncpg.Connection, grain: str) -> CubeRows:
    """Return all rows of a grain that the caller sees."""
    decoder = _Decoder()
    await conn.execute(_PATIENCE)
    await conn.copy_from_query(_ROWS, grain, output=decoder.take, format="binary", timeout=READ_S)
    return decoder.finish()


async def read_changes(conn: asyncpg.Connection, grain: str, since: str) -> CubeRows | None:
    """Return what a snapshot did not see, to be added to what it saw; None where it is too much."""
    rows = await conn.fetch(_CHANGES, grain, since)
    if len(rows) > MOST_CHANGES:
        return None
    table = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 5)
    return rows_of(*table.T)


async def read_series(conn: asyncpg.Connection) -> Series:
    """Return the series that the caller sees."""
    rows = await conn.fetch(_SERIES)
    return Series(
        {row["id"]: number for number, row in enumerate(rows)},
        np.array([row["measure"] for row in rows], np.str_),
        np.array([row["kind"] for row in rows], np.str_),
        [row["admin_code"] for row in rows],
        np.array([row["unit_id"] or "" for row in rows], np.str_),
    )
