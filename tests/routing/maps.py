"""Road networks drawn as ASCII maps: letters are nodes, their place on the page is their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any
from uuid import UUID

import orjson

from api.network.rule_models import RuleBook, read_rules
from routing.cch.engine import Topology
from routing.cost.network_rules import rules_of
from routing.cost.profile import load_profiles, usable_profiles
from routing.graph.drawn import drawn_edges, drawn_place, drawn_places
from routing.graph.graph import Edges, Graph
from routing.graph.turns import Restriction, split
from routing.live.state_table import EdgeState, EdgeStates
from routing.query.model import Path, PathQuery
from routing.query.network import RoadNetwork
from spatial.ids import stable_uuid7
from spatial.networks.model import NetworkKind
from spatial.networks.road import KIND as ROAD
from spatial.rules import Rule, RuleKind, RuleSet

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@cache
def _shipped() -> RuleSet:
    return RuleBook.of(read_rules(), NOW).at(NOW)


def shipped_rules() -> dict[str, Rule]:
    """Return the rules as shipped."""
    return dict(_shipped())


def free_rules() -> dict[str, Rule]:
    """Return the rules as shipped under which turns and what is met cost nothing."""
    return {key: r for key, r in _shipped().items() if key != rules_of(ROAD).turn_cost.key}


def changed(kind: RuleKind, value: Any, key: str | None = None) -> dict[str, Rule]:
    """Return a rule with a value of its own, by its key."""
    key = key or kind.key
    typed = kind.model.model_validate_json(orjson.dumps(value))
    return {key: Rule(key, "test", typed, "made up", None, value)}


def node_id(name: str) -> UUID:
    return stable_uuid7("map", f"node {name}")


def edge_id(name: str) -> UUID:
    return stable_uuid7("map", f"edge {name}")


def edges_of(
    rows: Sequence[Mapping[str, Any]],
    crossings: Sequence[UUID] = (),
    kind: NetworkKind = ROAD,
) -> Edges:
    """Return edge rows with a `shape` each as the columns that a graph is made of."""
    usual = {"class": "secondary"} if kind is ROAD else {}
    return drawn_edges(rows, [row["shape"] for row in rows], kind, crossings, **usual)


def start_node(graph: Graph, key: int) -> int:
    """Return the node that a vehicle already on an arc's key reaches next."""
    return int(graph.arcs.head[graph.arcs.first[key]])


def end_nodes(graph: Graph, key: int) -> list[int]:
    """Return every node from which an arc's key may be entered."""
    return graph.arcs.tail[graph.arcs.first[key] : graph.arcs.first[key + 1]].tolist()


@dataclass
class Town:
    """A network from a map and its edges, `{"AB": {column: value}}`; AB runs from A to B."""

    drawing: str
    roads: Mapping[str, Mapping[str, Any]]
    turns: Sequence[tuple[str, ...]] = ()  # ("no" | "only", edge, edge, …[, exempt=…][, wall])
    rules: Mapping[str, Rule] = field(default_factory=shipped_rules)
    crossings: str = ""  # nodes where those on foot or a railway cross
    turn_costs: bool = True  # whether junctions have copies for them

    @cached_property
    def places(self) -> dict[str, tuple[float, float]]:
        return drawn_places(self.drawing)

    @cached_property
    def names(self) -> list[str]:
        return list(self.roads)

    @cached_property
    def graph(self) -> Graph:
        rows = []
        for name, given in self.roads.items():
            rows.append(
                {
                    "id": edge_id(name),
                    "from_node": node_id(name[0]),
                    "to_node": node_id(name[1]),
                    "length_m": 1000.0,
                    "shape": [self.places[name[0]], self.places[name[1]]],
                    **given,
                }
            )
        edges = edges_of(rows, [node_id(name) for name in self.crossings])
        turns = [self.restriction(*turn) for turn in self.turns]
        return split(edges, turns, turn_costs=self.turn_costs)

    def restriction(self, kind: str, *names: str) -> Restriction:
        exempt = tuple(n.removeprefix("exempt=") for n in names if n.startswith("exempt="))
        edges = tuple(self.names.index(n) for n in names if n in self.roads)
        return Restriction(kind, edges, exempt=exempt, barrier="wall" in names)

    @cached_property
    def network(self) -> RoadNetwork:
        profiles = usable_profiles(load_profiles(ROAD), self.rules)
        return RoadNetwork(self.graph, Topology.build(self.graph), profiles, self.rules)

    def find(self, *stops: str, profile: str = "car", now: datetime = NOW, **more: Any) -> Path:
        query = PathQuery(profile, [self.at(s) for s in stops], **more)
        return self.network.path(query, now)

    def at(self, stop: str) -> tuple[float, float]:
        """Return a node's place, or that of `AB:0.25`: a quarter of the way from A to B."""
        return drawn_place(self.places, stop)

    def nodes(self, found: Path) -> str:
        """Return the nodes that a path passes, as letters."""
        seen = ""
        for leg in found.legs:
            for key, start, stop in zip(leg.keys, leg.start, leg.stop, strict=True):
                name = self.names[key >> 1][:2]
                first, last = name[::-1] if key & 1 else name
                if start == 0 and not seen.endswith(first):
                    seen += first
                if stop == 1 and not seen.endswith(last):
                    seen += last
        return seen

    def way(self, *stops: str, **more: Any) -> str:
        return self.nodes(self.find(*stops, **more))

    def close(
        self,
        version: int,
        *names: str,
        direction: str = "both",
        kind: str = "closure",
        value: float | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[int]:
        """Close roads from a version on and return the numbers of the rows."""
        base = 100 * version
        rows = [
            EdgeState(base + i, self.names.index(n), kind, direction, value, since, until, "e")
            for i, n in enumerate(names)
        ]
        self.network.apply(version, [EdgeStates.of(rows)], [], NOW)
        return [row.row for row in rows]


SQUARE = """
  A----B
  |    |
  C----D
"""


def square(**roads):
    """Return A to D by B (2 km) or by C (4 km)."""
    return Town(SQUARE, {"AB": {}, "BD": {}, "AC": {}, "CD": {"length_m": 3000.0}, **roads})
