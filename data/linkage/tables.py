"""The rows of the files of a timetable, as they are written: GTFS, and columns that cargo needs.

Times of a trip are `HH:MM` or `HH:MM:SS` from midnight of its day, beyond 24:00 where it goes on.
An empty price is one that nobody gave, never 0.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from spatial.errors import BadParameter
from spatial.geo.codes import parse_unlocode
from spatial.transport_modes import Mode

Way = Literal[Mode, "place"]
Kind = Literal["sea", "river", "dry", "air"]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_MINUTES = 60 * 24 * 60
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _CLOCK.fullmatch(value.strip())
    if found is None:
        raise ValueError("a time is HH:MM or HH:MM:SS from midnight of the trip's day")
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\d{8}", value.strip()):
        raise ValueError("a date is YYYYMMDD")
    return datetime.strptime(value.strip(), "%Y%m%d").date()


def _codes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(parse_unlocode(code) for code in value.split())
    except BadParameter as error:
        raise ValueError(error.en) from error


Clock = Annotated[int, BeforeValidator(_seconds)]
Day = Annotated[date, BeforeValidator(_day)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_codes)]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: tuple(value.split()) if isinstance(value, str) else value),
]
Price = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Minutes = Annotated[int, Field(ge=0, le=MOST_MINUTES)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class TimetableRow(BaseModel):
    """A row of one of the files; empty cells are left out before, other columns are refused.

    Columns of GTFS that say nothing here (`UNUSED`) are read over.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)
    FILE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    UNUSED: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _read_over(cls, cells: object) -> object:
        if not isinstance(cells, dict):
            return cells
        return {name: cell for name, cell in cells.items() if name not in cls.UNUSED}


class FeedRow(TimetableRow):
    """Whose timetable it is, and how it came about."""

    FILE, KEY = "feed_info.txt", ("feed_id",)
    UNUSED = frozenset({"feed_lang", "default_lang", "feed_contact_email", "feed_contact_url"})
    feed_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    feed_publisher_name: Name
    feed_license: Name
    feed_origin: Literal["real", "derived", "schematic", "synthetic"]
    feed_version: Name | None = None
    feed_publisher_url: Name | None = None


class StopRow(TimetableRow):
    """A hub; longitude and latitude in degrees, WGS 84."""

    FILE, KEY = "stops.txt", ("stop_id",)
    UNUSED = frozenset({"stop_code", "stop_desc", "stop_url", "zone_id", "wheelchair_boarding"})
    stop_id: Name
    stop_name: Name
    stop_name_en: Name | None = None
    stop_lat: Annotated[float, Field(ge=-90, le=90)]
    stop_lon: Annotated[float, Field(ge=-180, le=180)]
    hub_kind: Kind
    un_locodes: Codes = ()
    by_road: bool = True


class AgencyRow(TimetableRow):
    """A carrier; its clocks are those of China, as all times of trips."""

    FILE, KEY = "agency.txt", ("agency_id",)
    UNUSED = frozenset(
        {"agency_url", "agency_lang", "agency_phone", "agency_email", "agency_fare_url"}
    )
    agency_id: Name
    agency_name: Name
    agency_timezone: Literal["Asia/Shanghai", "PRC"] | None = None


class RouteRow(TimetableRow):
    """A service; `most_t` is the mass of one unit that it takes, `cargo` the kinds."""

    FILE, KEY = "routes.txt", ("route_id",)
    UNUSED = frozenset({
        "route_type", "route_short_name", "route_desc", "route_url", "route_color",
        "route_text_color", "route_sort_order",
    })  # fmt: skip
    route_id: Name
    agency_id: Name
    route_long_name: Name
    route_name_en: Name | None = None
    mode: Mode
    cargo: Words = ("container",)
    most_t: Annotated[float, Field(gt=0, le=1e6)] | None = None


class CalendarRow(TimetableRow):
    """The days of the week on which trips run, within a period."""

    FILE, KEY = "calendar.txt", ("service_id",)
    service_id: Name
    monday: bool
    tuesday: bool
    wednesday: bool
    thursday: bool
    friday: bool
    saturday: bool
    sunday: bool
    start_date: Day
    end_date: Day

    @model_validator(mode="after")
    def _in_order(self) -> CalendarRow:
        if self.end_date < self.start_date:
            raise ValueError("end_date is before start_date")
        return self

    @property
    def weekdays(self) -> int:
        """The days as bits, Monday the lowest."""
        return sum(getattr(self, day) << bit for bit, day in enumerate(DAYS))


class CalendarDateRow(TimetableRow):
    """A day that is added (1) or on which there is no service (2)."""

    FILE, KEY = "calendar_dates.txt", ("service_id", "date")
    service_id: Name
    date: Day
    exception_type: Literal["1", "2"]


class TripRow(TimetableRow):
    """A trip; without `capacity_teu` its room is not limited."""

    FILE, KEY = "trips.txt", ("trip_id",)
    UNUSED = frozenset({
        "trip_headsign", "trip_short_name", "direction_id", "shape_id", "wheelchair_accessible",
        "bikes_allowed",
    })  # fmt: skip
    trip_id: Name
    route_id: Name
    service_id: Name
    capacity_teu: Annotated[float, Field(ge=0, le=1e6)] | None = None


class StopTimeRow(TimetableRow):
    """A call. Distance and prices are of the way from the call before; a lift is of loading here.

    Gate and papers close so many minutes before departure.
    """

    FILE, KEY = "stop_times.txt", ("trip_id", "stop_sequence")
    UNUSED = frozenset({"stop_headsign", "shape_dist_traveled", "timepoint"})
    trip_id: Name
    stop_sequence: Annotated[int, Field(ge=0, le=10_000)]
    stop_id: Name
    arrival_time: Clock
    departure_time: Clock
    gate_in_min: Minutes = 0
    documents_min: Minutes = 0
    distance_km: Annotated[float, Field(ge=0, le=50_000)] | None = None
    cny_per_teu: Price | None = None
    cny_per_t: Price | None = None
    lift_cny_per_teu: Price | None = None
    pickup_type: Literal["0", "1"] = "0"
    drop_off_type: Literal["0", "1"] = "0"

    @model_validator(mode="after")
    def _in_order(self) -> StopTimeRow:
        if self.departure_time < self.arrival_time:
            raise ValueError("it departs before it arrives")
        return self


class TransferRow(TimetableRow):
    """What changing takes at a hub: the cargo's handling, and its papers and news (information)."""

    FILE, KEY = "transfers.txt", ("stop_id", "from_mode", "to_mode")
    stop_id: Name
    from_mode: Way
    to_mode: Way
    handling_min: Minutes
    information_min: Minutes = 0
    cny_per_teu: Price | None = None
    kg_per_teu: Annotated[float, Field(ge=0, le=1e5)] = 0.0


class ClosureRow(TimetableRow):
    """When a hub does not work; times with date and offset (RFC 3339)."""

    FILE, KEY = "closures.txt", ("stop_id", "since")
    stop_id: Name
    since: AwareDatetime
    until: AwareDatetime
    reason: Name | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ClosureRow:
        if self.until <= self.since:
            raise ValueError("until is not after since")
        return self


ROWS: tuple[type[TimetableRow], ...] = (
    FeedRow, StopRow, AgencyRow, RouteRow, CalendarRow, CalendarDateRow, TripRow, StopTimeRow,
    TransferRow, ClosureRow,
)  # fmt: skip
