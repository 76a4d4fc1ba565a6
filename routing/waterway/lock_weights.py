"""What a search adds to the edges of locks: the wait of a vessel that comes there undelayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from routing.cost.delays import KeyWaits
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from routing.waterway.limits import LimitTable, Structure
from routing.waterway.passed import Waits, is_lock, usual_s
from spatial.errors import NoSnap

MOST_S, REACH_S = 10 * 86_400, 20 * 86_400
MINUTE_S = 60
DOUBTED = "allow"


class LockEdge(NamedTuple):
    """A lock and an edge that it is on."""

    structure: Structure
    edge: int


def locks_of(table: LimitTable) -> list[LockEdge]:
    """Return the locks of a network with the edges that they are on."""
    found: dict[tuple[UUID, int], LockEdge] = {}
    for about in table.options:
        if about.structure is not None and is_lock(about.structure):
            found[about.structure.id, about.edge] = LockEdge(about.structure, about.edge)
    return list(found.values())


def lock_weights(
    network: RoadNetwork, query: PathQuery, table: LimitTable, waits: Waits, now: datetime
) -> KeyWaits | None:
    """Return what is waited for at each lock, by key, None where there is no lock.

    Each lock counts with the middle wait of a vessel that comes there as it would without any lock
    before it, in whole minutes; one whose queue is not known with its usual lockage.
    """
    locks = locks_of(table)
    if not locks:
        return None
    arrive = _arrivals(network, query, now)
    found: Counter[int] = Counter()
    for one in locks:
        found.update(dict(_waits(one, waits, arrive, query.depart_at or now)))
    keys = np.array(sorted(found), np.int64)
    ms = [1000 * min(found[key], MOST_S) for key in keys.tolist()]
    return KeyWaits(keys, np.array(ms, np.int32))


def _waits(
    one: LockEdge, waits: Waits, arrive: dict[int, float], depart: datetime
) -> Iterator[tuple[int, int]]:
    lock = one.structure.id
    usual = round(usual_s(one.structure) or 0.0)
    for against in (False, True):
        key = 2 * one.edge + against
        if waits.knows(lock):
            at = depart + timedelta(seconds=arrive.get(key, 0.0))
            wait = waits.wait_s(lock, against, at)
            yield key, round(min(wait, MOST_S) / MINUTE_S) * MINUTE_S
        else:
            yield key, usual


def _arrivals(network: RoadNetwork, query: PathQuery, now: datetime) -> dict[int, float]:
    """Return by key when a vessel may begin it (s after its departure) if no lock delays it."""
    prepared = network.prepared(replace(query, unknown_limits=DOUBTED, waits=None), now)
    try:
        (spots,) = network.snap(prepared, query.waypoints[:1])
    except NoSnap:
        return {}
    reached = prepared.span(spots, REACH_S)
    first: dict[int, float] = {}
    for key, ms in zip(reached.keys.tolist(), reached.start_ms.tolist(), strict=True):
        first[key] = min(ms / 1000, first.get(key, np.inf))
    return first
