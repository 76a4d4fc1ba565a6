"""The four-colour risk map at a time: each risk by rule, raised inside warnings, units by max."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import shapely
from pydantic import BaseModel, Field, model_validator

from layers.declare.base import Text
from layers.processes.readers.rows import READER as ROWS
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.helpers import feature, point_shape, show_rule
from layers.processes.runtime.model import (
    MOST_POINTS,
    Features,
    Inputs,
    Lat,
    Lon,
    Moment,
    Need,
    Outputs,
    Process,
    RowsFrom,
    Scene,
    titled,
    wrong_input,
)
from layers.processes.runtime.ring import Ring
from layers.processes.safety.grading import (
    WORST_FIRST,
    Grade,
    Scheme,
    Warned,
    factors_at,
    grade,
    zone_colour,
)
from spatial.rule_models import (
    RISK_COLOURS,
    RISK_MATRIX,
    RISK_WEATHER,
    RISK_ZONE,
    Colour,
    ZoneGrade,
)
from spatial.rules import Rule, get_rule


class RiskGiven(Inputs):
    """One risk: place, likelihood and consequence as the scheme counts them, who, and what."""

    id: str = Field(min_length=1, max_length=80)
    point: tuple[Lon, Lat]
    likelihood: float = Field(gt=0, le=100, allow_inf_nan=False)
    consequence: float = Field(gt=0, le=100, allow_inf_nan=False)
    unit: str | None = Field(default=None, max_length=80)
    """Unit or zone that it counts in."""
    owner: str | None = Field(default=None, max_length=200)
    measure: str | None = Field(default=None, max_length=2_000)


class RisksFrom(Inputs):
    """Risks: named one by one, or the rows of a layer with likelihood and consequence."""

    risks: list[RiskGiven] | None = Field(default=None, min_length=1, max_length=MOST_POINTS)
    layer: str | None = Field(default=None, max_length=80)
    filter: str | None = Field(default=None, max_length=2_000)
    """CQL2 text over the layer's queryables."""

    @model_validator(mode="after")
    def _one_of_both(self) -> RisksFrom:
        if (self.risks is None) == (self.layer is None):
            raise ValueError("name either risks or layer")
        return self


class WarningGiven(Inputs):
    """A weather warning: a ring of longitudes and latitudes, its colour, its time (half-open)."""

    ring: Ring
    colour: Colour
    valid_from: Moment
    valid_to: Moment


class RiskGradeInputs(Inputs):
    """The risks, the warnings, the time, and by which scheme."""

    risks: RisksFrom = titled("风险点", "Risks", default=RisksFrom(layer="risks"))
    warnings: list[WarningGiven] = titled("气象预警", "Warnings", default=[], max_length=200)
    zones: RowsFrom | None = titled("预警区图层", "Layer of warnings", default=None)
    at: Moment | None = titled("时间（默认现在）", "Time", default=None)
    scheme: Literal["dlc", "matrix"] = titled("评估方法", "Scheme", default="dlc")
    top: int = titled("清单条数", "Length of the list", default=20, ge=1, le=500)


class Graded(BaseModel):
    """One risk before and with the warnings at the time."""

    id: str
    name: str
    unit: str | None
    static_score: float
    static_colour: str
    score: float
    colour: str
    raised: bool
    owner: str | None
    measure: str | None


class UnitGrade(BaseModel):
    """The colour of a unit by its risks and the declared rule."""

    unit: str
    static_colour: str
    colour: str
    risks: int


class RiskSummary(BaseModel):
    """Counts by colour, what is raised, and the red ones for which nobody or nothing stands."""

    at: datetime
    static: dict[str, int]
    colours: dict[str, int]
    raised: int
    reds_unattended: list[str] = Field(description="Red without an owner or a measure")
    ungraded: list[str] = Field(description="Without likelihood or consequence")
    rules: list[dict[str, object]]


class RiskGradeOutputs(Outputs):
    """The worst risks, the units, the sums, and all risks on the map."""

    top: list[Graded] = titled("风险清单", "Top list")
    units: list[UnitGrade] = titled("分单元等级", "Units")
    summary: RiskSummary = titled("汇总", "Summary")
    risks: Features = titled("风险点图层", "Risks on the map")


@dataclass(frozen=True)
class _Risk:
    id: str
    name: str
    point: tuple[float, float]
    likelihood: float
    consequence: float
    unit: str | None
    owner: str | None
    measure: str | None


ROWS_ASKED: Need[Sequence[Mapping[str, Any]]] = Need(
    ROWS.name,
    "risks",
    lambda inputs: (
        inputs.risks.layer and RowsFrom(layer=inputs.risks.layer, filter=inputs.risks.filter)
    ),
)
ZONES_ASKED: Need[Sequence[Mapping[str, Any]]] = Need(ROWS.name, "zones", "zones")
RULES = rules_at(lambda inputs: inputs.at)


def run(inputs: RiskGradeInputs, scene: Scene) -> RiskGradeOutputs:
    """Grade every risk twice: as registered, and at the time with the warnings that hold there."""
    rules = scene.get(RULES)
    scheme: Rule[Any] = get_rule(rules, RISK_COLOURS if inputs.scheme == "dlc" else RISK_MATRIX)
    weather, zone = get_rule(rules, RISK_WEATHER), get_rule(rules, RISK_ZONE)
    moment = inputs.at or scene.now
    known, ungraded = _known(inputs, scene, scheme.value)
    warnings = _warnings(inputs, scene)
    factors = factors_at([risk.point for risk in known], warnings, weather.value, moment)
    graded = [
        _graded(
            risk,
            grade(scheme.value, risk.likelihood, risk.consequence),
            grade(scheme.value, risk.likelihood, risk.consequence, factor),
        )
        for risk, factor in zip(known, factors, strict=True)
    ]
    ordered = sorted(graded, key=lambda one: (-one.score, -one.static_score, one.id))
    used = [show_rule(scheme), show_rule(zone), *([show_rule(weather)] if warnings else [])]
    return RiskGradeOutputs(
        top=ordered[: inputs.top],
        units=_units(graded, zone.value),
        summary=_summary(moment, graded, ungraded, used),
        risks=_features(known, graded),
    )


def _warnings(inputs: RiskGradeInputs, scene: Scene) -> list[Warned]:
    """Return the warnings given, and those of a layer that have a place, a colour and a time."""
    found = [
        Warned(shapely.Polygon(w.ring), w.colour, w.valid_from, w.valid_to) for w in inputs.warnings
    ]
    for row in scene.get(ZONES_ASKED) if inputs.zones is not None else ():
        held, shape = row["properties"], row["geometry"]
        times = held.get("valid_from"), held.get("valid_to")
        if shape is None or held.get("colour") not in WORST_FIRST or None in times:
            continue
        start, end = (datetime.fromisoformat(str(at)) for at in times)
        found.append(Warned(shapely.geometry.shape(shape), held["colour"], start, end))
    return found


def _known(inputs: RiskGradeInputs, scene: Scene, scheme: Scheme) -> tuple[list[_Risk], list[str]]:
    """Return the risks that can be graded, and the ids of the others."""
    if inputs.risks.risks is not None:
        beyond = [r.id for r in inputs.risks.risks if r.likelihood > scheme.likelihood_max]
        if beyond:
            most = scheme.likelihood_max
            raise wrong_input(
                "risks",
                f"likelihood above {most:g}: {beyond[0]}",
                f"可能性超过 {most:g}：{beyond[0]}",
            )
        given = [_Risk(**{"name": r.id, **r.model_dump()}) for r in inputs.risks.risks]
        return given, []
    found, ungraded = [], []
    for row in scene.get(ROWS_ASKED):
        risk = _of_row(row)
        if risk is None or not 0 < risk.likelihood <= scheme.likelihood_max:
            ungraded.append(str(row["id"]))
        else:
            found.append(risk)
    return found, ungraded


def _of_row(row: Mapping[str, Any]) -> _Risk | None:
    properties = row["properties"]
    likelihood, consequence = properties.get("likelihood"), properties.get("consequence")
    if row["geometry"] is None or likelihood is None or consequence is None:
        return None
    at = shapely.point_on_surface(shapely.geometry.shape(row["geometry"]))
    return _Risk(
        str(row["id"]),
        str(properties.get("name_zh") or row["id"]),
        (float(at.x), float(at.y)),
        float(likelihood),
        float(consequence),
        properties.get("admin_code"),
        properties.get("owner_unit"),
        properties.get("measure"),
    )


def _graded(risk: _Risk, static: Grade, now: Grade) -> Graded:
    return Graded(
        id=risk.id,
        name=risk.name,
        unit=risk.unit,
        static_score=static.score,
        static_colour=static.colour,
        score=now.score,
        colour=now.colour,
        raised=now.score > static.score,
        owner=risk.owner,
        measure=risk.measure,
    )


def _units(graded: Sequence[Graded], rule: ZoneGrade) -> list[UnitGrade]:
    """Return each unit by its risks and the rule of zones, in the order of units."""
    by_unit: dict[str, list[Graded]] = defaultdict(list)
    for one in graded:
        if one.unit is not None:
            by_unit[one.unit].append(one)
    return [
        UnitGrade(
            unit=unit,
            static_colour=_of_zone((one.static_colour for one in members), rule),
            colour=_of_zone((one.colour for one in members), rule),
            risks=len(members),
        )
        for unit, members in sorted(by_unit.items())
    ]


def _of_zone(colours: Any, rule: ZoneGrade) -> str:
    return zone_colour(list(colours), rule) or ""


def _summary(
    moment: datetime, graded: Sequence[Graded], ungraded: list[str], rules: list[dict[str, Any]]
) -> RiskSummary:
    return RiskSummary(
        at=moment,
        static=dict(Counter(one.static_colour for one in graded)),
        colours=dict(Counter(one.colour for one in graded)),
        raised=sum(one.raised for one in graded),
        reds_unattended=[
            one.id for one in graded if one.colour == "red" and not (one.owner and one.measure)
        ],
        ungraded=ungraded,
        rules=rules,
    )


def _features(known: Sequence[_Risk], graded: Sequence[Graded]) -> Features:
    return Features(
        features=[
            feature(risk.id, point_shape(risk.point), **one.model_dump(exclude={"id"}))
            for risk, one in zip(known, graded, strict=True)
        ]
    )


PROCESS = Process(
    id="risk-grade",
    title=Text(zh="四色风险研判", en="Four-colour risk"),
    description=Text(
        zh="按现行规则计算风险值与颜色；气象预警区内、预警时段内可能性上浮。给出清单、分单元最高等级和无主或无措施的重大风险。",
        en="Grades risks by the rule in force at the time; inside a weather warning and its time "
        "the likelihood is raised. Gives the top list, units by their worst risk, and red risks "
        "without an owner or a measure.",
    ),
    inputs=RiskGradeInputs,
    outputs=RiskGradeOutputs,
    run=run,
    reads=(ROWS_ASKED, ZONES_ASKED, RULES),
    quick=True,
)
