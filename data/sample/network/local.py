"""Rows of the synthetic local roads: streets of the eleven seats, joined to the trunk graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import psycopg
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import LineString, Point

from data.facts import Facts, read_facts
from data.sample.network.graph import BOX, Floats, geodesic_m
from data.sample.network.roads import Roads
from data.sample.network.rows import Edge, Node, stable
from data.sample.network.streets import BLOCK, Bools, Lattice, around, grow
from data.sample.network.water import Waterways
from spatial.networks.road import KIND as ROAD

SOURCE = "sample-local-roads"
LINK_M = 420.0  # a trunk node this near to a junction of the town joins it
LINKS_AT_LEAST = 4
OTHER_WIDTH_M = 60  # of a waterway whose width the town's facts do not give
ONE_WAY_SHARE = 0.11  # of residential streets
HEIGHT_SHARE, HEIGHTS_M = 0.008, (2.8, 3.2, 3.5, 3.8, 4.0)
MASS_SHARE, MASSES_T = 0.02, (5.0, 10.0, 15.0, 20.0)
LANES = {"secondary": 4, "tertiary": 2, "residential": 2}


@dataclass
class Street:
    """One edge of a town on its lattice: from vertex to vertex, with the vertices between."""

    axis: int  # 0: along the first axis (eastward before turning), 1: along the second
    line: int  # lattice index of the line, counted from the centre
    start: int
    stop: int
    bridge: bool


@dataclass
class Town:
    """A town while it is turned into rows."""

    facts: Facts
    lattice: Lattice
    streets: list[Street]
    nodes: dict[tuple[int, int], Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


def build_local(
    conn: psycopg.Connection, roads: Roads, water: Waterways
) -> tuple[list[Node], list[Edge]]:
    """Grow all towns and return their nodes and edges, and the links to the trunk graph."""
    facts = read_facts("towns")
    land = _land(conn)
    trunk = _joinable(roads)
    nodes: list[Node] = []
    edges: list[Edge] = []
    for number, town_facts in enumerate(facts["town"]):
        rng = np.random.default_rng([facts["seed"], number])
        lattice = grow(rng, town_facts, land, _rivers(water, dict(town_facts["rivers"])))
        _keep_largest(lattice)
        town = Town(town_facts, lattice, list(_streets(lattice)))
        _fill(town, rng, facts["names"]["roots"])
        nodes += town.nodes.values()
        edges += town.edges
        edges += _links(town, roads, trunk, Dry(lattice.lonlat, land, water))
    return nodes, edges


def _land(conn: psycopg.Connection) -> shapely.Geometry:
    """Return the land less its lakes, else the province, else None: no limit."""
    land = _zones(conn, "land")
    if land is None:
        return _zones(conn, "province")
    lakes = _zones(conn, "lake")
    return land if lakes is None else shapely.difference(land, lakes)


def _zones(conn: psycopg.Connection, kind: str) -> shapely.Geometry:
    west, south, east, north = BOX
    rows = conn.execute(
        "SELECT ST_AsBinary(ST_Intersection(geom, box)) FROM sigang.zone,"
        " ST_MakeEnvelope(%s, %s, %s, %s, 4326) box WHERE kind = %s AND geom && box",
        [west, south, east, north, kind],
    ).fetchall()
    return shapely.union_all(shapely.from_wkb([bytes(r[0]) for r in rows])) if rows else None


def _rivers(water: Waterways, widths_m: dict[str, int]) -> list[tuple[shapely.Geometry, int]]:
    """Return the line and the width in metres of every waterway, taken from its edges."""
    lines: dict[str, list[LineString]] = {}
    for edge in water.edges:
        lines.setdefault((edge.bundle or "").partition(":")[0], []).append(edge.geom)
    return [
        (shapely.union_all(own), widths_m.get(name, OTHER_WIDTH_M)) for name, own in lines.items()
    ]


class Dry:
    """Tells which straight lines in a town's surroundings stay on land and cross no waterway."""

    def __init__(self, lonlat: Floats, land: shapely.Geometry, water: Waterways) -> None:
        box = around(lonlat)
        self._land = shapely.box(*box) if land is None else shapely.clip_by_rect(land, *box)
        self._rivers = shapely.union_all([edge.geom for edge in water.edges])
        shapely.prepare(self._land)
        shapely.prepare(self._rivers)

    def __call__(self, line: LineString) -> bool:
        """Tell whether a line is dry."""
        return bool(self._land.covers(line) and not self._rivers.intersects(line))


def _joinable(roads: Roads) -> npt.NDArray[np.int64]:
    """Return the trunk nodes where a local road may join: not those of motorways alone."""
    ordinary = np.zeros(len(roads.graph.xy), dtype=bool)
    for edge in range(len(roads.net.u)):
        use = roads.uses.get(edge)
        if use is None or use.owner is None or use.owner.facts["class"] != "motorway":
            ordinary[[roads.net.u[edge], roads.net.v[edge]]] = True
    return np.flatnonzero(ordinary)


def _keep_largest(lattice: Lattice) -> None:
    """Drop segments that do not hang together with the town."""
    n = lattice.lonlat.shape[0]
    east, north = np.argwhere(lattice.east), np.argwhere(lattice.north)
    u = np.concatenate([east[:, 0] * n + east[:, 1], north[:, 0] * n + north[:, 1]])
    v = np.concatenate([(east[:, 0] + 1) * n + east[:, 1], north[:, 0] * n + north[:, 1] + 1])
    graph = csr_matrix((np.ones(len(u)), (u, v)), (n * n, n * n))
    _, label = connected_components(graph, directed=False)
    main = np.bincount(label[u]).argmax()
    inside = (label == main).reshape(n, n)
    lattice.east &= inside[:-1, :]
    lattice.north &= inside[:, :-1]


def _streets(lattice: Lattice) -> Iterator[Street]:
    node = _junctions(lattice)
    for axis, kept, bridge in (
        (0, lattice.east, lattice.bridge_east),
        (1, lattice.north.T, lattice.bridge_north.T),
    ):
        at = node if axis == 0 else node.T
        for line in range(kept.shape[1]):
            run = kept[:, line]
            starts = np.flatnonzero(run & (~_shift(run, 1) | at[:-1, line]))
            stops = np.flatnonzero(run & (~_shift(run, -1) | at[1:, line])) + 1
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
                crosses = bool(bridge[start, line])
                yield Street(axis, line - lattice.half, start, stop, crosses)


def _shift(run: Bools, by: int) -> Bools:
    out = np.zeros_like(run)
    if by > 0:
        out[1:] = run[:-1]
    else:
        out[:-1] = run[1:]
    return out


def _junctions(lattice: Lattice) -> Bools:
    """Return which lattice points are nodes: all in use but those inside a straight run."""
    shape = lattice.lonlat.shape[:2]
    left, right, down, up = (np.zeros(shape, dtype=bool) for _ in range(4))
    left[1:, :], right[:-1, :] = lattice.east, lattice.east
    down[:, 1:], up[:, :-1] = lattice.north, lattice.north
    abut = np.zeros(shape, dtype=bool)
    abut[1:-1, :] |= lattice.bridge_east[:-1, :] != lattice.bridge_east[1:, :]
    abut[:, 1:-1] |= lattice.bridge_north[:, :-1] != lattice.bridge_north[:, 1:]
    straight = (left & right & ~down & ~up) | (down & up & ~left & ~right)
    return np.asarray((left | right | down | up) & ~(straight & ~abut))


def _fill(town: Town, rng: np.random.Generator, roots: list[list[str]]) -> None:
    lonlat, half = town.lattice.lonlat, town.lattice.half
    order = rng.permutation(len(roots))
    along_m = [_along_m(lonlat), _along_m(lonlat.transpose(1, 0, 2))]
    dice = rng.random((len(town.streets), 3))
    picks = rng.integers(0, 1000, (len(town.streets), 2))
    lines = _lines(town)
    for street, geom, roll, pick in zip(town.streets, lines, dice, picks, strict=True):
        line = street.line + half
        ends = [(street.start, line), (street.stop, line)]
        if street.axis == 1:
            ends = [(j, i) for i, j in ends]
        a, b = (_node(town, end) for end in ends)
        metres = along_m[street.axis][[street.start, street.stop], line]
        edge = _edge(town, street, geom, a, b, float(metres[1] - metres[0]))
        edge.name_zh, edge.name_en = _name(street, half, order, roots)
        _limit(edge, roll, pick)
        town.edges.append(edge)
    _open_traps(town)


def _lines(town: Town) -> list[LineString]:
    """Return the geometry of every street, all made at once."""
    lonlat, half = town.lattice.lonlat, town.lattice.half
    parts = [
        lonlat[s.start : s.stop + 1, s.line + half]
        if s.axis == 0
        else lonlat[s.line + half, s.start : s.stop + 1]
        for s in town.streets
    ]
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return list(shapely.linestrings(np.concatenate(parts), indices=owner))


def _node(town: Town, at: tuple[int, int]) -> Node:
    if at not in town.nodes:
        town.nodes[at] = Node(
            id=stable(SOURCE, f"{town.facts['code']}:{at[0]}:{at[1]}"),
            kind="junction",
            origin="synthetic",
            source_id=SOURCE,
            modes=[ROAD.mode],
            geom=Point(town.lattice.lonlat[at]),
        )
    return town.nodes[at]


def _along_m(lonlat: Floats) -> Floats:
    """Return the geodesic metres of every lattice point along its line of the first axis."""
    a, b = lonlat[:-1].reshape(-1, 2), lonlat[1:].reshape(-1, 2)
    steps = geodesic_m(a, b).reshape(lonlat.shape[0] - 1, lonlat.shape[1])
    return np.concatenate([np.zeros((1, lonlat.shape[1])), np.cumsum(steps, axis=0)])


def _edge(town: Town, street: Street, geom: LineString, a: Node, b: Node, length_m: float) -> Edge:
    key = f"{town.facts['code']}:{street.axis}:{street.line}:{street.start}-{street.stop}"
    return Edge(
        id=stable(SOURCE, key),
        kind=ROAD.name,
        origin="synthetic",
        source_id=SOURCE,
        mode=ROAD.mode,
        class_=_class(street.line),
        from_node=a.id,
        to_node=b.id,
        length_m=length_m,
        geom=geom,
        lanes=LANES[_class(street.line)],
        layer=1 if street.bridge else 0,
        limits_known=True,
        structure="bridge" if street.bridge else None,
    )


def _class(line: int) -> str:
    if line % (2 * BLOCK) == 0:
        return "secondary"
    return "tertiary" if line % BLOCK == 0 else "residential"


def _name(
    street: Street, half: int, order: npt.NDArray[np.int64], roots: list[list[str]]
) -> tuple[str | None, str | None]:
    """Name arterials by line and side of the centre, half-block lanes by their arterial."""
    zh, en = roots[int(order[(street.line // BLOCK * 2 + street.axis) % len(roots)])]
    if street.line % BLOCK == 0:
        middle = (street.start + street.stop) / 2 - half
        sides = (
            (("西", "West"), ("东", "East"))
            if street.axis == 0
            else (("南", "South"), ("北", "North"))
        )
        side_zh, side_en = sides[int(middle >= 0)]
        if street.line % (2 * BLOCK):
            return f"{zh}路", f"{en} Road"
        return f"{zh}{side_zh}路", f"{en} {side_en} Road"
    if street.line % (BLOCK // 2) == 0:
        return f"{zh}巷", f"{en} Lane"
    return None, None


def _limit(edge: Edge, roll: Floats, pick: npt.NDArray[np.int64]) -> None:
    """Give some minor streets what a truck must refuse, and make some one-way."""
    if edge.class_ == "secondary":
        return
    if roll[0] < HEIGHT_SHARE:
        edge.max_height_m = HEIGHTS_M[int(pick[0]) % len(HEIGHTS_M)]
    if roll[1] < MASS_SHARE:
        edge.max_mass_t = MASSES_T[int(pick[1]) % len(MASSES_T)]
    if edge.class_ == "residential" and roll[2] < ONE_WAY_SHARE:
        edge.oneway, edge.lanes = True, 1


def _open_traps(town: Town) -> None:
    """Make one-way streets two-way that lead to where nobody leaves, or from where nobody comes."""
    index = {node.id: i for i, node in enumerate(town.nodes.values())}
    u = np.array([index[edge.from_node] for edge in town.edges])
    v = np.array([index[edge.to_node] for edge in town.edges])
    both = np.array([not edge.oneway for edge in town.edges])
    rows, columns = np.concatenate([u, v[both]]), np.concatenate([v, u[both]])
    graph = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(index), len(index)))
    _, label = connected_components(graph, directed=True, connection="strong")
    main = np.bincount(label).argmax()
    for edge, a, b in zip(town.edges, u, v, strict=True):
        if edge.oneway and (label[a] != main or label[b] != main):
            edge.oneway = False


def _links(town: Town, roads: Roads, trunk: npt.NDArray[np.int64], dry: Dry) -> list[Edge]:
    """Join each trunk node near a junction of the town to it over land, and some in any case."""
    nodes = list(town.nodes.values())
    local = np.array([[node.geom.x, node.geom.y] for node in nodes])
    scale = np.array([np.cos(np.radians(local[:, 1].mean())), 1.0]) * 111_320.0
    near = trunk[_in_bounds(roads.graph.xy[trunk], local)]
    distance, nearest = map(np.asarray, cKDTree(local * scale).query(roads.graph.xy[near] * scale))
    found: list[Edge] = []
    taken: set[int] = set()
    for k in np.argsort(distance, kind="stable").tolist():
        if distance[k] > LINK_M and len(found) >= LINKS_AT_LEAST:
            break
        if int(nearest[k]) in taken:
            continue
        link = _link(town, roads, int(near[k]), nodes[int(nearest[k])])
        if dry(link.geom):
            taken.add(int(nearest[k]))
            found.append(link)
    return found


def _in_bounds(points: Floats, of: Floats) -> Bools:
    low, high = of.min(axis=0), of.max(axis=0)
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _link(town: Town, roads: Roads, trunk: int, node: Node) -> Edge:
    ends = np.array([roads.graph.xy[trunk], [node.geom.x, node.geom.y]])
    return Edge(
        id=stable(SOURCE, f"{town.facts['code']}:link:{roads.graph.keys[trunk]}"),
        kind=ROAD.name,
        origin="synthetic",
        source_id=SOURCE,
        mode=ROAD.mode,
        class_="tertiary",
        from_node=roads.graph.node_ids[trunk],
        to_node=node.id,
        length_m=max(1.0, float(geodesic_m(ends[:1], ends[1:])[0])),
        geom=LineString(ends),
        lanes=2,
        limits_known=True,
    )
