"""Kinds of things: which table holds a kind, and the schema of its `props`.

A new kind of thing is a new entry here, not a new table. `props` holds what the table's columns do
not; a kind without a schema of its own takes the base: provenance and free attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatial.errors import BadParameter
from spatial.json_types import Json, JsonObject

Shape = Literal["point", "line", "polygon", "any"]
Scalar = str | int | float | bool | None
Line = Literal["road", "transport", "works", "port", "airport"]
"""A line of business."""
ROADS: Line = "road"


class Placed(BaseModel):
    """How a feature without coordinates of its own got its place."""

    model_config = ConfigDict(extra="forbid")
    by: Literal["stake", "admin_code"]
    text: str
    calibrated: bool | None = None
    accuracy_m: float | None = None


class Props(BaseModel):
    """What any kind may hold: the id in its source, how it was placed, free attributes."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    source_key: str | None = Field(default=None, description="id in the source")
    placed: Placed | None = None
    note: str | None = None
    attributes: dict[str, Scalar] | None = None


class PlaceProps(Props):
    """A place that people go to or call."""

    address: str | None = None
    phone: str | None = None
    operator: str | None = None
    opening_hours: str | None = None


class PortProps(PlaceProps):
    """A port, terminal or berth."""

    berths: int | None = Field(default=None, ge=0)
    berth_tonnage_t: float | None = Field(default=None, ge=0)
    depth_m: float | None = None
    cargo: list[str] | None = None


class BridgeProps(PlaceProps):
    """A bridge; heights are clear heights over the water's highest navigable level."""

    bridge_number: str | None = None
    length_m: float | None = Field(default=None, gt=0)
    width_m: float | None = Field(default=None, gt=0)
    load_class: str | None = None
    built: int | None = None
    clear_height_m: float | None = None
    clear_width_m: float | None = None
    highest_level_m: float | None = None
    condition_class: int | None = Field(default=None, ge=1, le=5)


class TunnelProps(PlaceProps):
    """A tunnel."""

    tunnel_number: str | None = None
    length_m: float | None = Field(default=None, gt=0)
    clear_height_m: float | None = None
    tubes: int | None = Field(default=None, ge=1)


class LockProps(PlaceProps):
    """A lock: its chamber and the time of one lockage."""

    chamber_length_m: float | None = Field(default=None, gt=0)
    chamber_width_m: float | None = Field(default=None, gt=0)
    sill_depth_m: float | None = None
    lockage_s: float | None = Field(default=None, gt=0)


class GaugeProps(PlaceProps):
    """A gauge: the datum that its levels count from, and the levels that limits are stated for."""

    code: str | None = None
    river: str | None = None
    datum: str | None = None
    highest_navigable_level_m: float | None = None
    lowest_navigable_level_m: float | None = None
    tidal: bool | None = None


class AirfieldProps(PlaceProps):
    """An airport, heliport or runway."""

    runways: int | None = Field(default=None, ge=0)
    length_m: float | None = Field(default=None, gt=0)
    width_m: float | None = Field(default=None, gt=0)
    surface: str | None = None


class ServiceAreaProps(PlaceProps):
    """A service area of an expressway."""

    parking_cars: int | None = Field(default=None, ge=0)
    parking_trucks: int | None = Field(default=None, ge=0)
    chargers: int | None = Field(default=None, ge=0)
    fuel: bool | None = None


class DeviceProps(Props):
    """A device beside a road; route, side and stake are what its owner wrote down."""

    route_id: str | None = None
    side: Literal["up", "down"] | None = None
    k_m: float | None = Field(default=None, ge=0)
    lanes: list[int] | None = None
    operator: str | None = None


class WayProps(Props):
    """An edge of a network."""

    surface: str | None = None
    service: str | None = None
    operator: str | None = None
    official_name: str | None = None


class EventProps(Props):
    """Something that happens or threatens."""

    reporter: str | None = None
    injured: int | None = Field(default=None, ge=0)
    killed: int | None = Field(default=None, ge=0)
    vehicles: int | None = Field(default=None, ge=0)
    cause_text: dict[str, str] | None = None
    line: Line | None = None


class RiskProps(EventProps):
    """A risk: likelihood and consequence as its rule counts them, who answers for it and how."""

    likelihood: float | None = Field(default=None, gt=0, le=100)
    consequence: float | None = Field(default=None, gt=0, le=100)
    score: float | None = Field(default=None, ge=0)
    owner_unit: str | None = None
    measure: dict[str, str] | None = None


class HazardProps(EventProps):
    """A hazard: what is settled of the five commitments, how far it is, and by when."""

    commitments: list[str] | None = None
    stage: Literal["registered", "rectifying", "closed"] | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class Kind:
    """A kind: its table, the shape that its features have, the schema of its `props`."""

    name: str
    table: str
    shape: Shape
    props: type[Props] = Props


def _kinds(table: str, shape: Shape, props: type[Props], names: str) -> dict[str, Kind]:
    return {name: Kind(name, table, shape, props) for name in names.split()}


KINDS: Mapping[str, Kind] = {
    **_kinds("zone", "polygon", Props, "admin province prefecture county land"),
    **_kinds("zone", "polygon", Props, "geozone geofence risk_area beat waiting_area site"),
    **_kinds("zone", "polygon", Props, "notice_area yard_block anchorage airspace"),
    **_kinds("zone", "polygon", Props, "weather_cell weather_warning"),
    **_kinds("zone", "polygon", Props, "controlled_ground ground_coverage airspace_restriction"),
    **_kinds("zone", "polygon", Props, "airspace_superseded"),
    **_kinds("facility", "any", PortProps, "port terminal berth dry_port hub ferry_terminal pier"),
    **_kinds("facility", "any", AirfieldProps, "airport heliport runway vertiport"),
    **_kinds("facility", "any", BridgeProps, "bridge"),
    **_kinds("facility", "any", TunnelProps, "tunnel"),
    **_kinds("facility", "any", LockProps, "lock"),
    **_kinds("facility", "any", GaugeProps, "gauge"),
    **_kinds("facility", "any", PlaceProps, "weir"),
    **_kinds("facility", "any", ServiceAreaProps, "service_area"),
    **_kinds("facility", "any", PlaceProps, "wim_site toll_gate depot station school hospital"),
    **_kinds("facility", "any", PlaceProps, "rescue_base charging_station camera parking"),
    **_kinds("facility", "point", DeviceProps, "sign detector gantry checkpoint"),
    **_kinds("node", "point", Props, "junction stop gate waypoint barrier lock_gate"),
    **_kinds("edge", "line", WayProps, "road rail waterway sea_lane air_route walk ferry"),
    **_kinds("event", "any", EventProps, "incident alarm defect notice"),
    **_kinds("event", "any", RiskProps, "risk"),
    **_kinds("event", "any", HazardProps, "hazard"),
    **_kinds("project", "any", Props, "works maintenance"),
    **_kinds("party", "point", PlaceProps, "company agency team"),
}
TABLES: Mapping[str, Shape] = {
    "zone": "polygon",
    "facility": "any",
    "node": "point",
    "edge": "line",
    "event": "any",
    "project": "any",
    "party": "point",
}


def get_kind(name: str, table: str | None = None, kinds: Mapping[str, Kind] = KINDS) -> Kind:
    """Return a kind; a name that is not listed is one of `table`, with the base schema.

    Raises
    ------
    BadParameter
        It is not listed, and `table` holds no kinds.
    """
    known = kinds.get(name)
    if known is not None and table in {None, known.table}:
        return known
    if known is None and table in TABLES and name.isidentifier():
        return Kind(name, str(table), TABLES[str(table)])
    raise BadParameter(
        f"kind {name!r} is not known" + (f" in table {table!r}" if table else ""),
        f"未知类别 {name!r}" + (f"（表 {table!r}）" if table else ""),
        mend_en=f"Known kinds: {', '.join(sorted(kinds))}. For a new one name its table: "
        f"{', '.join(TABLES)}.",
        mend_zh=f"已有类别：{'、'.join(sorted(kinds))}。新类别请在映射中写明 table。",
    )


def check_props(kind: Kind, props: Mapping[str, Json]) -> JsonObject:
    """Return `props` as stored, without empty members.

    Raises
    ------
    BadParameter
        One does not fit; names the member.
    """
    try:
        checked = kind.props.model_validate(props)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        why = first["msg"].removeprefix("Value error, ")
        what = f"{str(first['input'])[:60]!r}: {why}"
        raise BadParameter(f"props.{name}: {what}", f"props.{name} 不合格：{what}") from error
    return checked.model_dump(mode="json", exclude_none=True)
