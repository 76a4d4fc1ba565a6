"""Rules of what some vehicles alone may use: shared rides, low emissions, one-way streets."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from routing.cost.weekly_hours import readable
from spatial.rules import RuleModel


class Sharing(RuleModel):
    """Whom roads for vehicles of many occupants are open to.

    `exempt` are access keys of those that use them whoever is on board.
    """

    least_occupants: int = Field(ge=1, le=100)
    exempt: tuple[str, ...]


Degrees = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]


class CleanZone(RuleModel):
    """An area (EPSG:4326, one ring) that keeps out vehicles below a stage of emissions.

    `hours` are those at which it does, always where they are left out; of `profiles` it is.
    """

    zh: str
    en: str
    ring: tuple[Degrees, ...] = Field(min_length=3)
    least_stage: int = Field(ge=1, le=9)
    profiles: tuple[str, ...] = Field(min_length=1)
    hours: Annotated[str, AfterValidator(readable)] | None = None


class CleanZones(RuleModel):
    """All areas of low emissions."""

    zones: tuple[CleanZone, ...]


class Against(RuleModel):
    """On which classes a vehicle goes against one-way traffic, and how fast at most."""

    classes: tuple[str, ...]
    kmh: float = Field(gt=0, le=60)


class Contraflow(RuleModel):
    """Who goes against one-way streets, by profile."""

    vehicles: dict[str, Against]
