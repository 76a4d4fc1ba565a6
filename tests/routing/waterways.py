"""Random small waterways with unknown limits and levels, and plain judges of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, product

from routing.cch.engine import Topology
from routing.cost.profile import load_profiles, usable_profiles
from routing.graph.turns import split
from routing.query.network import RoadNetwork
from routing.waterway.levels import GaugeRow, LevelRow, Levels
from routing.waterway.limits import LimitRow, LimitRows, Opening, Structure
from routing.waterway.passed import Spread, Stop
from routing.waterway.vessel import makes_limits
from spatial.ids import stable_uuid7
from spatial.networks.waterway import KIND
from tests.routing.maps import NOW, edge_id, edges_of, node_id, shipped_rules

KINDS = ("depth", "sill", "clearance", "width", "length", "bend_radius", "tonnage")
SIZE = {"depth": "draught_m", "sill": "draught_m", "clearance": "air_draught_m", "width": "beam_m",
        "length": "length_m", "bend_radius": "length_m", "tonnage": "deadweight_t"}  # fmt: skip
VESSEL = {"draught_m": 2.0, "air_draught_m": 6.0, "beam_m": 10.0, "length_m": 50.0,
          "deadweight_t": 500.0}  # fmt: skip
USUAL = {"depth": 2.3, "sill": 2.4, "clearance": 6.3, "width": 11.0, "length": 52.0,
         "bend_radius": 150.0, "tonnage": 500.0}  # fmt: skip
PLENTY = {"depth": 9.0, "width": 90.0, "length": 400.0, "clearance": 60.0, "sill": 9.0,
          "tonnage": 90_000.0, "bend_radius": 5000.0}  # fmt: skip
UTC_LEVEL = 2.0
FAIL, UNKNOWN, PASS = 0, 1, 2


@dataclass
class World:
    """Edges by name (two letters, from and to), limits and levels, and the network of them."""

    edges: dict[str, dict[str, object]]
    limits: list[LimitRow]
    structures: list[Structure]
    gauges: list[GaugeRow]
    levels: list[LevelRow]
    rules: Mapping[str, object] = field(default_factory=shipped_rules)

    @property
    def rows(self) -> LimitRows:
        return LimitRows(self.limits, self.structures, Levels(self.gauges, self.levels))

    def network(self) -> RoadNetwork:
        rows = [
            {
                "id": edge_id(name), "from_node": node_id(name[0]), "to_node": node_id(name[1]),
                "length_m": 1000.0 + number, "shape": [place(name[0]), place(name[1])],
                "class": "unclassified", **given,
            }
            for number, (name, given) in enumerate(self.edges.items())
        ]  # fmt: skip
        graph = split(edges_of(rows, kind=KIND), [])
        profiles = usable_profiles(load_profiles(KIND), self.rules)
        network = RoadNetwork(graph, Topology.build(graph), profiles, self.rules)
        network.take_limits(makes_limits(self.rows))
        return network


def place(letter: str) -> tuple[float, float]:
    """Return where a node lies: on a circle, so that no edge passes another node."""
    angle = 2 * math.pi * (ord(letter) - ord("A")) / 9
    return 120 + 0.1 * math.cos(angle), 30 + 0.1 * math.sin(angle)


class FixedWaits:
    """Waits (s) by lock and whether it is passed against its edge, the same at all times."""

    def __init__(self, seconds):
        self.seconds = seconds

    def knows(self, lock):
        return any(lock == known for known, _ in self.seconds)

    def wait_s(self, lock, against, arrive):
        return self.seconds[lock, against]

    def along(self, stages, rest_s, depart):
        at, told = 0.0, []
        for stage in stages:
            at, wait = at + stage.sail_s, self.seconds[stage.lock, stage.against]
            told.append(Stop(Spread(at, at, at), Spread(wait, wait, wait)))
            at += wait
        return [*told, Stop(Spread(*[at + rest_s] * 3), Spread(0, 0, 0))]


def gauge_id(number: int):
    return stable_uuid7("gauge", str(number))


def random_world(seed: int, nodes: int = 6, edges: int = 9) -> World:
    """Return a connected network whose limits and levels are partly unknown."""
    draw = random.Random(seed)
    letters = [chr(ord("A") + n) for n in range(nodes)]
    names = [draw.choice(letters[:n]) + letters[n] for n in range(1, nodes)]
    while len(names) < edges:
        a, b = draw.sample(letters, 2)
        if a + b not in names and b + a not in names:
            names.append(a + b)
    given = {name: {"origin": "schematic"} if draw.random() < 0.08 else {} for name in names}
    gauges = [GaugeRow(gauge_id(n), f"G{n}", {"zh": f"站{n}", "en": f"Gauge {n}"}, "1985")
              for n in range(3)]  # fmt: skip
    levels = [row for gauge in gauges for row in random_levels(draw, gauge)]
    limits: list[LimitRow] = []
    structures: list[Structure] = []
    for name in names:
        if draw.random() < 0.8:
            limits.append(random_limit(draw, "depth", edge=edge_id(name)))
        for kind in ("width", "bend_radius", "tonnage"):
            if draw.random() < 0.15:
                limits.append(random_limit(draw, kind, edge=edge_id(name)))
    for number in range(draw.randint(1, 4)):
        structures.append(random_structure(draw, number, names, limits))
    return World(given, limits, structures, gauges, levels)


def random_levels(draw: random.Random, gauge: GaugeRow) -> Iterator[LevelRow]:
    if draw.random() < 0.3:
        return  # nothing is said of it
    level = UTC_LEVEL + draw.uniform(-0.5, 0.5)
    before = NOW - timedelta(hours=1)
    yield LevelRow(gauge.id, "reading", before, before, None, level, None)
    spread = draw.choice([0.0, 0.05, 0.3])
    for hour in range(1, 80, 6):
        level += draw.uniform(-0.25, 0.25)
        at = NOW + timedelta(hours=hour)
        yield LevelRow(gauge.id, "forecast", at, before, level - spread, level, level + spread)


def random_limit(draw: random.Random, kind: str, **owner: object) -> LimitRow:
    roll, number = draw.random(), draw.getrandbits(60)
    value: float | None = USUAL[kind] * draw.choice([0.8, 0.95, 1.0, 1.05, 1.3])
    if roll < 0.25:
        value = None
    gauge = gauge_id(draw.randrange(3)) if kind in ("depth", "sill", "clearance") else None
    gauge = gauge if draw.random() < 0.6 else None
    datum = "1985" if draw.random() < 0.9 else "吴淞"
    reference = UTC_LEVEL if gauge and draw.random() < 0.9 else None
    origin = "schematic" if draw.random() < 0.06 else "real"
    return LimitRow(f"limit {number}", kind, value, datum=datum, reference_level_m=reference,
                    gauge=gauge, source="test", origin=origin, **owner)  # fmt: skip


def random_structure(
    draw: random.Random, number: int, names: list[str], limits: list[LimitRow]
) -> Structure:
    row_id = stable_uuid7("structure", str(number))
    kind = draw.choice(["bridge", "lock", "weir"])
    count = draw.choice([0, 1, 2, 2])
    on = draw.sample(names, draw.choice([1, 1, 2]))
    told = {"bridge": ("clearance", "width"), "lock": ("sill", "width", "length")}.get(kind, ())
    for opening in range(count):
        for one in told:
            if draw.random() < 0.85:
                limits.append(random_limit(draw, one, facility=row_id, opening=opening + 1))
    for one in told:
        if draw.random() < (0.3 if count else 0.9):
            limits.append(random_limit(draw, one, facility=row_id))
    openings = tuple(Opening(n + 1, "opening", {"zh": None, "en": None}) for n in range(count))
    name = {"zh": f"物{number}", "en": f"Structure {number}"}
    return Structure(row_id, kind, name, tuple(edge_id(n) for n in on), openings)


# a plain judge: rows one by one


def level_at(world: World, gauge: object, at: datetime) -> tuple[float, float] | None:
    """Return the low and high level of a gauge at a time between its values."""
    rows = sorted((r for r in world.levels if r.gauge == gauge), key=lambda r: r.at)
    for first, then in pairwise(rows):
        if first.at <= at <= then.at:
            share = (at - first.at) / (then.at - first.at)
            ends = [(r.p10_m or r.p50_m, r.p90_m or r.p50_m) for r in (first, then)]
            low, high = (a + (b - a) * share for a, b in zip(*ends, strict=True))
            return low, high
    return None


def judge_limit(world: World, row: LimitRow, sizes: Mapping[str, float], at: datetime):
    """Return the verdict of one limit, and what it waits for."""
    margin = world.rules["waterway.margins"].value.of(row.kind)
    need = sizes[SIZE[row.kind]] * margin.times + margin.add
    waits = set()
    low, high = deltas(world, row, at, waits)
    if row.value is None:
        waits.add(("value", row.id))
    if not waits:
        if row.value + high < need - 1e-6:
            return FAIL, set()
        if row.value + low < need - 1e-6:
            waits.add(("level", str(row.gauge)))
    if row.origin == "schematic":
        waits.add(("survey", row.id))
    return (UNKNOWN, waits) if waits else (PASS, set())


def deltas(world: World, row: LimitRow, at: datetime, waits: set) -> tuple[float, float]:
    """Return by how much the level makes a limit more, least and most; note what it waits for."""
    if row.gauge is None:
        return 0.0, 0.0
    if row.reference_level_m is None or row.datum != "1985":
        waits.add(("reference", row.id))
    elif row.kind in ("depth", "sill", "clearance"):
        level = level_at(world, row.gauge, at)
        if level is not None:
            low, high = (one - row.reference_level_m for one in level)
            return (-high, -low) if row.kind == "clearance" else (low, high)
        waits.add(("level", str(row.gauge)))
    return 0.0, 0.0


def options_of(
    world: World, name: str
) -> Iterator[list[tuple[list[LimitRow], tuple[str, ...], str]]]:
    """Yield of an edge and each structure on it the options: rows, needed kinds, whose."""
    needed = world.rules["waterway.needed"].value
    own = [row for row in world.limits if row.edge == edge_id(name)]
    locked = any(one.kind == "lock" and edge_id(name) in one.edges for one in world.structures)
    yield [(own, () if locked else needed.edge, f"edge {name}")]
    for structure in world.structures:
        if edge_id(name) in structure.edges:
            mine = [row for row in world.limits if row.facility == structure.id]
            numbers = [o.number for o in structure.openings] or [None]
            yield [
                ([r for r in mine if r.opening in (None, number)], needed.of(structure.kind),
                 f"{structure.id} {number or 0}")
                for number in numbers
            ]  # fmt: skip


def ways_of(world: World, name: str, sizes: Mapping[str, float], at: datetime):
    """Return every set of unknowns of which each lets an edge pass; none where it is refused."""
    groups = []
    for options in options_of(world, name):
        ways = []
        for rows, needed, whose in options:
            found = [judge_limit(world, row, sizes, at) for row in rows]
            if any(verdict == FAIL for verdict, _ in found):
                continue
            waits = {one for _, each in found for one in each}
            waits |= {
                ("limit", whose, kind) for kind in needed if kind not in [r.kind for r in rows]
            }
            ways.append(frozenset(waits))
        groups.append(ways)
    sets = [frozenset().union(*chosen) for chosen in product(*groups)]
    if world.edges[name].get("origin") == "schematic":  # one survey tells all of it
        sets = [frozenset(u for u in one if u[0] != "survey") | {("survey", name)} for one in sets]
    return sets


def simple_paths(world: World, start: str, end: str) -> Iterator[list[str]]:
    """Yield every way between two nodes that meets no node twice, as names of edges."""

    def walk(node: str, seen: list[str], edges: list[str]) -> Iterator[list[str]]:
        if node == end:
            yield edges
            return
        for name in world.edges:
            if node in name and (other := name.replace(node, "", 1)) not in seen:
                yield from walk(other, [*seen, other], [*edges, name])

    yield from walk(start, [start], [])
