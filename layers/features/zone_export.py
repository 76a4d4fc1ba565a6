"""Zones of the air as files that other systems read: ED-269, ED-318, OpenAir, GeoJSON, KML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Text, and_, cast, func, true

from layers.cql.types import Expression
from layers.declare.layer import Layer
from layers.declare.relation import Relation
from layers.features.export import Sources, licence_text, read_rows, statement_of
from layers.offload import offload
from layers.query.filters import Query
from spatial.actor import Actor
from spatial.airspace_rules import FEED_RESTRICTIONS
from spatial.errors import BadParameter
from spatial.geozones.formats import FORMATS, Writing
from spatial.geozones.rows import zones_of
from spatial.postgres.db import Database
from spatial.rules import Rules, get_rule

EARLIER = "airspace_superseded"
"""Zones of an earlier load of a feed."""
KINDS = frozenset({"airspace", "airspace_restriction", "controlled_ground", EARLIER})
MEDIA_TYPES: Mapping[str, str] = {name: one.media_type for name, one in FORMATS.items()}
"""Formats of zones by the name that `f` takes."""
MOST_ROWS = 20_000
_PLAIN = (
    "code", "name_zh", "name_en", "level", "restriction", "reason", "floor_m", "floor_datum",
    "ceiling_m", "ceiling_datum", "radius_m", "valid_from", "valid_to", "source_id", "props",
)  # fmt: skip


def has_zones(layer: Layer) -> bool:
    """Tell whether the rows of a layer are zones of the air."""
    kinds = layer.source.kinds
    return layer.source.table == "zone" and bool(kinds) and KINDS.issuperset(kinds)


async def export_zones(
    db: Database, relation: Relation, actor: Actor, query: Query, sources: Sources,
    limit: int | None, kind: str, rules: Rules,
) -> bytes:  # fmt: skip
    """Return zones as one file; what the format cannot carry is named in it.

    Those of earlier loads are written where a time is asked for: an identifier may come twice else.

    Parameters
    ----------
    db, relation, actor, query
        Where, what, for whom, which.
    sources
        Named in the file, with their licences.
    limit
        Most rows, None for all.
    kind
        One of `MEDIA_TYPES`.
    rules
        Say which class of OpenAir stands for what.

    Raises
    ------
    BadParameter
        More rows than one file may have.
    """
    asked = query if query.timed else replace(query, where=_of_now(relation, query))
    statement = await statement_of(relation, actor, asked, _columns(relation))
    rows = await read_rows(db, actor, statement, query.bound, limit, MOST_ROWS)
    if len(rows) > MOST_ROWS:
        raise BadParameter(
            f"One file holds at most {MOST_ROWS} zones", f"单个文件最多 {MOST_ROWS} 个空域",
            mend_en="Ask for a smaller area.", mend_zh="请缩小范围。",
        )  # fmt: skip
    words = get_rule(rules, FEED_RESTRICTIONS).value
    return await offload(
        _written, rows, Writing(datetime.now(UTC), licence_text(sources), words), kind
    )


def _written(rows: Sequence[Mapping[str, object]], writing: Writing, kind: str) -> bytes:
    zones, unstated = zones_of(sorted(rows, key=_place))
    return FORMATS[kind].write(zones, replace(writing, unstated=unstated))


def _of_now(relation: Relation, query: Query) -> ColumnElement[bool]:
    """Return what a query asks, and that a zone is of the last load."""
    asked = true() if query.where is None else query.where
    return and_(asked, relation.table.c.kind != EARLIER)


def _columns(relation: Relation) -> list[Expression]:
    column = relation.table.c
    return [
        cast(relation.id, Text).label("id"), *(column[name] for name in _PLAIN),
        func.ST_X(column.centre).label("lon"), func.ST_Y(column.centre).label("lat"),
        func.ST_AsBinary(column.geom).label("geom"),
    ]  # fmt: skip


def _place(row: Mapping[str, object]) -> tuple[str, str, str, int]:
    """Return where a row comes: zones of one source together, their parts in order."""
    props = row["props"]
    part = props.get("part") if isinstance(props, Mapping) else 0
    begin = row["valid_from"]
    return (
        str(row["source_id"]), str(row["code"] or row["id"]), str(begin or ""),
        part if isinstance(part, int) else 0,
    )  # fmt: skip
