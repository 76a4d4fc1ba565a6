"""Side tables of shipments: plans, the events that were told, the world's places by code."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from spatial.geo import crs
from spatial.schema.columns import MUST, WHEN, geometry, key, many, metadata, must, texts

shipment = Table(
    "shipment",
    metadata,
    key("operation_id", UUID),
    *texts("source_id", "key", **MUST),
    *many(ARRAY(Text), "units", "refs", "transports", **MUST),
    must("plan", JSONB),
    *many(WHEN, "since", "until", **MUST),
)

shipment_event = Table(
    "shipment_event",
    metadata,
    key("id", UUID),
    Column("operation_id", UUID),
    *texts("source_id", "event_id", **MUST),
    must("at", WHEN),
    *texts("unit", "transport"),
    must("refs", ARRAY(Text)),
    Column("retracts", Text),
    must("document", JSONB),
    must("raw", Text),
    *texts("account_id", "unit_id"),
    must("origin", Text),
    must("recorded_at", WHEN),
)

unlocode = Table(
    "unlocode",
    metadata,
    *(key(name, Text) for name in ("source_id", "code", "name")),
    *texts("name_ascii", "subdivision", "functions", "status", "coordinates"),
    must("flags", ARRAY(Text)),
    geometry("geom", "POINT", crs.WGS84),
)
