"""Prepared numbers of indicators: cells by who may see them, and a log of what they stand on.

A row of `indicator_cell` holds both sides of a number for consecutive periods, of the rows that
one group of readers sees; row-level security decides of it as of those rows. The triggers that
mark tiles also log relation and kind, with or without a place.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = [
    """CREATE TABLE sigang.indicator_change (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, relation text NOT NULL, kind text,
      at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang.indicator_series (
      indicator text NOT NULL, period_kind text NOT NULL, digest text NOT NULL,
      first date NOT NULL, last date NOT NULL, as_of timestamptz NOT NULL,
      computed_at timestamptz NOT NULL, valid_until timestamptz,
      rule_versions jsonb NOT NULL DEFAULT '{}', PRIMARY KEY (indicator, period_kind))""",
    """CREATE TABLE sigang.indicator_cell (
      indicator text NOT NULL, period_kind text NOT NULL, admin_code text,
      visibility text NOT NULL, unit_id text, parties text[] NOT NULL DEFAULT '{}',
      origin text NOT NULL, codes text[] NOT NULL, numerators numeric[] NOT NULL,
      denominators numeric[], counts bigint[] NOT NULL)""",
    "CREATE INDEX indicator_cell_of ON sigang.indicator_cell (indicator, period_kind)",
]
SEEN = "sigang.sees(admin_code, visibility, unit_id, parties)"
LOGGED = """
  INSERT INTO sigang.indicator_change (relation, kind)
    SELECT DISTINCT {relation}, {kind} FROM changed;"""


def marks_before() -> dict[str, str]:
    """Return the functions of the triggers as they were before."""
    cells = import_module("spatial.migrations.versions.0003_freshness").MARK
    state = import_module("spatial.migrations.versions.0012_parties").MARK_STATE
    state = state.format(column=", parties", value=", v.parties")
    return {
        "mark_cells": cells.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        "mark_edge_state": state,
    }


def upgrade() -> None:
    """Create the tables, secure them, and have the triggers log what changes."""
    for statement in TABLES:
        op.execute(statement)
    for role, seen in (("sigang_app", SEEN), ("sigang_public", "visibility = 'public'")):
        op.execute(
            f"CREATE POLICY {role} ON sigang.indicator_cell FOR SELECT TO {role} USING ({seen})"
        )
    op.execute("ALTER TABLE sigang.indicator_cell ENABLE ROW LEVEL SECURITY")
    for role in ("sigang_app", "sigang_public"):
        op.execute(f"GRANT SELECT ON sigang.indicator_cell, sigang.indicator_series TO {role}")
        op.execute(f"GRANT SELECT (at) ON sigang.indicator_change TO {role}")
    op.execute("GRANT INSERT ON sigang.indicator_change TO sigang_app")
    begin = "IF NOT EXISTS (SELECT 1 FROM changed) THEN RETURN NULL; END IF;"
    for name, text in marks_before().items():
        relation = "TG_TABLE_NAME" if name == "mark_cells" else "'edge_state'"
        logged = LOGGED.format(relation=relation, kind="kind")
        op.execute(text.replace(begin, begin + logged))


def downgrade() -> None:
    """Drop the tables; the triggers mark tiles alone."""
    for text in marks_before().values():
        op.execute(text)
    for table in ("indicator_cell", "indicator_series", "indicator_change"):
        op.execute(f"DROP TABLE sigang.{table}")
