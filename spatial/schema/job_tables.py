"""Jobs and their outputs; readable by the owner of a job and by who administers jobs."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from spatial.schema.columns import KEY, MUST, WHEN, key, metadata, must, texts

job = Table(
    "job",
    metadata,
    key("id", UUID),
    *texts("process", "state", **MUST),
    must("progress", SmallInteger),
    *texts("message_zh", "message_en"),
    *texts("account_id", "role", "scope", **MUST),
    Column("unit_id", Text),
    must("request", JSONB),
    Column("problem", JSONB),
    Column("runner", Text),
    Column("beat_at", WHEN),
    must("created_at", WHEN),
    Column("started_at", WHEN),
    must("updated_at", WHEN),
    Column("finished_at", WHEN),
)

job_output = Table(
    "job_output",
    metadata,
    key("job_id", UUID),
    key("name", Text),
    must("media_type", Text),
    Column("features", Integer),
    Column("body", LargeBinary),
)

job_feature = Table(
    "job_feature",
    metadata,
    key("job_id", UUID),
    *texts("name", **KEY),
    key("seq", Integer),
    must("body", LargeBinary),
)
