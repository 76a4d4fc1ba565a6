"""Named bridges and tunnels of structures.toml, laid over the edges that they carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, STRtree
from shapely.ops import substring

from data.facts import Facts, read_facts
from data.sample.network.corridors import Corridor, Net
from data.sample.network.links import Link

ANGLE_DEG = 30.0  # an edge turned further than this from the span crosses it
COVER = 0.6  # share of the shorter of edge and span that must lie together
END_SHARE = 0.05  # of the span at either end, where a short edge is an approach
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Carried:
    """A structure with its line and the edges that it carries."""

    facts: Facts
    line: LineString
    edges: list[int]
    origin: str
    note: str


def place_structures(net: Net, links: list[Link], corridors: list[Corridor]) -> list[Carried]:
    """Find line and edges of every named structure; raise `ValueError` if one carries nothing."""
    facts = read_facts("structures")
    tree = STRtree(net.lines)
    first_link = len(net.u) - len(links)
    found = []
    for structure in facts["structure"]:
        if "span" in structure:
            line, edges = _by_span(net, tree, structure)
        elif "route" in structure:
            line, edges = _by_route(corridors, structure)
        else:
            line, edges = _by_link(links, first_link, structure)
        if not edges:
            raise ValueError(f"structure {structure['id']} carries no edge")
        on_links = min(edges) >= first_link
        origin = "schematic" if on_links else "derived"
        found.append(Carried(structure, line, edges, origin, facts["sources"][structure["source"]]))
    return found


def _by_span(net: Net, tree: STRtree, facts: Facts) -> tuple[LineString, list[int]]:
    span = LineString(facts["span"])
    scale = np.array([np.cos(np.radians(span.centroid.y)), 1.0]) * METRES_PER_DEGREE
    flat = LineString(np.array(span.coords) * scale)
    reach = flat.buffer(facts["reach_m"])
    near = tree.query(span.buffer(2 * facts["reach_m"] / METRES_PER_DEGREE), "intersects")
    edges = []
    for edge in sorted(int(e) for e in near):
        line = LineString(np.array(net.lines[edge].coords) * scale)
        inside = line.intersection(reach).length
        covered = inside >= COVER * min(line.length, flat.length)
        if covered and _turn(line, flat) <= ANGLE_DEG and _on_span(line, flat):
            edges.append(edge)
    if not edges:
        return span, []
    longest = max(edges, key=lambda e: net.lines[e].length)
    return _clip(net.lines[longest], span), edges


def _on_span(line: LineString, span: LineString) -> bool:
    """Tell whether an edge is of the structure itself and not a stub at an abutment."""
    middle = float(span.project(line.interpolate(0.5, normalized=True), normalized=True))
    return bool(line.length >= 0.5 * span.length) or END_SHARE < middle < 1.0 - END_SHARE


def _turn(a: LineString, b: LineString) -> float:
    (ax, ay), (bx, by) = (np.subtract(line.coords[-1], line.coords[0]) for line in (a, b))
    turn = np.degrees(np.arctan2(ay, ax) - np.arctan2(by, bx))
    return abs(float((turn + 90.0) % 180.0 - 90.0))


def _clip(line: LineString, span: LineString) -> LineString:
    """Return the part of an edge between the abutments, or the span where the edge is shorter."""
    at = sorted(float(line.project(shapely.Point(end))) for end in span.coords)
    part = substring(line, at[0], at[1])
    return part if part.length >= COVER * span.length else span


def _by_route(corridors: list[Corridor], facts: Facts) -> tuple[LineString, list[int]]:
    corridor = next(c for c in corridors if c.route_id == facts["route"])
    line, total = corridor.line, float(corridor.chainage[-1])
    middle = float(line.project(shapely.Point(facts["at"]), normalized=True)) * total
    half = facts["length_m"] / 2
    k_from, k_to = middle - half, middle + half
    spans = list(zip(corridor.chainage, corridor.chainage[1:], strict=False))
    edges = [e for e, s in zip(corridor.edges, spans, strict=True) if s[0] < k_to and s[1] > k_from]
    edges += [e for e, span in corridor.twins.items() if span[0] < k_to and span[1] > k_from]
    part = substring(line, k_from / total * line.length, k_to / total * line.length)
    return part, edges


def _by_link(links: list[Link], first: int, facts: Facts) -> tuple[LineString, list[int]]:
    own = [i for i, link in enumerate(links) if link.structure_id == facts["id"]]
    return links[own[0]].line, [first + i for i in own]
