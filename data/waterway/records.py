"""What waterways are loaded as, whatever they come from: reaches, sites, openings, limits, levels.

Records know each other by the keys of their source; ids follow from source and key, so that a load
gives the same rows each time. Lengths in metres, tonnages in tonnes, WGS 84.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import shapely

from spatial.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class Names:
    """A name in both languages; None where there is none."""

    zh: str | None = None
    en: str | None = None


@dataclass(slots=True)
class Junction:
    """A node where reaches meet."""

    key: str
    point: shapely.Point


@dataclass(slots=True)
class Reach:
    """A stretch of waterway between two junctions, drawn from `start` to `end`.

    `class_` is I to VII or `unclassified`; `width_m` and `tonnage_t` hold at any level.
    """

    key: str
    start: str
    end: str
    line: shapely.LineString
    class_: str = "unclassified"
    names: Names = Names()
    oneway: bool = False
    width_m: float | None = None
    tonnage_t: float | None = None
    speed_kmh: float | None = None
    structure: str | None = None
    props: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Site:
    """A structure, a gauge or a mark: a facility; `reaches` are those that it stands on.

    A lock or weir carries its reaches, a bridge or cable is passed under.
    """

    key: str
    kind: str
    shape: shapely.Geometry
    names: Names = Names()
    reaches: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    props: JsonObject = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """Return how its reaches pass it."""
        return "carries" if self.kind in {"lock", "weir"} else "under"


@dataclass(slots=True)
class Opening:
    """An opening of a bridge or a chamber of a lock, numbered from 1."""

    site: str
    number: int
    kind: str
    names: Names = Names()
    hours: str | None = None
    lockage_s: float | None = None


@dataclass(slots=True)
class Limit:
    """A limit of a reach, of a site, or of one of its openings; `value` None is not known.

    `edge` is a reach of another source, by its id.

    `reference_level_m` above `datum` at `gauge` is the level for which the value holds.
    """

    kind: str
    value: float | None
    reach: str | None = None
    site: str | None = None
    opening: int | None = None
    datum: str | None = None
    reference_level_m: float | None = None
    gauge: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str | None = None
    edge: UUID | None = None


@dataclass(slots=True)
class Level:
    """A reading of a gauge, or a forecast with its p10, p50 and p90 (m above the gauge's datum)."""

    gauge: str
    at: datetime
    p50_m: float
    issued_at: datetime
    p10_m: float | None = None
    p90_m: float | None = None
    forecast: bool = False


@dataclass(slots=True)
class Area:
    """An area of a chart or of a lock: a zone."""

    key: str
    kind: str
    shape: shapely.Geometry
    names: Names = Names()
    props: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Delivery:
    """All that one source says of waterways."""

    junctions: list[Junction] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
