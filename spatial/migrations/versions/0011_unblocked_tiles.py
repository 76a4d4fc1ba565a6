"""Tiles that no value can stop: clamped cells, safe reads of JSON members, what is set aside.

A box beyond the Web Mercator square, or one that is not finite, marks the cells at its edge: a
trigger neither refuses a writer nor names a tile that cannot be. The functions `json_*` give null
for what is not of their type; those that a planner can inline are one CASE over `jsonb_typeof`.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0011"
down_revision = "0010"

CELLS_OF = """
CREATE OR REPLACE FUNCTION sigang.cells_of(shape geometry, OUT z int, OUT x int, OUT y int)
RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  WITH world AS (SELECT 20037508.342789244 AS half), box AS (
    SELECT greatest(-half, least(half, ST_XMin(shape))) AS x0,
      greatest(-half, least(half, ST_XMax(shape))) AS x1,
      greatest(-half, least(half, ST_YMin(shape))) AS y0,
      greatest(-half, least(half, ST_YMax(shape))) AS y1, half
    FROM world WHERE NOT ST_IsEmpty(shape)
  ), zoom AS (
    SELECT *, CASE WHEN greatest(x1 - x0, y1 - y0) < 4 * 2 * half / 4096 THEN 12
                   WHEN greatest(x1 - x0, y1 - y0) < 4 * 2 * half / 256 THEN 8
                   ELSE 4 END AS z FROM box
  ), side AS (SELECT *, 2 * half / (1 << z) AS m, (1 << z) - 1 AS last FROM zoom)
  SELECT s.z, gx, gy FROM side s,
    generate_series(least(last, floor((x0 + half) / m))::int,
                    least(last, floor((x1 + half) / m))::int) gx,
    generate_series(least(last, floor((half - y1) / m))::int,
                    least(last, floor((half - y0) / m))::int) gy
$$"""

_SIGNED = r"'^\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9][0-9]?)?\s*$'"
_DAY = r"(?!9999)[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_OFFSET = r"(Z|[-+](0[0-9]|1[0-4])(:?[0-5][0-9])?)?"
_LAST_DAY = (
    "substr(t, 9, 2)::int <= extract(day FROM make_date(substr(t, 1, 4)::int,"
    " substr(t, 6, 2)::int, 1) + interval '1 month' - interval '1 day')"
)
_UUID = r"'^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'"

READERS = {
    "json_number": (
        "float8",
        f"""CASE jsonb_typeof(v)
        WHEN 'number' THEN CASE WHEN length(v #>> '{{}}') <= 200 THEN v::float8 END
        WHEN 'string' THEN CASE WHEN length(v #>> '{{}}') <= 200
          AND (v #>> '{{}}') ~ {_SIGNED} THEN (v #>> '{{}}')::float8 END END""",
    ),
    "json_int": (
        "bigint",
        r"""CASE jsonb_typeof(v)
        WHEN 'number' THEN CASE WHEN length(v #>> '{}') <= 18
          AND v::numeric % 1 = 0 THEN v::bigint END
        WHEN 'string' THEN CASE WHEN length(v #>> '{}') <= 18
          AND (v #>> '{}') ~ '^\s*[-+]?[0-9]+\s*$' THEN (v #>> '{}')::bigint END END""",
    ),
    "json_bool": (
        "boolean",
        """CASE WHEN jsonb_typeof(v) = 'boolean' THEN v::boolean
        WHEN lower(v #>> '{}') IN ('true', 't', 'yes', 'y', 'on', '1') THEN true
        WHEN lower(v #>> '{}') IN ('false', 'f', 'no', 'n', 'off', '0') THEN false END""",
    ),
    "json_date": (
        "date",
        f"""CASE WHEN t ~ '^{_DAY}({_CLOCK}{_OFFSET})?$' AND {_LAST_DAY}
        THEN make_date(substr(t, 1, 4)::int, substr(t, 6, 2)::int, substr(t, 9, 2)::int) END
        FROM (SELECT CASE WHEN jsonb_typeof(v) = 'string' THEN v #>> '{{}}' END AS t) s""",
    ),
    "json_time": (
        "timestamptz",
        f"""CASE WHEN t !~ '^{_DAY}({_CLOCK}{_OFFSET})?$' OR NOT {_LAST_DAY} THEN NULL
        WHEN t ~ '{_CLOCK}{_OFFSET[:-1]}$' THEN t::timestamptz
        ELSE t::timestamp AT TIME ZONE 'Asia/Shanghai' END
        FROM (SELECT CASE WHEN jsonb_typeof(v) = 'string' THEN v #>> '{{}}' END AS t) s""",
    ),
    "json_uuid": (
        "uuid",
        f"CASE WHEN (v #>> '{{}}') ~ {_UUID} THEN (v #>> '{{}}')::uuid END",
    ),
}

SET_ASIDE = """
CREATE TABLE sigang_tiles.set_aside (
  layer text NOT NULL, z int NOT NULL, x int NOT NULL, y int NOT NULL,
  feature text NOT NULL DEFAULT '', error text NOT NULL,
  since timestamptz NOT NULL, tries int NOT NULL DEFAULT 1, next_try timestamptz NOT NULL,
  PRIMARY KEY (layer, z, x, y, feature))"""


def upgrade() -> None:
    """Clamp the cells that triggers mark, and make the readers and the table."""
    op.execute(CELLS_OF)
    for name, (type_, body) in READERS.items():
        op.execute(
            f"CREATE FUNCTION sigang.{name}(v jsonb) RETURNS {type_} LANGUAGE sql"
            f" IMMUTABLE PARALLEL SAFE AS $$ SELECT {body} $$"
        )
    op.execute(SET_ASIDE)
    op.execute("REVOKE ALL ON sigang_tiles.set_aside FROM sigang_app, sigang_public")
    op.execute("DELETE FROM sigang.tile_change WHERE NOT (x BETWEEN 0 AND (1 << z) - 1"
               " AND y BETWEEN 0 AND (1 << z) - 1)")  # fmt: skip
    for role in ("sigang_app", "sigang_public"):
        op.execute(f"GRANT SELECT (at) ON sigang.tile_change TO {role}")
        op.execute(
            f"GRANT SELECT (feature, layer, since, next_try) ON sigang_tiles.set_aside TO {role}"
        )


def downgrade() -> None:
    """Drop what `upgrade` made; triggers mark cells as before it."""
    for role in ("sigang_app", "sigang_public"):
        op.execute(f"REVOKE SELECT (at) ON sigang.tile_change FROM {role}")
    op.execute("DROP TABLE sigang_tiles.set_aside")
    for name in READERS:
        op.execute(f"DROP FUNCTION sigang.{name}(jsonb)")
    before = import_module("spatial.migrations.versions.0003_freshness").CELLS_OF
    op.execute(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
