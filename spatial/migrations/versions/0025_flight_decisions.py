"""Plans with what was decided of them, as a view for lists and numbers; kept answers may go."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"

VIEW = """
CREATE VIEW sigang.flight_decision WITH (security_invoker = true) AS
SELECT o.id, o.kind, o.state, o.priority, o.name_zh, o.name_en, o.admin_code, o.unit_id,
  o.visibility, o.origin, o.source_id, o.planned_start, o.planned_end, f.task, f.filed_at,
  f.decide_by, f.decided_at, f.decision,
  (SELECT count(*)::int FROM sigang.utm_conflict c WHERE c.entity_id = o.id) AS conflicts,
  o.geom
FROM sigang.operation o JOIN sigang.operation_filing f ON f.operation_id = o.id
WHERE o.kind = 'uas_flight'"""


def upgrade() -> None:
    """Make the view, for accounts alone, and let answers be deleted."""
    op.execute(VIEW)
    op.execute("GRANT SELECT ON sigang.flight_decision TO sigang_app")
    op.execute("GRANT DELETE ON sigang.airspace_answer TO sigang_app")


def downgrade() -> None:
    """Take both back."""
    op.execute("REVOKE DELETE ON sigang.airspace_answer FROM sigang_app")
    op.execute("DROP VIEW sigang.flight_decision")
