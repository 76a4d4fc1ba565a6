"""A graph kept on disk as it is in memory: a start maps its arrays instead of reading rows.

Each array is one file that processes share through the page cache; texts are in one JSON file. A
folder is written aside and renamed, so that nobody meets half of one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.graph.graph import Arcs, Coded, Edges, Graph, Ids
from routing.index.snap import SnapIndex
from spatial.networks.model import NetworkKind

LAYOUT = 8  # to be raised when the same rows shall make another graph
KEPT = 2
_TEXTS = "texts.json"


def place_of(folder: Path, rows: str, kind: NetworkKind) -> Path:
    """Return where the graph made from some rows lies; `rows` stands for what they hold."""
    columns = [*Edges.columns(), *_columns_of(Arcs)]
    name = f"{LAYOUT} {kind.name} {kind.columns} {columns} {rows}"
    return folder / blake2b(name.encode(), digest_size=16).hexdigest()


def save_graph(place: Path, graph: Graph, index: SnapIndex) -> None:
    """Keep a graph and its snapping index, and only the few graphs used last."""

    def write(folder: Path) -> None:
        texts = {}
        for name, column in _columns(graph):
            array = column.codes if isinstance(column, Coded) else column
            np.save(folder / f"{name}.npy", array)
            if isinstance(column, Coded):
                texts[name] = column.values
        for name, array in index.arrays().items():
            np.save(folder / f"index.{name}.npy", array)
        (folder / _TEXTS).write_bytes(orjson.dumps(texts))

    write_folder(place, write, KEPT)


def open_graph(place: Path, kind: NetworkKind) -> tuple[Graph, SnapIndex] | None:
    """Map a kept graph and its index, None when it is not there or is just being deleted."""
    try:
        os.utime(place)
        texts = orjson.loads((place / _TEXTS).read_bytes())
        edges = Edges(**_read(place, Edges.columns(), "edges", texts), kind=kind)
        arcs = Arcs(**_read(place, _columns_of(Arcs), "arcs", texts))
        graph = Graph(edges, arcs, map_array(place, "lon"), map_array(place, "lat"), Ids(edges.ids))
        parts = {name: map_array(place, f"index.{name}") for name in SnapIndex.ARRAYS}
    except FileNotFoundError:
        return None
    return graph, SnapIndex(edges, parts)


def last_graph(folder: Path, kind: NetworkKind) -> Graph | None:
    """Map the graph used last of those kept in a folder."""
    places = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    for place in sorted(places, key=_age, reverse=True):
        found = open_graph(place, kind)
        if found is not None:
            return found[0]
    return None


def write_folder(place: Path, write: Callable[[Path], None], kept: int) -> None:
    """Write a folder and name it when it is whole; of its siblings the oldest are deleted.

    One process writes at a time: what another one left half-written is deleted.
    """
    for half in place.parent.glob("*.*"):
        shutil.rmtree(half, ignore_errors=True)
    made = place.with_name(f"{place.name}.{uuid4().hex}")
    made.mkdir(parents=True)
    write(made)
    try:
        made.rename(place)
    except OSError:  # another process was first
        shutil.rmtree(made)
    folders = sorted((p for p in place.parent.iterdir() if p.is_dir()), key=_age, reverse=True)
    for old in folders[kept:]:
        shutil.rmtree(old, ignore_errors=True)


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _columns(graph: Graph) -> Iterator[tuple[str, Coded | NDArray[Any]]]:
    for column in Edges.columns():
        yield f"edges.{column}", getattr(graph.edges, column)
    for column in _columns_of(Arcs):
        yield f"arcs.{column}", getattr(graph.arcs, column)
    yield "lon", graph.lon
    yield "lat", graph.lat


def _columns_of(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]


def _read(place: Path, columns: list[str], prefix: str, texts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in columns:
        name = f"{prefix}.{column}"
        array = map_array(place, name)
        found[column] = Coded(tuple(texts[name]), array) if name in texts else array
    return found


def map_array(place: Path, name: str) -> NDArray[Any]:
    """Map an array; as a plain one, whose elements are cheaper to read.

    It is mapped for writing, as kernels take arrays; what were written would stay in memory.
    """
    return np.asarray(np.load(place / f"{name}.npy", mmap_mode="c"))
