"""World road and railway graphs of scgraph-data, read as text and cut to the sample's box.

Importing these modules takes about 3 GB and half a minute; reading the text takes 0.4 s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt

from spatial.geo.crs import GEOD
from spatial.ids import stable_uuid7

BOX = (117.0, 27.0, 123.0, 32.2)  # west, south, east, north in degrees: Zhejiang and neighbours

_NEIGHBOUR = re.compile(rb"(\d+): ([\d.]+)")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Graph:
    """An undirected graph: nodes with lon/lat, edges with length in metres."""

    keys: list[str]
    xy: Floats
    u: Ints
    v: Ints
    length_m: Floats
    source_id: str
    node_ids: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.node_ids:
            self.node_ids = [stable_uuid7(self.source_id, key) for key in self.keys]

    def edge_key(self, edge: int) -> str:
        """Return the stable key of an edge: the keys of its ends."""
        return f"{self.keys[self.u[edge]]}-{self.keys[self.v[edge]]}"

    def add_node(self, key: str, lon: float, lat: float, source_id: str) -> int:
        """Append a node of another source and return its index."""
        self.keys.append(key)
        self.node_ids.append(stable_uuid7(source_id, key))
        self.xy = np.vstack([self.xy, [lon, lat]])
        return len(self.keys) - 1


def package_file(package: str, *parts: str) -> Path:
    """Return the path of a data file inside an installed package, without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the package {package} is not installed")
    path = Path(next(iter(spec.submodule_search_locations))).joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"{package} has no file {'/'.join(parts)}")
    return path


def read_scgraph(module: str, source_id: str, box: Sequence[float] = BOX) -> Graph:
    """Read `scgraph_data/<module>.py` as text; keep nodes in `box` and edges between them.

    A length is the source's own (along the road); loops are dropped.
    """
    text = package_file("scgraph_data", f"{module}.py").read_bytes()
    graph_at = text.index(b"graph=[") + len(b"graph=[")
    nodes_at = text.index(b"nodes=[", graph_at) + len(b"nodes=[")
    numbers = text[nodes_at : text.rindex(b"]]")].translate(None, b"[] ")
    lonlat = np.array(numbers.split(b","), dtype=np.float64).reshape(-1, 2)[:, ::-1]
    west, south, east, north = box
    inside = (
        (lonlat[:, 0] >= west)
        & (lonlat[:, 0] <= east)
        & (lonlat[:, 1] >= south)
        & (lonlat[:, 1] <= north)
    )
    kept = np.flatnonzero(inside)
    index = np.full(len(lonlat), -1, dtype=np.int64)
    index[kept] = np.arange(len(kept))
    u, v, km = _edges(text[graph_at:nodes_at].split(b"}, {"), kept, index)
    return Graph([f"n{i}" for i in kept], lonlat[kept], u, v, km * 1000, source_id)


def _edges(rows: list[bytes], kept: Ints, index: Ints) -> tuple[Ints, Ints, Floats]:
    found = [
        (int(index[i]), int(index[int(match[1])]), float(match[2]))
        for i in kept
        for match in _NEIGHBOUR.finditer(rows[i])
        if int(match[1]) > i and index[int(match[1])] >= 0
    ]
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2]


def geodesic_m(a: Floats, b: Floats) -> Floats:
    """Return geodesic distances in metres between rows of lon/lat."""
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    _, _, metres = GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    return np.asarray(metres, dtype=np.float64)


def chainage_m(points: Floats) -> Floats:
    """Return the geodesic distance of each vertex from the first, in metres."""
    return np.concatenate([[0.0], np.cumsum(geodesic_m(points[:-1], points[1:]))])
