"""Edges from OpenStreetMap ways: split at graph nodes, measured, written as rows of `edge`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np
import shapely

from data.osm.access import not_understood, oneways_not_read
from data.osm.delays import Delays, count_delays
from data.osm.nodes import MODES, Ints, NodeTable, TagStore
from data.osm.speeds import speeds_not_read
from data.osm.tags import EdgeTags, Tags, edge_tags
from spatial.geo.admin_units import AdminUnits
from spatial.geo.antimeridian import crosses, cut_line
from spatial.geo.crs import MERCATOR_MAX_LAT, length_m, lengths_m
from spatial.ids import stable_uuid7
from spatial.networks.road import KIND as ROAD
from spatial.networks.waterway import KIND as WATERWAY
from spatial.postgres.ingest import BadRow

FARTHEST = int(MERCATOR_MAX_LAT * 1e7)
_STOPPED = (ROAD.mode, "walk")  # modes to which a barrier is one
NOWHERE = 2147483647  # libosmium's coordinate of a node that the file does not hold

COLUMNS = (
    "id", "kind", "admin_code", "visibility", "origin", "source_id", "props", "name_zh", "name_en",
    "mode", "class", "ref", "from_node", "to_node", "oneway", "length_m", "speed_kmh",
    "speed_basis", "lanes", "layer", "max_height_m", "max_width_m", "max_length_m", "max_mass_t",
    "max_axle_t", "depth_m", "clearance_m", "width_m", "tonnage_t", "hazmat", "limits_known",
    "access", "structure", "toll", "route_id", "bundle", "geom",
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A way copied out of the reader: node ids and positions in 1e-7 degrees."""

    id: int
    tags: Tags
    refs: list[int]
    x: list[int]
    y: list[int]


@dataclass(frozen=True)
class Segment:
    """One edge of a way that a turn restriction names: its nodes and id.

    `oneway` is what nobody goes against; `bearings` are those (degrees) in which the edge leaves
    its nodes.
    """

    edge: UUID
    tail: int
    head: int
    oneway: bool
    bearings: tuple[float, float] = (0.0, 0.0)

    def bearing(self, node: int) -> float:
        """Return the bearing (degrees) in which the edge leaves one of its nodes."""
        return self.bearings[node != self.tail]


@dataclass(frozen=True)
class Crossing:
    """A node of our own where a way crosses ±180°; its number is negative."""

    ref: int
    lat: float
    mode: str


@dataclass(frozen=True)
class _Cut:
    way: Way
    tags: EdgeTags
    number: int
    first: int
    last: int
    ends: tuple[bool, bool]  # whether it begins and ends where its way does
    delays: Mapping[str, list[int]] = field(default_factory=dict)


class EdgeBuilder:
    """Turns chunks of ways into rows; remembers the edges of ways that restrictions name."""

    def __init__(
        self,
        source_id: str,
        nodes: NodeTable,
        store: TagStore,
        delays: Delays,
        units: AdminUnits,
        named: Collection[int],
        barrages: Collection[int],
        refuse: Callable[[BadRow], None],
    ) -> None:
        self.source_id = source_id
        self.segments: dict[int, list[Segment]] = {}
        self.modes: set[str] = set()
        self.crossings: list[Crossing] = []
        self.not_understood: dict[str, list[int]] = defaultdict(list)  # ways by what they say
        self.passed_over: dict[str, list[int]] = defaultdict(list)  # the same of speeds
        self.joined: list[tuple[int, int]] = []  # graph nodes at one place
        self.barred: list[tuple[UUID, int, shapely.Point]] = []  # ends of waterways at a barrage
        self._nodes, self._store, self._units, self._named = nodes, store, units, named
        self._delays, self._barrages, self._refuse = delays, barrages, refuse

    def node_id(self, ref: int) -> UUID:
        """Return the id of a graph node."""
        return stable_uuid7(self.source_id, f"node/{ref}")

    def _end(self, edge: UUID, ref: int, cut: _Cut, line: shapely.Geometry, at: int) -> UUID:
        """Return the node at an end: at a barrage each waterway ends at a node of its own."""
        if ref not in self._barrages or cut.tags.mode != WATERWAY.mode:
            return self.node_id(ref)
        own = stable_uuid7(self.source_id, f"node/{ref}/{edge}")
        self.barred.append((own, ref, shapely.get_point(line, at)))
        return own

    def rows(self, ways: list[Way]) -> Iterator[tuple[object, ...]]:
        """Yield the edges of a chunk of ways."""
        refs = np.fromiter((ref for way in ways for ref in way.refs), np.int64)
        x = np.fromiter((v for way in ways for v in way.x), np.int64)
        y = np.fromiter((v for way in ways for v in way.y), np.int64)
        at = np.where(x == NOWHERE, -2, self._nodes.index(refs))
        cuts: list[_Cut] = []
        start = 0
        for way in ways:
            tags = edge_tags(way.tags)
            if tags is not None:
                for said in (*not_understood(tags.access), *oneways_not_read(dict(way.tags))):
                    self.not_understood[said].append(way.id)
                for said in speeds_not_read(way.tags):
                    self.passed_over[said].append(way.id)
                for cut in _cut(way, tags, at[start : start + len(way.refs)], start):
                    first, last = cut.first - start, cut.last - start
                    if _moves(way, first, last):
                        cuts.append(cut)
                    elif way.refs[first] != way.refs[last]:
                        self.joined.append((way.refs[first], way.refs[last]))
            start += len(way.refs)
        xy = np.column_stack([x, y])
        if bool(((np.abs(y) > FARTHEST) & (x != NOWHERE)).any()):
            cuts = [cut for cut in cuts if self._on_map(cut, refs, xy)]
        if cuts:
            yield from self._encode(cuts, refs, at, xy)

    def _on_map(self, cut: _Cut, refs: Ints, xy: Ints) -> bool:
        """Tell whether a map can show a stretch; one that it cannot goes to quarantine."""
        far = np.abs(xy[cut.first : cut.last + 1, 1]) > FARTHEST
        if not far.any():
            return True
        place = cut.first + int(np.argmax(far))
        lon, lat = (xy[place] / 1e7).tolist()
        detail = f"way {cut.way.id}, node {refs[place]}: [{lon:.6g}, {lat:.6g}]"
        row = {"osm_way": cut.way.id, "segment": cut.number}
        self._refuse(BadRow(None, "out-of-range", detail, row))
        return False

    def _encode(
        self, cuts: list[_Cut], refs: Ints, at: Ints, xy: Ints
    ) -> Iterator[tuple[object, ...]]:
        points = np.concatenate([np.arange(cut.first, cut.last + 1) for cut in cuts])
        owner = np.repeat(np.arange(len(cuts)), [cut.last + 1 - cut.first for cut in cuts])
        lines = shapely.linestrings(xy[points] / 1e7, indices=owner)
        lengths = lengths_m(lines)
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(lines, 0.5, normalized=True)
        )
        codes = self._units.codes_of(middle[:, 0], middle[:, 1])
        cuts = self._delayed(_timed(cuts, lengths.tolist()), refs, xy)
        self._mark(cuts, at, xy)
        over = crosses(lines)
        for cut, drawn, length, code, crossing in zip(
            cuts, lines, lengths, codes, over, strict=True
        ):
            ends = int(refs[cut.first]), int(refs[cut.last])
            line = shapely.reverse(drawn) if cut.tags.reverse else drawn
            ends = ends[::-1] if cut.tags.reverse else ends
            if crossing:
                yield from self._parts(cut, line, ends, code)
            else:
                yield self._row(cut, line, float(length), ends, code)

    def _delayed(self, cuts: list[_Cut], refs: Ints, xy: Ints) -> list[_Cut]:
        """Return stretches, those of roads with what delays traffic on them."""
        codes = self._delays.at(refs)

        def counted(cut: _Cut) -> _Cut:
            here = slice(cut.first, cut.last + 1)
            if cut.tags.mode != ROAD.mode or not codes[here].any():
                return cut
            met = count_delays(codes[here], xy[here], cut.ends, reverse=cut.tags.reverse)
            return replace(cut, delays=met)

        return [counted(cut) for cut in cuts]

    def _parts(
        self, cut: _Cut, line: shapely.Geometry, ends: tuple[int, int], code: str | None
    ) -> Iterator[tuple[object, ...]]:
        """Yield an edge for each part of a stretch over ±180°; nodes of our own join them."""
        parts = cut_line(shapely.get_coordinates(line))
        inner = [-((cut.way.id << 24) + (cut.number << 8) + i) for i in range(1, len(parts))]
        for ref, part in zip(inner, parts, strict=False):
            self.crossings.append(Crossing(ref, float(part[-1, 1]), cut.tags.mode))
        refs = [ends[0], *inner, ends[1]]
        for i, part in enumerate(shapely.linestrings(part) for part in parts):
            yield self._row(cut, part, length_m(part), (refs[i], refs[i + 1]), code, i)

    def _mark(self, cuts: list[_Cut], at: Ints, xy: Ints) -> None:
        ends = np.array([end for cut in cuts for end in (cut.first, cut.last)], dtype=np.int64)
        bits = np.array([1 << MODES.index(cut.tags.mode) for cut in cuts], dtype=np.uint8)
        self._nodes.mark(at[ends], xy[ends, 0], xy[ends, 1], np.repeat(bits, 2))
        stopped = self._nodes.barrier[at[ends]] > 0
        self._store.meet(
            (int(self._nodes.ids[at[end]]), str(self._edge_id(cuts[i // 2])))
            for i, end in enumerate(ends)
            if stopped[i] and cuts[i // 2].tags.mode in _STOPPED
        )

    def _edge_id(self, cut: _Cut, part: int = 0) -> UUID:
        key = f"way/{cut.way.id}/{cut.number}"
        return stable_uuid7(self.source_id, f"{key}/{part}" if part else key)

    def _row(
        self, cut: _Cut, line: shapely.Geometry, length: float, ends: tuple[int, int],
        code: str | None,
        part: int = 0,
    ) -> tuple[object, ...]:  # fmt: skip
        tags, edge = cut.tags, self._edge_id(cut, part)
        self.modes.add(tags.mode)
        if cut.way.id in self._named:
            kept = self.segments.setdefault(cut.way.id, [])
            oneway = tags.oneway and not any(key[:7] == "oneway:" for key in tags.access)
            kept.append(Segment(edge, ends[0], ends[1], oneway, _bearings(line)))
        props = {**tags.props, "osm_way": cut.way.id, "segment": cut.number}
        if cut.delays and not part:
            props["delays"] = cut.delays
        if tags.structure_name:
            props["structure_name"] = tags.structure_name
        if tags.ferry_h:
            props["duration_h"] = tags.ferry_h
        return (
            edge, tags.mode, code, "public", "real", self.source_id, props, tags.name_zh,
            tags.name_en, tags.mode, tags.edge_class, tags.ref,
            self._end(edge, ends[0], cut, line, 0), self._end(edge, ends[1], cut, line, -1),
            tags.oneway, length, tags.speed_kmh, tags.speed_basis,
            tags.lanes, tags.layer, *tags.limits, tags.depth_m, tags.clearance_m, tags.width_m,
            tags.tonnage_t, tags.hazmat, tags.limits_known, tags.access, tags.structure, tags.toll,
            tags.route_id, None, line,
        )  # fmt: skip


def _timed(cuts: list[_Cut], lengths: list[float]) -> list[_Cut]:
    """Return stretches of which ferries have the speed (km/h) of their duration."""
    whole: dict[int, float] = defaultdict(float)
    for cut, length in zip(cuts, lengths, strict=True):
        whole[cut.way.id] += length
    return [
        replace(
            cut,
            tags=replace(
                cut.tags,
                speed_kmh=whole[cut.way.id] / 1000 / cut.tags.ferry_h,
                speed_basis="posted",
            ),
        )
        if cut.tags.ferry_h
        else cut
        for cut in cuts
    ]


def _cut(way: Way, tags: EdgeTags, at: Ints, start: int) -> Iterator[_Cut]:
    """Yield the stretches between graph nodes; a stretch with a missing node is left out."""
    number, first = 0, -1
    for place, node in enumerate(at.tolist()):
        if node == -2:
            first = -1
        elif node >= 0:
            if first >= 0:
                ends = first == 0, place == len(at) - 1
                yield _Cut(way, tags, number, start + first, start + place, ends)
            number += first >= 0
            first = place


def _bearings(line: shapely.Geometry) -> tuple[float, float]:
    """Return the bearings (degrees) in which a line leaves its ends."""
    points = shapely.get_coordinates(line)
    ends = np.array([points[1] - points[0], points[-2] - points[-1]])
    east = ends[:, 0] * np.cos(np.radians(points[[0, -1], 1]))
    first, last = np.degrees(np.arctan2(east, ends[:, 1])).tolist()
    return first, last


def _moves(way: Way, first: int, last: int) -> bool:
    x, y = way.x[first : last + 1], way.y[first : last + 1]
    return len(set(x)) > 1 or len(set(y)) > 1
