"""What is answered of a voyage: in three values, what is missing, what it passes, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import numpy as np

from api.ports.waterway.journey import Journey
from routing.graph.weights import Floats
from routing.query.model import Path
from routing.query.refusal import Blocking
from routing.waterway.describe import Teller, about_opening, about_structure
from routing.waterway.passed import (
    LockTold,
    Passed,
    Spread,
    Waits,
    estimate,
    structures_on,
)
from routing.waterway.voyage import Voyage, teller_of, told_missing, told_refusals
from spatial.errors import LimitViolated
from spatial.json_types import Document

NAMED = 20
"""Edges of which all limits are told at most."""
NO_QUEUE = {"zh": "无排队信息", "en": "no queue known"}
DIMENSIONS = ("draught_m", "air_draught_m", "beam_m", "length_m")


def told_voyage(journey: Journey, voyage: Voyage, waits: Waits | None) -> list[Document]:
    """Return what is told of each way of a voyage beside its figures."""
    teller = teller_of(journey.network, voyage.vessel)
    common: Document = {
        "missing": [] if voyage.missing is None else told_missing(teller, voyage.missing),
        "missing_proven": voyage.missing is None or voyage.missing.proven,
        "declared_values": _declared(journey, voyage),
        "margins_rule": voyage.vessel.judge.margins_rule.version,
    }
    told = []
    for found in voyage.paths:
        passed = structures_on(voyage.vessel.judge.table, found)
        eta = told_eta(journey, found, passed, waits)
        end = datetime.fromisoformat(str(eta["arrive_at"]))
        told.append({
            "answer": overall(journey, voyage.answer, end), **common,
            "papers": told_papers(journey, end),
            "doubts": told_refusals(teller, found.edges.tolist())[:NAMED],
            "structures": [told_passed(one) for one in passed],
            "eta": eta})  # fmt: skip
    return told


def overall(journey: Journey, answer: str, end: datetime | None = None) -> str:
    """Return the answer with what papers say until the end: one that is out of order refuses."""
    faults = journey.papers(end) or []
    if any(fault.refuses for fault in faults):
        return "refused"
    return "cannot_tell" if faults else answer


def told_papers(journey: Journey, end: datetime | None = None) -> list[Document] | None:
    """Tell what is wrong with the papers until the end, None where no vessel was named."""
    faults = journey.papers(end)
    return None if faults is None else [fault.told() for fault in faults]


def told_passed(one: Passed) -> Document:
    """Tell of a structure on the way, with the sizes of its openings and when it is come to."""
    openings = one.structure.openings or (None,)
    return {
        **about_structure(one.structure),
        "against": one.against,
        "lock": one.is_lock,
        "enter_s": round(one.enter_s, 1),
        "leave_s": round(one.leave_s, 1),
        "openings": [
            {**about_opening(opening), "sizes": {
                **one.sizes.get(None, {}),
                **(one.sizes.get(opening.number, {}) if opening else {})}}
            for opening in openings
        ],
    }  # fmt: skip


def told_eta(
    journey: Journey, found: Path, passed: Sequence[Passed], waits: Waits | None
) -> Document:
    """Tell when a voyage ends, with the waits at its locks."""
    travel_s = found.sums()[1] / 1000
    total = estimate(passed, travel_s, journey.depart, waits)
    names = {one.structure.id: one.structure.name for one in passed}
    arrive = journey.depart + timedelta(seconds=total.end.middle_s)
    return {
        "depart_at": journey.depart.isoformat(timespec="seconds"),
        "arrive_at": arrive.isoformat(timespec="seconds"),
        "travel_s": round(travel_s, 1),
        "with_locks_s": _spread(total.end),
        "locks": [_told_lock(one, names[one.lock]) for one in total.locks],
        "waits_unknown": [str(lock) for lock in total.unknown],
    }


def _told_lock(one: LockTold, name: dict[str, str | None]) -> Document:
    """Tell of a lock: its wait with the lockage, or that no queue is known."""
    stop = one.stop
    return {
        "lock": str(one.lock), "name": name, "queue_known": stop is not None,
        "arrive_s": stop and _spread(stop.arrive), "wait_s": stop and _spread(stop.wait),
        "usual_lockage_s": one.usual_s, "note": None if stop else NO_QUEUE,
    }  # fmt: skip


def _spread(one: Spread) -> Document:
    return {"p10": round(one.low_s, 1), "p50": round(one.middle_s, 1), "p90": round(one.high_s, 1)}


def _declared(journey: Journey, voyage: Voyage) -> list[str]:
    """Name the declared values that the ways rest on."""
    table, mine = voyage.vessel.judge.table, {row.id for row in journey.declared}
    edges = {edge for found in voyage.paths for edge in found.edges.tolist()}
    judge = voyage.vessel.judge
    used = {
        table.rows[table.term_row[term]].id
        for edge in edges
        for option in table.options_of[edge]
        for term in judge.terms_of(option)
    }
    return sorted(used & mine)


def told_profile(voyage: Voyage, found: Path, lengths_m: Floats) -> list[Document]:
    """Tell along a way how large a vessel may be, for sure and at most: 0 none, null any."""
    judge, state = voyage.vessel.judge, voyage.vessel.windows.state
    nothing = np.full(len(judge.kind.sizes), np.nan)
    sizes = {
        name: [judge.capacity(state, place, nothing, sure=sure, others=False)
               for sure in (True, False)]
        for place, name in enumerate(judge.kind.sizes) if name in DIMENSIONS
    }  # fmt: skip
    keys, part, _ = found.parts()
    ends = np.cumsum(lengths_m[keys >> 1] * part)
    told = []
    for key, end, share in zip((keys >> 1).tolist(), ends.tolist(), part.tolist(), strict=True):
        if share > 0:
            begin = end - float(lengths_m[key]) * share
            admitted = {
                name: {"sure": _size(sure[key]), "may": _size(may[key])}
                for name, (sure, may) in sizes.items()
            }
            told.append({"from_m": round(begin, 1), "to_m": round(end, 1), "admits": admitted})
    return told


def _size(value: float) -> float | None:
    """Tell of a size: none passes at 0, any at null."""
    if value == -np.inf:
        return 0.0
    return round(float(value), 3) if np.isfinite(value) else None


def teller_now(journey: Journey) -> Teller:
    """Return who tells of all edges as a vessel finds them at its departure."""
    judge = journey.limits.judge
    sizes = np.array([journey.query.sizes[name] for name in judge.kind.sizes])
    state = judge.at(journey.depart.timestamp())
    edges = journey.network.graph.edges
    return Teller(judge, edges, state, sizes, judge.verdict(state, sizes))


def told_refused(journey: Journey, error: LimitViolated) -> list[Document]:
    """Tell of the edges that a refusal names, each with all limits that it breaks."""
    named = cast(list[Blocking], error.extra["edges"])
    found = [journey.network.graph.ids.find(UUID(one["edge"])) for one in named]
    return told_refusals(teller_now(journey), [edge for edge in found if edge is not None])[:NAMED]
