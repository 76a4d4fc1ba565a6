"""Side tables of locks: who asks for a lockage, and the versions of each lock's plan."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from spatial.schema.columns import DOUBLE, MUST, WHEN, key, metadata, must, texts

lock_declaration = Table(
    "lock_declaration",
    metadata,
    key("id", UUID),
    must("facility_id", UUID),
    Column("voyage", Text),
    *texts("vessel", "way", **MUST),
    must("ready_at", WHEN),
    Column("checked_in_at", WHEN),
    must("length_m", DOUBLE),
    must("beam_m", DOUBLE),
    Column("draught_m", DOUBLE),
    *texts("cargo", "rank", "state", "account_id", **MUST),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", **MUST),
    must("recorded_at", WHEN),
)

lock_plan = Table(
    "lock_plan",
    metadata,
    key("facility_id", UUID),
    key("version", Integer),
    must("made_at", WHEN),
    must("made_by", Text),
    Column("restores", Integer),
    Column("rule_version", Text),
    must("document", JSONB),
)
