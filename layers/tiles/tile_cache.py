"""Cache of tiles in a process: bounded by bytes, one query per tile at a time, evicted by cell."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from isal import igzip

GZIP_FROM = 1024
PASSING_S = 2.0
"""A tile made without its tables is asked again after so many seconds."""
OVERHEAD = 400
"""Bytes that an entry takes beside its body, roughly."""


class TileKey(NamedTuple):
    """What a tile is kept by; `scope` is the digest of the rights that it was made for."""

    layer: str
    z: int
    x: int
    y: int
    scope: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile as it is sent.

    Parameters
    ----------
    body
        Protobuf, gzip when `gzipped`.
    etag
        Strong, of the content.
    shown, total
        Features drawn, and features that there are.
    level, tolerance_m
        Tile table that served it, and how far its geometry may lie off on the ground.
    passing
        Made without the table that should serve it.
    """

    body: bytes
    gzipped: bool
    etag: str
    shown: int
    total: int
    level: int
    tolerance_m: float
    passing: bool = False

    def plain(self) -> bytes:
        """Return the body without compression."""
        return bytes(igzip.decompress(self.body)) if self.gzipped else self.body  # type: ignore[no-untyped-call]


def pack(mvt: bytes, shown: int, total: int, level: int, tolerance_m: float) -> Tile:
    """Return a tile, compressed where it pays."""
    digest = hashlib.blake2b(mvt, digest_size=9)
    digest.update(f"{shown}/{total}/{level}".encode())
    gzipped = len(mvt) >= GZIP_FROM
    body = igzip.compress(mvt, compresslevel=1) if gzipped else mvt
    return Tile(body, gzipped, digest.hexdigest(), shown, total, level, tolerance_m)


def pack_plain(data: bytes, shown: int, level: int) -> Tile:
    """Return a tile that is packed in itself, as a picture is."""
    digest = hashlib.blake2b(data, digest_size=9)
    return Tile(data, False, digest.hexdigest(), shown, shown, level, 0.0)


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[Tile]
    waiting: int = 0


class TileCache:
    """Least recently used tiles, with single flight.

    A tile asked for before its layer was evicted is never kept after it.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._kept: OrderedDict[TileKey, tuple[Tile, float]] = OrderedDict()
        self._by_layer: dict[str, set[TileKey]] = defaultdict(set)
        self._epoch: dict[str, int] = defaultdict(int)
        self._flights: dict[tuple[TileKey, int], _Flight] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: TileKey) -> Tile | None:
        """Return a tile that is kept and not too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[1] < time.monotonic():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found[0]

    async def fetch(self, key: TileKey, make: Callable[[], Awaitable[Tile]], keep_s: float) -> Tile:
        """Return the tile, made once however many ask; nobody waiting any more cancels it."""
        place = key, self._epoch[key.layer]
        flight = self._flights.get(place)
        if flight is None:
            task = asyncio.ensure_future(self._make(key, place[1], make, keep_s))
            flight = self._flights[place] = _Flight(task)
            task.add_done_callback(lambda _: self._flights.pop(place, None))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._flights.pop(place, None)
                flight.task.cancel()

    async def _make(
        self, key: TileKey, epoch: int, make: Callable[[], Awaitable[Tile]], keep_s: float
    ) -> Tile:
        tile = await make()
        if self._epoch[key.layer] == epoch:
            seconds = min(keep_s, PASSING_S) if tile.passing else keep_s
            self._keep(key, tile, time.monotonic() + seconds)
        return tile

    def _keep(self, key: TileKey, tile: Tile, until: float) -> None:
        self._drop(key)
        self._kept[key] = tile, until
        self._by_layer[key.layer].add(key)
        self._size += len(tile.body) + OVERHEAD
        while self._size > self._limit and self._kept:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: TileKey) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= len(found[0].body) + OVERHEAD
            self._by_layer[key.layer].discard(key)

    def evict(self, layers: Iterable[str], cells: Iterable[tuple[int, int, int]]) -> None:
        """Forget the tiles of layers that overlap cells (z, x, y) or touch them."""
        touched = {
            (z, x + dx, y + dy) for z, x, y in cells for dx in (-1, 0, 1) for dy in (-1, 0, 1)
        }
        above = {(n, x >> (z - n), y >> (z - n)) for z, x, y in touched for n in range(z)}
        for layer in layers:
            self._epoch[layer] += 1
            for key in list(self._by_layer[layer]):
                if (key.z, key.x, key.y) in above or _inside(key, touched):
                    self._drop(key)

    def clear(self) -> None:
        """Forget everything, as after a break in the notices."""
        for layer in list(self._by_layer):
            self._epoch[layer] += 1
            for key in list(self._by_layer[layer]):
                self._drop(key)


def _inside(key: TileKey, cells: set[tuple[int, int, int]]) -> bool:
    return any((n, key.x >> (key.z - n), key.y >> (key.z - n)) in cells for n in range(key.z + 1))
