"""The engine `heat`: surfaces of enforcement heat, as the process heat-surface computes them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from layers.functions.cells import CellKind, beidou_cells, zorder_cells
from layers.functions.declared import FunctionLayer
from layers.functions.engine import Engine
from layers.functions.surface import NO_CLASS, NOT_INSPECTED, RATED, SHORT, CellSurface
from layers.heat.held_cube import HeldCube, Sums
from layers.processes.law.heat_surface import METHODS, HeatInputs, bandwidth_of, counted
from layers.processes.law.surfaces import (
    Surface,
    count_surface,
    density_at_middles,
    density_surface,
    hot_spot_surface,
    states_of,
)
from layers.processes.readers.heat_rows import HeatCells
from layers.processes.runtime.helpers import show_rule
from layers.processes.runtime.model import titled, wrong_input
from routing.graph.weights import Bools
from routing.statistics.rates import Posterior, posterior
from routing.statistics.rule_models import BREAKS, CELLS, HOT_SPOTS, INTERVALS
from spatial.json_types import Document
from spatial.rules import Rule, RuleModel, Rules, get_rule

CLASSES = 16


class HeatQuestion(HeatInputs):
    """What an address may ask of heat: the inputs of the process, and how cells are cut."""

    cells: Literal["zorder", "beidou"] = titled("单元", "Kind of cells", default="zorder")
    classes: list[Annotated[int, Field(ge=0, lt=CLASSES)]] | None = titled(
        "只显示这些分级", "Classes shown", default=None, min_length=1, max_length=CLASSES
    )


def _grain(asked: BaseModel) -> str:
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    return counted(asked).grain


def cells_of(asked: HeatQuestion, rules: Rules) -> CellKind:
    """Return the cells of a question: of one size at every zoom."""
    rule = get_rule(rules, CELLS).value
    if asked.cells == "zorder":
        return zorder_cells(asked.level or rule.level)
    if asked.level is not None:
        raise wrong_input(
            "level", f"cells of {asked.cells} have the size of the rule", "该类单元大小由规则规定"
        )
    return beidou_cells(rule.beidou_level)


def compute(layer: FunctionLayer, asked: BaseModel, rules: Rules, cube: HeldCube) -> CellSurface:
    """Return the surface of a question.

    Raises
    ------
    BadParameter
        A bandwidth beyond those of the rule, or a surface that these cells do not have.
    """
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    kind = cells_of(asked, rules)
    wide = bandwidth_of(asked, rules)
    sums = cube.sum(counted(asked), kind.name, kind.grouping)
    breaks = get_rule(rules, BREAKS, layer.surfaces[asked.surface].rule)
    interval = get_rule(rules, INTERVALS)
    surface, rates = _surface(asked, rules, kind, sums, wide)
    state = np.select(
        [surface.state == "not_inspected", surface.state == "short"], [NOT_INSPECTED, SHORT], RATED
    ).astype(np.uint8)
    value = _told(asked, state, surface)
    known = np.isfinite(value)
    colour = np.where(known, np.searchsorted(breaks.value.bounds, value, side="right"), NO_CLASS)
    used = [get_rule(rules, CELLS), interval, breaks]
    used += [get_rule(rules, HOT_SPOTS)] if surface.spot is not None else []
    return CellSurface(
        kind, sums.keys, state, value, colour.astype(np.int8), sums.events.astype(np.int64),
        sums.exposure.astype(np.int64), surface.spot, rates, interval.value.level,
        _summary(asked, kind, sums, state, rates, wide, used),
    )  # fmt: skip


def _surface(
    asked: HeatQuestion, rules: Rules, kind: CellKind, sums: Sums, wide: float | None
) -> tuple[Surface, Posterior | None]:
    cells = HeatCells(sums.keys, [], sums.events, sums.exposure)
    if asked.surface == "rate":
        return _rates(cells)
    if asked.surface == "count":
        return count_surface(cells), None
    if asked.surface == "kde":
        assert wide is not None  # noqa: S101
        if kind.level is None:
            middles = kind.middles(sums.keys)
            return density_at_middles(cells, *middles, wide, asked.kernel), None
        return density_surface(cells, kind.level, wide, asked.kernel), None
    if kind.level is None:
        raise wrong_input(
            "surface",
            f"{asked.surface} needs cells=zorder: which cells touch is known of these alone",
            f"{asked.surface} 只支持 cells=zorder",
        )
    share = get_rule(rules, HOT_SPOTS).value.false_share
    return hot_spot_surface(cells, share, adjusted=asked.surface == "gi"), None


def _rates(cells: HeatCells) -> tuple[Surface, Posterior | None]:
    """Return shrunk rates; their intervals are computed where they are shown."""
    state = states_of(cells)
    known: Bools = state == "rated"
    value = np.full(len(cells.keys), np.nan)
    if not known.any():
        return Surface(state, value), None
    found = posterior(cells.events[known], cells.exposure[known])
    value[known] = found.rate
    return Surface(state, value), found


def _told(asked: HeatQuestion, state: np.ndarray, surface: Surface) -> np.ndarray:
    """Return values; counts and densities are told of any cell, rates of inspected ones alone."""
    if asked.surface in ("count", "kde"):
        return surface.value.astype(np.float64)
    return np.where(state == RATED, surface.value, np.nan)


def _summary(
    asked: HeatQuestion, kind: CellKind, sums: Sums, state: np.ndarray, rates: Posterior | None,
    wide: float | None, used: list[Rule[RuleModel]],
) -> Document:  # fmt: skip
    return {
        "cells": len(sums.keys),
        "not_inspected": int((state == NOT_INSPECTED).sum()),
        "short": int((state == SHORT).sum()),
        "events": int(sums.events.sum()),
        "exposure": int(sums.exposure.sum()),
        "pooled_rate": rates.pooled if rates else None,
        "between_variance": rates.variance if rates else None,
        "method": METHODS[asked.surface],
        "cell_kind": kind.name,
        "bandwidth_m": wide,
        "parameters": asked.model_dump(mode="json", exclude_none=True),
        "rules": [show_rule(rule) for rule in used],
    }


ENGINE = Engine(id="heat", parameters=HeatQuestion, grain=_grain, compute=compute)
