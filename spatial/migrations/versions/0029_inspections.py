"""Inspections are written by the API: accounts may add and correct cases within their scope."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Let the application write cases; row-level security holds each account to its scope."""
    op.execute("GRANT INSERT, UPDATE ON sigang.case_file TO sigang_app")


def downgrade() -> None:
    """Let it read alone."""
    op.execute("REVOKE INSERT, UPDATE ON sigang.case_file FROM sigang_app")
