"""Tables of enforcement heat: exposure, the cube of counts, its changes, what is published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, Date, Integer, SmallInteger, Table, Text

from spatial.schema.columns import (
    KEY,
    MUST,
    WHEN,
    XID,
    common,
    key,
    many,
    metadata,
    must,
    place,
    texts,
)

AHEAD = timedelta(minutes=10)
"""How far the clock of who delivers may be ahead: what lies later is no record."""
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""What lies before is no record either, but a mistyped year."""


def when_refused(at: datetime) -> tuple[str, str] | None:
    """Return why nothing can have been recorded at a time, English and Chinese; None where it can.

    One record of a mistyped year would be the last of all, and the weeks before it empty.
    """
    if at > datetime.now(UTC) + AHEAD:
        return "lies ahead", "尚未发生"
    return ("lies before 1970", "早于 1970 年") if at < FIRST else None


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

heat_change = Table(
    "heat_change",
    metadata,
    must("xid", XID),
    must("grain", Text),
    must("at", Date),
    must("hour", SmallInteger),
    must("series", Integer),
    *many(BigInteger, "cell", "n", **MUST),
)

heat_publication = Table(
    "heat_publication",
    metadata,
    key("month", Date),
    must("published_at", WHEN),
    *many(Integer, "level", "k", "rows", **MUST),
    must("rule_version", Text),
)

heat_published = Table(
    "heat_published",
    metadata,
    *common(),
    *texts("level", "month", "violation", **MUST),
    Column("cell", BigInteger),
    *many(BigInteger, "n", "k", **MUST),
    *place("GEOMETRY"),
)

CUBE_LEVEL = 16
"""Level of the cells of the cube."""
