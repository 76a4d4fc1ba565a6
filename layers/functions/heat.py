"""The engine `heat`: surfaces of enforcement heat, as the process heat-surface computes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import BaseModel

from layers.functions.cells import CellKind, Kept, beidou_cells, h3_cells, zorder_cells
from layers.functions.counties import NO_COUNTIES, Counties, county_cells
from layers.functions.declared import FunctionLayer
from layers.functions.engine import Engine
from layers.functions.heat_declared import check_declared
from layers.functions.heat_question import (
    DIFFERENCE,
    HOT,
    HeatQuestion,
    check_cells,
    check_periods,
)
from layers.functions.numbers import (
    REASONS,
    Numbers,
    difference_numbers,
    hot_spot_numbers,
    rate_numbers,
    states_of_sums,
)
from layers.functions.surface import NO_CLASS, NOT_INSPECTED, ONE_PERIOD, SHORT, CellSurface
from layers.heat.counted import Counted
from layers.heat.held_cube import Sums
from layers.heat.narrowed import Summed
from layers.processes.law.cell_inputs import counted
from layers.processes.law.heat_surface import METHODS, bandwidth_of
from layers.processes.law.surfaces import density_at_middles, density_surface
from layers.processes.readers.heat_rows import HeatCells
from layers.processes.runtime.helpers import show_rule
from layers.processes.runtime.model import ENFORCERS
from routing.graph.weights import Floats
from routing.statistics.rule_models import BREAKS, CELLS, HOT_SPOTS, INTERVALS
from spatial.json_types import Document
from spatial.rules import Rule, RuleModel, Rules, get_rule

METHOD_OF_DIFFERENCE = (
    "difference of two empirical Bayes rates (Marshall 1991), interval of both gamma intervals by"
    " MOVER (Zou and Donner 2008)"
)
STATES = {DIFFERENCE: ("one_period",), "gi": ("no_statistic",), "gi_count": ("no_statistic",)}


def _grain(asked: BaseModel) -> str:
    """Return the coarsest grain that has all periods of a question."""
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    grains = {period.grain for period in periods_of(asked)}
    return next(grain for grain in "hdm" if grain in grains)


def periods_of(asked: BaseModel) -> list[Counted]:
    """Return what is counted: now, and of a difference before."""
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    now = counted(asked)
    if asked.surface != DIFFERENCE:
        return [now]
    since, until = asked.earlier
    return [now, replace(now, since=since, until=until)]


def cells_of(
    asked: BaseModel, rules: Rules, outlines: Kept | None = None, known: Counties = NO_COUNTIES
) -> CellKind:
    """Return the cells of a question: of one size at every zoom."""
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    check_cells(asked)
    rule = get_rule(rules, CELLS).value
    if asked.cells == "zorder":
        return zorder_cells(asked.level or rule.level)
    if asked.cells == "county":
        return county_cells(known)
    if asked.cells == "h3":
        return h3_cells(rule.h3_resolution, outlines)
    return beidou_cells(rule.beidou_level)


def compute(
    layer: FunctionLayer, asked: BaseModel, rules: Rules, cube: Summed,
    counties: Counties | None = None,
) -> CellSurface:  # fmt: skip
    """Return the surface of a question.

    Raises
    ------
    BadParameter
        A bandwidth beyond those of the rule, or a surface that these cells do not have.
    """
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    kind = cells_of(asked, rules, cube.outlines, counties or NO_COUNTIES)
    wide = bandwidth_of(asked, rules)
    check_periods(asked)
    sums = [kind.sum(cube, period) for period in periods_of(asked)]
    breaks = get_rule(rules, BREAKS, layer.surfaces[asked.surface].rule)
    interval = get_rule(rules, INTERVALS)
    found = _numbers(asked, rules, kind, sums, wide)
    known = np.isfinite(found.value)
    colour = np.searchsorted(breaks.value.bounds, found.value, side="right")
    used = [get_rule(rules, CELLS), interval, breaks]
    used += [get_rule(rules, HOT_SPOTS)] if asked.surface in HOT else []
    return CellSurface(
        asked.surface, kind, found.sums.keys, found.state, found.value,
        np.where(known, colour, NO_CLASS).astype(np.int8),
        found.sums.events.astype(np.int64), found.sums.exposure.astype(np.int64), found.spot,
        found.posterior, interval.value.level, _summary(asked, kind, found, wide, used),
        found.before, found.reason,
    )  # fmt: skip


def _numbers(
    asked: HeatQuestion, rules: Rules, kind: CellKind, sums: list[Sums], wide: float | None
) -> Numbers:
    now = sums[0]
    if asked.surface == "rate":
        return rate_numbers(now)
    if asked.surface == DIFFERENCE:
        return difference_numbers(*sums)
    if asked.surface not in HOT:
        value = now.events if wide is None else _density(asked, kind, now, wide)
        return Numbers(now, states_of_sums(now.events, now.exposure), value)
    share = get_rule(rules, HOT_SPOTS).value.false_share
    return hot_spot_numbers(now, share, adjusted=asked.surface == "gi")


def _density(asked: HeatQuestion, kind: CellKind, sums: Sums, wide: float) -> Floats:
    cells = HeatCells(sums.keys, [], sums.events, sums.exposure)
    if kind.level is not None:
        return density_surface(cells, kind.level, wide, asked.kernel).value
    return density_at_middles(cells, *kind.middles(sums.keys), wide, asked.kernel).value


def _summary(
    asked: HeatQuestion, kind: CellKind, found: Numbers, wide: float | None,
    used: list[Rule[RuleModel]],
) -> Document:  # fmt: skip
    rates = found.posterior
    return {
        "cells": len(found.sums.keys),
        "not_inspected": int((found.state == NOT_INSPECTED).sum()),
        "short": int((found.state == SHORT).sum()),
        "events": int(found.sums.events.sum()),
        "exposure": int(found.sums.exposure.sum()),
        "pooled_rate": rates.pooled if rates else None,
        "between_variance": rates.variance if rates else None,
        "method": METHODS.get(asked.surface, METHOD_OF_DIFFERENCE),
        "cell_kind": kind.name,
        "bandwidth_m": wide,
        "parameters": asked.model_dump(mode="json", exclude={"classes"}, exclude_none=True),
        "rules": [show_rule(rule) for rule in used],
        **_of_before(asked, found),
        **({"no_statistic": REASONS[found.reason].model_dump()} if found.reason else {}),
    }


def _of_before(asked: HeatQuestion, found: Numbers) -> Document:
    """Return what is told of the earlier period of a difference."""
    if asked.surface != DIFFERENCE:
        return {}
    since, until = asked.earlier
    told: Document = {
        "before": since.isoformat(), "before_until": until.isoformat(),
        "one_period": int((found.state == ONE_PERIOD).sum()),
    }  # fmt: skip
    if found.before is not None:
        told |= {
            "events_before": int(found.before.events.sum()),
            "exposure_before": int(found.before.exposure.sum()),
            "pooled_rate_before": found.before.posterior.pooled,
            "between_variance_before": found.before.posterior.variance,
        }
    return told


def _by_county(asked: BaseModel) -> bool:
    return getattr(asked, "cells", None) == "county"


ENGINE = Engine(
    id="heat", parameters=HeatQuestion, grain=_grain, compute=compute, counted=periods_of,
    cells=cells_of, states=STATES, by_county=_by_county, check=check_declared,
    roles=ENFORCERS,
)  # fmt: skip
