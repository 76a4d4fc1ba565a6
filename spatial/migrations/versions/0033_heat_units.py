"""Computed rows of enforcement heat are made anew: of the smallest unit that has all they sum.

Those before were of the county with most of their rows, which was served what others added to them.
"""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"

LAYERS = "('heat_rate', 'heat_classes', 'hot_stretches')"
MADE = """SELECT id FROM sigang.job WHERE process IN
  ('heat-surface', 'heat-space-time', 'hot-stretches', 'heat-scan')"""


def upgrade() -> None:
    """Take the rows away; the next look at what is due adds the jobs that make them."""
    op.execute(f"DELETE FROM sigang.derived_row WHERE kind IN {LAYERS} OR run IN ({MADE})")
    op.execute(f"DELETE FROM sigang.derived_layer WHERE layer IN {LAYERS} OR run IN ({MADE})")


def downgrade() -> None:
    """Leave them: rows of wider units are served to fewer."""
