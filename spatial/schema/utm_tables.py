"""UTM entities (ASTM F3548): what is planned or restricted in the air, and who is told.

They have no row-level security: every operator must know what airspace is taken. What they hold is
what the standard shows to all; who flies and why is in `operation` and `operation_filing`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, INT4RANGE, JSONB, TSTZRANGE, UUID

from spatial.geo import crs
from spatial.schema.columns import DOUBLE, MUST, WHEN, geometry, key, many, metadata, must, texts

utm_entity = Table(
    "utm_entity",
    metadata,
    key("id", UUID),
    *texts("kind", "manager", **MUST),
    Column("state", Text),
    must("priority", SmallInteger),
    must("version", Integer),
    must("ovn", Text),
    Column("previous_ovn", Text),
    Column("digest", LargeBinary),
    must("subscribers", JSONB),
    must("uss_base_url", Text),
    Column("subscription_id", UUID),
    *many(WHEN, "begins", "ends", **MUST),
    *many(DOUBLE, "lower_m", "upper_m", **MUST),
    must("cells", ARRAY(BigInteger)),
    must("changed_at", WHEN),
)

utm_volume = Table(
    "utm_volume",
    metadata,
    key("id", BigInteger),
    must("entity_id", UUID),
    must("part", SmallInteger),
    geometry("box", "POLYGON", crs.WGS84, must=True),
    must("during", TSTZRANGE),
    must("heights_cm", INT4RANGE),
    must("shape", LargeBinary),
    Column("radius_m", DOUBLE),
    *many(DOUBLE, "lower_m", "upper_m", **MUST),
    must("cells", ARRAY(BigInteger)),
)

utm_conflict = Table(
    "utm_conflict",
    metadata,
    key("entity_id", UUID),
    key("other_id", UUID),
    must("since", WHEN),
)

utm_subscription = Table(
    "utm_subscription",
    metadata,
    key("id", UUID),
    *texts("manager", "version", **MUST),
    must("notification_index", Integer),
    must("uss_base_url", Text),
    *many(Boolean, "for_intents", "for_constraints", "implicit", **MUST),
    *many(WHEN, "begins", "ends", **MUST),
    *many(DOUBLE, "lower_m", "upper_m", **MUST),
    must("cells", ARRAY(BigInteger)),
)

uss_availability = Table(
    "uss_availability",
    metadata,
    key("uss", Text),
    *texts("availability", "version", **MUST),
    must("changed_at", WHEN),
)

utm_report = Table(
    "utm_report",
    metadata,
    key("id", UUID),
    must("manager", Text),
    must("at", WHEN),
    must("body", JSONB),
)

airspace_notice = Table(
    "airspace_notice",
    metadata,
    key("restriction_id", UUID),
    key("intent_id", UUID),
    must("manager", Text),
    Column("account_id", Text),
    *texts("effect", "action", **MUST),
    must("told_at", WHEN),
    Column("received_at", WHEN),
    Column("received_by", Text),
)

operation_filing = Table(
    "operation_filing",
    metadata,
    key("operation_id", UUID),
    *texts("account_id", "task", **MUST),
    must("extents", JSONB),
    must("filed_at", WHEN),
    Column("decide_by", WHEN),
    Column("verdict", JSONB),
    *texts("decision", "legal_text", "reason", "override_by", "decided_by"),
    Column("decided_at", WHEN),
)
