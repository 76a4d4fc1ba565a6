"""Jobs are read by their owner with the rights at least that they were run with.

What was counted over a province stayed readable for who has been given a county since.
"""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"

RIGHTS = """
current_setting('sigang.jobs', true) = 'all' OR (
  regexp_replace(scope, '(00)+$', '') LIKE current_setting('sigang.prefix', true) || '%'
  AND coalesce(unit_id, '') IN ('', current_setting('sigang.unit', true)))"""


def upgrade() -> None:
    """Add a condition to what an account reads of its jobs."""
    op.execute(
        f"CREATE POLICY same_rights ON sigang.job AS RESTRICTIVE FOR SELECT TO sigang_app"
        f" USING ({RIGHTS})"
    )


def downgrade() -> None:
    """Take the condition away."""
    op.execute("DROP POLICY same_rights ON sigang.job")
