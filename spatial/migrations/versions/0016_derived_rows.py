"""Rows that processes compute: a layer each (`kind`), kept until their inputs change.

`derived_layer` tells of each layer of what it was computed, and since when it is stale.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0016"
down_revision = "0015"

SOURCE = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
VALUES ('computed', '本系统计算', 'Computed by Sigang', 'as of what it is computed from',
  'Computed by Sigang')"""
TABLES = [
    """CREATE TABLE sigang.derived_row (
      id uuid PRIMARY KEY, kind text NOT NULL, key text NOT NULL,
      admin_code text CHECK (admin_code ~ '^[0-9]{6}$'), unit_id text,
      visibility text NOT NULL CHECK (visibility IN ('public', 'unit', 'province')),
      origin text NOT NULL CHECK (origin IN ('derived', 'synthetic')),
      source_id text NOT NULL DEFAULT 'computed' REFERENCES sigang.source(id),
      valid_from timestamptz, valid_to timestamptz, recorded_at timestamptz NOT NULL DEFAULT now(),
      props jsonb NOT NULL DEFAULT '{}', rule_version text,
      run uuid NOT NULL, inputs_digest text NOT NULL, geom geometry(Geometry, 4326),
      geom_3857 geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
      UNIQUE (kind, key))""",
    """CREATE TABLE sigang.derived_layer (
      layer text PRIMARY KEY, inputs_digest text NOT NULL, network text, network_version bigint,
      rule_versions text[] NOT NULL, made_of text[] NOT NULL, run uuid NOT NULL,
      rows integer NOT NULL, computed_at timestamptz NOT NULL, stale_since timestamptz)""",
    "CREATE INDEX derived_row_place ON sigang.derived_row USING gist (geom_3857)",
]
_JOBS = "current_setting('sigang.jobs', true) = 'all'"
SEEN = f"sigang.sees(admin_code, visibility, unit_id) OR {_JOBS}"


def upgrade() -> None:
    """Create the tables, secure them, and have changes marked like those of other rows."""
    for statement in [SOURCE, *TABLES]:
        op.execute(statement)
    op.execute("GRANT SELECT ON sigang.derived_row, sigang.derived_layer TO sigang_public")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON sigang.derived_row, sigang.derived_layer"
        " TO sigang_app"
    )
    op.execute("ALTER TABLE sigang.derived_row ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY app ON sigang.derived_row TO sigang_app USING ({SEEN}) WITH CHECK ({SEEN})"
    )
    op.execute(
        "CREATE POLICY public ON sigang.derived_row FOR SELECT TO sigang_public"
        " USING (visibility = 'public')"
    )
    import_module("spatial.migrations.versions.0003_freshness")._watch("derived_row", "mark_cells")


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE sigang.derived_row")
    op.execute("DROP TABLE sigang.derived_layer")
    op.execute("DELETE FROM sigang.source WHERE id = 'computed'")
