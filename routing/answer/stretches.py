"""What an answer marks: private stretches at the ends of a leg, those against one-way streets."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import orjson

from routing.cost.access import DIRECTIONS, purpose, purpose_at_barrier
from routing.cost.profile import Profile
from routing.graph.graph import Graph
from routing.query.driven_leg import Leg
from routing.query.enclave import Stretch
from routing.query.model import Path


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


class AgainstOneway(TypedDict):
    """What is driven against one-way traffic as a rule allows."""

    edge: str
    at_m: float
    length_m: float


def against_oneway(graph: Graph, found: Path) -> list[AgainstOneway]:
    """Return the edges of a path that are driven against their one-way traffic, in order."""
    told: list[AgainstOneway] = []
    if not found.costs.against.any():
        return told
    metres = 0.0
    for leg in found.legs:
        lengths = graph.edges.length_m[leg.edges] * (leg.stop - leg.start)
        against = found.costs.against[leg.edges] & (leg.keys & 1 > 0) & (lengths > 0)
        begins = metres + np.cumsum(lengths) - lengths
        for place in np.flatnonzero(against).tolist():
            row = str(graph.edges.row_id(int(leg.edges[place])))
            at, length = round(float(begins[place]), 1), round(float(lengths[place]), 1)
            told.append({"edge": row, "at_m": at, "length_m": length})
        metres += float(lengths.sum())
    return told
