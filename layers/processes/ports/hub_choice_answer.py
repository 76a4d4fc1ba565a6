"""Choices of ports as answers tell them: by measure before and after, and as areas of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from layers.processes.readers.county_shape_rows import CountyShape
from layers.processes.readers.timetable_rows import Hub
from layers.processes.runtime.helpers import feature, point_shape
from layers.processes.runtime.model import Places
from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.hub_choice import MEASURES, Choice
from spatial.geo.geojson import Feature
from spatial.json_types import Shown

UNITS = {"cost": ("cny", 100), "time": ("h", 3600), "co2": ("kg", 1000)}
"""What a measure is told in, and how many of what is reckoned in make one."""


class PortOut(BaseModel):
    """A port chosen by one measure; `first_hub` is null where the load goes by road alone."""

    port: str
    port_zh: str
    port_en: str | None
    first_hub: str | None
    low: float
    high: float | None
    runner_up: str | None
    margin: float | None
    sure: bool = Field(description="No interval of another port reaches into that of this one")


class ChoiceOut(BaseModel):
    """The choices of one place by measure (cost in yuan, time in h, CO2 in kg)."""

    place: str
    name: str
    admin_code: str | None
    before: dict[str, PortOut] | None
    after: dict[str, PortOut] | None
    changed: list[str] = Field(description="Measures by which port or first hub are others after")

    @property
    def told(self) -> str:
        """What lists name it by: the code of its county, else its own id."""
        return self.admin_code or self.place


Chosen = Sequence[Mapping[str, Choice] | None]


def show_choices(
    places: Places, hubs: Sequence[Hub], before: Chosen, after: Chosen | None
) -> list[ChoiceOut]:
    """Return the choices of all places, in their order."""
    found = []
    for number, place in enumerate(places.ids):
        old = _ports(hubs, before[number])
        new = old if after is None else _ports(hubs, after[number])
        found.append(
            ChoiceOut(
                place=place, name=places.names[number], admin_code=places.admin_codes[number],
                before=old, after=None if after is None else new,
                changed=[name for name in MEASURES if _used(old, name) != _used(new, name)],
            )
        )  # fmt: skip
    return found


def _used(ports: dict[str, PortOut] | None, name: str) -> tuple[str, str | None] | None:
    return None if ports is None else (ports[name].port, ports[name].first_hub)


def _ports(hubs: Sequence[Hub], chosen: Mapping[str, Choice] | None) -> dict[str, PortOut] | None:
    if chosen is None:
        return None
    return {name: _port(hubs, choice, UNITS[name][1]) for name, choice in chosen.items()}


def _port(hubs: Sequence[Hub], choice: Choice, per: int) -> PortOut:
    best, other, margin = choice.best, choice.runner_up, choice.margin
    port, known = hubs[best.port], best.high < UNKNOWN
    return PortOut(
        port=port.id, port_zh=port.name_zh, port_en=port.name_en,
        first_hub=None if best.first_hub is None else hubs[best.first_hub].id,
        low=round(best.low / per, 2), high=round(best.high / per, 2) if known else None,
        runner_up=None if other is None else hubs[other.port].id,
        margin=None if margin is None else round(margin / per, 2), sure=choice.sure,
    )  # fmt: skip


def area_features(
    places: Places, shapes: Mapping[str, CountyShape], choices: Sequence[ChoiceOut], origin: str
) -> list[object]:
    """Return the counties of places with their choices, a point for a place of no county."""
    return [
        _area(one, point, shapes.get(one.admin_code or ""), origin)
        for one, point in zip(choices, places.points, strict=True)
    ]


def _area(
    one: ChoiceOut, point: tuple[float, float], county: CountyShape | None, origin: str
) -> Feature:
    told: dict[str, Shown] = {
        "origin": origin,
        "name_zh": county.name_zh if county else one.name,
        "name_en": county.name_en if county else one.name,
        "admin_code": one.admin_code,
    }
    for name, (unit, _) in UNITS.items():
        told |= _columns(one.before, name, unit, "")
        if one.after is not None:
            told |= _columns(one.after, name, unit, "_after")
            told[f"{name}_changed"] = name in one.changed
    if one.after is not None:
        told["changed"] = bool(one.changed)
    shape = county.geometry if county else point_shape(point)
    return feature(one.admin_code if county and one.admin_code else one.place, shape, **told)


def _columns(
    ports: dict[str, PortOut] | None, name: str, unit: str, suffix: str
) -> dict[str, Shown]:
    if ports is None:
        return {f"{name}_port{suffix}": None}
    own = ports[name]
    return {
        f"{name}_port{suffix}": own.port,
        f"{name}_port_zh{suffix}": own.port_zh,
        f"{name}_port_en{suffix}": own.port_en,
        f"{name}_hub{suffix}": own.first_hub,
        f"{name}_low_{unit}{suffix}": own.low,
        f"{name}_high_{unit}{suffix}": own.high,
        f"{name}_next{suffix}": own.runner_up,
        f"{name}_margin_{unit}{suffix}": own.margin,
        f"{name}_sure{suffix}": own.sure,
    }
