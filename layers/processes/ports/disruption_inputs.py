"""What is asked about disruptions: what is closed when, and which shipments are planned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import shapely
from pydantic import AfterValidator, Field, model_validator

from layers.processes.ports.shipment import CargoKind
from layers.processes.runtime.model import Inputs, Lat, Lon, Moment, titled
from spatial.geo.geojson import Geometry
from spatial.transport_modes import Mode

MOST_SHIPMENTS = 20_000
MOST_GIVEN = 10_000
Teu = Annotated[float, Field(gt=0, le=20_000, allow_inf_nan=False)]
Hub = Annotated[str, Field(min_length=1, max_length=80)]
Matched = Literal["exact", "named", "near", "road", "none"]
"""How a planned leg was found: by its time, by what it names, by times near, as a road leg."""
DisruptionKind = Literal["hub", "flights", "lock", "waterway", "road", "typhoon"]


def _valid(rings: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise ValueError("each ring has four places at least and ends where it begins")
    if not shapely.Polygon(rings[0], rings[1:]).is_valid:
        raise ValueError("the polygon crosses itself")
    return rings


class PolygonGiven(Inputs):
    """A GeoJSON polygon in longitude and latitude (EPSG:4326)."""

    type: Literal["Polygon"]
    coordinates: Annotated[
        list[Annotated[list[tuple[Lon, Lat]], Field(max_length=2_000)]],
        Field(min_length=1, max_length=20), AfterValidator(_valid),
    ]  # fmt: skip

    @property
    def geometry(self) -> Geometry:
        """The same as answers have it."""
        return {"type": "Polygon", "coordinates": self.coordinates}

    @property
    def shape(self) -> shapely.Polygon:
        """The same as shapely has it."""
        return shapely.Polygon(self.coordinates[0], self.coordinates[1:])


class DisruptionGiven(Inputs):
    """One thing closed for a window: a hub, lock, waterway, road, flights, or under a typhoon."""

    id: str = Field(min_length=1, max_length=80)
    kind: DisruptionKind
    ref: str | None = Field(default=None, min_length=1, max_length=80)
    polygon: PolygonGiven | None = None
    roads: bool = False
    """Whether the roads in a typhoon's polygon are closed too."""
    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _whole(self) -> DisruptionGiven:
        if (self.kind == "typhoon") != (self.polygon is not None):
            raise ValueError("a typhoon has a polygon, nothing else has one")
        if (self.ref is None) != (self.kind == "typhoon"):
            raise ValueError("name by ref what is closed; a typhoon has a polygon instead")
        return self

    @property
    def number(self) -> UUID | None:
        """The id of the structure or edge that it closes, None where it closes none."""
        if self.kind not in ("lock", "waterway", "road"):
            return None
        try:
            return UUID(self.ref or "")
        except ValueError:
            return None


class PlannedLeg(Inputs):
    """A leg of a plan between hubs; `trip` is that of the timetable."""

    mode: Mode
    start: Hub
    goal: Hub
    departs: Moment
    arrives: Moment
    trip: str | None = Field(default=None, max_length=200)


class ShipmentGiven(Inputs):
    """A shipment between two hubs, with its plan where it has one."""

    id: str = Field(min_length=1, max_length=80)
    start: Hub
    goal: Hub
    teu: Teu = 1.0
    mass_t: float = Field(gt=0, le=500_000, allow_inf_nan=False)
    kinds: list[CargoKind] = Field(default=["container"], min_length=1, max_length=5)
    ready_at: Moment
    latest_arrival: Moment | None = None
    planned: list[PlannedLeg] | None = Field(default=None, min_length=1, max_length=16)


class Synthetic(Inputs):
    """Shipments drawn between hubs that services join; the answer says that they are."""

    count: int = Field(ge=1, le=MOST_SHIPMENTS)
    seed: int = Field(default=1, ge=0, le=2**31)


class TripLeft(Inputs):
    """What is left of a trip on a day (of the province) for these shipments."""

    trip: str = Field(min_length=1, max_length=200)
    day: date
    teu: float = Field(ge=0, le=1e6, allow_inf_nan=False)


class DisruptionInputs(Inputs):
    """Disruptions, the shipments, and the room that there is."""

    at: Moment | None = titled("时刻", "At", default=None)
    disruptions: list[DisruptionGiven] = titled("中断", "Disruptions", min_length=1, max_length=50)
    shipments: list[ShipmentGiven] = titled("货运", "Shipments", default=[], max_length=MOST_GIVEN)
    table: bool = titled("库中在途货运", "Shipments of the table", default=False)
    synthetic: Synthetic | None = titled("合成货运", "Drawn shipments", default=None)
    hub_teu_per_day: dict[Hub, Teu] = titled("枢纽日能力", "TEU a day", default={}, max_length=200)
    trip_teu_left: list[TripLeft] = titled("班次余量", "Left", default=[], max_length=10_000)
    factor_set: str | None = titled("因子集", "Set of factors", default=None, max_length=80)

    @model_validator(mode="after")
    def _apart(self) -> DisruptionInputs:
        for name, ids in (("disruptions", [one.id for one in self.disruptions]),
                          ("shipments", [one.id for one in self.shipments])):  # fmt: skip
            if len(set(ids)) < len(ids):
                raise ValueError(f"{name}: an id stands twice")
        return self

    def time(self, now: datetime) -> datetime:
        """The time that is asked for."""
        return self.at or now
