"""The schema as SQLAlchemy metadata; queries are composed on it, migrations create it.

A test compares it with the migrated database, column by column. The side tables are in
`spatial.side_tables`; importing this module registers both.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, TSTZRANGE, UUID

from spatial import crs, side_tables
from spatial.columns import (
    DOUBLE,
    KEY,
    MUST,
    WHEN,
    common,
    geometry,
    many,
    metadata,
    named,
    place,
    texts,
)

__all__ = ["metadata", "side_tables"]

source = Table(
    "source",
    metadata,
    Column("id", Text, **KEY),
    *texts("title_zh", "title_en", "license", **MUST),
    Column("license_url", Text),
    Column("attribution", Text, **MUST),
    *texts("version", "url"),
    Column("datum", Text, **MUST),
    Column("updated_at", WHEN),
    Column("owner", Text),
    Column("props", JSONB, **MUST),
)

rule = Table(
    "rule",
    metadata,
    *texts("key", "version", **KEY),
    Column("value", JSONB, **MUST),
    Column("legal_text", Text),
    Column("source", Text, **MUST),
    *many(WHEN, "valid_from", "valid_to"),
    Column("origin", Text, **MUST),
)

load_run = Table(
    "load_run",
    metadata,
    Column("id", UUID, **KEY),
    Column("source_id", Text, **MUST),
    *texts("file", "sha256", "kind"),
    Column("options", JSONB, **MUST),
    *many(BigInteger, "rows_ok", "rows_bad"),
    Column("state", Text, **MUST),
    Column("started_at", WHEN, **MUST),
    Column("finished_at", WHEN),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, **KEY),
    Column("load_id", UUID, **MUST),
    Column("row_no", BigInteger),
    *texts("reason", "detail", **MUST),
    Column("row", JSONB, **MUST),
    Column("at", WHEN, **MUST),
)

zone = Table(
    "zone",
    metadata,
    *named(),
    Column("code", Text),
    Column("parent_id", UUID),
    *texts("level", "colour", "restriction", "reason"),
    Column("floor_m", DOUBLE),
    Column("floor_datum", Text),
    Column("ceiling_m", DOUBLE),
    Column("ceiling_datum", Text),
    geometry("centre", "POINT", crs.WGS84),
    Column("radius_m", DOUBLE),
    *place("MULTIPOLYGON", must=True),
)

party = Table(
    "party",
    metadata,
    *named(),
    Column("uscc", Text),
    Column("roles", ARRAY(Text), **MUST),
    Column("grades", JSONB, **MUST),
    *place("POINT"),
)

facility = Table(
    "facility",
    metadata,
    *named(),
    *texts("un_locode", "iata", "icao"),
    Column("codes", JSONB, **MUST),
    Column("capacity", DOUBLE),
    Column("capacity_unit", Text),
    Column("elevation_m", DOUBLE),
    Column("owner_id", UUID),
    *place("GEOMETRY", must=True),
)

node = Table(
    "node",
    metadata,
    *named(),
    Column("modes", ARRAY(Text), **MUST),
    Column("facility_id", UUID),
    *place("POINT", must=True),
)

edge = Table(
    "edge",
    metadata,
    *named(),
    *texts("mode", "class", **MUST),
    Column("ref", Text),
    *many(UUID, "from_node", "to_node", **MUST),
    Column("oneway", Boolean, **MUST),
    Column("length_m", DOUBLE, **MUST),
    Column("speed_kmh", DOUBLE),
    Column("speed_basis", Text, **MUST),
    Column("lanes", SmallInteger),
    Column("layer", SmallInteger, **MUST),
    *many(REAL, "max_height_m", "max_width_m", "max_length_m", "max_mass_t", "max_axle_t"),
    *many(REAL, "depth_m", "clearance_m", "width_m", "tonnage_t"),
    Column("hazmat", Text),
    Column("limits_known", Boolean, **MUST),
    Column("access", JSONB, **MUST),
    Column("structure", Text),
    Column("toll", Boolean),
    Column("capacity_pcu_h", REAL),
    Column("route_id", Text),
    *many(DOUBLE, "k_from", "k_to"),
    *texts("side", "bundle"),
    *place("LINESTRING", must=True),
)

asset = Table(
    "asset",
    metadata,
    *named(),
    Column("class", Text),
    Column("identifiers", JSONB, **MUST),
    *many(UUID, "owner_id", "home_id"),
    *many(REAL, "length_m", "width_m", "height_m", "mass_t"),
    Column("axles", SmallInteger),
    Column("mtom_kg", REAL),
)

position = Table(
    "position",
    metadata,
    *common(),
    Column("asset_id", UUID, **KEY),
    Column("fix_time", WHEN, **KEY),
    *many(REAL, "speed_kmh", "course_deg"),
    *many(BigInteger, "status_bits", "alarm_bits"),
    Column("accuracy_m", REAL),
    Column("datum", Text),
    Column("raw_hash", LargeBinary),
    Column("edge_id", UUID),
    Column("offset_m", REAL),
    geometry("geom", "POINTZ", crs.WGS84, must=True, dimension=3),
)

observation = Table(
    "observation",
    metadata,
    *common(),
    *many(UUID, "asset_id", "facility_id", "edge_id", "zone_id"),
    Column("quantity", Text, **MUST),
    Column("value", DOUBLE),
    Column("unit", Text, **MUST),
    Column("quality", Text),
    Column("phenomenon_time", WHEN, **KEY),
    Column("window_s", DOUBLE),
)

event = Table(
    "event",
    metadata,
    *common(),
    *texts("title_zh", "title_en", "severity", "colour", "cause", "direction", "lanes"),
    *texts("certainty", "dedupe_key"),
    Column("state", Text, **MUST),
    Column("route_id", Text),
    *many(DOUBLE, "k_from", "k_to"),
    *many(UUID, "facility_id", "asset_id"),
    *texts("created_by", "updated_by"),
    Column("version", Integer, **MUST),
    *place("GEOMETRY"),
)

case_file = Table(
    "case_file",
    metadata,
    *common(),
    *texts("workflow", "stage", **MUST),
    Column("opened_at", WHEN, **MUST),
    *many(WHEN, "due_at", "closed_at"),
    Column("verdict", Text),
    Column("amount_cny", DOUBLE),
    Column("evidence", JSONB, **MUST),
    *many(UUID, "event_id", "party_id", "asset_id"),
    Column("z_key", BigInteger),
    *place("GEOMETRY"),
)

_PLAN = ("planned_start", "planned_end", "actual_start", "actual_end")

operation = Table(
    "operation",
    metadata,
    *named(),
    Column("state", Text, **MUST),
    Column("priority", SmallInteger),
    Column("ovn", Text),
    *many(UUID, "asset_id", "party_id", "parent_id"),
    *many(WHEN, *_PLAN),
    *many(REAL, "cargo_t", "teu", "cost_cny", "co2_kg"),
    *place("GEOMETRY"),
)

operation_leg = Table(
    "operation_leg",
    metadata,
    Column("operation_id", UUID, **KEY),
    Column("seq", SmallInteger, **KEY),
    Column("mode", Text),
    *many(UUID, "from_facility", "to_facility"),
    *many(WHEN, *_PLAN),
    Column("length_m", DOUBLE),
    *many(REAL, "cost_cny", "co2_kg"),
    *many(DOUBLE, "floor_m", "ceiling_m"),
    Column("altitude_datum", Text),
    geometry("geom", "GEOMETRY", crs.WGS84),
)

project = Table(
    "project",
    metadata,
    *named(),
    Column("state", Text),
    Column("budget_cny", DOUBLE),
    *many(WHEN, "planned_start", "planned_end"),
    *place("GEOMETRY"),
)

project_section = Table(
    "project_section",
    metadata,
    *named(),
    Column("project_id", UUID, **MUST),
    Column("route_id", Text),
    *many(DOUBLE, "k_from", "k_to", "pv_cny", "ev_cny", "ac_cny"),
    Column("score", REAL),
    *place("GEOMETRY"),
)

indicator = Table(
    "indicator",
    metadata,
    Column("id", Text, **KEY),
    *texts("title_zh", "title_en", "formula", "unit", **MUST),
    Column("rule_key", Text),
    Column("props", JSONB, **MUST),
)

indicator_value = Table(
    "indicator_value",
    metadata,
    *common(),
    Column("indicator_id", Text, **MUST),
    *many(UUID, "zone_id", "edge_id"),
    Column("period", TSTZRANGE, **MUST),
    *many(DOUBLE, "value", "numerator", "denominator"),
    Column("frozen", Boolean, **MUST),
    Column("frozen_at", WHEN),
    Column("inputs_hash", Text),
)

account = Table(
    "account",
    metadata,
    Column("id", Text, **KEY),
    *texts("name_zh", "name_en", "role", "scope", **MUST),
    Column("unit_id", Text),
    Column("disabled", Boolean, **MUST),
    Column("created_at", WHEN, **MUST),
)

credential = Table(
    "credential",
    metadata,
    Column("hash", LargeBinary, **KEY),
    *texts("kind", "account_id", **MUST),
    *texts("label", "csrf"),
    *many(WHEN, "created_at", "expires_at", **MUST),
    *many(WHEN, "used_at", "revoked_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, **KEY),
    Column("at", WHEN, **MUST),
    *texts("actor", "role", "scope", "action", "target", **MUST),
    Column("area", Text),
    Column("purpose", Text, **MUST),
    Column("rows", BigInteger),
    Column("detail", JSONB, **MUST),
    *many(LargeBinary, "prev_hash", "hash", **MUST),
)
