"""Notices of depth: events that lower what a waterway offers while they hold."""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"

KINDS = ("closure", "speed", "lane_loss", "weather_limit")
NOTICE = "depth_limit"


def _allow(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE sigang.edge_state DROP CONSTRAINT edge_state_kind_check")
    op.execute(
        "ALTER TABLE sigang.edge_state ADD CONSTRAINT edge_state_kind_check"
        f" CHECK (kind IN ({listed}))"
    )


def upgrade() -> None:
    """Let states of edges be notices of depth."""
    _allow((*KINDS, NOTICE))


def downgrade() -> None:
    """Forget the notices."""
    op.execute(f"DELETE FROM sigang.edge_state WHERE kind = '{NOTICE}'")
    _allow(KINDS)
