"""Flights that were filed: with what volumes, by whom, and what was decided; seen as the flight."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

FILING = """
CREATE TABLE sigang.operation_filing (
  operation_id uuid PRIMARY KEY REFERENCES sigang.operation(id) ON DELETE CASCADE,
  account_id text NOT NULL, task text NOT NULL, extents jsonb NOT NULL,
  filed_at timestamptz NOT NULL DEFAULT now(), decide_by timestamptz, verdict jsonb,
  decision text CHECK (decision IN ('approved', 'denied')), legal_text text, reason text,
  override_by text, decided_by text, decided_at timestamptz,
  CHECK (override_by IS DISTINCT FROM decided_by OR override_by IS NULL))"""
SEEN = "EXISTS (SELECT 1 FROM sigang.operation p WHERE p.id = operation_id)"


def upgrade() -> None:
    """Create the table under the row security of the flight."""
    op.execute(FILING)
    op.execute("ALTER TABLE sigang.operation_filing ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY app ON sigang.operation_filing TO sigang_app"
        f" USING ({SEEN}) WITH CHECK ({SEEN})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON sigang.operation_filing TO sigang_app")
    op.execute("GRANT INSERT, UPDATE ON sigang.operation TO sigang_app")
    op.execute(
        "CREATE INDEX operation_waiting ON sigang.operation (planned_start)"
        " WHERE kind = 'uas_flight' AND state = 'Filed'"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX sigang.operation_waiting")
    op.execute("REVOKE INSERT, UPDATE ON sigang.operation FROM sigang_app")
    op.execute("DROP TABLE sigang.operation_filing")
