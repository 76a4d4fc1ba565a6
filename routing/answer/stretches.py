"""The stretches of a leg that are driven at its ends only: how long they are, and what they are."""

from __future__ import annotations

from typing import TypedDict

import orjson

from routing.cost.access import DIRECTIONS, purpose, purpose_at_barrier
from routing.cost.profile import Profile
from routing.graph.graph import Graph
from routing.query.driven_leg import Leg
from routing.query.enclave import Stretch


class PrivateEnd(TypedDict):
    """How many metres are driven before the roads open to all, or after them.

    `access` are the values of OpenStreetMap's access tags on the way, the first met first.
    """

    length_m: float
    access: str


class PrivateEnds(TypedDict):
    """What is private at the begin and at the end of a leg; none is null."""

    begin: PrivateEnd | None
    end: PrivateEnd | None


def private_ends(graph: Graph, profile: Profile, leg: Leg) -> PrivateEnds | None:
    """Return what is driven at the ends of a leg only, None where all is open to all."""
    if leg.begin is None and leg.end is None:
        return None
    length = graph.edges.length_m[leg.edges] * (leg.stop - leg.start)
    first = 0 if leg.begin is None else leg.begin.driven
    last = 0 if leg.end is None else leg.end.driven
    return {
        "begin": _told(graph, profile, leg.begin, float(length[:first].sum())),
        "end": _told(graph, profile, leg.end, float(length[len(length) - last :].sum())),
    }


def _told(
    graph: Graph, profile: Profile, stretch: Stretch | None, length_m: float
) -> PrivateEnd | None:
    if stretch is None:
        return None
    values: dict[str, None] = {}
    for arc in stretch.arcs.tolist():
        key = int(graph.arcs.key[arc])
        table = orjson.loads(graph.edges.access.get(key >> 1) or "{}")
        found = purpose(profile, table, DIRECTIONS[key & 1])
        found = found or purpose_at_barrier(profile, graph.arcs.exempt.get(arc) or "")
        values |= dict.fromkeys(found.split(";"))
    return {"length_m": round(length_m, 1), "access": ";".join(values)}
