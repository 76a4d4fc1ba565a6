"""The immutable topology: edges as columns, arcs as arrays, ids mapped once.

An *edge* is one physical row of the network, an *arc* one direction of travel along it. Node and
arc numbers are positions in arrays; stable row ids appear only here and at the API's edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import blake2b
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.graph.adjacency import Adjacency, expand
from routing.graph.oneway import directions
from routing.graph.weights import Bools, Floats, Ints, Signed, Weights
from spatial.networks.model import NetworkKind

FORWARD, BACKWARD = 0, 1


@dataclass(frozen=True)
class Coded:
    """A text column as codes into a list of distinct values; code -1 is null."""

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> Coded:
        """Return the coded form of `texts`."""
        index: dict[str, int] = {}
        codes = [-1 if t is None else index.setdefault(t, len(index)) for t in texts]
        return cls(tuple(index), np.array(codes, np.int32))

    def get(self, position: int) -> str | None:
        """Return the value at a position."""
        code = int(self.codes[position])
        return None if code < 0 else self.values[code]

    def at(self, chosen: Ints | slice) -> Coded:
        """Return the values at some positions."""
        return Coded(self.values, self.codes[chosen])

    def mask(self, wanted: Iterable[str]) -> Bools:
        """Return True where the value is one of `wanted`."""
        keep = set(wanted)
        table = np.array([v in keep for v in self.values] + [False], np.bool_)
        return np.asarray(table[self.codes], np.bool_)

    def spread(self, by_value: Mapping[str, float], missing: float = np.nan) -> Floats:
        """Return a number per position looked up by its value."""
        table = np.array([by_value.get(v, missing) for v in self.values] + [missing], np.float64)
        return np.asarray(table[self.codes], np.float64)


def as_uuid(pair: NDArray[np.uint64]) -> UUID:
    """Return the id that two 64-bit halves hold."""
    return UUID(int=int(pair[0]) << 64 | int(pair[1]))


class Ids:
    """128-bit row ids in an array, found by binary search."""

    def __init__(self, pairs: NDArray[np.uint64]) -> None:
        self.pairs = pairs
        self._order = np.argsort(pairs[:, 1], kind="stable")
        self._low = pairs[self._order, 1]

    @classmethod
    def of(cls, ids: Sequence[UUID]) -> Ids:
        """Map `ids` in their order."""
        raw = b"".join(u.bytes for u in ids)
        return cls(np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2))

    def __len__(self) -> int:
        return len(self.pairs)

    def get(self, position: int) -> UUID:
        """Return the id at a position."""
        return as_uuid(self.pairs[position])

    def find(self, row_id: UUID) -> int | None:
        """Return the position of an id, or None."""
        high, low = np.uint64(row_id.int >> 64), np.uint64(row_id.int & (2**64 - 1))
        at = int(np.searchsorted(self._low, low))
        while at < len(self._low) and self._low[at] == low:
            position = int(self._order[at])
            if self.pairs[position, 0] == high:
                return position
            at += 1
        return None

    def find_all(self, pairs: NDArray[np.uint64]) -> Ints:
        """Return the positions of many ids given as (n, 2) halves; -1 where there is none."""
        found = np.full(len(pairs), -1, np.int64)
        if not len(self._low):
            return found
        at = np.searchsorted(self._low, pairs[:, 1])
        first = np.minimum(at, len(self._low) - 1)
        position = self._order[first]
        hit = (self.pairs[position] == pairs).all(axis=1)
        found[hit] = position[hit]
        later = np.flatnonzero(~hit & (self._low[first] == pairs[:, 1]))
        for number in later.tolist():
            other = self.find(as_uuid(pairs[number]))
            found[number] = -1 if other is None else other
        return found


@dataclass(frozen=True)
class Edges:
    """The edges' columns, all of one length; `limits` is (edges, limits) in the order of the kind.

    Units are in the names; NaN is unknown. `shape` holds longitude and latitude (EPSG:4326) of
    all vertices, those of edge `e` at `shape_start[e]:shape_start[e + 1]`. `oneway` is that of the
    arcs, `legal_oneway` of the traffic: some may go against it, or a rule lets them (`opened`).
    `toll` is 1, 0 or -1 (not said). `roundabout` tells the edges of one, `crossing` the nodes (of
    `node_ids`) where walkers or a railway cross. `delays` is what traffic meets on an edge, JSON
    `{kind: [times forward, backward]}`.
    """

    ids: NDArray[np.uint64]
    node_ids: NDArray[np.uint64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    oneway: Bools
    opened: Bools
    legal_oneway: Bools
    length_m: Floats
    speed_kmh: Floats
    limits: Floats
    limits_known: Bools
    shape_start: Ints
    shape: Floats
    mode: Coded
    edge_class: Coded
    ref: Coded
    name_zh: Coded
    name_en: Coded
    speed_basis: Coded
    access: Coded
    hazmat: Coded
    structure: Coded
    origin: Coded
    source: Coded
    delays: Coded
    toll: NDArray[np.int8]
    roundabout: Bools
    crossing: Bools
    kind: NetworkKind

    @classmethod
    def columns(cls) -> list[str]:
        """Return the names of the columns."""
        return [one.name for one in fields(cls) if one.name != "kind"]

    def __len__(self) -> int:
        return len(self.ids)

    def row_id(self, edge: int) -> UUID:
        """Return the stable id of an edge."""
        return as_uuid(self.ids[edge])

    def row_texts(self, edges: Ints) -> list[str]:
        """Return the stable ids of edges as they are written."""
        text = self.ids[edges].astype(">u8").tobytes().hex()
        return [
            f"{text[i : i + 8]}-{text[i + 8 : i + 12]}-{text[i + 12 : i + 16]}"
            f"-{text[i + 16 : i + 20]}-{text[i + 20 : i + 32]}"
            for i in range(0, len(text), 32)
        ]

    @cached_property
    def own_limits(self) -> dict[int, dict[str, float | str]]:
        """What access tables limit, by code of `access`.

        `limit:<column>[:<access key>][:forward|:backward][@<condition>]`; a text is a limit that
        nobody could read.
        """
        return {
            code: {key: said for key, said in orjson.loads(text).items() if key[:6] == "limit:"}
            for code, text in enumerate(self.access.values)
            if '"limit:' in text
        }

    @cached_property
    def timed_limits(self) -> bool:
        """Whether some limit of an access table has a condition."""
        return any("@" in name for told in self.own_limits.values() for name in told)

    def vertices(self, edge: int) -> Floats:
        """Return the (n, 2) longitude and latitude of an edge in its own direction."""
        return self.shape[self.shape_start[edge] : self.shape_start[edge + 1]]


@dataclass(frozen=True)
class Arcs:
    """Directed arcs, sorted by key `2 * edge + direction`, the unrestricted copy of a key first.

    `exempt` codes the vehicle classes that alone may use the arc, and `|<classes>@<hours>` at those
    hours (-1: everyone may). An arc that
    turns round, back over the edge just driven, has in `turn` its row of `turn_m` (others -1): the
    metres (float32) driven since the restricted junction that turning round would undo, and of
    `turn_node`, the node from which it is seen whether the road ends there. `met`, `leave` (by key)
    and `enter` (by arc) are rows of `delay_counts`, as `routing.graph.delays.Delays` has them.
    """

    tail: Weights
    head: Weights
    key: Ints
    first: Ints
    exempt: Coded
    turn: Signed
    turn_m: NDArray[np.float32]
    turn_node: Ints
    met: Signed
    leave: Signed
    enter: Signed
    delay_counts: Signed

    def __len__(self) -> int:
        return len(self.tail)

    @property
    def edge(self) -> Ints:
        """The edge of each arc."""
        return np.asarray(self.key >> 1)

    def of_keys(self, keys: Ints) -> Ints:
        """Return the arcs of the given keys, in order of the keys."""
        return expand(self.first[keys], self.first[keys + 1] - self.first[keys])


@dataclass(frozen=True)
class Graph:
    """A network ready to be routed on; never changed after it is built."""

    edges: Edges
    arcs: Arcs
    lon: Floats
    lat: Floats
    ids: Ids = field(compare=False)

    @property
    def node_count(self) -> int:
        """Number of nodes, copies of restricted junctions included."""
        return len(self.lon)

    @property
    def digest(self) -> str:
        """Hash of what the contraction order depends on: arcs and node positions."""
        h = blake2b(digest_size=16)
        for array in (self.arcs.tail, self.arcs.head, self.lon, self.lat):
            h.update(len(array).to_bytes(8, "little"))
            h.update(np.ascontiguousarray(array).tobytes())
        return h.hexdigest()

    @cached_property
    def outward(self) -> Adjacency:
        """The arcs by the node that they leave; copies of a junction are nodes of their own."""
        return Adjacency.of(self.arcs.tail, self.arcs.head, self.node_count)

    @cached_property
    def inward(self) -> Adjacency:
        """The arcs by the node that they enter; copies of a junction are nodes of their own."""
        return Adjacency.of(self.arcs.head, self.arcs.tail, self.node_count)

    @cached_property
    def junctions(self) -> Adjacency:
        """All keys by the junction that they leave, open or not; copies of one are that one."""
        edges = self.edges
        tail, head = (np.column_stack(ends).ravel() for ends in (
            (edges.tail, edges.head), (edges.head, edges.tail)))  # fmt: skip
        return Adjacency.of(tail, head, int(tail.max(initial=-1)) + 1)


def unique_nodes(
    from_node: NDArray[np.uint64], to_node: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32]]:
    """Number the distinct node ids (n, 2); return those ids, tail and head numbers."""
    both = np.concatenate([from_node, to_node])
    order = np.lexsort((both[:, 1], both[:, 0]))
    ranked = both[order]
    fresh = np.ones(len(both), np.bool_)
    fresh[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    number = np.empty(len(both), np.int32)
    number[order] = np.cumsum(fresh) - 1
    return ranked[fresh], number[: len(from_node)], number[len(from_node) :]


_TEXTS = (
    "mode", "access", "ref", "name_zh", "name_en", "speed_basis", "hazmat", "structure", "origin",
    "source",
)  # fmt: skip


def edges_from_columns(
    columns: Mapping[str, Any], vertex_counts: Ints, points: Floats, kind: NetworkKind
) -> Edges:
    """Build the columns of `Edges` from columns of rows, one entry per edge.

    Parameters
    ----------
    columns
        `id, from_node, to_node` (UUID, or halves as `Ids` has them), `oneway, length_m, speed_kmh,
        limits_known, mode, class, ref, name_zh, name_en, speed_basis, access` (JSON text),
        `hazmat, structure, toll, origin, source`, and those of the kind's limits. None is unknown;
        in an array of numbers NaN is, in one of `toll` -1. May be left out: `roundabout`, `delays`,
        and `crossings` (ids of nodes as `Edges.crossing` tells).
    vertex_counts, points, kind
        Vertices of each edge, longitude and latitude (EPSG:4326) of all of them, what they are.
    """
    node_ids, tail, head = unique_nodes(*(_halves(columns[c]) for c in ("from_node", "to_node")))
    oneway, opened, legal = directions(columns, kind.contraflow)
    return Edges(
        ids=_halves(columns["id"]),
        node_ids=node_ids,
        tail=tail,
        head=head,
        oneway=oneway,
        opened=opened,
        legal_oneway=legal,
        toll=_signs(columns["toll"]),
        roundabout=np.array(columns.get("roundabout", [False] * len(tail)), np.bool_),
        crossing=_named(node_ids, columns.get("crossings", ())),
        length_m=_floats(columns["length_m"]),
        speed_kmh=_floats(columns["speed_kmh"]),
        limits=_limits(columns, kind, len(tail)),
        limits_known=np.array(columns["limits_known"], np.bool_),
        shape_start=np.concatenate([[0], np.cumsum(vertex_counts)]).astype(np.int64),
        shape=np.round(points, 7),
        edge_class=Coded.of(columns["class"]),
        delays=Coded.of(columns.get("delays", [None] * len(tail))),
        kind=kind,
        **{name: Coded.of(columns[name]) for name in _TEXTS},
    )


def _named(node_ids: NDArray[np.uint64], wanted: Sequence[UUID]) -> Bools:
    """Return which nodes are among some ids."""
    named = np.zeros(len(node_ids), np.bool_)
    at = Ids(node_ids).find_all(_halves(wanted))
    named[at[at >= 0]] = True
    return named


def _limits(columns: Mapping[str, Any], kind: NetworkKind, count: int) -> Floats:
    limits = np.array([_floats(columns[name]) for name in kind.columns]).T
    return np.asarray(np.round(limits, 3).reshape(count, len(kind.limits)), np.float64)


def _signs(values: Sequence[bool | None] | NDArray[np.int8]) -> NDArray[np.int8]:
    if isinstance(values, np.ndarray):
        return values
    return np.array([-1 if said is None else said for said in values], np.int8)


def _halves(ids: Sequence[UUID] | NDArray[np.uint64]) -> NDArray[np.uint64]:
    return ids if isinstance(ids, np.ndarray) else Ids.of(ids).pairs


def _floats(values: Sequence[float | None] | Floats) -> Floats:
    if isinstance(values, np.ndarray):
        return values
    return np.array([np.nan if v is None else v for v in values], np.float64)
