"""Features of a point layer within a box, with their places: candidates for a network search."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, select, true
from sqlalchemy.types import Integer

from layers.declare.relation import Relation
from layers.features.features import Selection, compile_beside, feature_text, reading
from layers.features.finite import finite_feature
from layers.query.filters import Box, Query, conditions
from layers.query.row_scope import visible
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.postgres.db import Database


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feature as GeoJSON text, and where it is (degrees)."""

    text: str
    lon: float
    lat: float


async def read_candidates(
    db: Database, relation: Relation, actor: Actor, query: Query, box: Box, most: int
) -> list[Candidate]:
    """Return the features in a box that match and that the actor sees.

    Raises
    ------
    BadParameter
        The layer has no points, or there are more than `most`.
    """
    if relation.geom is None or relation.layer.geometry.type != "point":
        raise BadParameter(
            f"Layer {relation.layer.id} has no points",
            f"图层 {relation.layer.id} 不是点图层",
            parameter="layer",
        )
    boxed = replace(query, bbox=box)
    statement = await compile_beside(query, lambda: _statement(relation, actor, boxed))
    async with reading(db, actor) as conn:
        values = boxed.bound | {"limit": most + 1}
        rows = await conn.fetch(statement.sql, *statement.arguments(values))
    if len(rows) > most:
        raise BadParameter(
            f"More than {most} features of {relation.layer.id} are in reach",
            f"可达范围内 {relation.layer.id} 的要素超过 {most} 个",
            mend_en="Narrow them with filter, or lower max_duration_s.",
            mend_zh="请用 filter 缩小范围，或减小 max_duration_s。",
            parameter="filter",
        )
    return [Candidate(finite_feature(text, relation), x, y) for text, x, y in rows]


def _statement(relation: Relation, actor: Actor, query: Query) -> Selection:
    feature, row = feature_text(relation)
    place = relation.geom
    assert place is not None  # noqa: S101
    return (
        select(feature, func.ST_X(place), func.ST_Y(place))
        .select_from(relation.table.join(row, true()))
        .where(conditions(relation, query), visible(relation.table, actor), place.is_not(None))
        .order_by(relation.id)
        .limit(bindparam("limit", type_=Integer))
    )
