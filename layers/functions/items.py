"""Cells of a surface as GeoJSON features, in pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layers.functions.cell_tile import rounded, shown_cells
from layers.functions.surface import NO_CLASS, NO_STATISTIC, STATES, CellSurface
from routing.graph.weights import Floats, Ints
from spatial.errors import BadParameter
from spatial.json_types import Document

SORTED = ("value", "events", "exposure", "lower", "upper")
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Page:
    """Which cells: in a box of degrees, of classes, in an order, from one on, so many."""

    box: Box | None
    classes: list[int] | None
    sortby: str | None
    start: int
    limit: int


def cells_of_page(surface: CellSurface, page: Page) -> tuple[Ints, int]:
    """Return the numbers of the cells of a page, and how many there are in all."""
    of = np.arange(len(surface))
    if page.box is not None:
        west, south, east, north = page.box
        left, bottom, right, top = surface.kind.bounds(surface.keys).T
        of = of[(right >= west) & (left <= east) & (top >= south) & (bottom <= north)]
    of = shown_cells(surface, of, page.classes)
    if page.sortby is not None:
        of = of[_order(surface, of, page.sortby)]
    return of[page.start : page.start + page.limit], len(of)


def _order(surface: CellSurface, of: Ints, sortby: str) -> Ints:
    """Return the order by a column, `-` for the highest first; cells without a value come last."""
    name = sortby.lstrip("+-")
    if name not in SORTED:
        raise BadParameter(
            f"Cells are sorted by {', '.join(SORTED)}, not {name[:40]!r}",
            f"单元可按 {'、'.join(SORTED)} 排序，而不是 {name[:40]!r}",
            parameter="sortby",
        )
    if name in ("lower", "upper"):
        values = surface.interval(of)[name == "upper"]
    else:
        values = {"value": surface.value, "events": surface.events, "exposure": surface.exposure}[
            name
        ][of].astype(np.float64)
    return np.argsort(-values if sortby.startswith("-") else values, kind="stable")


def features(surface: CellSurface, of: Ints, units: dict[int, str | None]) -> list[Document]:
    """Return cells as GeoJSON features in longitude and latitude (EPSG:4326)."""
    keys = surface.keys[of]
    geometries, names = surface.kind.geometries(keys), surface.kind.titles(keys)
    lower, upper = surface.interval(of)
    spot = None if surface.spot is None else surface.spot[of]
    counts = surface.counts()
    made: list[Document] = []
    for i, at in enumerate(of.tolist()):
        colour = int(surface.colour[at])
        properties: Document = {
            "admin_code": units.get(int(keys[i])),
            "state": STATES[surface.state[at]],
            **{name: int(column[at]) for name, column in counts.items()},
            "value": _number(surface.value, at),
            "lower": _number(lower, i),
            "upper": _number(upper, i),
            "colour": None if colour == NO_CLASS else colour,
        }
        if spot is not None:
            properties["spot"] = int(spot[i])
        if surface.reason is not None and surface.state[at] == NO_STATISTIC:
            properties["reason"] = surface.reason
        made.append(
            {
                "type": "Feature",
                "id": str(names[i]),
                "geometry": geometries[i],
                "properties": properties,
            }
        )
    return made


def _number(column: Floats, at: int) -> float | None:
    value = float(column[at])
    return float(rounded(np.array([value]), 6)[0]) if np.isfinite(value) else None
