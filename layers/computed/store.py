"""Computed rows in the database: what they were made of, whether they are stale, their exchange.

Rows are exchanged in one transaction: whoever reads sees the old ones or the new ones, whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import psycopg
from sqlalchemy import Text, func, literal_column, select
from sqlalchemy.dialects import postgresql

from layers.computed.catalogue import ComputedLayer
from layers.cql.types import Expression
from layers.declare.relation import ALIAS, Relation
from spatial.geo.geojson import Feature
from spatial.ids import stable_uuid7
from spatial.rules import Rules

Conn = psycopg.Connection[Any]
_STATES = """
SELECT d.layer, d.computed_at, d.network_version, d.rule_versions, d.made_of, d.rows, d.run,
  d.stale_since IS NOT NULL OR n.version <> d.network_version AS stale, n.version AS network_now
FROM sigang.derived_layer d LEFT JOIN sigang.network_version n ON n.network = d.network
WHERE d.layer = ANY ($1)"""
_GONE = "DELETE FROM sigang.derived_row WHERE kind = $1 AND key <> ALL ($2::text[])"
_PUT = """
INSERT INTO sigang.derived_row AS r (id, kind, key, admin_code, unit_id, visibility, valid_from,
  props, rule_version, run, inputs_digest, origin, geom)
SELECT u.id, $1, u.key, u.admin_code, $2, $3, $4, u.props::jsonb, $5, $6, $7, $8,
  ST_SetSRID(ST_GeomFromGeoJSON(u.geom), 4326)
FROM unnest($9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[])
  AS u (id, key, admin_code, props, geom)
ON CONFLICT (kind, key) DO UPDATE SET admin_code = excluded.admin_code,
  visibility = excluded.visibility, valid_from = excluded.valid_from, recorded_at = now(),
  props = excluded.props, rule_version = excluded.rule_version, run = excluded.run,
  inputs_digest = excluded.inputs_digest, origin = excluded.origin, geom = excluded.geom
WHERE (r.admin_code, r.visibility, r.props, r.rule_version, r.origin, r.geom::text)
  IS DISTINCT FROM (excluded.admin_code, excluded.visibility, excluded.props,
    excluded.rule_version, excluded.origin, excluded.geom::text)"""
_NOTE = """
INSERT INTO sigang.derived_layer (layer, inputs_digest, network, network_version, rule_versions,
  made_of, run, rows, computed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
ON CONFLICT (layer) DO UPDATE SET inputs_digest = excluded.inputs_digest,
  network = excluded.network, network_version = excluded.network_version,
  rule_versions = excluded.rule_versions, made_of = excluded.made_of, run = excluded.run,
  rows = excluded.rows, computed_at = excluded.computed_at, stale_since = NULL"""
_STALE = """
UPDATE sigang.derived_layer SET stale_since = now()
WHERE layer = %s AND inputs_digest <> %s AND stale_since IS NULL"""
_DUE = """
SELECT NOT EXISTS (SELECT 1 FROM sigang.derived_layer d
  LEFT JOIN sigang.network_version n ON n.network = d.network
  WHERE d.layer = %(layer)s AND d.inputs_digest = %(digest)s
    AND n.version IS NOT DISTINCT FROM d.network_version
    AND (%(every)s::float8 IS NULL
      OR d.computed_at > now() - make_interval(secs => %(every)s)))"""
_SERVICES = """
SELECT (SELECT version FROM sigang.linkage_version), ARRAY(SELECT origin FROM sigang.linkage_hub
  UNION SELECT origin FROM sigang.linkage_service)"""
_FORGET = [
    "DELETE FROM sigang.derived_row WHERE kind <> ALL (%s)",
    "DELETE FROM sigang.derived_layer WHERE layer <> ALL (%s)",
]


@dataclass(frozen=True)
class Made:
    """What a computed layer is to be made of: the digest of all, rules and origins of the rows."""

    digest: str
    rule_versions: Sequence[str]
    made_of: Sequence[str]

    @property
    def origin(self) -> str:
        """The origin of what is computed: synthetic where one of the rows below is."""
        return "synthetic" if "synthetic" in self.made_of else "derived"


@dataclass(frozen=True)
class State:
    """How the rows of a computed layer stand to what they were computed from."""

    computed_at: datetime
    stale: bool
    network_version: int | None
    network_now: int | None
    rule_versions: Sequence[str]
    made_of: Sequence[str]
    rows: int
    run: UUID


def read_made(conn: Conn, computed: ComputedLayer, rules: Rules) -> Made:
    """Return what a layer is to be made of now; the network counts by its version beside it.

    Parameters
    ----------
    conn
        The owner's: every row counts, whoever sees it.
    computed, rules
        The layer, and the rules in force.
    """
    origins: set[str] = set()
    parts: list[object] = [
        computed.process.id, computed.process.version, computed.how.model_dump(mode="json"),
    ]  # fmt: skip
    for relation in computed.reads:
        found = conn.execute(_rows_digest(relation)).fetchone() or (0, 0, None)
        parts.append([relation.layer.id, str(found[0]), str(found[1])])
        origins.update(found[2] or ())
    if computed.services:
        version, found_origins = conn.execute(_SERVICES).fetchone() or (0, [])
        parts.append(["linkage", version])
        origins.update(found_origins)
    held = [(key, rules.get(key)) for key in computed.how.rules]
    versions = [f"{key}@{rule.version}" for key, rule in held if rule is not None]
    text = orjson.dumps([*parts, versions], option=orjson.OPT_SORT_KEYS)
    return Made(sha256(text).hexdigest(), versions, sorted(origins))


def _rows_digest(relation: Relation) -> bytes:
    """Return the statement of a sum over the rows of a layer; of a view it tells origins alone."""
    rows = relation.table
    total: Expression = func.count()
    summed: Expression = func.sum(func.hashtextextended(_WHOLE, 0))
    if relation.layer.source.table is None:
        total = summed = literal_column("0")
    statement = select(total, summed, func.array_agg(rows.c.origin.distinct())).where(relation.base)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).encode()


_WHOLE = literal_column(f"{ALIAS}::text", Text)


def is_due(conn: Conn, computed: ComputedLayer, made: Made) -> bool:
    """Tell whether a layer is to be computed anew; what its rows are not made of is stale."""
    conn.execute(_STALE, [computed.layer.id, made.digest])
    asked = {
        "layer": computed.layer.id, "digest": made.digest, "every": computed.how.every_s,
    }  # fmt: skip
    found = conn.execute(_DUE, asked).fetchone()
    return bool(found and found[0])


def forget_others(conn: Conn, layers: Sequence[str]) -> None:
    """Drop the rows of computed layers that there are no more."""
    for statement in _FORGET:
        conn.execute(statement, [list(layers)])


async def exchange(
    conn: asyncpg.Connection, computed: ComputedLayer, run: UUID, made: Made,
    network_version: int | None, features: Iterable[Feature],
) -> int:  # fmt: skip
    """Put the rows of a run in the place of those before; return how many there are.

    Rows that stay as they are keep the run that made them so.

    Parameters
    ----------
    conn
        A connection in a transaction of who runs jobs: it sees and writes all of them.
    computed, run, made, network_version
        The layer, the job, and what it was computed from.
    features
        GeoJSON in longitude and latitude (EPSG:4326).
    """
    layer = computed.layer.id
    rows = [_row(layer, feature) for feature in features]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    now = await conn.fetchval("SELECT now()")
    versions = ", ".join(made.rule_versions) or None
    await conn.execute(_GONE, layer, list(columns[1]))
    await conn.execute(
        _PUT, layer, None, computed.how.visibility, now, versions, run, made.digest,
        made.origin, *map(list, columns),
    )  # fmt: skip
    await conn.execute(
        _NOTE, layer, made.digest, computed.network, network_version, list(made.rule_versions),
        list(made.made_of), run, len(rows),
    )  # fmt: skip
    return len(rows)


def _row(layer: str, feature: Feature) -> tuple[UUID, str, str | None, str, str | None]:
    key, props = str(feature["id"]), {**feature["properties"]}
    props.pop("origin", None)
    unit, shape = props.pop("admin_code", None), feature["geometry"]
    placed = None if shape is None else orjson.dumps(shape).decode()
    code = None if unit is None else str(unit)
    return stable_uuid7(layer, key), key, code, orjson.dumps(props).decode(), placed


async def read_states(conn: asyncpg.Connection, layers: Sequence[str]) -> Mapping[str, State]:
    """Return how computed layers stand, those that were never computed left out."""
    rows = await conn.fetch(_STATES, list(layers))
    return {row["layer"]: State(**{k: v for k, v in row.items() if k != "layer"}) for row in rows}
