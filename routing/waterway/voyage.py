"""May this vessel go from A to B: for sure, maybe, or not; and what is missing to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast

from routing.query.model import Path, PathQuery
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from routing.waterway.describe import Teller
from routing.waterway.missing import Missing, fewest
from routing.waterway.vessel import Vessel, VesselLimits
from spatial.errors import LimitViolated, Unreachable
from spatial.json_types import Document

Answer = Literal["passes", "cannot_tell"]
DOUBTED = "allow"


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


def find_voyage(network: RoadNetwork, query: PathQuery, now: datetime) -> Voyage:
    """Return the ways that pass for sure, else those that may.

    Raises
    ------
    BadParameter, NoSnap, Unreachable, LimitViolated
        Something named is unknown, or there is no way; the error says why.
    """
    try:
        return Voyage("passes", network.paths(replace(query, unknown_limits=None), now), None)
    except (LimitViolated, Unreachable):
        doubted = replace(query, unknown_limits=DOUBTED)
    found = network.paths(doubted, now)
    missing = find_missing(network, network.prepared(doubted, now), query, found[0])
    return Voyage("cannot_tell", found, missing)


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
