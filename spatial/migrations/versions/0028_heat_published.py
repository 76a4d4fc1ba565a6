"""Counts of enforcement cases that everybody is told: published once a month, then never changed.

`heat_publication` holds which months were, `heat_published` the counts that are told; what is not
told is nowhere in it. `published_cases` is the last month by cell, added up over the kinds told.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0028"
down_revision = "0027"

TABLES = [
    """CREATE TABLE sigang.heat_publication (
      month date PRIMARY KEY, published_at timestamptz NOT NULL, level int NOT NULL,
      k int NOT NULL, rows int NOT NULL, rule_version text NOT NULL)""",
    """CREATE TABLE sigang.heat_published (
      id uuid PRIMARY KEY, kind text NOT NULL CHECK (kind = 'case'),
      admin_code text CHECK (admin_code ~ '^[0-9]{6}$'), unit_id text,
      visibility text NOT NULL CHECK (visibility = 'public'),
      origin text NOT NULL CHECK (origin IN ('derived', 'synthetic')),
      source_id text NOT NULL REFERENCES sigang.source(id),
      valid_from timestamptz, valid_to timestamptz,
      recorded_at timestamptz NOT NULL DEFAULT now(), props jsonb NOT NULL DEFAULT '{}',
      rule_version text, month text NOT NULL, violation text NOT NULL,
      level text NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'cell')),
      cell bigint, k bigint NOT NULL, n bigint NOT NULL, geom geometry(Geometry, 4326),
      geom_3857 geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
      CHECK (n >= k AND (level = 'cell') = (cell IS NOT NULL)))""",
    """CREATE UNIQUE INDEX heat_published_of ON sigang.heat_published
      (month, violation, level, admin_code, coalesce(cell, -1))""",
    "CREATE INDEX heat_published_place ON sigang.heat_published USING gist (geom_3857)",
    """CREATE VIEW sigang.published_cases WITH (security_invoker = true) AS
      SELECT admin_code || '/' || cell AS id, 'case'::text AS kind, admin_code,
        NULL::text AS unit_id, 'public'::text AS visibility, min(origin) AS origin,
        min(source_id) AS source_id, month, valid_from, valid_to, k, sum(n)::bigint AS n,
        string_agg(violation || ' ' || n, ', ' ORDER BY n DESC, violation) AS kinds,
        rule_version, geom, geom_3857
      FROM sigang.heat_published p
      WHERE level = 'cell' AND valid_from = (SELECT max(valid_from) FROM sigang.heat_published)
      GROUP BY admin_code, cell, month, valid_from, valid_to, k, rule_version, geom, geom_3857""",
]
COLUMN = """
CREATE FUNCTION sigang.heat_column(cell bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(sum(((cell >> (2 * bit)) & 1) << bit), 0)::int FROM generate_series(0, 24) bit
$$"""


def upgrade() -> None:
    """Create both tables, let everybody read them, and refuse every change of a row."""
    for statement in (*TABLES, COLUMN):
        op.execute(statement)
    op.execute("GRANT SELECT ON sigang.published_cases TO sigang_app, sigang_public")
    for table in ("heat_publication", "heat_published"):
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
        op.execute(
            f"CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON sigang.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION sigang.keep_frozen()"
        )
    op.execute("ALTER TABLE sigang.heat_published ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY everybody ON sigang.heat_published FOR SELECT"
        " TO sigang_app, sigang_public USING (visibility = 'public')"
    )
    import_module("spatial.migrations.versions.0003_freshness")._watch(
        "heat_published", "mark_cells"
    )


def downgrade() -> None:
    """Drop all that was published."""
    op.execute("DROP VIEW sigang.published_cases")
    op.execute("DROP TABLE sigang.heat_published, sigang.heat_publication")
    op.execute("DROP FUNCTION sigang.heat_column(bigint)")
