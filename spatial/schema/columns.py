"""Columns that tables share, and the metadata that they belong to."""

from __future__ import annotations

from typing import Any, TypeAlias

from geoalchemy2 import Geometry
from sqlalchemy import Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB, UUID
from sqlalchemy.types import TypeEngine, UserDefinedType

from spatial.geo import crs

SCHEMA = "sigang"
metadata = MetaData(schema=SCHEMA)

WHEN = DateTime(timezone=True)
DOUBLE = DOUBLE_PRECISION
KEY = {"primary_key": True}
MUST = {"nullable": False}


Type: TypeAlias = TypeEngine[Any] | type[TypeEngine[Any]]
AnyColumn: TypeAlias = Column[Any]
"""A column of whatever type."""


class Internal(UserDefinedType[str]):
    """A type of the database that is read by its own functions only."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """Return its name."""
        return self.name


XID, SNAPSHOT = Internal("xid8"), Internal("pg_snapshot")


def key(name: str, type_: Type) -> AnyColumn:
    """Return a column of the primary key."""
    return Column(name, type_, primary_key=True)


def must(name: str, type_: Type) -> AnyColumn:
    """Return a column that is never null."""
    return Column(name, type_, nullable=False)


def texts(*names: str, **how: Any) -> list[AnyColumn]:
    """Return text columns."""
    return [Column(name, Text, **how) for name in names]


def many(type_: Type, *names: str, **how: Any) -> list[AnyColumn]:
    """Return columns of one type."""
    return [Column(name, type_, **how) for name in names]


def geometry(
    name: str, kind: str, srid: int, *, must: bool = False, dimension: int = 2
) -> AnyColumn:
    """Return one geometry column."""
    type_ = Geometry(kind, srid, dimension=dimension, spatial_index=False)
    return Column(name, type_, nullable=not must)


def place(kind: str, *, must: bool = False) -> list[AnyColumn]:
    """Return the geometry and its generated twin in Web Mercator."""
    return [
        geometry("geom", kind, crs.WGS84, must=must),
        geometry("geom_3857", "GEOMETRY", crs.WEB_MERCATOR),
    ]


def common() -> list[AnyColumn]:
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


def named() -> list[AnyColumn]:
    """Return the common columns and the names in both languages."""
    return [*common(), *texts("name_zh", "name_en")]
