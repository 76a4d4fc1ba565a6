"""Cells of several indicators in a row, and a log of images of rows by which they are kept.

The triggers that mark tiles log each row as it was and as it is, without its outlines; of more
than 2,000 rows at once only that there were some. `indicator_sheet.seen` is the snapshot up to
which a sheet was counted: what is logged and not in it is still to be added.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = [
    """CREATE TABLE sigang.indicator_change (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, relation text NOT NULL, kind text,
      sign int, image jsonb, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang.indicator_sheet (
      sheet text PRIMARY KEY, members text[] NOT NULL, digests text[] NOT NULL,
      as_of timestamptz NOT NULL, next_change timestamptz, valid_until timestamptz,
      home text NOT NULL, seen pg_snapshot NOT NULL)""",
    """CREATE TABLE sigang.indicator_cell (
      sheet text NOT NULL, period_kind text NOT NULL, first date NOT NULL, admin_code text,
      visibility text NOT NULL, unit_id text, parties text[] NOT NULL DEFAULT '{}',
      origin text NOT NULL, codes text[] NOT NULL, counts bigint[] NOT NULL,
      sums numeric[] NOT NULL)""",
    "CREATE INDEX indicator_cell_of ON sigang.indicator_cell (sheet, period_kind, first)",
]
SEEN = "sigang.sees(admin_code, visibility, unit_id, parties)"
BEGIN = "IF NOT EXISTS (SELECT 1 FROM changed) THEN RETURN NULL; END IF;"
LOGGED = """
  IF (SELECT count(*) FROM changed) > 2000 THEN
    INSERT INTO sigang.indicator_change (relation, kind)
      SELECT DISTINCT TG_TABLE_NAME, kind FROM changed;
  ELSE
    SELECT string_agg(format('r.%I', a.attname), ', ') INTO listed
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND t.typname <> 'geometry';
    images := '(SELECT r.kind, to_jsonb(i) AS image FROM %s r, LATERAL (SELECT ' || listed
      || ') i)';
    logged := 'INSERT INTO sigang.indicator_change (relation, kind, sign, image)'
      ' SELECT $1, * FROM ';
    IF TG_OP = 'UPDATE' THEN
      EXECUTE logged || format(
        '(SELECT kind, -1, image FROM (%s EXCEPT ALL %s) o UNION ALL '
        'SELECT kind, 1, image FROM (%s EXCEPT ALL %s) n) c',
        format(images, 'gone'), format(images, 'changed'),
        format(images, 'changed'), format(images, 'gone')) USING TG_TABLE_NAME;
    ELSE
      EXECUTE logged || format('(SELECT kind, %s, image FROM %s n) c',
        CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END, format(images, 'changed'))
        USING TG_TABLE_NAME;
    END IF;
  END IF;"""


def _earlier() -> Any:
    return import_module("spatial.migrations.versions.0013_indicator_cells")


def upgrade() -> None:
    """Exchange the tables and what the triggers log."""
    for table in ("indicator_cell", "indicator_series", "indicator_change"):
        op.execute(f"DROP TABLE sigang.{table}")
    for statement in TABLES:
        op.execute(statement)
    for role, seen in (("sigang_app", SEEN), ("sigang_public", "visibility = 'public'")):
        op.execute(
            f"CREATE POLICY {role} ON sigang.indicator_cell FOR SELECT TO {role} USING ({seen})"
        )
        op.execute(f"GRANT SELECT ON sigang.indicator_cell, sigang.indicator_sheet TO {role}")
        op.execute(f"GRANT SELECT (at) ON sigang.indicator_change TO {role}")
    op.execute("ALTER TABLE sigang.indicator_cell ENABLE ROW LEVEL SECURITY")
    op.execute("GRANT INSERT ON sigang.indicator_change TO sigang_app")
    marks: dict[str, str] = _earlier().marks_before()
    declared = "DECLARE listed text; images text; logged text;\nBEGIN\n  " + BEGIN
    op.execute(marks["mark_cells"].replace("BEGIN\n  " + BEGIN, declared + LOGGED))
    op.execute(marks["mark_edge_state"])  # what stands on closures is counted from the rows


def downgrade() -> None:
    """Return to one table of cells by indicator."""
    for table in ("indicator_cell", "indicator_sheet", "indicator_change"):
        op.execute(f"DROP TABLE sigang.{table}")
    _earlier().upgrade()
