"""Fronts and profiles: every itinerary that no other beats in arrival, cost, CO2 and transfers.

Between intervals one amount is no worse than another only if it is so at both ends, in the best
case and in the worst. That adds up along an itinerary, so that the answer is exact: it is what
trying all itineraries leaves (`routing.multimodal.reference`). Setting out later is better too in a
profile.
"""

from __future__ import annotations

import numpy as np

from routing.graph.weights import Ints
from routing.multimodal.bag_kernels import (
    BEATEN,
    BY_DIRECT,
    DIRECT,
    DUE,
    GOAL,
    HUB,
    LATEST,
    LIMIT,
    MOST_LEGS,
    NONE,
    ROAD_WAY,
    RUN,
    STATE,
)
from routing.multimodal.bound_kernels import list_chances
from routing.multimodal.itinerary import Itinerary, read_itinerary
from routing.multimodal.label_kernels import set_labels
from routing.multimodal.question import Question
from routing.multimodal.timetable import ROAD


def find_front(question: Question, at: int) -> list[Itinerary]:
    """Return what no other itinerary beats of those that set out at a time (Unix s) or after it.

    The soonest first; each tells when to set out for it at the latest.
    """
    labels = _labels(question, at, at)
    found = [read_itinerary(question, labels, number) for number in _goals(labels, question)]
    return sorted(found, key=lambda one: one.vector)


def find_profile(question: Question, since: int, until: int) -> list[Itinerary]:
    """Return what no other itinerary beats that sets out as late, within a period (Unix s).

    By the time of setting out. The way by road alone may be driven at any time: it is answered
    once, first, and beats at each time what it beats.
    """
    labels = _labels(question, since, until)
    goals = _goals(labels, question)
    driven = labels[goals, RUN] == BY_DIRECT
    rides = [read_itinerary(question, labels, number) for number in goals[~driven].tolist()]
    drives = [read_itinerary(question, labels, number) for number in goals[driven][-1:].tolist()]
    return drives + sorted(rides, key=lambda one: (one.departs, one.vector))


def _goals(labels: Ints, question: Question) -> Ints:
    at_goal = labels[:, HUB] == len(question.ends)
    return np.flatnonzero(at_goal & (labels[:, STATE] != BEATEN))


def _labels(question: Question, since: int, until: int) -> Ints:
    table = question.timetable
    runs = (table.run_first, table.run_start, table.run_trip, table.trip_first)
    closed = (table.closed_first, table.closed_from, table.closed_to)
    chances = list_chances(
        question.starts, question.transfers, question.halts, table.halt_first, table.at_first,
        table.at_halt, *runs, table.depart_s, question.usable, *closed, since, until,
    )  # fmt: skip
    if question.has_direct:
        chances = np.concatenate([chances, [[since, 0, 0, NONE]]])
    chances = np.ascontiguousarray(chances[np.argsort(-chances[:, DUE], kind="stable")])
    limits = np.zeros(LIMIT, np.int64)
    limits[LATEST], limits[MOST_LEGS] = question.limits.latest, question.limits.most_transfers + 1
    limits[DIRECT], limits[ROAD_WAY], limits[GOAL] = question.has_direct, ROAD, len(question.ends)
    return set_labels(
        chances, question.starts, question.ends, limits, question.direct, question.transfers,
        question.covers, question.road_first, question.road_to, question.road_legs,
        question.least, question.aboard, question.halts, table.halt_first, table.at_first,
        table.at_halt, *runs,        table.arrive_s, table.depart_s, question.usable, *closed,
    )  # fmt: skip
