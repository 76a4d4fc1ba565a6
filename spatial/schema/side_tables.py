"""Side tables: network support, live state, receipts, latest positions, stream, search."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, TSTZRANGE, UUID

from spatial.geo import crs
from spatial.schema.columns import (
    DOUBLE,
    KEY,
    MUST,
    SNAPSHOT,
    WHEN,
    XID,
    geometry,
    key,
    many,
    metadata,
    must,
    texts,
)

carriageway = Table(
    "carriageway",
    metadata,
    *texts("route_id", "side", **KEY),
    key("part", SmallInteger),
    *texts("towards_zh", "towards_en"),
    must("calibrated", Boolean),
    Column("accuracy_m", REAL),
    must("source_id", Text),
    must("length_m", DOUBLE),
    geometry("geom", "LINESTRING", crs.WGS84, must=True),
)

stake = Table(
    "stake",
    metadata,
    *texts("route_id", "side", **KEY),
    key("part", SmallInteger),
    *many(DOUBLE, "k_m", "chainage_m", **KEY),
    Column("accuracy_m", REAL),
    must("source_id", Text),
    geometry("geom", "POINT", crs.WGS84),
)

edge_structure = Table(
    "edge_structure",
    metadata,
    *many(UUID, "edge_id", "facility_id", **KEY),
    key("relation", Text),
)

turn_restriction = Table(
    "turn_restriction",
    metadata,
    key("id", UUID),
    must("kind", Text),
    must("from_edge", UUID),
    must("via_edges", ARRAY(UUID)),
    Column("via_node", UUID),
    must("to_edge", UUID),
    must("exempt", ARRAY(Text)),
    must("source_id", Text),
    must("props", JSONB),
)

edge_state = Table(
    "edge_state",
    metadata,
    key("id", BigInteger),
    must("edge_id", UUID),
    *texts("kind", "direction", **MUST),
    Column("value", DOUBLE),
    must("valid", TSTZRANGE),
    must("event_id", UUID),
    must("version_from", BigInteger),
    Column("version_to", BigInteger),
    must("recorded_from", WHEN),
    Column("recorded_to", WHEN),
)

edge_feed = Table(
    "edge_feed",
    metadata,
    key("id", BigInteger),
    must("source_id", Text),
    Column("account_id", Text),
    must("edges", ARRAY(UUID)),
    must("directions", ARRAY(SmallInteger)),
    must("values_kmh", ARRAY(REAL)),
    must("valid", TSTZRANGE),
    must("version_from", BigInteger),
    Column("version_to", BigInteger),
    must("recorded_from", WHEN),
    Column("recorded_to", WHEN),
)

edge_speed_profile = Table(
    "edge_speed_profile",
    metadata,
    key("edge_id", UUID),
    key("direction", Text),
    must("speeds_kmh", ARRAY(REAL)),
    must("source_id", Text),
)

network_version = Table(
    "network_version",
    metadata,
    key("network", Text),
    *many(BigInteger, "version", "topology", **MUST),
    must("changed_at", WHEN),
)

network_history = Table(
    "network_history",
    metadata,
    key("network", Text),
    key("version", BigInteger),
    must("topology", BigInteger),
    must("at", WHEN),
)

event_receipt = Table(
    "event_receipt",
    metadata,
    key("event_id", UUID),
    key("party", Text),
    must("required", Boolean),
    *many(WHEN, "delivered_at", "acknowledged_at"),
    Column("account_id", Text),
)

event_history = Table(
    "event_history",
    metadata,
    key("event_id", UUID),
    key("version", Integer),
    must("at", WHEN),
    *texts("account_id", "action", **MUST),
    must("body", JSONB),
)

latest_position = Table(
    "latest_position",
    metadata,
    key("asset_id", UUID),
    must("cell_key", BigInteger),
    must("fix_time", WHEN),
    *many(DOUBLE, "lon", "lat", **MUST),
    Column("altitude_m", REAL),
    Column("altitude_datum", Text),
    *many(REAL, "speed_kmh", "course_deg"),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", "kind", **MUST),
)

stream_log = Table(
    "stream_log",
    metadata,
    key("seq", BigInteger),
    must("at", WHEN),
    must("kind", Text),
    *texts("admin_code", "unit_id"),
    must("visibility", Text),
    must("payload", JSONB),
    must("parties", ARRAY(Text)),
)

search_entry = Table(
    "search_entry",
    metadata,
    *texts("layer", "feature_id", **KEY),
    *texts("label_zh", "label_en"),
    *texts("codes", **MUST),
    must("rank", REAL),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", **MUST),
    geometry("geom", "POINT", crs.WGS84, must=True),
    Column("bbox", ARRAY(DOUBLE)),
    must("aliases", ARRAY(Text)),
    Column("grams", ARRAY(Text)),
)

asset_uptime = Table(
    "asset_uptime",
    metadata,
    key("asset_id", UUID),
    key("first_seen", WHEN),
    must("last_seen", WHEN),
)

feed = Table(
    "feed",
    metadata,
    key("id", Text),
    must("kind", Text),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", "source_id", **MUST),
    *texts("name_zh", "name_en"),
    must("owner", Text),
    must("every_s", DOUBLE),
    Column("supplies", Text),
    *many(WHEN, "last_at", "valid_from", "valid_to"),
)

derived_layer = Table(
    "derived_layer",
    metadata,
    key("layer", Text),
    must("inputs_digest", Text),
    Column("network", Text),
    Column("network_version", BigInteger),
    *many(ARRAY(Text), "rule_versions", "made_of", **MUST),
    must("run", UUID),
    must("rows", Integer),
    must("computed_at", WHEN),
    Column("stale_since", WHEN),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    *texts("account_id", "key", **KEY),
    must("digest", LargeBinary),
    must("at", WHEN),
    Column("status", SmallInteger),
    Column("headers", JSONB),
    Column("body", LargeBinary),
)

indicator_change = Table(
    "indicator_change",
    metadata,
    key("seq", BigInteger),
    must("relation", Text),
    Column("kind", Text),
    Column("sign", Integer),
    Column("image", JSONB),
    must("xid", XID),
    must("at", WHEN),
)

indicator_sheet = Table(
    "indicator_sheet",
    metadata,
    key("sheet", Text),
    *many(ARRAY(Text), "members", "digests", **MUST),
    must("as_of", WHEN),
    *many(WHEN, "next_change", "valid_until"),
    must("home", Text),
    must("seen", SNAPSHOT),
)

indicator_cell = Table(
    "indicator_cell",
    metadata,
    *texts("sheet", "period_kind", **MUST),
    must("first", Date),
    Column("admin_code", Text),
    must("visibility", Text),
    Column("unit_id", Text),
    must("parties", ARRAY(Text)),
    must("origin", Text),
    must("codes", ARRAY(Text)),
    must("counts", ARRAY(BigInteger)),
    must("sums", ARRAY(Numeric)),
)
