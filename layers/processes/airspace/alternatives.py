"""What would do instead: the nearest height, time and place or shift, as an answer tells them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import shapely

from routing.airspace.filing import DAY_ZONE
from routing.airspace.nearest import Place, Search, nearest_height, nearest_place, nearest_time
from routing.airspace.nearest_shape import (
    Shift,
    Spread,
    nearest_height_of,
    nearest_shift,
    nearest_time_of,
)
from spatial.errors import TooComplex
from spatial.geo import beidou_grid
from spatial.geo.heights import Datum
from spatial.json_types import Document

T = TypeVar("T")
SIDE_LEVEL = 5
"""Level of the cells of the BeiDou grid by which a flight moves aside."""


def of_point(search: Search, place: Place, now: datetime, horizon_s: float) -> Document:
    """Return the nearest height, time and place at which nothing known stands against it."""
    side = nearest_place(search, place)
    return {
        "height": _height(nearest_height(search, place), place.heights.datum),
        "time": _time(nearest_time(search, place, now.timestamp(), horizon_s)),
        "side": None if side is None else _place(side[0], side[1], side[2]),
        "omitted": [],
    }  # fmt: skip


def of_shape(search: Search, asked: Spread, now: datetime, horizon_s: float) -> Document:
    """Return the nearest height, time and shift of a shape; `omitted`: too much to search."""
    omitted: list[str] = []

    def sought(name: str, seek: Callable[[], T]) -> T | None:
        try:
            return seek()
        except TooComplex:
            omitted.append(name)
            return None

    now_s = now.timestamp()
    height = sought("height", lambda: nearest_height_of(search, asked))
    moment = sought("time", lambda: nearest_time_of(search, asked, now_s, horizon_s))
    side = sought("side", lambda: nearest_shift(search, asked))
    return {
        "height": _height(height, asked.heights.datum), "time": _time(moment),
        "side": None if side is None else _shift(side), "omitted": omitted,
    }  # fmt: skip


def _height(value_m: float | None, datum: Datum) -> Document | None:
    return None if value_m is None else {"value": value_m, "datum": datum, "unit": "m"}


def _time(moment_s: float | None) -> datetime | None:
    return None if moment_s is None else datetime.fromtimestamp(moment_s, DAY_ZONE)


def _place(lon: float, lat: float, metres: float) -> Document:
    return {
        "point": (lon, lat), "distance_m": round(metres, 1),
        "beidou_cell": beidou_grid.encode(lon, lat, SIDE_LEVEL),
    }  # fmt: skip


def _shift(found: Shift) -> Document:
    """Return a shape moved: its middle as that of a point, and its geometry, in degrees."""
    middle, moved = found.shape.centroid, shapely.geometry.mapping(found.shape)
    return {
        **_place(middle.x, middle.y, found.distance_m), "cells": found.cells,
        "geometry": {"type": moved["type"], "coordinates": moved["coordinates"]},
    }  # fmt: skip
