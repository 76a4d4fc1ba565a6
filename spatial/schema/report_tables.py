"""Tables of frozen reports, of which no row is ever changed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from spatial.schema.columns import KEY, MUST, WHEN, key, many, metadata, must, texts

report_version = Table(
    "report_version",
    metadata,
    key("id", UUID),
    *texts("report", "period_kind", "period", **MUST),
    must("version", Integer),
    *many(WHEN, "cutoff", "frozen_at", **MUST),
    must("frozen_by", Text),
    must("retroactive", Boolean),
    Column("reason", Text),
    must("definitions", JSONB),
)

report_row = Table(
    "report_row",
    metadata,
    must("version_id", UUID),
    *texts("layer", "row_id", **MUST),
    *texts("admin_code", "unit_id"),
    must("visibility", Text),
    must("parties", ARRAY(Text)),
    must("origin", Text),
    Column("source_id", Text),
    *many(ARRAY(Numeric), "numerators", "denominators", **MUST),
)

report_edition = Table(
    "report_edition",
    metadata,
    key("version_id", UUID),
    key("audience", Text),
    *texts("admin_code", "visibility", **MUST),
    *many(JSONB, "document", "manifest", **MUST),
    *texts("sha256", "key", "signature", **MUST),
)

report_file = Table(
    "report_file",
    metadata,
    key("version_id", UUID),
    *texts("audience", "name", **KEY),
    *texts("admin_code", "visibility", **MUST),
    must("body", LargeBinary),
)

report_outline = Table("report_outline", metadata, key("sha256", Text), must("body", JSONB))
