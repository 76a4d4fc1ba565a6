"""What rows of a timetable must be to each other; one bad row stops no other trip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import TypeVar

from data.linkage.stage import Given, Stage
from data.linkage.tables import (
    AgencyRow,
    CalendarDateRow,
    CalendarRow,
    ClosureRow,
    RouteRow,
    StopRow,
    StopTimeRow,
    TransferRow,
    TripRow,
)
from spatial.geo.codes import is_unlocode, parse_unlocode

Hubs = Mapping[str, str]
"""The hub that each id and each UN/LOCODE, also an earlier one, stands for."""


def hubs_with(stage: Stage, known: Hubs) -> dict[str, str]:
    """Return the hubs that rows may name: those known, and those of the timetable itself."""
    own = [given.row for given in stage.of(StopRow)]
    codes = {code: row.stop_id for row in own for code in row.un_locodes}
    return {**known, **codes, **{row.stop_id: row.stop_id for row in own}}


def find_hub(hubs: Hubs, name: str) -> str | None:
    """Return the hub of an id or a UN/LOCODE, None where there is none."""
    return hubs.get(name) or (hubs.get(parse_unlocode(name)) if is_unlocode(name) else None)


def judge(stage: Stage, hubs: Hubs) -> None:
    """Refuse rows that name what there is not, and trips that cannot run."""
    agencies = {given.row.agency_id for given in stage.of(AgencyRow)}
    _keep(stage, RouteRow, "agency_id", agencies, "unknown-carrier", "承运人")
    routes = {given.row.route_id for given in stage.of(RouteRow)}
    calendars = {given.row.service_id for given in stage.of(CalendarRow)}
    calendars |= {given.row.service_id for given in stage.of(CalendarDateRow)}
    _keep(stage, TripRow, "route_id", routes, "unknown-service", "班线")
    _keep(stage, TripRow, "service_id", calendars, "unknown-calendar", "日历")
    stage.keep(TransferRow, [one for one in stage.of(TransferRow) if _known(stage, one, hubs)])
    stage.keep(ClosureRow, [one for one in stage.of(ClosureRow) if _known(stage, one, hubs)])
    _judge_trips(stage, hubs)


def _keep(
    stage: Stage, kind: type[RouteRow | TripRow], name: str, known: set[str], reason: str, zh: str
) -> None:
    kept = []
    for given in stage.of(kind):
        value = getattr(given.row, name)
        if value in known:
            kept.append(given)
        else:
            stage.refuse(given, reason, f"没有{zh} {value}", f"there is no {name} {value}")
    stage.keep(kind, kept)


AtHub = TypeVar("AtHub", StopTimeRow, TransferRow, ClosureRow)


def _known(stage: Stage, given: Given[AtHub], hubs: Hubs) -> bool:
    """Tell whether a row's hub is known; refuse it with the nearest names where it is not."""
    name = given.row.stop_id
    if find_hub(hubs, name) is not None:
        return True
    near = get_close_matches(name, list(hubs), 3, 0.6)
    zh, en = (f"，是否指 {'、'.join(near)}", f"; perhaps {', '.join(near)}") if near else ("", "")
    stage.refuse(given, "unknown-place", f"没有枢纽 {name}{zh}", f"there is no hub {name}{en}")
    return False


def _judge_trips(stage: Stage, hubs: Hubs) -> None:
    by_trip = defaultdict[str, list[Given[StopTimeRow]]](list)
    for given in stage.of(StopTimeRow):
        by_trip[given.row.trip_id].append(given)
    wanting = {
        str(bad.row.get("trip_id")) for bad in stage.bad if bad.row["file"] == StopTimeRow.FILE
    }
    trips, calls = [], []
    for trip in stage.of(TripRow):
        mine = sorted(by_trip.pop(trip.row.trip_id, []), key=lambda one: one.row.stop_sequence)
        if trip.row.trip_id in wanting or _any_lost(stage, mine, hubs):
            stage.left_out += 1
        elif _runs(stage, trip, mine, hubs):
            trips.append(trip)
            calls += mine
    told = {str(bad.row.get("trip_id")) for bad in stage.bad}
    for name, left in by_trip.items():
        if name not in told:
            stage.refuse(left[0], "unknown-trip", f"没有车次 {name}", f"there is no trip {name}")
    stage.keep(TripRow, trips)
    stage.keep(StopTimeRow, calls)


def _any_lost(stage: Stage, calls: list[Given[StopTimeRow]], hubs: Hubs) -> bool:
    """Refuse the calls at hubs that are not known; tell whether there are any."""
    lost = [call for call in calls if not _known(stage, call, hubs)]
    return bool(lost)


def _runs(stage: Stage, trip: Given[TripRow], calls: list[Given[StopTimeRow]], hubs: Hubs) -> bool:
    """Tell whether a trip can run; refuse the first row that forbids it."""
    if len(calls) < 2:
        stage.refuse(trip, "too-few-calls", "停靠少于两处", "it has fewer than two calls")
        return False
    for before, after in pairwise(calls):
        if after.row.arrival_time < before.row.departure_time:
            stage.refuse(
                after, "arrives-before-departure", f"到达早于上一站（{before.at}）发出",
                f"it arrives before it departs from the call before ({before.at})",
            )  # fmt: skip
            return False
        if find_hub(hubs, before.row.stop_id) == find_hub(hubs, after.row.stop_id):
            stage.refuse(
                after, "hub-loop", f"从 {after.row.stop_id} 回到自身",
                f"it leads from {after.row.stop_id} to itself",
            )  # fmt: skip
            return False
        if after.row.distance_km is None:
            stage.refuse(
                after, "missing-value", "distance_km：缺少里程",
                "distance_km: CO2 is reckoned from it; give the distance from the call before",
            )  # fmt: skip
            return False
    return True
