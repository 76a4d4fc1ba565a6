"""The source of temporary restrictions of the air: the officers who issue them."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

SOURCE = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution, owner)
VALUES ('airspace-officers', '空管人员发布的临时管制', 'Temporary restrictions by officers',
  'internal', 'Sigang', 'operator')"""


def upgrade() -> None:
    """Add the source, and let officers write zones."""
    op.execute(SOURCE)
    op.execute("GRANT INSERT, UPDATE ON sigang.zone TO sigang_app")


def downgrade() -> None:
    """Take back the right, the restrictions and their source."""
    op.execute("REVOKE INSERT, UPDATE ON sigang.zone FROM sigang_app")
    op.execute("DELETE FROM sigang.zone WHERE source_id = 'airspace-officers'")
    op.execute("DELETE FROM sigang.source WHERE id = 'airspace-officers'")
