"""The answer to "may I fly here?": verdict, who says so and why, what is unknown, what would do."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import numpy as np

from layers.processes.airspace.alternatives import SIDE_LEVEL, of_point, of_shape
from layers.processes.airspace.question import Asked, CheckInputs
from layers.processes.readers.airspace_rows import AirOfTime
from routing.airspace.ask import judge_place, judge_places, levels_at, places_of, zones_over
from routing.airspace.coverage import CATEGORIES
from routing.airspace.filing import DAY_ZONE, deadlines_of
from routing.airspace.judge import CEILING, Columns, Finding, Flight, Judgement
from routing.airspace.levels import Joins, Levels, names_of
from routing.airspace.nearest import Place, Search, earliest_change, target_of
from routing.airspace.nearest_shape import Spread
from routing.airspace.verdict import NAMES, Weight, answer_of, codes_of
from routing.airspace.zones import Limit, Zone
from spatial.airspace_rules import (
    AUTHORITIES,
    BOUNDS,
    CLASS_BANDS,
    FILING,
    GROUND,
    UAS_CEILING,
)
from spatial.geo import beidou_grid
from spatial.geo.heights import DATUMS
from spatial.geozones.schedule import FAR
from spatial.geozones.schedule_json import write_periods
from spatial.json_types import Document
from spatial.rules import get_rule

_READ = (CLASS_BANDS, UAS_CEILING, GROUND, AUTHORITIES, FILING, BOUNDS)
EFFECTS = {
    Weight.FREE: "none",
    Weight.CONFIRM: "needs_confirmation",
    Weight.APPROVE: "needs_approval",
    Weight.PROHIBIT: "prohibited",
}
NOTE = {
    "zh": "按已加载数据与规则推算，不是飞行批准；以空中交通管理机构答复为准。",
    "en": "Computed from what is loaded and from rules; no approval: air traffic control decides.",
}


def flight_of(inputs: CheckInputs, asked: Asked, air: AirOfTime) -> Flight:
    """Return who flies when, with the clock of the task."""
    clock = get_rule(air.rules, FILING).value.root[inputs.task]
    begin, end = asked.begin.timestamp(), asked.end.timestamp()
    return Flight(inputs.aircraft, begin, end, clock, inputs.facility)


def joins_of(asked: Asked, air: AirOfTime) -> Joins:
    """Return what joins datums for a question, its QNH among them."""
    joins = air.judge.air.joins
    return Joins(joins.terrain, joins.geoid, asked.qnh)


def answer_one(inputs: CheckInputs, asked: Asked, air: AirOfTime, now: datetime) -> Document:
    """Answer a question about one flight."""
    document, look = begin_answer(inputs, asked, air, now)
    return document if look is None else document | look()


def begin_answer(
    inputs: CheckInputs, asked: Asked, air: AirOfTime, now: datetime
) -> tuple[Document, Callable[[], Document] | None]:
    """Return the answer about one flight, and what looks for its alternatives if it is to."""
    footprint = asked.footprint
    assert footprint is not None  # noqa: S101
    flight, joins = flight_of(inputs, asked, air), joins_of(asked, air)
    shape, zones = footprint.shape, zones_over(air.judge, footprint)
    places = None if asked.is_point else places_of(air.judge, footprint, joins.terrain)
    if places is None:
        levels = levels_at(np.array([shape.x]), np.array([shape.y]), asked.heights, joins)
        found = judge_place(air.judge, levels, zones, flight)
    else:
        levels = levels_at(places.lon, places.lat, asked.heights, joins)
        found = judge_places(air.judge, places, levels, flight)
    change_s = earliest_change(air.judge, zones, flight.begin_s)
    document: Document = {
        **said(found, flight, air), **_head(inputs, asked),
        "airspace_class": list(found.classes),
        "ground": _ground(found, air),
        "heights": _heights(levels),
        "filing": _filing(inputs, found, asked, air, now),
        "valid_until": _valid_until(change_s, air),
        **_basis(air, joins),
    }  # fmt: skip
    if places is None:
        document["beidou_cell"] = beidou_grid.encode(shape.x, shape.y, SIDE_LEVEL)
    if not inputs.alternatives or found.most <= target_of(flight):
        return document, None
    of: Place | Spread
    if places is None:
        of = Place(shape.x, shape.y, asked.heights, flight)
    else:
        of = Spread(footprint, asked.heights, flight, places)
    return document, partial(_alternatives, air, joins, of, now)


def _alternatives(air: AirOfTime, joins: Joins, asked: Spread | Place, now: datetime) -> Document:
    bounds = get_rule(air.rules, BOUNDS).value
    search = Search(air.judge, joins, bounds.search_m, bounds.search_height_m)
    horizon_s = bounds.horizon_days * 86_400.0
    if isinstance(asked, Place):
        return {"alternatives": of_point(search, asked, now, horizon_s)}
    return {"alternatives": of_shape(search, asked, now, horizon_s)}


def answer_many(inputs: CheckInputs, asked: Asked, air: AirOfTime) -> Document:
    """Answer a question about many points, as columns."""
    flight, joins = flight_of(inputs, asked, air), joins_of(asked, air)
    heights = asked.heights
    levels = levels_at(asked.lon, asked.lat, heights, joins)
    if asked.column_m is not None:
        slack = np.full(len(asked.lon), heights.slack_m)
        column = asked.column_m
        levels = Levels(asked.lon, asked.lat, heights.datum, column, column, slack, joins)
    columns = air.judge.columns(levels, flight)
    numbers, local = np.unique(columns.zone, return_inverse=True)
    starts = np.searchsorted(columns.place, np.arange(len(asked.lon) + 1))
    counties = air.known.coverage.counties
    return {
        **_head(inputs, asked),
        "verdict": NAMES[codes_of(columns.least, columns.most, columns.unknown)].tolist(),
        "zones": [_zone(air.known.zones.all[number]) for number in numbers.tolist()],
        "zone_start": starts.tolist(), "zone_index": local.tolist(), "zone_surely": _whole(columns),
        "admin_code": [county.admin_code for county in counties],
        "county_index": columns.county.tolist(),
        "ground_unknown": {county.admin_code: county.unknown for county in counties},
        **_basis(air, joins),
    }  # fmt: skip


def _whole(columns: Columns) -> list[bool]:
    surely: list[bool] = columns.surely.tolist()
    return surely


def _head(inputs: CheckInputs, asked: Asked) -> Document:
    return {
        "aircraft": inputs.aircraft, "task": inputs.task,
        "at": asked.begin.astimezone(DAY_ZONE), "until": asked.end.astimezone(DAY_ZONE),
    }  # fmt: skip


def said(found: Judgement, flight: Flight, air: AirOfTime) -> Document:
    """Return the verdict on a flight, the zones that speak, and what is missing to be sure."""
    return {
        **_verdict(found),
        "zones": [_spoken(one, air) | _hours(one.zone, flight) for one in found.findings],
        "missing": sorted({name for one in found.findings for name in names_of(one.missing)}),
    }


def _verdict(found: Judgement) -> Document:
    verdict = answer_of(found.least, found.most, unknown=found.unknown)
    range_ = [
        answer_of(weight, weight, unknown=found.unknown).value
        for weight in (found.least, found.most)
    ]
    return {"verdict": verdict.value, "verdict_range": list(dict.fromkeys(range_))}


def _spoken(one: Finding, air: AirOfTime) -> Document:
    """Return a zone or ceiling that speaks, how surely, and what it lacks to be sure."""
    body = _ceiling(one, air) if one.zone is None else _zone(one.zone)
    sure = one.missing == 0
    return {
        **body, "state": "inside" if sure else "perhaps", "missing": names_of(one.missing),
        "effect": EFFECTS[Weight(one.most)],
    }  # fmt: skip


def _hours(zone: Zone | None, flight: Flight) -> Document:
    """Return the hours of a zone that has some, about the flight's time; `computed`: by the sun."""
    if zone is None or zone.timetable is None:
        return {}
    begin, end = (datetime.fromtimestamp(s, UTC) for s in (flight.begin_s, flight.end_s))
    told = [
        {
            "begin": one.begin.astimezone(DAY_ZONE) if one.begin > begin - FAR else None,
            "end": one.end.astimezone(DAY_ZONE) if one.end < end + FAR else None,
            "computed": one.computed,
        }
        for one in zone.timetable.windows(begin, end)
    ]
    return {"hours": told, "applicability": write_periods(zone.timetable.periods)}


def _ceiling(one: Finding, air: AirOfTime) -> Document:
    rule = get_rule(air.rules, UAS_CEILING)
    who = get_rule(air.rules, AUTHORITIES).value.root["height"]
    ceiling_m = rule.value.model_dump().get(one.name)
    limit = None if ceiling_m is None else Limit(ceiling_m, "AGL")
    return {
        "id": f"{CEILING}:{one.name}", "sort": CEILING, "level": one.name,
        "name_zh": "适飞高度以上", "name_en": "Above the height without application",
        "restriction": "REQ_AUTHORISATION", "floor": _limit(limit), "ceiling": None,
        "valid_from": None, "valid_to": None, "rule": f"{rule.key}@{rule.version}",
        "rule_source": rule.source, "legal_text": rule.legal_text,
        "authority": {"zh": who.zh, "en": who.en}, "origin": "real",
    }  # fmt: skip


def _zone(zone: Zone) -> Document:
    return {
        "id": zone.id, "sort": zone.sort, "level": zone.level, "name_zh": zone.name_zh,
        "name_en": zone.name_en, "restriction": zone.restriction, "floor": _limit(zone.floor),
        "ceiling": _limit(zone.ceiling), "valid_from": zone.begin, "valid_to": zone.end,
        "rule": zone.rule, "legal_text": zone.legal_text,
        "authority": {"zh": zone.authority[0], "en": zone.authority[1]}, "origin": zone.origin,
    }  # fmt: skip


def _limit(limit: Limit | None) -> Document | None:
    """Return a limit as it is told; None is none, a null value is one that nobody knows."""
    if limit is None:
        return None
    return {
        "value": limit.value_m, "datum": limit.datum or "unknown", "unit": "m",
        "included": limit.included,
    }  # fmt: skip


def _ground(found: Judgement, air: AirOfTime) -> Document:
    """Return the status of each category by county; beyond all counties everything is unknown."""
    counties = air.known.coverage.counties
    touched = [counties[number] for number in found.counties.tolist()]
    unknown = {name for county in touched for name in county.unknown}
    return {
        "counties": [
            {
                "admin_code": county.admin_code, "name_zh": county.name_zh,
                "name_en": county.name_en,
                "categories": {name: county.status_of(name) for name in CATEGORIES},
            }
            for county in touched
        ],
        "beyond": found.beyond,
        "unknown": list(CATEGORIES) if found.beyond else [n for n in CATEGORIES if n in unknown],
    }  # fmt: skip


def _heights(levels: Levels) -> Document:
    """Return the interval of heights (m) in each datum over all places; None if one is unknown."""
    found: Document = {}
    for datum in DATUMS:
        level = levels.of(datum)
        low, high = level.low_m - level.slack_m, level.high_m + level.slack_m
        lowest, highest = float(low.min()), float(high.max())
        known = math.isfinite(lowest) and math.isfinite(highest)
        found[datum] = [round(lowest, 2), round(highest, 2)] if known else None
    return found


def _filing(
    inputs: CheckInputs, found: Judgement, asked: Asked, air: AirOfTime, now: datetime
) -> Document:
    rule = get_rule(air.rules, FILING)
    free = found.most == Weight.FREE and not found.unknown
    task = "suitable_airspace" if free else inputs.task
    clock = rule.value.root[task]
    by = deadlines_of(clock, asked.begin, now)
    return {
        "task": task, "title": {"zh": clock.zh, "en": clock.en}, "file_by": by.file_by,
        "reply_by": by.reply_by, "confirm_by": by.confirm_by, "late": by.late,
        "rule": f"{rule.key}@{rule.version}", "legal_text": rule.legal_text, "source": rule.source,
    }  # fmt: skip


def _valid_until(change_s: float | None, air: AirOfTime) -> datetime | None:
    """Return until when nothing known changes the answer; None where nothing is known to."""
    return None if change_s is None else datetime.fromtimestamp(change_s, UTC)


def _basis(air: AirOfTime, joins: Joins) -> Document:
    terrain, geoid = joins.terrain, joins.geoid
    return {
        "data_as_of": air.known.changed_at, "airspace_version": air.known.version,
        "rules": {kind.key: air.rules[kind.key].version for kind in _READ},
        "terrain": None
        if terrain is None
        else {"name": terrain.name, "origin": terrain.origin, "accuracy_m": terrain.accuracy_m},
        "geoid": None
        if geoid is None
        else {"name": geoid.name, "accuracy_m": geoid.accuracy_m},
        "note": NOTE,
    }  # fmt: skip
