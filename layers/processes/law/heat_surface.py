"""Enforcement heat by cells: rate per exposure, counts, density or hot spots of a period."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.law.cell_inputs import CellInputs, cells_asked
from layers.processes.law.shown_units import units_of_surface
from layers.processes.law.surfaces import (
    Surface,
    clustering,
    coarser,
    count_surface,
    density_surface,
    explained,
    hot_spot_surface,
    rate_surface,
)
from layers.processes.readers.county_name_rows import county_names, named
from layers.processes.readers.heat_rows import HeatCells, heat
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.feature_text import Column, rectangles
from layers.processes.runtime.helpers import show_rule
from layers.processes.runtime.model import (
    ENFORCERS,
    Features,
    Outputs,
    Process,
    Scene,
    titled,
    wrong_input,
)
from routing.statistics.rule_models import (
    BANDWIDTH,
    BREAKS,
    CELLS,
    HOT_SPOTS,
    INTERVALS,
    PATROL,
)
from spatial.geo.beidou_grid import encode_many
from spatial.geo.zorder import bounds_of
from spatial.rules import Rules, get_rule
from spatial.schema.heat_tables import CUBE_LEVEL

Shown = Literal["rate", "count", "kde", "gi", "gi_count"]
DIGITS = 6
COLOURS: dict[Shown, str] = {"gi_count": "gi"}
"""Surfaces that share the bounds of another's colours."""


class HeatCounted(CellInputs):
    """What a surface counts, and of a density by which kernel."""

    surface: str = titled("图面", "Surface", default="rate")
    bandwidth_m: float | None = titled(
        "核密度带宽（米）", "Bandwidth", default=None, allow_inf_nan=False
    )
    kernel: Literal["quartic", "gaussian"] = titled("核函数", "Kernel", default="quartic")


class HeatInputs(HeatCounted):
    """Which surface of that."""

    surface: Shown = titled("图面", "Surface", default="rate")


class Clustering(BaseModel):
    """Moran's I of inspected cells that touch, what chance makes of it, and how far off it is."""

    i: float
    expected: float
    z_normal: float
    z_random: float


class HeatSummary(BaseModel):
    """What was counted, how, and by which rules."""

    cells: int
    not_inspected: int
    short: int = Field(description="Cells with more events than exposure: no rate is told")
    mostly_patrol: int = Field(
        default=0, description="Cells with more events than others mostly because of more exposure"
    )
    events: int
    exposure: int
    pooled_rate: float | None
    between_variance: float | None
    method: str
    bandwidth_m: float | None = None
    level: int = CUBE_LEVEL
    bounds: list[float] = []
    clustering: Clustering | None = Field(default=None, description="Of hot spots: Moran's I")
    rules: list[dict[str, object]]
    sentence: Text


class HeatOutputs(Outputs):
    """The cells with their numbers, and what they are."""

    cells: Features = titled("单元", "Cells")
    summary: HeatSummary = titled("汇总", "Summary")


RULES = rules_at(lambda _: None)
METHODS: dict[str, str] = {
    "rate": "empirical Bayes (Marshall 1991), gamma interval",
    "count": "count of events",
    "kde": "plane kernel density, events per km²",
    "gi": "Gi* of the exposure-adjusted residual, queen contiguity with self, FDR",
    "gi_count": "Gi* of counts, queen contiguity with self, FDR",
}


HEAT = heat(cells_asked)
COUNTIES = county_names()


def check(inputs: HeatInputs, scene: Scene) -> None:
    """Refuse a bandwidth beyond those of the rule."""
    bandwidth_of(inputs, scene.get(RULES))


def bandwidth_of(inputs: HeatCounted, rules: Rules) -> float | None:
    """Return the bandwidth of a density: by hand, else by rule; None for other surfaces.

    Raises
    ------
    BadParameter
        It is beyond those of the rule.
    """
    rule, wide = get_rule(rules, BANDWIDTH).value, inputs.bandwidth_m
    if wide is not None and not rule.least_m <= wide <= rule.most_m:
        raise wrong_input(
            "bandwidth_m",
            f"give {rule.least_m:g} to {rule.most_m:g} metres",
            f"须为 {rule.least_m:g} 至 {rule.most_m:g} 米",
        )
    return (wide or rule.usual_m) if inputs.surface == "kde" else None


def run(inputs: HeatInputs, scene: Scene) -> HeatOutputs:
    """Make a surface of the cells."""
    rules = scene.get(RULES)
    level = inputs.level or get_rule(rules, CELLS).value.level
    cells = coarser(scene.get(HEAT), cells_asked(inputs).level - level)
    surface, wide = _surface(inputs, rules, cells, level)
    bounds = get_rule(
        rules, BREAKS, f"law.heat_breaks.{COLOURS.get(inputs.surface, inputs.surface)}"
    ).value.bounds
    share = explained(cells)
    patrol = share >= get_rule(rules, PATROL).value.explained_share
    names = [named(scene.get(COUNTIES), code) for code in cells.admin_codes]
    own: dict[str, Column] = {
        "by_exposure": np.round(share, DIGITS), "mostly_patrol": patrol,
        **{name: [one[name] for one in names] for name in ("county_zh", "county_en")},
    }  # fmt: skip
    own["admin_code"] = units_of_surface(inputs.surface, cells)
    made = _shown(cells, surface, level, bounds, own)
    summary = _summary(inputs, rules, cells, surface, int(patrol.sum()))
    how = {
        "bandwidth_m": wide, "level": level, "bounds": list(bounds),
        "clustering": _clustering(inputs, cells),
    }  # fmt: skip
    return HeatOutputs(cells=Features(features=made), summary=summary.model_copy(update=how))


def _clustering(inputs: HeatInputs, cells: HeatCells) -> Clustering | None:
    """Return how much the cells of hot spots cluster at all, beside where they do."""
    if inputs.surface not in ("gi", "gi_count"):
        return None
    found = clustering(cells, adjusted=inputs.surface == "gi")
    return None if found is None else Clustering.model_validate(asdict(found))


def _surface(
    inputs: HeatInputs, rules: Rules, cells: HeatCells, level: int
) -> tuple[Surface, float | None]:
    """Return the surface, and the bandwidth that it took."""
    if inputs.surface == "rate":
        return rate_surface(cells, get_rule(rules, INTERVALS).value.level), None
    if inputs.surface == "count":
        return count_surface(cells), None
    wide = bandwidth_of(inputs, rules)
    if wide is not None:
        return density_surface(cells, level, wide, inputs.kernel), wide
    share = get_rule(rules, HOT_SPOTS).value.false_share
    return hot_spot_surface(cells, share, adjusted=inputs.surface == "gi"), None


def _shown(
    cells: HeatCells, surface: Surface, level: int, bounds: tuple[float, ...],
    own: dict[str, Column],
) -> list[object]:  # fmt: skip
    """Return the cells as features; `colour` is the number of its class from 0."""
    if not len(cells.keys):
        return []
    west, south, east, north = boxes = bounds_of(cells.keys, level)
    names = encode_many((west + east) / 2, (south + north) / 2, 5)
    rates, spot, none = surface.rates, surface.spot, [None] * len(cells.keys)
    known = np.isfinite(surface.value)
    if rates is not None or spot is not None:
        known &= surface.state == "rated"
    colour = np.searchsorted(bounds, surface.value, side="right")
    columns: dict[str, Column] = {
        "state": surface.state,
        "events": cells.events.astype(np.int64),
        "exposure": cells.exposure.astype(np.int64),
        "value": np.round(np.where(known, surface.value, np.nan), DIGITS),
        "lower": np.round(rates.lower, DIGITS) if rates else none,
        "upper": np.round(rates.upper, DIGITS) if rates else none,
        "colour": [of if told else None for of, told in zip(colour.tolist(), known, strict=True)],
        "spot": none if spot is None else spot,
        "beidou": names,
    }
    return rectangles(cells.keys.astype(np.str_), boxes, columns | own)


def _summary(
    inputs: HeatInputs, rules: Rules, cells: HeatCells, surface: Surface, patrol: int
) -> HeatSummary:
    rates, unseen = surface.rates, int((surface.state == "not_inspected").sum())
    used = [get_rule(rules, kind) for kind in (CELLS, INTERVALS, BANDWIDTH, HOT_SPOTS, PATROL)]
    return HeatSummary(
        cells=len(cells.keys),
        not_inspected=unseen,
        short=int((surface.state == "short").sum()),
        mostly_patrol=patrol,
        events=int(cells.events.sum()),
        exposure=int(cells.exposure.sum()),
        pooled_rate=rates.pooled if rates and np.isfinite(rates.pooled) else None,
        between_variance=rates.variance if rates else None,
        method=METHODS[inputs.surface],
        rules=[dict(show_rule(rule)) for rule in used],
        sentence=Text(
            zh=f"{len(cells.keys)} 个单元，其中 {unseen} 个有案件而无检查记录，不作比率；"
            f"图上没有的地方未检查，不等于没有违法。{_patrol_words(patrol)[0]}",
            en=f"{len(cells.keys)} cells, {unseen} of them with cases and no record of inspection:"
            " no rate is told. Where there is no cell nobody looked; that is not zero."
            f"{_patrol_words(patrol)[1]}",
        ),
    )


def _patrol_words(cells: int) -> tuple[str, str]:
    """Return the sentence on cells that are hot by patrols, in both languages."""
    if not cells:
        return "", ""
    return (
        f"其中 {cells} 个单元查获多因检查多。",
        f" In {cells} cells more was found mostly because more was looked.",
    )


PROCESS = Process(
    id="heat-surface",
    title=Text(zh="执法热力", en="Enforcement heat"),
    description=Text(
        zh="按单元统计一段时间的检查与查获：经验贝叶斯收缩的查获率及区间、件数、核密度、热点。",
        en="Cells of a period: rates per exposure shrunk by empirical Bayes with their interval,"
        " counts, kernel density, hot spots.",
    ),
    inputs=HeatInputs,
    outputs=HeatOutputs,
    run=run,
    reads=(RULES, HEAT, COUNTIES),
    check=check,
    quick=True,
    roles=ENFORCERS,
    version="1.1.0",
)
