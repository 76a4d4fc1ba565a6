"""Which edges a place may be on: snapping, small islands of the network, edges in a polygon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from routing.cch.engine import Metric
from routing.cost.network_rules import Snapping, rules_of
from routing.cost.profile import Costs
from routing.graph.adjacency import expand
from routing.graph.graph import Graph
from routing.graph.weights import Ints
from routing.index.snap import EVERY, SnapIndex, SnapPoint, Usable
from routing.query.approach import ANY, AS_THE_RULE_SAYS, Approach, SnapOptions, ways_of
from routing.query.refusal import no_snap, none_heading_so
from spatial.errors import NoSnap
from spatial.geo.crs import check_lonlat
from spatial.rules import Rules, get_rule

Point = tuple[float, float]
MOST_TRIED = 50
"""Edges beside a place that are looked at for one that is driven in the direction asked for."""


class Snapper:
    """The edges of a graph by where they are."""

    def __init__(self, graph: Graph, rules: Rules, index: SnapIndex | None = None) -> None:
        self._graph = graph
        self._rules = rules
        self.index = index or SnapIndex(graph.edges)

    def usable(self, metric: Metric, costs: Costs) -> Usable:
        """Return the edges that may be driven in some direction.

        Where limits depend on the level these are all that the profile may use, whatever shuts them
        now: a vessel is where it is, and no answer may end beside its berth.
        """
        if self._graph.edges.kind.levelled:
            return Usable.among(costs.passable[0::2] | costs.passable[1::2])
        first, at_ends = self._graph.arcs.first, metric.at_ends
        if at_ends is None:
            return Usable(first, metric.weights)
        return Usable(first, at_ends.weights, through=metric.weights)

    def find(
        self, points: Sequence[Point], usable: Usable, options: SnapOptions = AS_THE_RULE_SAYS
    ) -> list[list[SnapPoint]]:
        """Return for each point the spots on the nearest usable edge and on those at its place.

        There are none where no such edge lies within the limit, or none near the nearest one that
        is driven in the direction asked for.

        Raises
        ------
        BadCoordinate
            A point is no place on earth.
        """
        for lon, lat in points:
            check_lonlat(lon, lat)
        found = self.index.nearest_each(points, usable, *self._limits(options))
        if not options.approaches:
            return found
        return [
            place if approach.any else self._approached(point, usable, options, place, approach)
            for point, place, approach in zip(points, found, options.approaches, strict=True)
        ]

    def snap(
        self, points: Sequence[Point], usable: Usable, options: SnapOptions = AS_THE_RULE_SAYS
    ) -> list[list[SnapPoint]]:
        """Return what `find` does where there is something for each point.

        Raises
        ------
        BadCoordinate
            A point is no place on earth.
        NoSnap
            There is no edge within the limit; the error names the point.
        """
        places = self.find(points, usable, options)
        for number, place in enumerate(places):
            if not place:
                raise self._no_snap(number, points[number], usable, options)
        return places

    def _no_snap(self, number: int, point: Point, usable: Usable, options: SnapOptions) -> NoSnap:
        limits, kind = self._limits(options), self._graph.edges.kind
        approach = options.approaches[number] if options.approaches else ANY
        if not approach.any and self.index.nearest(*point, usable, *limits):
            return none_heading_so(number, approach, self._rule.heading_m, kind)
        return no_snap(number, limits[0], self.index.nearest(*point, EVERY, *limits), kind)

    def _approached(
        self,
        point: Point,
        usable: Usable,
        options: SnapOptions,
        place: list[SnapPoint],
        approach: Approach,
    ) -> list[SnapPoint]:
        """Return spots whose edges are driven as asked for: the nearest, or those a bit farther."""
        farthest_m = place[0].distance_m + self._rule.heading_m if place else 0.0
        max_m, tie_m = self._limits(options)
        limits, tried = (min(max_m, farthest_m), tie_m), 0
        off = np.zeros(len(self._graph.edges), np.bool_) | (
            usable.off if len(usable.off) else False
        )
        while place and tried < MOST_TRIED:
            fitting = []
            for spot in place:
                ways = ways_of(
                    self._graph, usable, point, spot, approach, self._rule.drive_on, tie_m
                )
                fitting += [spot._replace(ways=ways)] if ways else []
                off[spot.edge] = True
                tried += 1
            if fitting:
                return fitting
            place = self.index.nearest(*point, usable._replace(off=off), *limits)
        return []

    def off_islands(
        self,
        points: Sequence[Point],
        usable: Usable,
        costs: Costs,
        known: Sequence[list[SnapPoint]],
        options: SnapOptions = AS_THE_RULE_SAYS,
    ) -> list[list[SnapPoint]]:
        """Snap the points that lie on a small island to the main network where it is near."""
        if self._graph.edges.kind.levelled:
            return list(known)
        core, places = costs.core, list(known)
        main = usable._replace(only=core.edges)
        for number, place in enumerate(known):
            if not all(core.joined[spot.edge] for spot in place):
                one = replace(options, approaches=options.approaches[number : number + 1])
                (found,) = self.find([points[number]], main, one)
                places[number] = found or place
        return places

    def inside(self, polygon: Any) -> Ints:
        """Return the edges that a polygon (EPSG:4326) touches."""
        candidates = self.index.in_box(*polygon.bounds)
        shapely.prepare(polygon)
        edges = self._graph.edges
        start = edges.shape_start[candidates]
        counts = edges.shape_start[candidates + 1] - start
        owner = np.repeat(np.arange(len(candidates)), counts)
        lines = shapely.linestrings(edges.shape[expand(start, counts)], indices=owner)
        touched = shapely.intersects(polygon, lines)
        return np.asarray(candidates[np.asarray(touched, np.bool_)])

    @cached_property
    def _rule(self) -> Snapping:
        return get_rule(self._rules, rules_of(self._graph.edges.kind).snap).value

    def _limits(self, options: SnapOptions) -> tuple[float, float]:
        radius_m = options.radius_m
        return self._rule.max_m if radius_m is None else radius_m, self._rule.tie_m
