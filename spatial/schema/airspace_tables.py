"""Side tables of the air: terrain, its version, answers that were given."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from spatial.schema.columns import WHEN, key, metadata, must

terrain_tile = Table(
    "terrain_tile",
    metadata,
    key("lon", Integer),
    key("lat", Integer),
    must("cells", Integer),
    must("digest", Text),
    must("packed", LargeBinary),
    must("source_id", Text),
)

airspace_version = Table(
    "airspace_version",
    metadata,
    key("one", Boolean),
    must("version", BigInteger),
    must("changed_at", WHEN),
)

airspace_answer = Table(
    "airspace_answer",
    metadata,
    key("id", UUID),
    must("asked_at", WHEN),
    Column("account_id", Text),
    must("airspace_version", BigInteger),
    must("rules_digest", Text),
    must("question", LargeBinary),
    must("answer", LargeBinary),
)
