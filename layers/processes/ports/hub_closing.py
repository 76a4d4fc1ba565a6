"""Hubs that are taken to be closed: named, or all within an area, for a while or throughout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import shapely
from pydantic import Field, model_validator

from layers.processes.readers.timetable_rows import HeldTimetable
from layers.processes.runtime.model import Inputs, Lat, Lon, Moment, wrong_input
from routing.multimodal.closing import Window

MOST_CORNERS = 500
Ring = Annotated[list[tuple[Lon, Lat]], Field(min_length=3, max_length=MOST_CORNERS)]


class Closure(Inputs):
    """A hub (id or UN/LOCODE) or an area whose hubs are closed, as by a typhoon.

    Without `since` and `until` for as long as there are services.
    """

    hub: str | None = Field(default=None, min_length=1, max_length=80)
    area: Ring | None = None
    since: Moment | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _one(self) -> Closure:
        if (self.hub is None) == (self.area is None):
            raise ValueError("name either hub or area")
        if self.since and self.until and self.since >= self.until:
            raise ValueError("until must be after since")
        if self.area is not None and not shapely.Polygon(self.area).is_valid:
            raise ValueError("the area crosses itself")
        return self


def resolve_closures(given: Sequence[Closure], held: HeldTimetable) -> list[Window]:
    """Return which hubs are closed from when until when.

    Raises
    ------
    BadParameter
        A hub is not known, or no hub lies within an area.
    """
    return [
        (
            hub,
            held.since if one.since is None else int(one.since.timestamp()),
            ALWAYS if one.until is None else int(one.until.timestamp()),
        )
        for number, one in enumerate(given)
        for hub in _hubs(one, f"closed.{number}", held)
    ]


ALWAYS = 2**40
"""A time that no service is planned for (Unix s)."""


def _hubs(one: Closure, name: str, held: HeldTimetable) -> Iterator[int]:
    if one.hub is not None:
        found = held.find(one.hub)
        if found is None:
            raise wrong_input(name, f"no hub {one.hub!r}", f"没有枢纽 {one.hub!r}")
        yield found
        return
    area = shapely.Polygon(one.area)
    inside = [n for n, hub in enumerate(held.hubs) if area.covers(shapely.Point(hub.lon, hub.lat))]
    if not inside:
        raise wrong_input(name, "no hub lies within the area", "该区域内没有枢纽")
    yield from inside
