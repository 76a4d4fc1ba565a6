"""POST /nearest: the features of a point layer that are nearest by driving time, as things are now.

Candidates come by their distance in the air, ring by ring (Papadias and others, "Query Processing
in Spatial Network Databases", 2003): no feature beyond a ring can be driven to sooner than the
ring's distance at the network's highest speed, so that the answer is exact although only some of
the layer is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import numpy as np
import orjson
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask, caller_of, limits_of
from api.http.disconnect import while_connected
from api.http.layer_query import query_of
from api.http.media_types import GEOJSON
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Place, Word
from api.roads.conditions import ConditionsBody, crs_of, read_conditions, read_place
from api.services import services
from layers.features.nearest_candidates import Candidate, read_candidates
from layers.query.filters import Box
from routing.cch.engine import Metric
from routing.cost.network_rules import rules_of
from routing.graph.weights import INFINITE, driving
from routing.index.snap import SnapPoint, metres_per_degree
from routing.planning import island_rule
from routing.query.driven_leg import Leg
from routing.query.leg import find_legal_leg
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from routing.stopping import check
from spatial.errors import NoSnap
from spatial.geo.crs import CRS84, Crs, distance_m, transform_coordinates
from spatial.geo.geojson import Feature
from spatial.rules import get_rule

MOST_FOUND, MOST_CANDIDATES = 100, 5_000
LONGEST_S = 21_600.0
FIRST_RING_M, WIDER = 5_000.0, 3.0
STEP_S, CANDIDATE_S, READING_S = 0.02, 2e-4, 0.1
"""What a step, snapping a candidate, and reading those of a box are likely to take."""
MAPPED = 1.01
"""Roads are at most this much longer as drawn than as recorded."""

routes = Routes("paths")


class NearestBody(ConditionsBody):
    """A question for features; coordinates are in the `crs` of the request, in its axis order."""

    point: Place
    layer: Word
    filter: str | None = Field(default=None, max_length=10_000)
    filter_crs: str | None = Field(default=None, max_length=60)
    limit: int = Field(default=5, ge=1, le=MOST_FOUND)
    direction: Literal["to_point", "from_point"] = "to_point"
    max_duration_s: float = Field(default=3_600.0, gt=0, le=LONGEST_S)


@dataclass
class _Search:
    """The state of one search: where it is, how far it has looked, what it has found."""

    body: NearestBody
    network: RoadNetwork
    prepared: PreparedMetric
    lon: float
    lat: float
    place: list[SnapPoint]
    speed_m_s: float
    snap_m: float
    looked_m: float = 0.0
    found: list[tuple[float, Candidate, list[SnapPoint]]] | None = None

    @property
    def farthest_m(self) -> float:
        """No feature farther away in the air can be driven to within the limit."""
        return self.body.max_duration_s * self.speed_m_s + self.slack_m

    @property
    def slack_m(self) -> float:
        """How much nearer two places may be once both are snapped to roads."""
        return self.place[0].distance_m + self.snap_m

    @property
    def side(self) -> island_rule.Side:
        """The point as a side of a table."""
        return [(self.lon, self.lat)], [self.place]

    def leg(self, shown: Metric, spots: list[SnapPoint], place: list[SnapPoint]) -> Leg | None:
        """Return the way between a feature and the point, in the direction asked for."""
        ends = (spots, place) if self.body.direction == "to_point" else (place, spots)
        return find_legal_leg(self.network.graph, shown, self.prepared.costs, *ends)

    def off_islands(
        self, candidate: Candidate, spots: list[SnapPoint]
    ) -> tuple[list[SnapPoint], list[SnapPoint]]:
        """Return the spots of a feature and of the point, on the main network where it is near."""
        side = [(candidate.lon, candidate.lat), (self.lon, self.lat)], [spots, self.place]
        first, last = island_rule.moved(self.network, self.prepared, side)
        return first, last

    def done(self) -> bool:
        """Tell whether no feature beyond what was looked at can be among the nearest."""
        if self.looked_m >= self.farthest_m:
            return True
        found = self.found or []
        if len(found) < self.body.limit:
            return False
        last = found[self.body.limit - 1][0]
        return (self.looked_m - self.slack_m) / self.speed_m_s >= last

    def box(self, ring_m: float) -> Box:
        """Return a box around everything within a distance."""
        lats = self.lat - ring_m / 110_000, self.lat + ring_m / 110_000
        east = (
            metres_per_degree(max(abs(lats[0]), abs(lats[1])))[0] if max(map(abs, lats)) < 89 else 0
        )
        wide = ring_m / east if east > ring_m / 170 else 180.0
        west, right = max(self.lon - wide, -180.0), min(self.lon + wide, 180.0)
        return west, max(lats[0], -90.0), right, min(lats[1], 90.0)


@routes.post("/api/nearest", reads=("crs",), hot=True, question=True, most_bytes=MB)
async def find_nearest(body: NearestBody, request: Request) -> Response:
    """Answer the nearest features by driving time, nearest first, with times and lengths."""
    crs, actor, served = crs_of(request), actor_of(request), services(request)
    relation = served.catalog.get_relation(body.layer, actor)
    asked = {"filter": body.filter, "filter-crs": body.filter_crs}
    given = {name: text for name, text in asked.items() if text is not None}
    query = await query_of(request, relation, given)
    network, conditions = await read_conditions(request, body, crs)
    lon, lat = read_place(body.point, crs)

    def begin() -> _Search:
        prepared = network.prepared(conditions, datetime.now(UTC))
        (place,) = network.snap(prepared, [(lon, lat)])
        snap_m = get_rule(network.rules, rules_of(network.graph.edges.kind).snap).value.max_m
        speed = _highest_speed(network, prepared)
        return _Search(body, network, prepared, lon, lat, place, speed, snap_m)

    search = await ask(request, begin, STEP_S)
    ring = FIRST_RING_M
    while not search.done():
        ring = min(ring * WIDER, search.farthest_m)
        box = search.box(ring)
        work = read_candidates(served.db, relation, actor, query, box, MOST_CANDIDATES)
        reading = limits_of(request).items.run(caller_of(request), READING_S, work)
        candidates = await while_connected(request, reading)
        cost_s = STEP_S + CANDIDATE_S * len(candidates)
        await ask(request, partial(_look, search, candidates, ring), cost_s)
    text = await ask(request, lambda: _answer(search, crs), STEP_S)
    served.audit.record(actor, "nearest", body.layer, rows=len(search.found or []))
    headers = {"Content-Crs": f"<{crs.uri}>", **NO_STORE}
    return Response(text, media_type=GEOJSON, headers=headers)


def _highest_speed(network: RoadNetwork, prepared: PreparedMetric) -> float:
    """Return the metres that any road brings a vehicle on in a second, at most."""
    weights = prepared.metric.weights
    passable = weights < INFINITE
    if not passable.any():
        return 1.0
    metres = network.graph.edges.length_m[network.graph.arcs.edge[passable]]
    took = driving(weights, prepared.metric.fixed, np.flatnonzero(passable))
    return float((metres / np.maximum(took, 1)).max()) * 1000 * MAPPED


def _look(search: _Search, candidates: list[Candidate], ring_m: float) -> None:
    """Drive to the candidates in a ring, and keep those within the limit, nearest first."""
    far = distance_m(
        search.lon, search.lat, [c.lon for c in candidates], [c.lat for c in candidates]
    )
    within = [c for c, metres in zip(candidates, far.tolist(), strict=True) if metres <= ring_m]
    known = {c.text: spots for _, c, spots in search.found or []}
    places = []
    for candidate in within:
        spots = known.get(candidate.text)
        try:
            (spots,) = (
                [spots]
                if spots
                else search.network.snap(search.prepared, [(candidate.lon, candidate.lat)])
            )
        except NoSnap:
            continue
        places.append((candidate, spots))
    if not places:
        search.looked_m = ring_m
        return
    others = [(c.lon, c.lat) for c, _ in places], [spots for _, spots in places]
    ends = (search.side, others) if search.body.direction == "from_point" else (others, search.side)
    times = island_rule.table(search.network, search.prepared, *ends).seconds.ravel().tolist()
    kept = [
        (seconds, candidate, spots)
        for seconds, (candidate, spots) in zip(times, places, strict=True)
        if seconds <= search.body.max_duration_s
    ]
    search.found = sorted(kept, key=lambda one: (one[0], one[1].text))
    search.looked_m = ring_m


def _answer(search: _Search, crs: Crs) -> bytes:
    """Return the nearest features with their ways, all in one state of the network."""
    found = (search.found or [])[: search.body.limit]
    metric = search.prepared.metric

    def drive(shown: Metric) -> tuple[list[tuple[Candidate, list[SnapPoint], Leg | None]], int]:
        ways = []
        for _, candidate, own in found:
            check()
            spots, leg = own, search.leg(shown, own, search.place)
            if leg is None:
                spots, place = search.off_islands(candidate, own)
                leg = search.leg(shown, spots, place)
            ways.append((candidate, spots, leg))
        return ways, search.prepared.plan.version(shown.stamp)

    ways, version = metric.in_one_state(drive)
    legs = [(candidate, spots, leg) for candidate, spots, leg in ways if leg is not None]
    legs.sort(key=lambda way: way[2].weight)
    features = [_feature(search, *way, crs) for way in legs]
    for rank, feature in enumerate(features):
        feature["properties"] |= {"rank": rank, "network_version": version}
    document = {
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": len(features),
        "network_version": version,
    }
    return orjson.dumps(document)


def _feature(
    search: _Search, candidate: Candidate, spots: list[SnapPoint], leg: Leg, crs: Crs
) -> Feature:
    feature: Feature = orjson.loads(candidate.text)
    if crs is not CRS84:
        geometry = feature["geometry"]
        assert geometry is not None  # noqa: S101
        geometry["coordinates"] = transform_coordinates(
            geometry["coordinates"], CRS84, crs, official_axes=True
        )
    metres = search.network.graph.edges.length_m[leg.edges] * (leg.stop - leg.start)
    feature["properties"] |= {
        "duration_s": round(leg.weight / 1000, 1),
        "length_m": round(float(metres.sum()), 1),
        "snap_m": round(spots[0].distance_m, 1),
    }
    return feature
