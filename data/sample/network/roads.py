"""Rows of the trunk roads: plain edges, directed carriageways of the corridors, structures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import psycopg
from shapely import LineString, Point

from data.facts import Facts
from data.sample.network.corridors import Corridor, Net, accuracy_m, directed_line, match_corridors
from data.sample.network.graph import Graph, chainage_m, read_scgraph
from data.sample.network.links import SOURCE as LINKS
from data.sample.network.links import Link, fixed_links, gap_links, stitches
from data.sample.network.rows import Edge, Facility, Node, Structure, stable
from data.sample.network.structures import Carried, place_structures
from spatial.networks.road import KIND as ROAD
from spatial.postgres.bulk import copy_rows

TRUNK = "scgraph-highways"
CORRIDORS = "sample-corridors"
STRUCTURES = "sample-structures"
STAKE_STEP_M = 5000.0


@dataclass
class Use:
    """What a road edge is used for: its place on a corridor and its structures."""

    owner: Corridor | None = None
    position: int = -1  # index in the owner's chain; -1 for a twin
    span: tuple[float, float] = (0.0, 0.0)
    refs: list[Facts] = field(default_factory=list)
    bundle: str | None = None
    carried: list[Carried] = field(default_factory=list)


@dataclass
class Roads:
    """The matched trunk network."""

    graph: Graph
    links: list[Link]
    net: Net
    corridors: list[Corridor]
    carried: list[Carried]
    uses: dict[int, Use]


def build_roads() -> Roads:
    """Read the trunk graph, add what is missing and match corridors and structures."""
    graph = read_scgraph("world_highways", TRUNK)
    links = fixed_links(graph)
    links += stitches(graph)
    links += gap_links(graph, links)
    net = Net.build(graph, links)
    corridors = match_corridors(net)
    carried = place_structures(net, links, corridors)
    return Roads(graph, links, net, corridors, carried, _uses(corridors, carried))


def _uses(corridors: list[Corridor], carried: list[Carried]) -> dict[int, Use]:
    uses: dict[int, Use] = {}
    for corridor in corridors:
        spans = list(zip(corridor.chainage.tolist(), corridor.chainage.tolist()[1:], strict=False))
        for position, edge in enumerate(corridor.edges):
            _claim(uses.setdefault(edge, Use()), corridor, position, spans[position])
        for edge, span in corridor.twins.items():
            use = uses.setdefault(edge, Use())
            _claim(use, corridor, -1, span)
            if use.owner is corridor:
                use.bundle = f"{corridor.route_id}:{_widest_overlap(span, spans)}"
    for structure in carried:
        for edge in structure.edges:
            use = uses.setdefault(edge, Use())
            use.bundle = use.bundle if use.carried else str(structure.facts["id"])
            use.carried.append(structure)
    return uses


def _claim(use: Use, corridor: Corridor, position: int, span: tuple[float, float]) -> None:
    use.refs.append(
        {"route_id": corridor.route_id, "k_from": round(span[0]), "k_to": round(span[1])}
    )
    if use.owner is None:
        use.owner, use.position, use.span = corridor, position, span
        use.bundle = f"{corridor.route_id}:{position}"


def _widest_overlap(span: tuple[float, float], spans: list[tuple[float, float]]) -> int:
    return max(
        range(len(spans)), key=lambda i: min(span[1], spans[i][1]) - max(span[0], spans[i][0])
    )


def road_nodes(roads: Roads) -> list[Node]:
    """Return the nodes of the trunk graph and of the fixed links."""
    trunk = sum(key.startswith("n") for key in roads.graph.keys)
    return [
        Node(
            id=roads.graph.node_ids[i],
            kind="junction",
            origin="real" if i < trunk else "schematic",
            source_id=TRUNK if i < trunk else LINKS,
            modes=[ROAD.mode],
            geom=Point(lon, lat),
        )
        for i, (lon, lat) in enumerate(roads.graph.xy)
    ]


def road_edges(roads: Roads) -> Iterator[tuple[int, Edge]]:
    """Yield (edge of the net, row): one two-way row, or two directed rows on a corridor's chain."""
    for edge in range(len(roads.net.u)):
        use = roads.uses.get(edge, Use())
        if use.owner is not None and use.position >= 0:
            start = use.owner.nodes[use.position]
            other = int(roads.net.u[edge] + roads.net.v[edge]) - start
            yield edge, _row(roads, edge, use, "up", start)
            yield edge, _row(roads, edge, use, "down", other)
        else:
            yield edge, _row(roads, edge, use, None, int(roads.net.u[edge]))


def _row(roads: Roads, edge: int, use: Use, side: str | None, start: int) -> Edge:
    graph, net = roads.graph, roads.net
    end = int(net.u[edge] + net.v[edge]) - start
    link = roads.links[edge - len(graph.u)] if edge >= len(graph.u) else None
    key = link.key if link else graph.edge_key(edge)
    source = LINKS if link else CORRIDORS if use.owner else TRUNK
    row = Edge(
        id=stable(source, f"{key}:{side or 'both'}"),
        kind=ROAD.name,
        origin="schematic" if link else "derived" if use.owner else "real",
        source_id=source,
        mode=ROAD.mode,
        class_=link.road_class if link else "trunk_unclassified",
        from_node=graph.node_ids[start],
        to_node=graph.node_ids[end],
        length_m=max(float(net.length_m[edge]), 1.0),
        geom=directed_line(net, edge, start),
        oneway=side is not None,
        bundle=use.bundle,
        structure=_structure(use, net.lines[edge]),
    )
    if link and link.note:
        row.props["note"] = link.note
    if use.owner:
        _sign(row, use, side)
    return row


def _sign(row: Edge, use: Use, side: str | None) -> None:
    owner = use.owner
    if owner is None:
        return
    row.class_ = owner.facts["class"]
    row.ref = row.route_id = owner.route_id
    row.name_zh, row.name_en = owner.facts["name_zh"], owner.facts["name_en"]
    row.k_from, row.k_to = (round(k, 1) for k in use.span)
    row.side = side or "both"
    if len(use.refs) > 1:
        row.props["routes"] = use.refs
    if side is None:
        row.props["twin"] = True


def _structure(use: Use, line: LineString) -> str | None:
    """Return bridge or tunnel if a structure covers at least half of the edge."""
    for carried in use.carried:
        if carried.line.length >= 0.5 * line.length:
            return str(carried.facts["kind"])
    return None


def road_structures(
    roads: Roads, rows: dict[int, list[UUID]]
) -> tuple[list[Facility], list[Structure]]:
    """Return the facility of each named structure and which rows it carries."""
    facilities, carries = [], []
    for carried in roads.carried:
        facts = carried.facts
        source = LINKS if carried.origin == "schematic" else STRUCTURES
        props = {
            "source": carried.note,
            "admin_codes": facts["admin_codes"],
            "clearance_m": None,
            "named": True,
        }
        if "length_m" in facts:
            props["length_m"] = facts["length_m"]
        facility = Facility(
            id=stable(STRUCTURES, facts["id"]),
            kind=facts["kind"],
            origin=carried.origin,
            source_id=source,
            geom=carried.line,
            name_zh=facts["name_zh"],
            name_en=facts["name_en"],
            admin_code=facts["admin_codes"][0],
            codes={"structure": facts["id"]},
            props={**props, "refs": _refs(roads, carried)},
        )
        facilities.append(facility)
        for edge in carried.edges:
            carries += [Structure(row, facility.id, "carries") for row in rows[edge]]
    return facilities, carries


def _refs(roads: Roads, carried: Carried) -> list[str]:
    refs = [r["route_id"] for e in carried.edges for r in roads.uses[e].refs]
    return list(dict.fromkeys(refs))


def write_carriageways(conn: psycopg.Connection, roads: Roads) -> int:
    """Write both sides of every corridor and their stakes; return the number of stakes.

    The two sides share one line (the graph has no lanes): "down" is "up" reversed.
    """
    ways, stakes = [], []
    for corridor in roads.corridors:
        error, total = accuracy_m(roads.net, corridor), float(corridor.chainage[-1])
        first, last = corridor.facts["towns"][0], corridor.facts["towns"][-1]
        for side, line, to in (
            ("up", corridor.line, last),
            ("down", LineString(corridor.line.coords[::-1]), first),
        ):
            ways.append(
                [corridor.route_id, side, to[0], to[1], False, error, CORRIDORS, total, line]
            )
            for k, point in _stake_marks(corridor):
                chainage = k if side == "up" else total - k
                stakes.append([corridor.route_id, side, k, chainage, error, CORRIDORS, point])
    columns = ["route_id", "side", "towards_zh", "towards_en", "calibrated", "accuracy_m"]
    copy_rows(conn, "carriageway", [*columns, "source_id", "length_m", "geom"], ways)
    columns = ["route_id", "side", "k_m", "chainage_m", "accuracy_m", "source_id", "geom"]
    return copy_rows(conn, "stake", columns, stakes)


def _stake_marks(corridor: Corridor) -> list[tuple[float, Point]]:
    """Return stake (metres) and point every `STAKE_STEP_M` and at both ends."""
    coords = np.array(corridor.line.coords)
    along = chainage_m(coords)
    inner = np.arange(0.0, float(along[-1]) - 1.0, STAKE_STEP_M).tolist()
    return [
        (k, Point(np.interp(k, along, coords[:, 0]), np.interp(k, along, coords[:, 1])))
        for k in [*inner, float(along[-1])]
    ]
