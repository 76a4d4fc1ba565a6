"""Columns that tables share, and the metadata that they belong to."""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB, UUID

from spatial.geo import crs

SCHEMA = "sigang"
metadata = MetaData(schema=SCHEMA)

WHEN = DateTime(timezone=True)
DOUBLE = DOUBLE_PRECISION
KEY: dict[str, Any] = {"primary_key": True}
MUST: dict[str, Any] = {"nullable": False}


def key(name: str, type_: Any) -> Column[Any]:
    """Return a column of the primary key."""
    return Column(name, type_, primary_key=True)


def must(name: str, type_: Any) -> Column[Any]:
    """Return a column that is never null."""
    return Column(name, type_, nullable=False)


def texts(*names: str, **how: Any) -> list[Column[Any]]:
    """Return text columns."""
    return [Column(name, Text, **how) for name in names]


def many(type_: Any, *names: str, **how: Any) -> list[Column[Any]]:
    """Return columns of one type."""
    return [Column(name, type_, **how) for name in names]


def geometry(
    name: str, kind: str, srid: int, *, must: bool = False, dimension: int = 2
) -> Column[Any]:
    """Return one geometry column."""
    type_ = Geometry(kind, srid, dimension=dimension, spatial_index=False)
    return Column(name, type_, nullable=not must)


def place(kind: str, *, must: bool = False) -> list[Column[Any]]:
    """Return the geometry and its generated twin in Web Mercator."""
    return [
        geometry("geom", kind, crs.WGS84, must=must),
        geometry("geom_3857", "GEOMETRY", crs.WEB_MERCATOR),
    ]


def common() -> list[Column[Any]]:
    """Return the columns that every concept has."""
    return [
        key("id", UUID),
        *texts("kind", **MUST),
        *texts("admin_code", "unit_id"),
        *texts("visibility", "origin", "source_id", **MUST),
        *many(WHEN, "valid_from", "valid_to"),
        must("recorded_at", WHEN),
        must("props", JSONB),
        Column("rule_version", Text),
    ]


def named() -> list[Column[Any]]:
    """Return the common columns and the names in both languages."""
    return [*common(), *texts("name_zh", "name_en")]
