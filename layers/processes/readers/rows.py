"""Features of a layer, as the caller may see them."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from layers.features.features import read_page
from layers.processes.runtime.model import (
    MOST_POINTS,
    Need,
    Reader,
    RowsFrom,
    Sources,
    wrong_input,
)
from layers.processes.runtime.readers import register
from layers.query.filters import read_query
from spatial.geo.geojson import Feature

Rows = Sequence[Feature]
"""GeoJSON features, in longitude and latitude (EPSG:4326)."""


async def read_features(sources: Sources, name: str, given: RowsFrom) -> Rows:
    """Return the features of a layer that match.

    Raises
    ------
    NotFound, BadParameter
        The layer is not there for the caller, or has more features than a process reads.
    """
    relation = sources.catalog.get_relation(given.layer, sources.actor)
    query = await read_query(relation, {"filter": given.filter} if given.filter else {})
    page = await read_page(sources.db, relation, sources.actor, query, MOST_POINTS, None)
    if page.next is not None:
        raise wrong_input(
            name,
            f"more than {MOST_POINTS} features; use filter",
            f"超过 {MOST_POINTS} 个要素，请用 filter",
        )
    return [orjson.loads(text) for text in page.features]


READER = register(Reader("rows", read_features, asks=RowsFrom))


def rows(name: str) -> Need[Rows]:
    """Return the need of the rows that an input of type `RowsFrom` tells."""
    return Need(READER.name, name, name)
