"""Side tables of terminals: calls of vessels, requests at gates, the plan that is kept."""

from __future__ import annotations

from sqlalchemy import Column, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

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


def _scope() -> list[AnyColumn]:
    return [
        *texts("admin_code", "unit_id"),
        *texts("visibility", "origin", **MUST),
        Column("account_id", Text),
        must("recorded_at", WHEN),
    ]


vessel_call = Table(
    "vessel_call",
    metadata,
    key("id", UUID),
    *texts("source_id", "key", **MUST),
    must("terminal_id", UUID),
    must("vessel", Text),
    must("length_m", DOUBLE),
    *many(DOUBLE, "draught_m", "draught_out_m"),
    must("eta", WHEN),
    Column("due", WHEN),
    *many(Integer, "handling_min", "moves"),
    Column("cranes", SmallInteger),
    *many(SmallInteger, "weight", "late_weight", **MUST),
    Column("berth", Text),
    Column("from_m", DOUBLE),
    Column("berthed_at", WHEN),
    must("state", Text),
    *_scope(),
)

gate_request = Table(
    "gate_request",
    metadata,
    key("id", UUID),
    *texts("source_id", "key", **MUST),
    must("terminal_id", UUID),
    *many(WHEN, "since", "until", **MUST),
    must("moves", SmallInteger),
    Column("shift_min", Integer),
    *_scope(),
)

berth_plan = Table(
    "berth_plan",
    metadata,
    key("terminal_id", UUID),
    must("digest", Text),
    *many(WHEN, "made_at", "holds_until", **MUST),
    must("rule_version", Text),
    must("document", JSONB),
)
