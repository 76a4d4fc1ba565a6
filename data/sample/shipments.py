"""Shipments of the sample: past ones that went well, ones on real runs, and planted faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import orjson
import psycopg
import shapely

from data.facts import Facts, read_facts
from data.sample.rides import Rides, read_rides
from data.things import clear
from spatial.geo.codes import iso6346_check_digit
from spatial.ids import record_id, stable_uuid7
from spatial.logistics.events import Event, EventType
from spatial.logistics.plans import KeptPlan, Leg, PlanPlace, PlanUnit, UnitKind
from spatial.postgres.bulk import copy_rows
from spatial.postgres.ingest import SourceInfo, save_source
from spatial.transport_modes import Mode

Rng = np.random.Generator
Way = Sequence[tuple[Mode, str, str, float]]
"""Legs: mode, hubs, hours."""
HOUR = timedelta(hours=1)
_OPERATION = (
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "valid_from",
    "props", "name_zh", "name_en", "state", "planned_start", "planned_end", "teu", "geom",
)  # fmt: skip
_SHIPMENT = (
    "operation_id", "source_id", "key", "units", "refs", "transports", "plan", "since", "until",
)  # fmt: skip
_EVENT = (
    "id", "operation_id", "source_id", "event_id", "at", "unit", "transport", "refs", "retracts",
    "document", "raw", "unit_id", "origin",
)  # fmt: skip
_PLACES = """
SELECT id, name_zh, name_en, admin_code, ST_X(geom), ST_Y(geom), 'hub' FROM sigang.linkage_hub
UNION ALL SELECT iata, name_zh, name_en, admin_code, ST_X(p), ST_Y(p), 'airport'
FROM sigang.facility, LATERAL (SELECT ST_PointOnSurface(geom) AS p) at WHERE iata = %s"""
_ON_WAY = "330000-dispatch"


@dataclass(frozen=True)
class Made:
    """A shipment with its events; the county of its first place."""

    key: str
    plan: KeptPlan
    admin_code: str
    events: list[Event]


@dataclass(frozen=True)
class _Maker:
    facts: Facts
    places: dict[str, PlanPlace]
    counties: dict[str, str]
    rng: Rng

    def box(self, number: int) -> str:
        """Return the number of a made-up box."""
        body = f"TESU{900_000 + number:06d}"
        return f"{body}{iso6346_check_digit(body)}"

    def shipment(self, key: str, number: int, way: Way, at: datetime) -> Made:
        """Return a shipment over a way that leaves about a time, with all its events."""
        legs: list[Leg] = []
        for mode, start, goal, hours in way:
            departs = at if not legs else legs[-1].arrives + 6 * HOUR
            legs.append(Leg(
                mode, start, goal, departs, departs + hours * HOUR,
                f"{key}-{len(legs) + 1}", departs - 4 * HOUR,
            ))  # fmt: skip
        return self._made(key, number, legs)

    def riding(self, key: str, number: int, way: Way, since: datetime, rides: Rides) -> Made:
        """Return a shipment on the first runs of the timetable after a time."""
        legs: list[Leg] = []
        for mode, start, goal, _ in way:
            legs.append(rides.next_leg(mode, start, goal, since))
            since = legs[-1].arrives + self.facts["change_h"] * HOUR
        return self._made(key, number, legs)

    def _made(self, key: str, number: int, legs: list[Leg]) -> Made:
        """Return a shipment of one box with all that is told of it."""
        box, ends = self.box(number), (legs[0].start, legs[-1].goal)
        plan = KeptPlan(
            legs, [PlanUnit(box, "container")], self._told(legs), empty_from=ends[0],
            empty_to=ends[1],
        )  # fmt: skip
        events = list(self._events(key, legs, box))
        return Made(key, plan, self.counties[ends[0]], events)

    def _told(self, legs: Sequence[Leg]) -> list[PlanPlace]:
        ids = dict.fromkeys([legs[0].start, *(leg.goal for leg in legs)])
        return [self.places[one] for one in ids]

    def _events(self, key: str, legs: Sequence[Leg], box: str) -> Iterator[Event]:
        number = 0

        def event(
            code: str, at: datetime, place: str, *, empty: bool = False, on: str | None = None
        ) -> Event:
            nonlocal number
            number += 1
            kind: EventType = "TRANSPORT" if code in ("DEPA", "ARRI") else "EQUIPMENT"
            return Event(
                self.facts["source"]["id"], f"{key}-{number}", at, kind, code, place=place,
                unit=box, empty=empty, transport=on, created_at=at,
            )  # fmt: skip

        yield event("GTOT", legs[0].departs - 30 * HOUR, legs[0].start, empty=True)
        yield event("GTIN", legs[0].departs - 9 * HOUR, legs[0].start)
        ready = legs[0].departs - 9 * HOUR
        for leg in legs:
            late = self.facts["late"][leg.mode]
            left = max(leg.departs, ready + 3 * HOUR) + self._drawn(late["leaves_h"])
            came = left + (leg.arrives - leg.departs) + self._drawn(late["runs_h"])
            loaded = max(min(left, leg.departs) - HOUR, ready + HOUR)
            yield event("LOAD", loaded, leg.start, on=leg.transport)
            yield event("DEPA", left, leg.start, on=leg.transport)
            yield event("ARRI", came, leg.goal, on=leg.transport)
            yield event("DISC", came + HOUR, leg.goal, on=leg.transport)
            ready = came
        yield event("GTOT", ready + 8 * HOUR, legs[-1].goal)
        yield event("GTIN", ready + 40 * HOUR, legs[-1].goal, empty=True)

    def _drawn(self, mean_h: float) -> timedelta:
        return timedelta(seconds=round(float(self.rng.gamma(2, mean_h / 2)) * 3600))

    def bag(self, key: str, at: datetime) -> Made:
        """Return a bag that was accepted and not seen since."""
        flight = self.facts["flight"]
        start, goal = flight["start"], flight["goal"]
        leg = Leg("air", start, goal, at, at + flight["hours"] * HOUR, "SYN1")
        kind: UnitKind = "bag"
        there = PlanPlace(goal, (flight["at"][0], flight["at"][1]), "given")
        plan = KeptPlan([leg], [PlanUnit("0999000001", kind)], [self.places[start], there])
        scan = Event(
            self.facts["source"]["id"], f"{key}-1", at - 2 * HOUR, "BAGGAGE", "ACCEPTANCE",
            place=start, unit="0999000001",
        )  # fmt: skip
        return Made(key, plan, self.counties[start], [scan])


def load_shipments(conn: psycopg.Connection, anchor: datetime) -> int:
    """Replace the sample's shipments by those around a day; return how many; the caller commits."""
    facts = read_facts("shipments")
    source = facts["source"]
    save_source(conn, SourceInfo(
        source["id"], source["zh"], source["en"], source["license"], "Sigang sample facts",
        version="facts/shipments.toml", props={"synthetic": True},
    ))  # fmt: skip
    clear(conn, [source["id"]], "shipment_event", "operation")
    made = make_shipments(
        facts, conn.execute(_PLACES, [facts["flight"]["start"]]).fetchall(), anchor,
        read_rides(conn),
    )  # fmt: skip
    copy_rows(conn, "operation", _OPERATION, (_operation(source["id"], one) for one in made))
    copy_rows(conn, "shipment", _SHIPMENT, (_plan(source["id"], one) for one in made))
    rows = (_event(source["id"], one, event) for one in made for event in one.events)
    copy_rows(conn, "shipment_event", _EVENT, rows)
    return len(made)


def make_shipments(
    facts: Facts, known: Sequence[Sequence[object]], anchor: datetime, rides: Rides
) -> list[Made]:
    """Return past shipments and ones under way without fault, and the planted ones, by a seed."""
    places, counties = {}, {}
    for identity, zh, en, code, lon, lat, basis in known:
        name = str(identity)
        point = float(str(lon)), float(str(lat))
        places[name] = PlanPlace(name, point, str(basis), str(zh), None if en is None else str(en))
        counties[name] = str(code)
    maker = _Maker(facts, places, counties, np.random.default_rng(facts["seed"]))
    ways = [one["legs"] for one in facts["way"]]
    made = []
    for number in range(facts["past"]):
        days = 6 + 50 * number / facts["past"]
        at = anchor - timedelta(days=days) + timedelta(hours=int(maker.rng.integers(0, 24)))
        made.append(maker.shipment(f"past-{number:03d}", number, ways[number % len(ways)], at))
    made += _planted(maker, ways, anchor, facts["past"])
    return made + _coming(maker, ways, anchor, rides, len(made) + 1)


def _coming(
    maker: _Maker, ways: Sequence[Way], anchor: datetime, rides: Rides, number: int
) -> list[Made]:
    """Return shipments on runs about the anchor: their events come to be known as time passes."""
    facts = maker.facts
    own = replace(maker, rng=np.random.default_rng(facts["seed"] + 1))
    begin, end = facts["coming_days"]
    every = range(facts["coming"])
    days = [begin + (end - begin) * place / facts["coming"] for place in every]
    return [
        own.riding(f"coming-{place:03d}", number + place, ways[place % len(ways)],
                   anchor + timedelta(days=days[place]), rides)
        for place in every
    ]  # fmt: skip


def _planted(maker: _Maker, ways: Sequence[Way], anchor: datetime, number: int) -> Iterator[Made]:
    """Yield shipments that left days ago, each with one thing wrong."""
    left = anchor - timedelta(days=5)

    def ship(key: str, way: int) -> Made:
        nonlocal number
        number += 1
        return maker.shipment(key, number, ways[way], left)

    late = ship("missed-cut-off", 0)
    gate = late.plan.legs[0].gate_closes or left
    begun, entered, *rest = late.events
    yield replace(late, events=[begun, replace(entered, at=gate + HOUR / 2), *rest])
    lost = ship("lost-scan", 2)
    loaded = [e for e in lost.events if e.code == "LOAD"]
    yield replace(lost, events=[e for e in lost.events if e != loaded[1]])
    twice = ship("returned-twice", 1)
    last = twice.events[-1]
    again = replace(last, id=f"{twice.key}-again", at=last.at + 6 * HOUR, place="zhenhai")
    yield replace(twice, events=[*twice.events, again])
    never = ship("never-picked-up", 4)
    planned = [replace(leg, departs=leg.departs + timedelta(days=30),
                       arrives=leg.arrives + timedelta(days=30), gate_closes=None)
               for leg in never.plan.legs]  # fmt: skip
    yield replace(never, plan=replace(never.plan, legs=planned), events=[never.events[-1]])
    gone = ship("retracted-event", 4)
    upto = [e for e in gone.events if e.code != "GTOT" or e.empty][:-1]
    disc = next(e for e in upto if e.code == "DISC")
    back = Event(disc.source, f"{gone.key}-back", disc.at + HOUR, retracts=disc.id)
    yield replace(gone, events=[back, *upto])
    yield maker.bag("bag-not-loaded", anchor + HOUR / 3)


def _operation(source: str, one: Made) -> tuple[object, ...]:
    legs = one.plan.legs
    at = {place.id: place.at for place in one.plan.places}
    line = shapely.LineString([at[legs[0].start], *(at[leg.goal] for leg in legs)])
    return (
        record_id(source, "shipment", one.key), "shipment", one.admin_code, _ON_WAY, "unit",
        "synthetic", source, legs[0].departs, {"source_key": one.key}, one.key, one.key, "planned",
        legs[0].departs, legs[-1].arrives, None if len(one.plan.places) < 2 else 1.0, line,
    )  # fmt: skip


def _plan(source: str, one: Made) -> tuple[object, ...]:
    legs = one.plan.legs
    return (
        record_id(source, "shipment", one.key), source, one.key,
        [unit.number for unit in one.plan.units], [], [leg.transport for leg in legs],
        orjson.loads(one.plan.text), legs[0].departs - timedelta(days=30),
        legs[-1].arrives + timedelta(days=60),
    )  # fmt: skip


def _event(source: str, one: Made, event: Event) -> tuple[object, ...]:
    shipment = record_id(source, "shipment", one.key)
    told = event.told()
    raw = orjson.dumps(told).decode()
    name = f"event/{shipment}/{event.id}/{event.digest.hex()}"
    return (
        stable_uuid7(source, name), shipment, source, event.id, event.at, event.unit,
        event.transport, [], event.retracts, told, raw, _ON_WAY, "synthetic",
    )  # fmt: skip
