"""Live state: the source of decisions, and a stream log whose numbers follow the commits."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STREAM_LOCK = 0x5369_6762

SOURCE = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution, owner)
VALUES ('decisions', '调度与值班决策', 'Decisions of dispatchers and duty desks',
  'internal', 'Sigang', 'operator')
ON CONFLICT (id) DO NOTHING"""

IN_ORDER = f"""
CREATE FUNCTION sigang.stream_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock({STREAM_LOCK});
  RETURN NULL;
END $$"""

APPEND = """
CREATE FUNCTION sigang.stream_append(
  new_kind text, admin text, unit text, seen_by text, body jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE number bigint;
BEGIN
  INSERT INTO sigang.stream_log (kind, admin_code, unit_id, visibility, payload)
    VALUES (new_kind, admin, unit, seen_by, body) RETURNING seq INTO number;
  PERFORM pg_notify('sigang', (jsonb_build_object('k', new_kind, 'seq', number) ||
    CASE WHEN octet_length(body::text) < 1000 THEN body ELSE '{}' END)::text);
  RETURN number;
END $$"""


def upgrade() -> None:
    """Let stream numbers appear in the order of commits, so that a resumed stream misses none.

    The lock is taken before the statement draws its numbers and held until its transaction ends.
    """
    op.execute(SOURCE)
    op.execute(IN_ORDER)
    op.execute(
        "CREATE TRIGGER in_order BEFORE INSERT ON sigang.stream_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION sigang.stream_in_order()"
    )
    op.execute(APPEND)
    op.execute("CREATE INDEX edge_state_active ON sigang.edge_state (id) WHERE version_to IS NULL")
    op.execute("GRANT DELETE ON sigang.stream_log TO sigang_app")


def downgrade() -> None:
    """Drop what `upgrade` made, and the decisions with it."""
    op.execute("DROP INDEX sigang.edge_state_active")
    op.execute("DROP FUNCTION sigang.stream_append(text, text, text, text, jsonb)")
    op.execute("DROP TRIGGER in_order ON sigang.stream_log")
    op.execute("DROP FUNCTION sigang.stream_in_order()")
    op.execute("REVOKE DELETE ON sigang.stream_log FROM sigang_app")
    op.execute(
        "DELETE FROM sigang.edge_state WHERE event_id IN"
        " (SELECT id FROM sigang.event WHERE source_id = 'decisions')"
    )
    op.execute("DELETE FROM sigang.event WHERE source_id = 'decisions'")
    op.execute("DELETE FROM sigang.source WHERE id = 'decisions'")
