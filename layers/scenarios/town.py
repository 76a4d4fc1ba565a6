"""A small road network drawn with letters, for examples whose answer is known.

Letters are nodes, their place on the page is their place on the map; roads are pairs of letters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import numpy as np
import shapely
from pydantic import Field, model_validator

from layers.declare.base import Declaration
from layers.processes.readers.county_rows import Counties, County
from routing.answer.admin_crossings import Unit, Units
from routing.cch.engine import Topology
from routing.cost.profile import load_profiles, usable_profiles
from routing.graph.drawn import drawn_edges, drawn_place, drawn_places
from routing.graph.graph import Graph
from routing.graph.turns import split
from routing.query.network import RoadNetwork
from spatial.geo.geojson import Geometry
from spatial.ids import stable_uuid7
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import RoadClass
from spatial.rules import Rules

ROAD_DEG = 1e-6  # half the width of a road where units are cut: a decimetre


class Road(Declaration):
    """A road between two nodes, both ways unless `oneway`; limits are unknown where not given."""

    length_m: float = Field(default=1000.0, gt=0, le=1e6, allow_inf_nan=False)
    speed_kmh: float = Field(default=60.0, gt=0, le=150, allow_inf_nan=False)
    road_class: RoadClass = "secondary"
    oneway: bool = False
    max_height_m: float | None = None
    max_width_m: float | None = None
    max_length_m: float | None = None
    max_mass_t: float | None = None
    max_axle_t: float | None = None


class Town(Declaration):
    """The drawing, its roads and their counties."""

    drawing: str = Field(max_length=4_000)
    roads: dict[str, Road] = Field(min_length=1, max_length=200)
    counties: dict[str, tuple[str, ...]] = {}
    """Roads by the code of their county."""

    @model_validator(mode="after")
    def _roads_join_nodes(self) -> Town:
        for name in self.roads:
            if len(name) != 2 or not set(name) <= self.places.keys():
                raise ValueError(f"road {name!r} joins no two letters of the drawing")
        for code, names in self.counties.items():
            if gone := set(names) - self.roads.keys():
                raise ValueError(f"county {code} has roads that are not there: {sorted(gone)}")
        return self

    @cached_property
    def places(self) -> dict[str, tuple[float, float]]:
        """Longitude and latitude (EPSG:4326) of each node."""
        return drawn_places(self.drawing.strip("\n"))

    def place(self, name: str) -> tuple[float, float] | str:
        """Return the place of `A` or `AB:0.25`, or the id of the road `AB`.

        Raises
        ------
        KeyError
            There is none.
        """
        if len(name) == 1 or ":" in name:
            return drawn_place(self.places, name)
        return str(self._ids[name])

    @cached_property
    def _ids(self) -> dict[str, UUID]:
        return {name: stable_uuid7("town", f"road {name}") for name in self.roads}

    def build(self, rules: Rules) -> RoadNetwork:
        """Return the network under some rules."""
        shapes = [[self.places[node] for node in name] for name in self.roads]
        edges = drawn_edges(list(self._rows()), shapes, ROAD, source="example")
        graph = split(edges, [])
        profiles = usable_profiles(load_profiles(ROAD), rules)
        return RoadNetwork(graph, Topology.build(graph), profiles, rules)

    def list_counties(self) -> TownCounties:
        """Return the counties as a process reads them."""
        return TownCounties(self)

    def list_units(self) -> Units:
        """Return the prefectures of the counties, as narrow as their roads."""
        lines: dict[str, list[shapely.LineString]] = defaultdict(list)
        for code, roads in self.counties.items():
            ways = [shapely.LineString([self.places[node] for node in road]) for road in roads]
            lines[f"{code[:4]}00"] += ways
        return Units(
            [
                Unit(code, code, code, shapely.union_all(ways).buffer(ROAD_DEG, cap_style="flat"))
                for code, ways in lines.items()
            ]
        )

    def _rows(self) -> Iterator[Mapping[str, object]]:
        for name, road in self.roads.items():
            given = road.model_dump()
            limits = {column: given.pop(column) for column in ROAD.columns}
            yield {
                "id": self._ids[name],
                "from_node": stable_uuid7("town", f"node {name[0]}"),
                "to_node": stable_uuid7("town", f"node {name[1]}"),
                "class": given.pop("road_class"),
                **given,
                "limits_known": all(value is not None for value in limits.values()),
                **limits,
            }


@dataclass(frozen=True)
class TownCounties:
    """The counties of a town, in place of those that the database has."""

    town: Town

    def fit(self, _graph: Graph) -> Counties:
        """Return the counties with the county of each road, in the order of the roads."""
        codes = list(self.town.counties)
        rows = [County(code, {"zh": code, "en": code}, NO_OUTLINE) for code in codes]
        of_edge = [
            next((n for n, code in enumerate(codes) if road in self.town.counties[code]), -1)
            for road in self.town.roads
        ]
        return Counties(rows, np.array(of_edge, np.int64))


NO_OUTLINE: Geometry = {"type": "MultiPolygon", "coordinates": []}
