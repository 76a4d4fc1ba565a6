"""Side tables of the four-port linkage: hubs, services, trips with calls, transfers, closures."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from spatial.geo import crs
from spatial.schema.columns import (
    DOUBLE,
    MUST,
    WHEN,
    geometry,
    key,
    many,
    metadata,
    must,
    texts,
)

linkage_hub = Table(
    "linkage_hub",
    metadata,
    key("id", Text),
    *texts("kind", "name_zh", **MUST),
    *texts("name_en", "admin_code"),
    must("un_locodes", ARRAY(Text)),
    must("by_road", Boolean),
    *texts("source_id", "origin", **MUST),
    geometry("geom", "POINT", crs.WGS84, must=True),
)

linkage_service = Table(
    "linkage_service",
    metadata,
    key("id", Text),
    *texts("mode", "carrier", "name_zh", **MUST),
    Column("name_en", Text),
    must("cargo", ARRAY(Text)),
    Column("most_t", DOUBLE),
    *texts("source_id", "origin", **MUST),
)

linkage_trip = Table(
    "linkage_trip",
    metadata,
    key("id", Text),
    must("service_id", Text),
    Column("capacity_teu", DOUBLE),
    must("weekdays", SmallInteger),
    *many(Date, "since", "until", **MUST),
    *many(ARRAY(Date), "added", "removed", **MUST),
    must("source_id", Text),
)

linkage_call = Table(
    "linkage_call",
    metadata,
    key("trip_id", Text),
    key("number", SmallInteger),
    must("hub_id", Text),
    *many(Integer, "arrive_s", "depart_s", "gate_in_s", "documents_s", **MUST),
    must("distance_m", DOUBLE),
    *many(DOUBLE, "cny_per_teu", "cny_per_t", "lift_cny_per_teu"),
    *many(Boolean, "boards", "alights", **MUST),
    must("source_id", Text),
)

linkage_transfer = Table(
    "linkage_transfer",
    metadata,
    key("hub_id", Text),
    key("from_mode", Text),
    key("to_mode", Text),
    *many(Integer, "handling_s", "information_s", **MUST),
    Column("cny_per_teu", DOUBLE),
    must("g_per_teu", DOUBLE),
    must("source_id", Text),
)

linkage_closing = Table(
    "linkage_closing",
    metadata,
    key("hub_id", Text),
    key("since", WHEN),
    must("until", WHEN),
    Column("reason", Text),
    must("source_id", Text),
)

linkage_version = Table(
    "linkage_version",
    metadata,
    key("id", SmallInteger),
    must("version", BigInteger),
)
