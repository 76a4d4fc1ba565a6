"""What a zone of the air is in every format: volumes, times, what it asks of flight, who decides.

Heights are metres of their own datum, positions degrees [longitude, latitude], WGS 84.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import shapely

from spatial.airspace_rules import Restriction
from spatial.geo.heights import Datum
from spatial.geo.volumes import Circle
from spatial.geozones.schedule import Period

NO_CEILING_FROM = 99_999.0
"""An upper limit of so much, in its unit, is how feeds write that they state none."""


class ZoneFault(ValueError):
    """A zone of a file cannot be used: a stable reason, what is wrong, and where.

    `place` is a line of a text file, or the number of a feature from 1.
    """

    def __init__(self, reason: str, en: str, zh: str, place: int | None = None) -> None:
        super().__init__(en)
        self.reason, self.en, self.zh, self.place = reason, en, zh, place

    @property
    def detail(self) -> str:
        """What is wrong, in both languages."""
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True)
class ZoneLimit:
    """A limit of height (m); `included`: the height exactly at it belongs to the zone."""

    value_m: float
    datum: Datum
    included: bool = True


GROUND = ZoneLimit(0.0, "AGL")
Footprint: TypeAlias = shapely.Polygon | Circle


@dataclass(frozen=True)
class ZoneVolume:
    """A footprint between two limits; a ceiling of None is one that nobody states."""

    footprint: Footprint
    floor: ZoneLimit
    ceiling: ZoneLimit | None

    @property
    def shape(self) -> shapely.Polygon:
        """The footprint as a polygon, anticlockwise."""
        if isinstance(self.footprint, Circle):
            return shapely.Polygon(shapely.get_coordinates(self.footprint.polygon)[::-1])
        return self.footprint


@dataclass(frozen=True)
class Authority:
    """Who decides on a zone, as ED-318 names it; all of it may be lacking."""

    name: str = ""
    service: str = ""
    contact: str = ""
    site: str = ""
    email: str = ""
    phone: str = ""
    purpose: str = ""
    interval_before: str = ""

    @property
    def is_named(self) -> bool:
        """Whether anything is known of it beside its purpose."""
        return self != Authority(purpose=self.purpose)


@dataclass(frozen=True)
class GeoZone:
    """One zone of a feed.

    Attributes
    ----------
    identifier
        What the feed calls it; unique within it, or the loader numbers it.
    declared
        What the feed asks of flight, in its own words; `restriction` is what a rule makes of it.
    level
        Class of airspace, empty where the format has none.
    applicability
        Times at which it holds, of which one is enough; none is always.
    warnings
        What was read with a doubt.
    given
        Members kept as the feed wrote them.
    """

    identifier: str
    volumes: tuple[ZoneVolume, ...]
    name_zh: str = ""
    name_en: str = ""
    declared: str = ""
    restriction: Restriction = "REQ_AUTHORISATION"
    level: str = ""
    country: str = ""
    reasons: tuple[str, ...] = ()
    applicability: tuple[Period, ...] = ()
    authorities: tuple[Authority, ...] = ()
    message: str = ""
    conditions: str = ""
    warnings: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    place: int | None = None

    def warned(self, text: str) -> GeoZone:
        """Return the zone with one more doubt."""
        return replace(self, warnings=(*self.warnings, text))


@dataclass(frozen=True)
class RefusedZone:
    """A part of a file that is no zone, as it was written."""

    place: int | None
    reason: str
    detail: str
    row: Mapping[str, object]


@dataclass
class ZoneFile:
    """What a file holds: zones, what was refused, and remarks on the file as a whole."""

    zones: list[GeoZone] = field(default_factory=list)
    refused: list[RefusedZone] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def refuse(self, fault: ZoneFault, place: int | None, row: Mapping[str, object]) -> None:
        """Put a part of the file aside."""
        at = place if fault.place is None else fault.place
        self.refused.append(RefusedZone(at, fault.reason, fault.detail, row))


def ceiling_of(value: float | None, datum: Datum, to_m: float) -> ZoneLimit | None:
    """Return a ceiling as feeds write it: null and 99999 state none."""
    if value is None or value >= NO_CEILING_FROM:
        return None
    return ZoneLimit(value * to_m, datum)


def plain_words(values: Iterable[object]) -> tuple[str, ...]:
    """Return the texts that say something; what is none is written as one."""
    texts = (str(value).strip() for value in values if value is not None)
    return tuple(text for text in texts if text)
