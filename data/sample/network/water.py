"""Rows of the inland waterways and locks of waterways.toml: a schematic diagram on the map."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import shapely
from shapely import LineString, Point, STRtree

from data.facts import Facts, read_facts
from data.sample.network.graph import chainage_m
from data.sample.network.rows import Edge, Facility, Node, Structure, stable

SOURCE = "sample-waterways"
CHAMBER_DEG = 0.0015  # half of the drawn chamber, about 150 m: a lock must be seen and clicked


@dataclass
class Waterways:
    """All rows of the inland waterways."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    locks: list[Facility] = field(default_factory=list)
    structures: list[Structure] = field(default_factory=list)


def build_waterways() -> Waterways:
    """Read the facts and return nodes, edges and locks; a lock is its own edge."""
    facts = read_facts("waterways")
    water = Waterways()
    locks = {lock["id"]: lock for lock in facts["lock"]}
    for name, at in facts["points"].items():
        _node(water, name, at)
    for waterway in facts["waterway"]:
        _add(water, facts, waterway, locks)
    return water


def _node(water: Waterways, key: str, at: tuple[float, float]) -> Node:
    if key not in water.nodes:
        water.nodes[key] = Node(
            id=stable(SOURCE, f"node:{key}"),
            kind="lock_head" if key.startswith("lock:") else "waterway_node",
            origin="schematic",
            source_id=SOURCE,
            modes=["waterway"],
            geom=Point(at),
        )
    return water.nodes[key]


def _add(water: Waterways, facts: Facts, waterway: Facts, locks: Facts) -> None:
    before: tuple[str, tuple[float, float]] = ("", (0.0, 0.0))
    for number, (key, at, lock) in enumerate(_with_chambers(facts, waterway, locks)):
        _node(water, key, at)
        if number:
            edge = _edge(water, facts, waterway, (before[0], key), [before[1], at], number)
            water.edges.append(edge)
            if lock:
                _lock(water, facts, locks[lock], edge)
        before = (key, at)


def _with_chambers(
    facts: Facts, waterway: Facts, locks: Facts
) -> list[tuple[str, tuple[float, float], str]]:
    """Return (node key, point, lock that ends here or ""); a lock becomes two nodes."""
    path = waterway["path"]
    points = [
        facts["points"][p]
        if isinstance(p, str)
        else locks[p["lock"]]["at"]
        if isinstance(p, dict)
        else p
        for p in path
    ]
    out: list[tuple[str, tuple[float, float], str]] = []
    for i, step in enumerate(path):
        if not isinstance(step, dict):
            key = step if isinstance(step, str) else f"{waterway['id']}:{i}"
            out.append((key, points[i], ""))
            continue
        along = np.subtract(points[i + 1], points[i - 1])
        half = along / np.hypot(*along) * CHAMBER_DEG
        at = np.array(points[i])
        out.append((f"lock:{step['lock']}:a", (at - half).tolist(), ""))
        out.append((f"lock:{step['lock']}:b", (at + half).tolist(), step["lock"]))
    return out


def _edge(
    water: Waterways,
    facts: Facts,
    waterway: Facts,
    ends: tuple[str, str],
    points: list[tuple[float, float]],
    number: int,
) -> Edge:
    line = LineString(points)
    known = waterway.get("class")
    return Edge(
        id=stable(SOURCE, f"edge:{waterway['id']}:{ends[0]}-{ends[1]}"),
        kind="waterway",
        origin="schematic",
        source_id=SOURCE,
        mode="waterway",
        class_=known or "unclassified",
        from_node=water.nodes[ends[0]].id,
        to_node=water.nodes[ends[1]].id,
        length_m=float(chainage_m(np.array(line.coords))[-1]),
        geom=line,
        name_zh=waterway["name_zh"],
        name_en=waterway["name_en"],
        tonnage_t=facts["class_tonnage_t"][known] if known else None,
        bundle=f"{waterway['id']}:{number}",
        props={"source": facts["sources"][waterway["source"]]},
    )


def _lock(water: Waterways, facts: Facts, lock: Facts, edge: Edge) -> None:
    facility = Facility(
        id=stable(SOURCE, f"lock:{lock['id']}"),
        kind="lock",
        origin="schematic",
        source_id=SOURCE,
        geom=Point(lock["at"]),
        name_zh=lock["name_zh"],
        name_en=lock["name_en"],
        admin_code=lock["admin_code"],
        codes={"lock": lock["id"]},
        props={
            "source": facts["sources"][lock["source"]],
            "chamber_length_m": lock.get("chamber_length_m"),
            "chamber_width_m": lock.get("chamber_width_m"),
        },
    )
    edge.structure = "lock"
    edge.bundle = f"lock:{lock['id']}"
    water.locks.append(facility)
    water.structures.append(Structure(edge.id, facility.id, "carries"))


def crossings(
    water: Waterways, roads: list[Edge], named: list[Facility], carries: list[Structure]
) -> tuple[list[Facility], list[Structure]]:
    """Return bridges where numbered roads cross a waterway, and what passes over and under.

    A named bridge that stands there is taken; else a bridge without name and without clearance is
    derived from the two lines. Waterway edges are `under`, road edges `carries`.
    """
    bridge_of = {c.edge_id: c.facility_id for c in carries}
    named_ids = {f.id for f in named if f.kind == "bridge"}
    tunnels = {f.id for f in named if f.kind == "tunnel"}
    signed = [r for r in roads if r.ref and r.side != "down"]
    down = {(r.bundle, r.from_node, r.to_node): r for r in roads if r.side == "down"}
    tree = STRtree([r.geom for r in signed])
    found: dict[UUID, Facility] = {}
    out: list[Structure] = []
    for water_edge in water.edges:
        for i in sorted(tree.query(water_edge.geom, predicate="crosses").tolist()):
            road = signed[i]
            stands = bridge_of.get(road.id)
            if stands in tunnels:
                continue
            if stands not in named_ids:
                bridge = _bridge(water_edge, road)
                found.setdefault(bridge.id, bridge)
                stands = bridge.id
                back = down.get((road.bundle, road.to_node, road.from_node))
                out += [Structure(r.id, bridge.id, "carries") for r in (road, back) if r]
            out.append(Structure(water_edge.id, stands, "under"))
    return list(found.values()), out


def _bridge(water: Edge, road: Edge) -> Facility:
    at = shapely.intersection(water.geom, road.geom)
    return Facility(
        id=stable(SOURCE, f"bridge:{water.id}:{road.id}"),
        kind="bridge",
        origin="schematic",
        source_id=SOURCE,
        geom=at.centroid,
        name_zh=f"{road.ref} 跨{water.name_zh}桥",
        name_en=f"{road.ref} over {water.name_en}",
        props={"clearance_m": None, "refs": [road.ref], "waterway": water.name_zh, "named": False},
    )
