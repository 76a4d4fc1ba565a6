"""Shipments and events on their way in: checked, placed, and as the columns that are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import orjson
import shapely

from api.ports.shipments.bodies import AnyPlace, NamedPlace, ShipmentBody, UnitBody, name_of
from api.ports.shipments.places import KnownPlace, get_places
from api.ports.shipments.shipment_rows import COUNTY_NEAR
from routing.shipments.rule_models import UNITS
from spatial.actor import Actor
from spatial.errors import BadParameter, OutOfScope
from spatial.geo.admin_units import SHORE_M
from spatial.geo.antimeridian import split
from spatial.geo.codes import is_ilu, parse_container
from spatial.geo.crs import check_lonlat
from spatial.ids import record_id, stable_uuid7
from spatial.logistics.events import Event
from spatial.logistics.plans import KeptPlan, Leg, PlanPlace, PlanUnit
from spatial.rules import Rules, get_rule
from spatial.transport_modes import Mode

KIND = "shipment"


def check_units(rules: Rules, shipments: Sequence[ShipmentBody]) -> None:
    """Refuse numbers of containers and swap bodies that are none; names the right check digit.

    Raises
    ------
    BadParameter
    """
    ilu = get_rule(rules, UNITS).value.ilu_by_rail
    for number, one in enumerate(shipments):
        modes = {leg.mode for leg in one.legs}
        for place, unit in enumerate(one.units):
            try:
                _check_unit(unit, modes, ilu)
            except BadParameter as error:
                error.extra |= {"pointer": f"/shipments/{number}/units/{place}/number"}
                raise


def _check_unit(unit: UnitBody, modes: set[Mode], ilu: bool) -> None:
    if unit.kind == "swap_body" and is_ilu(unit.number):
        if not ilu or "rail" not in modes:
            raise BadParameter(
                f"{unit.plain} is an ILU code, which is taken on legs by rail only",
                f"{unit.plain} 为 ILU 代码，仅在铁路区段可用",
                mend_en="Add the leg by rail, or give an ISO 6346 number (rule "
                "linkage.loading_units).",
                mend_zh="请加入铁路区段，或使用 ISO 6346 箱号（规则 linkage.loading_units）。",
            )
    elif unit.kind in ("container", "swap_body"):
        parse_container(unit.number)
    elif unit.kind == "bag" and not (unit.plain.isdigit() and len(unit.plain) == 10):
        raise BadParameter(
            f"not a baggage tag: {unit.number!r}", f"不是行李牌号：{unit.number!r}",
            mend_en="Ten digits, as the licence plate of the tag has them.",
            mend_zh="须为行李条上的十位数字。",
        )  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """The points of a shipment's ends in order, and its places by the names that it gives."""

    path: list[tuple[float, float]]
    known: dict[str, PlanPlace]


async def place_all(conn: asyncpg.Connection, shipments: Sequence[ShipmentBody]) -> list[Placed]:
    """Return where shipments go.

    Raises
    ------
    BadParameter, BadCoordinate
        A place is not known, or is none.
    """
    wanted: dict[str, str] = {}
    for number, one in enumerate(shipments):
        for place in one.places:
            if isinstance(place, NamedPlace):
                check_lonlat(*place.at)
            else:
                wanted.setdefault(place, f"/shipments/{number}/legs")
    known = await get_places(conn, wanted) if wanted else {}
    placed = [_placed(one, known) for one in shipments]
    for number, (one, where) in enumerate(zip(shipments, placed, strict=True)):
        _check_joined(one, where, f"/shipments/{number}")
    return placed


def _check_joined(one: ShipmentBody, where: Placed, pointer: str) -> None:
    """Refuse legs that do not join; places are told apart by what their codes stand for."""
    ends = [
        tuple(where.known[name_of(end)].id for end in (leg.start, leg.goal)) for leg in one.legs
    ]
    for number, (start, goal) in enumerate(ends):
        at = f"{pointer}/legs/{number}"
        if start == goal:
            raise BadParameter(
                f"leg {number + 1} leads from {start} to itself",
                f"第 {number + 1} 航段起点与终点同为 {start}", pointer=at,
            )  # fmt: skip
        if number and start != ends[number - 1][1]:
            raise BadParameter(
                f"leg {number + 1} does not start where the one before ends",
                f"第 {number + 1} 航段未自上一航段的终点出发", pointer=at,
                mend_en=f"The one before ends at {ends[number - 1][1]}.",
                mend_zh=f"上一航段的终点为 {ends[number - 1][1]}。",
            )  # fmt: skip


def _placed(one: ShipmentBody, known: Mapping[str, KnownPlace]) -> Placed:
    mine = {}
    for place in one.places:
        name = name_of(place)
        if isinstance(place, NamedPlace):
            mine[name] = PlanPlace(name, place.at, "given")
        else:
            found = known[place]
            point = found.at or (0.0, 0.0)  # places without one are refused
            mine[name] = PlanPlace(found.id, point, found.basis, found.name_zh, found.name_en)
    ends = [one.legs[0].start, *(leg.goal for leg in one.legs)]
    return Placed([mine[name_of(end)].at for end in ends], mine)


async def counties(conn: asyncpg.Connection, actor: Actor, placed: Sequence[Placed]) -> list[str]:
    """Return the county of each shipment: that of its first place within the actor's area.

    A shipment may come from abroad or go there.

    Raises
    ------
    OutOfScope
        One has no place within the area.
    """
    points = sorted({at for one in placed for at in one.path})
    columns = [x for x, _ in points], [y for _, y in points]
    rows = await conn.fetch(COUNTY_NEAR, *columns, SHORE_M)
    codes = dict(zip(points, (row[0] for row in rows), strict=True))
    found: dict[int, str] = {}
    for number, one in enumerate(placed):
        for at in one.path:
            code = codes[at]
            if code is not None and actor.covers(code):
                found.setdefault(number, code)
    foreign = [n for n in range(len(placed)) if n not in found]
    if foreign:
        raise OutOfScope(
            f"{len(foreign)} shipments touch no place in your area, the first is {foreign[0]}",
            f"有 {len(foreign)} 票货物不经过辖区，首票为第 {foreign[0]} 票",
            records=foreign[:20], pointer=f"/shipments/{foreign[0]}/legs",
        )  # fmt: skip
    return [found[n] for n in range(len(placed))]


def columns_of(
    source: str, shipments: Sequence[ShipmentBody], placed: Sequence[Placed], codes: Sequence[str]
) -> list[list[object]]:
    """Return the columns that shipments are put with."""
    rows = []
    for one, where, code in zip(shipments, placed, codes, strict=True):
        line = split(shapely.LineString(where.path))
        sets = {
            "units": [unit.plain for unit in one.units], "refs": one.references,
            "transports": sorted({leg.transport for leg in one.legs if leg.transport}),
        }  # fmt: skip
        rows.append((
            record_id(source, KIND, one.key), one.key, code, one.legs[0].departs,
            one.legs[-1].arrives, one.teu, one.mass_t, shapely.to_wkb(line),
            kept_plan_of(one, where).text, orjson.dumps(sets).decode(),
        ))  # fmt: skip
    return [list(column) for column in zip(*rows, strict=True)]


def kept_plan_of(one: ShipmentBody, where: Placed) -> KeptPlan:
    """Return a plan as it is kept."""

    def at(place: AnyPlace) -> str:
        return where.known[name_of(place)].id

    legs = [
        Leg(leg.mode, at(leg.start), at(leg.goal), leg.departs, leg.arrives, leg.transport,
            leg.gate_closes, tuple(leg.locks))
        for leg in one.legs
    ]  # fmt: skip
    return KeptPlan(
        legs, [PlanUnit(unit.plain, unit.kind) for unit in one.units],
        list({place.id: place for place in where.known.values()}.values()),
        None if one.empty_from is None else at(one.empty_from),
        None if one.empty_to is None else at(one.empty_to),
    )  # fmt: skip


def event_columns(given: Sequence[tuple[Event, str]], shipment: UUID | None) -> list[list[object]]:
    """Return the columns that events are added with, each content of an id once."""
    rows = {}
    for event, raw in given:
        name = f"event/{shipment or ''}/{event.id}/{event.digest.hex()}"
        identity = stable_uuid7(event.source, name)
        refs = orjson.dumps(event.references).decode()
        document = orjson.dumps(event.told()).decode()
        rows[identity] = (
            identity, event.id, event.at, event.unit, event.transport, refs, event.retracts,
            document, raw,
        )  # fmt: skip
    return [list(column) for column in zip(*rows.values(), strict=True)]
