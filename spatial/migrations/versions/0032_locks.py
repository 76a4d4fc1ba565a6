"""Locks: who asks for a lockage, and the versions of the plan of each lock.

A declaration is seen as its area, unit and visibility say. A version is never changed: to undo is
to publish an earlier one again as the next.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"

TABLES = [
    """CREATE TABLE sigang.lock_declaration (
      id uuid PRIMARY KEY DEFAULT sigang.uuid7(), facility_id uuid NOT NULL, voyage text,
      vessel text NOT NULL, way text NOT NULL CHECK (way IN ('up', 'down')),
      ready_at timestamptz NOT NULL, checked_in_at timestamptz,
      length_m double precision NOT NULL CHECK (length_m > 0),
      beam_m double precision NOT NULL CHECK (beam_m > 0),
      draught_m double precision CHECK (draught_m > 0), cargo text NOT NULL, rank text NOT NULL,
      state text NOT NULL DEFAULT 'declared'
        CHECK (state IN ('declared', 'checked_in', 'absent', 'withdrawn')),
      account_id text NOT NULL, admin_code text, unit_id text, visibility text NOT NULL,
      origin text NOT NULL CHECK (origin IN ('real', 'synthetic')),
      recorded_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang.lock_plan (
      facility_id uuid NOT NULL, version int NOT NULL CHECK (version > 0),
      made_at timestamptz NOT NULL DEFAULT now(), made_by text NOT NULL, restores int,
      rule_version text, document jsonb NOT NULL, PRIMARY KEY (facility_id, version))""",
    "CREATE INDEX lock_declaration_queue ON sigang.lock_declaration (facility_id, ready_at)",
]
SEEN = {
    "lock_declaration": "sigang.sees(admin_code, visibility, unit_id)",
    "lock_plan": (
        "EXISTS (SELECT 1 FROM sigang.facility f WHERE f.id = facility_id)"
        " AND coalesce(current_setting('sigang.prefix', true), '') <> ''"
    ),
}


def upgrade() -> None:
    """Create the tables under row-level security."""
    for statement in TABLES:
        op.execute(statement)
    for table, seen in SEEN.items():
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )
        op.execute(f"GRANT SELECT, INSERT ON sigang.{table} TO sigang_app")
    op.execute("GRANT UPDATE ON sigang.lock_declaration TO sigang_app")


def downgrade() -> None:
    """Drop both; declarations and plans are lost."""
    for table in SEEN:
        op.execute(f"DROP TABLE sigang.{table}")
