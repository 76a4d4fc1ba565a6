"""The corridor of a permit: a way that breaks no limit, the units along it, or what blocks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.unit_rows import units
from layers.processes.runtime.helpers import feature, path_shape
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Outputs,
    Place,
    Process,
    Scene,
    Traffic,
    titled,
)
from routing.answer.admin_crossings import Crossing, rounded
from routing.answer.summary import summarise
from routing.query.leg import whole_line
from routing.query.model import Path
from spatial.errors import LimitViolated, Unreachable
from spatial.networks.road import KIND as ROAD

UNITS = units()


class CorridorInputs(Inputs):
    """From where to where, and with what."""

    origin: Place = titled("起点", "Origin")
    destination: Place = titled("终点", "Destination")
    traffic: Traffic = titled(
        "车货尺寸与时间", "Vehicle, load and time", default=Traffic(profile="oversize")
    )


class Along(BaseModel):
    """A unit that the corridor crosses; no code is outside all that are loaded."""

    admin_code: str | None
    name_zh: str | None
    name_en: str | None
    length_m: float


class Refused(BaseModel):
    """Why there is no corridor, and the roads that block it, each with limit and law."""

    zh: str
    en: str
    blocking: list[object] = []
    structures_to_check: list[object] = []


class CorridorSummary(BaseModel):
    """Whether it can be permitted: never called feasible while limits on the way are unknown."""

    verdict: Literal["feasible", "undetermined", "refused"]
    length_m: float | None = None
    duration_s: float | None = None
    limits_unknown_share: float | None = Field(default=None, description="Of its length")
    competent: str | None = Field(
        default=None, description="The prefecture; the province where several are crossed"
    )
    consulted: list[str] = Field(default=[], description="Units along it, in order")
    refused: Refused | None = None
    network_version: int | None = None


class CorridorOutputs(Outputs):
    """The verdict, the units along the corridor with their metres, and the corridor on the map."""

    summary: CorridorSummary = titled("结论", "Verdict")
    units: list[Along] = titled("途经行政区", "Units crossed")
    path: Features = titled("走廊", "Corridor")


def run(inputs: CorridorInputs, scene: Scene) -> CorridorOutputs:
    """Find the way, sum up what is known of its limits, and cut it at the borders of units."""
    query = inputs.traffic.between(inputs.origin, inputs.destination)
    try:
        found = scene.network.path(query, scene.now)
    except (LimitViolated, Unreachable) as error:
        refused = Refused(
            zh=error.zh,
            en=error.en,
            blocking=error.extra.get("edges", []),
            structures_to_check=error.extra.get("structures_to_check", []),
        )
        summary = CorridorSummary(verdict="refused", refused=refused)
        return CorridorOutputs(summary=summary, units=[], path=Features(features=[]))
    return _answer(scene, found)


def _answer(scene: Scene, found: Path) -> CorridorOutputs:
    graph = scene.network.graph
    told = summarise(graph.edges, found, found.legs)
    points = whole_line(graph, found.legs)
    crossed = scene.get(UNITS).crossed(points, told.length_m)
    codes = [one.unit.code for one in crossed if one.unit is not None]
    unknown = told.limits_unknown_share
    summary = CorridorSummary(
        verdict="undetermined" if unknown > 0 else "feasible",
        length_m=round(told.length_m, 1),
        duration_s=round(told.duration_s, 1),
        limits_unknown_share=round(unknown, 6),
        competent=_competent(codes),
        consulted=list(dict.fromkeys(codes)),
        network_version=found.version,
    )
    line = feature("corridor", path_shape(points.tolist()), verdict=summary.verdict)
    return CorridorOutputs(summary=summary, units=_along(crossed), path=Features(features=[line]))


def _competent(codes: Sequence[str]) -> str | None:
    """Return the unit that decides: that of the whole way, or its province."""
    if len(set(codes)) > 1:
        return f"{codes[0][:2]}0000"
    return codes[0] if codes else None


def _along(crossed: Sequence[Crossing]) -> list[Along]:
    return [
        Along(
            admin_code=one.unit.code if one.unit else None,
            name_zh=one.unit.name_zh if one.unit else None,
            name_en=one.unit.name_en if one.unit else None,
            length_m=metres,
        )
        for one, metres in zip(crossed, rounded(crossed), strict=True)
    ]


PROCESS = Process(
    id="corridor",
    title=Text(zh="大件运输走廊", en="Oversize corridor"),
    description=Text(
        zh="求不违反任何限制的通行路径，按设区市列出里程与受理单位；途经限制未知时不判为可行；无路可走时说明受阻原因。",
        en="Finds a way that breaks no limit, with the metres in each prefecture and the competent "
        "unit; with unknown limits on it it is not called feasible; where there is none, says what "
        "blocks it.",
    ),
    inputs=CorridorInputs,
    outputs=CorridorOutputs,
    run=run,
    reads=(UNITS, network(ROAD.name)),
    quick=True,
)
