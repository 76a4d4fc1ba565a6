"""The schema as SQLAlchemy metadata; queries are composed on it, migrations create it.

A test compares it with the migrated database, column by column. The side tables are in
`spatial.schema.side_tables` and others beside it; importing this module registers all.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, TSTZRANGE, UUID

from spatial.geo import crs
from spatial.schema import (
    airspace_tables,
    berth_tables,
    heat_tables,
    job_tables,
    linkage_tables,
    lock_tables,
    report_tables,
    shipment_tables,
    side_tables,
    utm_tables,
    waterway_tables,
)
from spatial.schema.columns import (
    DOUBLE,
    KEY,
    MUST,
    WHEN,
    common,
    geometry,
    key,
    many,
    metadata,
    must,
    named,
    place,
    texts,
)

__all__ = [
    "airspace_tables",
    "berth_tables",
    "heat_tables",
    "job_tables",
    "linkage_tables",
    "lock_tables",
    "metadata",
    "report_tables",
    "shipment_tables",
    "side_tables",
    "utm_tables",
    "waterway_tables",
]

source = Table(
    "source",
    metadata,
    key("id", Text),
    *texts("title_zh", "title_en", "license", **MUST),
    Column("license_url", Text),
    must("attribution", Text),
    *texts("version", "url"),
    must("datum", Text),
    Column("updated_at", WHEN),
    Column("owner", Text),
    must("props", JSONB),
)

rule = Table(
    "rule",
    metadata,
    *texts("key", "version", **KEY),
    must("value", JSONB),
    Column("legal_text", Text),
    must("source", Text),
    key("valid_from", WHEN),
    Column("valid_to", WHEN),
    must("origin", Text),
)

load_run = Table(
    "load_run",
    metadata,
    key("id", UUID),
    must("source_id", Text),
    *texts("file", "sha256", "kind"),
    must("options", JSONB),
    *many(BigInteger, "rows_ok", "rows_bad"),
    must("state", Text),
    must("started_at", WHEN),
    Column("finished_at", WHEN),
)

quarantine = Table(
    "quarantine",
    metadata,
    key("id", BigInteger),
    must("load_id", UUID),
    Column("row_no", BigInteger),
    *texts("reason", "detail", **MUST),
    must("row", JSONB),
    must("at", WHEN),
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
    must("roles", ARRAY(Text)),
    must("grades", JSONB),
    *place("POINT"),
)

facility = Table(
    "facility",
    metadata,
    *named(),
    *texts("un_locode", "iata", "icao"),
    must("codes", JSONB),
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
    must("modes", ARRAY(Text)),
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
    must("oneway", Boolean),
    must("length_m", DOUBLE),
    Column("speed_kmh", DOUBLE),
    must("speed_basis", Text),
    Column("lanes", SmallInteger),
    must("layer", SmallInteger),
    *many(REAL, "max_height_m", "max_width_m", "max_length_m", "max_mass_t", "max_axle_t"),
    *many(REAL, "depth_m", "clearance_m", "width_m", "tonnage_t"),
    Column("hazmat", Text),
    must("limits_known", Boolean),
    must("access", JSONB),
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
    must("identifiers", JSONB),
    *many(UUID, "owner_id", "home_id"),
    *many(REAL, "length_m", "width_m", "height_m", "mass_t"),
    Column("axles", SmallInteger),
    Column("mtom_kg", REAL),
)

position = Table(
    "position",
    metadata,
    *common(),
    key("asset_id", UUID),
    key("fix_time", WHEN),
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
    must("quantity", Text),
    Column("value", DOUBLE),
    must("unit", Text),
    Column("quality", Text),
    key("phenomenon_time", WHEN),
    Column("window_s", DOUBLE),
)

event = Table(
    "event",
    metadata,
    *common(),
    *texts("title_zh", "title_en", "severity", "colour", "cause", "direction", "lanes"),
    *texts("certainty", "dedupe_key"),
    must("state", Text),
    Column("route_id", Text),
    *many(DOUBLE, "k_from", "k_to"),
    *many(UUID, "facility_id", "asset_id"),
    *texts("created_by", "updated_by"),
    must("version", Integer),
    Column("begun_at", WHEN),
    must("parties", ARRAY(Text)),
    *place("GEOMETRY"),
)

case_file = Table(
    "case_file",
    metadata,
    *common(),
    *texts("workflow", "stage", **MUST),
    must("opened_at", WHEN),
    *many(WHEN, "due_at", "closed_at"),
    Column("verdict", Text),
    Column("amount_cny", DOUBLE),
    must("evidence", JSONB),
    *many(UUID, "event_id", "party_id", "asset_id"),
    Column("z_key", BigInteger),
    *place("GEOMETRY"),
)

_PLAN = ("planned_start", "planned_end", "actual_start", "actual_end")

operation = Table(
    "operation",
    metadata,
    *named(),
    must("state", Text),
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
    key("operation_id", UUID),
    key("seq", SmallInteger),
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
    must("project_id", UUID),
    Column("route_id", Text),
    *many(DOUBLE, "k_from", "k_to", "pv_cny", "ev_cny", "ac_cny"),
    Column("score", REAL),
    *place("GEOMETRY"),
)

derived_row = Table(
    "derived_row",
    metadata,
    *common(),
    must("key", Text),
    must("run", UUID),
    must("inputs_digest", Text),
    *place("GEOMETRY"),
)

indicator = Table(
    "indicator",
    metadata,
    key("id", Text),
    *texts("title_zh", "title_en", "formula", "unit", **MUST),
    Column("rule_key", Text),
    must("props", JSONB),
)

indicator_value = Table(
    "indicator_value",
    metadata,
    *common(),
    must("indicator_id", Text),
    *many(UUID, "zone_id", "edge_id"),
    must("period", TSTZRANGE),
    *many(DOUBLE, "value", "numerator", "denominator"),
    must("frozen", Boolean),
    Column("frozen_at", WHEN),
    Column("inputs_hash", Text),
)

account = Table(
    "account",
    metadata,
    key("id", Text),
    *texts("name_zh", "name_en", "role", "scope", **MUST),
    Column("unit_id", Text),
    must("disabled", Boolean),
    must("created_at", WHEN),
)

credential = Table(
    "credential",
    metadata,
    key("hash", LargeBinary),
    *texts("kind", "account_id", **MUST),
    *texts("label", "csrf"),
    *many(WHEN, "created_at", "expires_at", **MUST),
    *many(WHEN, "used_at", "revoked_at", "seen_at"),
)

audit = Table(
    "audit",
    metadata,
    key("seq", BigInteger),
    key("sealed_at", WHEN),
    must("at", WHEN),
    *texts("actor", "role", "scope", "action", "target", **MUST),
    Column("area", Text),
    must("purpose", Text),
    Column("rows", BigInteger),
    must("detail", JSONB),
    *many(LargeBinary, "prev_hash", "hash", **MUST),
)

audit_anchor = Table(
    "audit_anchor",
    metadata,
    key("kind", Text),
    key("seq", BigInteger),
    must("record", Text),
)
