"""Rows of the cube as one caller sees them: read whole by binary COPY, then what changed since."""
# ruff: noqa: S608

from __future__ import annotations

import ctypes
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import numpy as np

from layers.heat.cube_rows import CubeRows, Series, rows_in_order, rows_of_keys
from layers.offload import offload_part
from routing.graph.weights import Ints
from routing.statistics.cube_kernels import Int32, UInt32, number_keys, put_in_slots

READ_S = 300
"""How long reading a whole grain may take."""
MOST_CHANGES = 200_000
"""With more the cube is read anew."""
_HEAD, _PIECE = 19, 1 << 20
_ROW = np.dtype(
    [("", ">i2"), ("", ">i4"), ("counter", ">i8"), ("", ">i4"), ("slot", ">i4"), ("", ">i4"),
     ("n", ">i4")]
)  # fmt: skip
"""A row of COPY in binary: its fields, each with its length before it."""
_COLUMNS = """series::int8 << 32 | cell AS counter,
  greatest(0, least(65535, at - '1950-01-01'::date))::int4 << 8 | (hour + 1)::int4 AS slot,
  least(n, 2147483647)::int4 AS n"""
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


@dataclass(slots=True)
class _Numbering:
    """Numbers of keys in the order in which they came first: an open hash table."""

    table: Ints = field(default_factory=lambda: np.full(1 << 17, -1))
    numbers: UInt32 = field(default_factory=lambda: np.zeros(1 << 17, np.uint32))
    count: int = 0

    def of(self, keys: Ints) -> UInt32:
        """Return the numbers of keys, none of them below 0."""
        size = len(self.table)
        while size < 2 * (self.count + len(keys)):
            size *= 2
        if size > len(self.table):
            known = self.keys()
            self.table, self.numbers = np.full(size, -1), np.zeros(size, np.uint32)
            number_keys(known, self.table, self.numbers, 0, np.zeros(len(known), np.uint32))
        found = np.zeros(len(keys), np.uint32)
        self.count = number_keys(keys, self.table, self.numbers, self.count, found)
        return found

    def keys(self) -> Ints:
        """Return all keys by number."""
        at = np.flatnonzero(self.table >= 0)
        found = np.zeros(self.count, np.int64)
        found[self.numbers[at]] = self.table[at]
        return found


@dataclass(slots=True)
class _Decoder:
    """Takes what COPY sends, piece by piece, and keeps of each row 12 bytes."""

    rest: bytearray = field(default_factory=bytearray)
    begun: bool = False
    counters: _Numbering = field(default_factory=_Numbering)
    slots: _Numbering = field(default_factory=_Numbering)
    parts: list[tuple[UInt32, UInt32, Int32]] = field(default_factory=list)

    async def take(self, data: bytes) -> None:
        """Take a piece."""
        self.rest += data
        if len(self.rest) >= _PIECE:
            await offload_part(self._decode, len(self.rest) - 2)

    def _decode(self, size: int) -> None:
        start = 0 if self.begun else _HEAD
        whole = max(0, size - start) // _ROW.itemsize
        rows = np.frombuffer(bytes(self.rest[start:]), _ROW, whole)
        counter, slot, n = (rows[name].astype(np.int64) for name in ("counter", "slot", "n"))
        self.parts.append((self.counters.of(counter), self.slots.of(slot), n.astype(np.int32)))
        del self.rest[: start + whole * _ROW.itemsize]
        self.begun = True

    def finish(self) -> CubeRows:
        """Return the rows; the end of the stream has been taken."""
        self._decode(len(self.rest) - 2)
        (own, rank), (slots, place) = (_ranked(of.keys()) for of in (self.counters, self.slots))
        times = np.zeros(len(slots), np.int64)
        for _, slot, _ in self.parts:
            times += np.bincount(place[slot], minlength=len(slots))
        first = np.concatenate(([0], np.cumsum(times)))
        counter, n = np.empty(first[-1], np.uint32), np.empty(first[-1], np.int32)
        behind = first[:-1].copy()
        while self.parts:
            put_in_slots(*self.parts.pop(), rank, place, behind, counter, n)
        return rows_in_order(own, slots, first, counter, n)


def _ranked(keys: Ints) -> tuple[Ints, UInt32]:
    """Return keys, rising, and by number which of these each is."""
    order = np.argsort(keys)
    rank = np.zeros(len(keys), np.uint32)
    rank[order] = np.arange(len(keys))
    return keys[order], rank


def give_back_memory() -> None:
    """Give the system back what was used to read a cube: else C's library keeps most of it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


async def read_snapshot(conn: asyncpg.Connection) -> str:
    """Return the snapshot that the transaction reads."""
    return str(await conn.fetchval(_SNAPSHOT))


async def read_rows(conn: asyncpg.Connection, grain: str) -> CubeRows:
    """Return all rows of a grain that the caller sees."""
    decoder = _Decoder()
    await conn.execute(_PATIENCE)
    await conn.copy_from_query(_ROWS, grain, output=decoder.take, format="binary", timeout=READ_S)
    return await offload_part(decoder.finish)


async def read_changes(conn: asyncpg.Connection, grain: str, since: str) -> CubeRows | None:
    """Return what a snapshot did not see, to be added to what it saw; None where it is too much."""
    rows = await conn.fetch(_CHANGES, grain, since)
    if len(rows) > MOST_CHANGES:
        return None
    table = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 3)
    return rows_of_keys(*table.T)


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
