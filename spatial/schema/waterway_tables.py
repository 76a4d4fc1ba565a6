"""Side tables of waterways: limits with their reference, openings, levels, papers of vessels."""

from __future__ import annotations

from sqlalchemy import Column, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import REAL, UUID

from spatial.schema.columns import (
    DOUBLE,
    MUST,
    WHEN,
    AnyColumn,
    key,
    many,
    metadata,
    must,
    texts,
)

structure_opening = Table(
    "structure_opening",
    metadata,
    key("facility_id", UUID),
    key("number", SmallInteger),
    must("kind", Text),
    *texts("name_zh", "name_en", "hours"),
    Column("lockage_s", REAL),
    *texts("source_id", "origin", **MUST),
)


def _value() -> list[AnyColumn]:
    """Return the columns of one limit: where, what, above which reference, from when to when."""
    return [
        *many(UUID, "edge_id", "facility_id"),
        Column("opening", SmallInteger),
        must("kind", Text),
        Column("value", DOUBLE),
        Column("datum", Text),
        Column("reference_level_m", DOUBLE),
        Column("gauge_id", UUID),
        *many(WHEN, "valid_from", "valid_to"),
        must("recorded_at", WHEN),
        Column("note", Text),
    ]


waterway_limit = Table(
    "waterway_limit",
    metadata,
    key("id", UUID),
    *texts("source_id", "origin", **MUST),
    *_value(),
)

waterway_declared = Table(
    "waterway_declared",
    metadata,
    key("id", UUID),
    must("account_id", Text),
    *_value(),
)

water_level = Table(
    "water_level",
    metadata,
    key("gauge_id", UUID),
    key("kind", Text),
    key("at", WHEN),
    key("issued_at", WHEN),
    Column("p10_m", DOUBLE),
    must("p50_m", DOUBLE),
    Column("p90_m", DOUBLE),
    *texts("source_id", "origin", **MUST),
)

vessel_paper = Table(
    "vessel_paper",
    metadata,
    key("id", UUID),
    must("asset_id", UUID),
    must("kind", Text),
    *texts("number", "issued_by", "grade", "waters"),
    Column("persons", SmallInteger),
    *many(WHEN, "valid_from", "valid_to"),
    *texts("source_id", "origin", **MUST),
    must("recorded_at", WHEN),
)
