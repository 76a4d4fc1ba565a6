"""Side tables: network support, live state, receipts, latest positions, stream, search."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, TSTZRANGE, UUID

from spatial import crs
from spatial.columns import DOUBLE, KEY, MUST, WHEN, geometry, many, metadata, texts

carriageway = Table(
    "carriageway",
    metadata,
    *texts("route_id", "side", **KEY),
    Column("part", SmallInteger, **KEY),
    *texts("towards_zh", "towards_en"),
    Column("calibrated", Boolean, **MUST),
    Column("accuracy_m", REAL),
    Column("source_id", Text, **MUST),
    Column("length_m", DOUBLE, **MUST),
    geometry("geom", "LINESTRING", crs.WGS84, must=True),
)

stake = Table(
    "stake",
    metadata,
    *texts("route_id", "side", **KEY),
    Column("part", SmallInteger, **KEY),
    *many(DOUBLE, "k_m", "chainage_m", **KEY),
    Column("accuracy_m", REAL),
    Column("source_id", Text, **MUST),
    geometry("geom", "POINT", crs.WGS84),
)

edge_structure = Table(
    "edge_structure",
    metadata,
    *many(UUID, "edge_id", "facility_id", **KEY),
    Column("relation", Text, **KEY),
)

turn_restriction = Table(
    "turn_restriction",
    metadata,
    Column("id", UUID, **KEY),
    Column("kind", Text, **MUST),
    Column("from_edge", UUID, **MUST),
    Column("via_edges", ARRAY(UUID), **MUST),
    Column("via_node", UUID),
    Column("to_edge", UUID, **MUST),
    Column("exempt", ARRAY(Text), **MUST),
    Column("source_id", Text, **MUST),
    Column("props", JSONB, **MUST),
)

edge_state = Table(
    "edge_state",
    metadata,
    Column("id", BigInteger, **KEY),
    Column("edge_id", UUID, **MUST),
    *texts("kind", "direction", **MUST),
    Column("value", DOUBLE),
    Column("valid", TSTZRANGE, **MUST),
    Column("event_id", UUID, **MUST),
    Column("version_from", BigInteger, **MUST),
    Column("version_to", BigInteger),
)

network_version = Table(
    "network_version",
    metadata,
    Column("network", Text, **KEY),
    *many(BigInteger, "version", "topology", **MUST),
    Column("changed_at", WHEN, **MUST),
)

event_receipt = Table(
    "event_receipt",
    metadata,
    Column("event_id", UUID, **KEY),
    Column("party", Text, **KEY),
    Column("required", Boolean, **MUST),
    *many(WHEN, "delivered_at", "acknowledged_at"),
    Column("account_id", Text),
)

event_history = Table(
    "event_history",
    metadata,
    Column("event_id", UUID, **KEY),
    Column("version", Integer, **KEY),
    Column("at", WHEN, **MUST),
    *texts("account_id", "action", **MUST),
    Column("body", JSONB, **MUST),
)

latest_position = Table(
    "latest_position",
    metadata,
    Column("asset_id", UUID, **KEY),
    Column("cell_key", BigInteger, **MUST),
    Column("fix_time", WHEN, **MUST),
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
    Column("seq", BigInteger, **KEY),
    Column("at", WHEN, **MUST),
    Column("kind", Text, **MUST),
    *texts("admin_code", "unit_id"),
    Column("visibility", Text, **MUST),
    Column("payload", JSONB, **MUST),
)

search_entry = Table(
    "search_entry",
    metadata,
    *texts("layer", "feature_id", **KEY),
    *texts("label_zh", "label_en"),
    *texts("codes", "haystack", **MUST),
    Column("rank", REAL, **MUST),
    *texts("admin_code", "unit_id"),
    *texts("visibility", "origin", **MUST),
    geometry("geom", "POINT", crs.WGS84, must=True),
    Column("bbox", ARRAY(DOUBLE)),
)
