"""May this vessel go from A to B: for sure, maybe, or not; and what is missing to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast

from routing.cost.delays import KeyWaits
from routing.query.model import Path, PathQuery
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from routing.waterway.describe import Teller
from routing.waterway.limits import LimitTable
from routing.waterway.lock_weights import DOUBTED, lock_weights
from routing.waterway.missing import Missing, fewest
from routing.waterway.passed import Waits, estimate, structures_on
from routing.waterway.vessel import Vessel, VesselLimits
from spatial.errors import LimitViolated, Unreachable
from spatial.json_types import Document

Answer = Literal["passes", "cannot_tell"]


@dataclass(frozen=True)
class Voyage:
    """Ways, best first: sure ones, or for want of any those that may do, with what is missing."""

    answer: Answer
    paths: list[Path]
    missing: Missing | None

    @property
    def vessel(self) -> Vessel:
        """The vessel as the limits see it."""
        return cast(Vessel, self.paths[0].vehicle)


def limits_of(network: RoadNetwork) -> VesselLimits:
    """Return the limits of a network whose kind has some that depend on the level."""
    return cast(VesselLimits, network.limits)


def find_voyage(
    network: RoadNetwork, query: PathQuery, now: datetime, waits: Waits | None = None
) -> Voyage:
    """Return the ways that pass for sure, else those that may.

    With `waits` the search weighs each lock by its wait, and of the ways found, that of travel
    alone among them, the one whose own waits bring it there first is the best.

    Raises
    ------
    BadParameter, NoSnap, Unreachable, LimitViolated
        Something named is unknown, or there is no way; the error says why.
    """
    rows = cast(VesselLimits, query.limits or network.limits).judge.table
    more = None if waits is None else lock_weights(network, query, rows, waits, now)

    def ways(asked: PathQuery) -> list[Path]:
        if waits is None or more is None:
            return network.paths(asked, now)
        return _ranked(network, asked, more, waits, rows, now)

    try:
        return Voyage("passes", ways(replace(query, unknown_limits=None)), None)
    except (LimitViolated, Unreachable):
        doubted = replace(query, unknown_limits=DOUBTED)
    found = ways(doubted)
    missing = find_missing(network, network.prepared(doubted, now), query, found[0])
    return Voyage("cannot_tell", found, missing)


def _ranked(
    network: RoadNetwork, query: PathQuery, more: KeyWaits, waits: Waits, table: LimitTable,
    now: datetime,
) -> list[Path]:  # fmt: skip
    """Return ways found with the waits in their weights, and without, by when each arrives."""
    plain = network.paths(replace(query, alternatives=0), now)
    weighed = network.paths(replace(query, waits=more), now)
    own = plain[0].costs.waits
    travelled = [replace(one, costs=replace(one.costs, waits=own)) for one in weighed]
    ways = {tuple(one.keys.tolist()): one for one in [*plain, *travelled]}

    def arrives_s(found: Path) -> float:
        travel_s, passed = found.sums()[1] / 1000, structures_on(table, found)
        return estimate(passed, travel_s, query.depart_at or now, waits).end.middle_s

    return sorted(ways.values(), key=arrives_s)[: query.alternatives + 1]


def find_missing(
    network: RoadNetwork, prepared: PreparedMetric, query: PathQuery, other: Path
) -> Missing:
    """Return the fewest values that decide, counted with the levels at departure.

    Where at that moment no way is left, as one opens under way only, they are those of `other`.
    """
    vessel = cast(Vessel, prepared.vehicle)
    waiting = vessel.waiting
    places = network.snap(prepared, query.waypoints)
    found = fewest(network.graph, network.topology, prepared.metric.weights, waiting, places)
    if found is not None and found.unknowns:
        return found
    mine = {edge: min(waiting.sets[edge], key=len)
            for edge in dict.fromkeys(other.edges.tolist()) if waiting.sets.get(edge)}  # fmt: skip
    return Missing(frozenset().union(*mine.values()), mine, other.legs, False)


def teller_of(network: RoadNetwork, vessel: Vessel) -> Teller:
    """Return who tells of the limits that a vessel meets at its departure."""
    return Teller(
        vessel.judge, network.graph.edges, vessel.windows.state, vessel.dimensions, vessel.verdict
    )


def told_missing(teller: Teller, missing: Missing) -> list[Document]:
    """Tell of what is missing, each value once with the edges that wait for it."""
    return [
        teller.unknown(one, [edge for edge, way in missing.by_edge.items() if one in way])
        for one in sorted(missing.unknowns)
    ]


def told_refusals(teller: Teller, edges: Sequence[int]) -> list[Document]:
    """Tell of the edges that refuse a vessel or leave it in doubt, each with its limits."""
    told = [teller.edge(edge) for edge in dict.fromkeys(edges)]
    return [one for one in told if one["verdict"] != "passes"]
