"""Sign-in: when a credential was last used, its short name indexed, no account of nowhere."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the time of use; a scope of zeros would cover every unit, so it is refused.

    Accounts that have such a scope stay as they are and can no longer sign in.
    """
    op.execute("ALTER TABLE sigang.credential ADD seen_at timestamptz")
    op.execute("CREATE INDEX credential_short ON sigang.credential (left(encode(hash, 'hex'), 12))")
    op.execute(
        "ALTER TABLE sigang.account ADD CONSTRAINT account_somewhere CHECK (scope <> '000000')"
        " NOT VALID"
    )


def downgrade() -> None:
    """Take back what `upgrade` added."""
    op.execute("ALTER TABLE sigang.account DROP CONSTRAINT account_somewhere")
    op.execute("DROP INDEX sigang.credential_short")
    op.execute("ALTER TABLE sigang.credential DROP seen_at")
