"""Verdicts of plans that wait: kept while the air changes elsewhere, always what is said anew."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import shapely

from api.airspace.air_changes import AirChanges
from api.airspace.air_keeper import HeldAir
from api.airspace.extents import Extent
from api.airspace.plan_verdict import WORST_FIRST, Subject, is_of, judged, reach_of
from layers.processes.airspace.answer import answer_one
from layers.processes.airspace.question import CheckInputs, read_question
from layers.processes.readers.airspace_rows import Known
from routing.airspace.coverage import Coverage
from routing.airspace.judge import Judge
from routing.airspace.zones import Zones
from spatial.airspace_rules import (
    ACCURACY,
    AUTHORITIES,
    BOUNDS,
    CLASS_BANDS,
    FILING,
    GROUND,
    UAS_CEILING,
)
from spatial.geo.volumes import Area, Circle
from spatial.rules import RuleSet
from tests.routing.test_airspace import judge, read_rule

NOW = datetime.now(UTC)
RULES = (ACCURACY, AUTHORITIES, BOUNDS, CLASS_BANDS, FILING, GROUND, UAS_CEILING)
AIRCRAFT = ("micro", "light", "small", "medium", "large")


def air_of(version: int, zones: list, coverage: Coverage | None = None) -> HeldAir:
    made = judge().air
    rules = RuleSet([read_rule(kind) for kind in RULES])
    known = Known(version, NOW, Zones(zones), coverage or made.coverage, made.joins.terrain)
    return HeldAir(known, Judge(replace(made, zones=known.zones, coverage=known.coverage)), rules)


def extent(rng: random.Random) -> Extent:
    lon, lat = rng.uniform(120.02, 120.95), rng.uniform(30.02, 30.95)
    lower, begin = rng.uniform(10, 300), NOW + timedelta(minutes=rng.uniform(10, 600))
    shape = Circle((lon, lat), rng.uniform(20, 900))
    if rng.random() < 0.6:
        ring = [(lon, lat), (lon + 0.01, lat + 0.002), (lon + 0.008, lat + 0.009)]
        shape = Area(shapely.Polygon(ring))
    end = begin + timedelta(minutes=rng.uniform(1, 40))
    return Extent(shape, lower, lower + rng.uniform(5, 120), begin, end)


def plans(rng: random.Random, count: int) -> list[Subject]:
    return [
        Subject([extent(rng) for _ in range(rng.choice((1, 1, 3)))], rng.choice(AIRCRAFT),
                rng.choice(("ordinary", "urgent", "farm_work")))
        for _ in range(count)
    ]  # fmt: skip


def test_a_verdict_is_that_of_the_heaviest_of_its_volumes_as_anybody_is_told():
    air, rng = air_of(1, list(judge().air.zones.all)), random.Random(3)
    seen = set()
    for plan in plans(rng, 60):
        answers = [told(one, plan, air) for one in plan.extents]
        heaviest = min(answers, key=lambda one: WORST_FIRST.index(one["verdict"]))
        kept = judged(plan, air)
        assert {name: kept[name] for name in ("verdict", "verdict_range", "missing")} == {
            name: heaviest[name] for name in ("verdict", "verdict_range", "missing")
        }
        spoken = {zone["id"]: zone["name_en"] for one in answers for zone in one["zones"]}
        assert {zone["id"]: zone["name_en"] for zone in kept["zones"]} == spoken
        seen.add(kept["verdict"])
    assert len(seen) > 2


def told(one: Extent, plan: Subject, air: HeldAir) -> dict:
    """Return the answer to whoever asks for one volume."""
    shape = one.footprint
    where = {"type": "Circle", "coordinates": list(shape.middle), "radius_m": None}
    if isinstance(shape, Circle):
        where["radius_m"] = shape.radius_m
    else:
        ring = [list(xy) for xy in shape.polygon.exterior.coords]
        where = {"type": "Polygon", "coordinates": [ring]}
    low, high = ({"value": h, "datum": "W84", "unit": "m"} for h in (one.lower_m, one.upper_m))
    inputs = CheckInputs.model_validate({
        "geometry": where, "band": {"lower": low, "upper": high}, "aircraft": plan.aircraft,
        "at": one.begin, "until": one.end, "task": plan.task, "alternatives": False,
    })  # fmt: skip
    return answer_one(inputs, read_question(inputs, read_rule(BOUNDS).value, NOW, 5.0), air, NOW)


def test_what_is_kept_is_what_is_judged_from_scratch_whatever_changed():
    rng, changes = random.Random(4), AirChanges()
    zones = [replace(zone, begin=zone.begin and NOW, end=zone.end and NOW + timedelta(hours=5))
             for zone in judge().air.zones.all]  # fmt: skip
    air, waiting = air_of(1, zones), plans(rng, 30)
    kept = [judged(plan, air) for plan in waiting]
    anew = 0
    for version in range(2, 10):
        number = rng.randrange(len(zones))
        zones = changed(zones, number, rng)
        whole = air_of(0, [], Coverage(judge().air.coverage.counties[:2])).known.coverage
        later = air_of(version, zones, whole if version > 8 else None)
        changes.note(air.known, later.known)
        air = later
        for n, plan in enumerate(waiting):
            scratch = judged(plan, air)
            reach = reach_of(plan.extents)
            if not is_of(kept[n]["airspace_version"], kept[n]["rules"], air, changes, reach):
                kept[n], anew = scratch, anew + 1
            assert said(kept[n]) == said(scratch), (version, number)
    assert len(waiting) < anew < 5 * len(waiting)


def changed(zones: list, number: int, rng: random.Random) -> list:
    """Return zones of which one is gone, moved in time or height, or joined by another."""
    one = zones[number]
    how = rng.choice(("gone", "time", "height", "more"))
    if how == "gone":
        return zones[:number] + zones[number + 1 :]
    if how == "time":
        begin = NOW + timedelta(minutes=rng.uniform(0, 400))
        moved = replace(one, begin=begin, end=begin + timedelta(minutes=90))
    elif how == "height":
        moved = replace(one, floor=None, ceiling=None)
    else:
        lon, lat = rng.uniform(120.1, 120.8), rng.uniform(30.1, 30.8)
        circle = Circle((lon, lat), 6_000.0)
        moved = replace(one, id=f"more-{lon}", circle=circle, shape=circle.polygon,
                        restriction="PROHIBITED", begin=None, end=None)  # fmt: skip
        return [*zones, moved]
    return [*zones[:number], moved, *zones[number + 1 :]]


def said(verdict: dict) -> dict:
    """Return what a verdict says, not when and of which version it is."""
    return {name: verdict[name] for name in ("verdict", "verdict_range", "missing", "zones")}
