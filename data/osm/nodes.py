"""Nodes of an OpenStreetMap network, kept on disk so that memory does not grow with the file.

The first pass writes the node references of all ways into partitions; a node that ends a way or
is used twice becomes a graph node. The tables of graph nodes are memory-mapped files in id order.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from spatial.networks.rail import KIND as RAIL
from spatial.networks.road import KIND as ROAD
from spatial.networks.waterway import KIND as WATERWAY

Ints = NDArray[np.int64]

_PARTITIONS = 64
_FLUSH = 1_000_000
MODES = (*ROAD.modes, RAIL.mode, WATERWAY.mode)  # bit i of a node's mode mask


class References:
    """Counts how often ways use each node, in files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pending = array("q")

    def add_way(self, refs: list[int]) -> None:
        """Count a way's nodes once, its two ends twice."""
        self._pending.extend(refs)
        self._pending.extend((refs[0], refs[-1]))
        if len(self._pending) > _FLUSH:
            self._flush()

    def add_node(self, ref: int) -> None:
        """Make a node a graph node wherever a way uses it."""
        self._pending.extend((ref, ref))

    def _flush(self) -> None:
        ids = np.frombuffer(self._pending, dtype=np.int64).copy()
        self._pending = array("q")
        slot = ids % _PARTITIONS
        for part in range(_PARTITIONS):
            with (self._folder / f"refs-{part}").open("ab") as file:
                ids[slot == part].tofile(file)

    def finish(self) -> NodeTable:
        """Return the table of graph nodes."""
        self._flush()
        path = self._folder / "ids"
        with path.open("wb") as out:
            for part in range(_PARTITIONS):
                file = self._folder / f"refs-{part}"
                ids, count = np.unique(np.fromfile(file, dtype=np.int64), return_counts=True)
                ids[count > 1].tofile(out)
                file.unlink()
        return NodeTable(self._folder, path.stat().st_size // 8)


D = TypeVar("D", bound=np.generic)


class NodeTable:
    """Graph nodes by id: position, which modes meet there, whether motor vehicles are stopped."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.ids = self._map(folder / "ids", np.int64)
        self.ids.sort()
        self.x = self._map(folder / "x", np.int32)
        self.y = self._map(folder / "y", np.int32)
        self.modes = self._map(folder / "modes", np.uint8)
        self.barrier = self._map(folder / "barrier", np.uint8)

    def _map(self, path: Path, dtype: type[D]) -> NDArray[D]:
        if self.count == 0:
            return np.empty(0, dtype)
        mode: Literal["r+", "w+"] = "r+" if path.exists() else "w+"
        return np.memmap(path, dtype=dtype, mode=mode, shape=(self.count,))

    def index(self, refs: Ints) -> Ints:
        """Return the place of each node in the table, -1 for those that are no graph nodes."""
        if self.count == 0:
            return np.full(len(refs), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.ids, refs), self.count - 1)
        return np.where(self.ids[at] == refs, at, -1)

    def mark(self, at: Ints, x: Ints, y: Ints, mode: NDArray[np.uint8]) -> None:
        """Record position (1e-7 degrees) and mode bit of nodes that an edge uses."""
        self.x[at], self.y[at] = x, y
        np.bitwise_or.at(self.modes, at, mode)

    def used(self, chunk: int = 50_000) -> Iterator[Ints]:
        """Yield the places of nodes that edges use, in chunks."""
        for start in range(0, self.count, chunk):
            part = np.flatnonzero(self.modes[start : start + chunk])
            if len(part):
                yield part + start


class TagStore:
    """Tags of single nodes, and which edges meet at barriers, in one file."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "tags.sqlite")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE tags (id INTEGER PRIMARY KEY, tags BLOB)")
        self._db.execute("CREATE TABLE meeting (node INTEGER, edge TEXT)")

    def add(self, node: int, tags: dict[str, str]) -> None:
        """Keep the tags of a node."""
        row = (node, orjson.dumps(tags))
        self._db.execute("INSERT OR REPLACE INTO tags VALUES (?, ?)", row)

    def between(self, first: int, last: int) -> dict[int, dict[str, str]]:
        """Return the tags of nodes by id in a closed range."""
        query = "SELECT id, tags FROM tags WHERE id BETWEEN ? AND ?"
        return {node: orjson.loads(tags) for node, tags in self._db.execute(query, (first, last))}

    def ids(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield every tagged node."""
        for node, tags in self._db.execute("SELECT id, tags FROM tags ORDER BY id"):
            yield node, orjson.loads(tags)

    def meet(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Keep that edges end at barrier nodes."""
        self._db.executemany("INSERT INTO meeting VALUES (?, ?)", pairs)

    def meetings(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each barrier node with the edges that end there."""
        query = (
            "SELECT node, json_group_array(edge) FROM"
            " (SELECT DISTINCT node, edge FROM meeting ORDER BY node, edge) GROUP BY node"
        )
        for node, edges in self._db.execute(query):
            yield node, orjson.loads(edges)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
