"""Who was told of a restriction of the air, when, and when it was received."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"

NOTICE = """
CREATE TABLE sigang.airspace_notice (
  restriction_id uuid NOT NULL REFERENCES sigang.zone(id) ON DELETE CASCADE,
  intent_id uuid NOT NULL, manager text NOT NULL, account_id text,
  effect text NOT NULL CHECK (effect IN ('inside', 'uncertain', 'outside')),
  action text NOT NULL CHECK (action IN ('issued', 'changed', 'ended')),
  told_at timestamptz NOT NULL DEFAULT now(), received_at timestamptz, received_by text,
  PRIMARY KEY (restriction_id, intent_id),
  CHECK ((received_at IS NULL) = (received_by IS NULL)))"""


def upgrade() -> None:
    """Create the table, for accounts alone."""
    op.execute(NOTICE)
    op.execute(
        "CREATE INDEX airspace_notice_open ON sigang.airspace_notice (account_id)"
        " WHERE received_at IS NULL"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON sigang.airspace_notice TO sigang_app")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE sigang.airspace_notice")
