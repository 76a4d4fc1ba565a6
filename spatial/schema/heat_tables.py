"""Side tables of enforcement heat: records of exposure, and the cube of counts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Date, Integer, SmallInteger, Table, Text

from spatial.schema.columns import KEY, MUST, WHEN, key, many, metadata, must, texts

exposure = Table(
    "exposure",
    metadata,
    *texts("source_id", "key", **KEY),
    must("kind", Text),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", **MUST),
    must("at", WHEN),
    must("n", Integer),
    must("z_key", BigInteger),
    must("recorded_at", WHEN),
)

heat_series = Table(
    "heat_series",
    metadata,
    key("id", Integer),
    *texts("measure", "kind", **MUST),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", **MUST),
)

heat_cube = Table(
    "heat_cube",
    metadata,
    key("grain", Text),
    key("at", Date),
    key("hour", SmallInteger),
    key("series", Integer),
    key("cell", BigInteger),
    *many(BigInteger, "n", **MUST),
)

CUBE_LEVEL = 16
"""Level of the cells of the cube."""
