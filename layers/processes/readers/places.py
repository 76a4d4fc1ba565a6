"""Places of an input: named one by one, or features of a layer that the caller may read."""

from __future__ import annotations

from typing import cast

import numpy as np
import shapely

from layers.processes.readers.rows import Rows, read_features
from layers.processes.runtime.model import (
    Need,
    Places,
    PlacesFrom,
    Reader,
    RowsFrom,
    Sources,
    wrong_input,
)
from layers.processes.runtime.readers import register


async def _read(sources: Sources, name: str, given: PlacesFrom) -> Places:
    if given.points is not None:
        return Places.of(given.points)
    layer = given.layer or ""
    if sources.catalog.get_relation(layer, sources.actor).geom is None:
        raise wrong_input(name, "this layer has no geometry", "该图层没有几何")
    found = await read_features(sources, name, RowsFrom(layer=layer, filter=given.filter))
    found = [feature for feature in found if feature["geometry"]]
    if not found:
        raise wrong_input(name, "no feature matches", "没有符合条件的要素")
    return _of_features(name, found, given.weight)


def _of_features(name: str, found: Rows, weight: str | None) -> Places:
    if weight is not None and all(weight not in f["properties"] for f in found):
        raise wrong_input(name, f"no column {weight!r}", f"没有列 {weight!r}")
    shapes = shapely.point_on_surface([shapely.geometry.shape(f["geometry"]) for f in found])
    properties = [f["properties"] for f in found]
    return Places(
        [str(f.get("id")) for f in found],
        [str(p.get("name_zh") or p.get("name_en") or f.get("id"))
         for p, f in zip(properties, found, strict=True)],
        [(float(s.x), float(s.y)) for s in shapes],
        np.array([_amount(name, p.get(weight)) if weight else 1.0 for p in properties]),
        [cast(str | None, p.get("admin_code")) for p in properties],
    )  # fmt: skip


def _amount(name: str, value: object) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise wrong_input(name, f"{value!r} is no weight", f"{value!r} 不能作为权重")
    return float(value)


READER = register(Reader("places", _read, asks=PlacesFrom))


def places(name: str) -> Need[Places]:
    """Return the need of the places that an input of type `PlacesFrom` tells."""
    return Need(READER.name, name, name)
