"""Events name the desks that must acknowledge them, and those desks see them whatever their scope.

`parties` is a column of the row, not a look into its receipts, so that the rule stays one
predicate in Python, in queries and in row-level security.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

SEES = """
CREATE FUNCTION sigang.sees(admin_code text, visibility text, unit_id text, parties text[])
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE{leakproof} AS $$
  SELECT sigang.sees(admin_code, visibility, unit_id)
    OR (coalesce(current_setting('sigang.actor', true), '') <> ''
      AND coalesce(current_setting('sigang.prefix', true), '') <> ''
      AND rpad(current_setting('sigang.prefix', true), 6, '0') = ANY (parties))
$$"""
APPEND = """
CREATE FUNCTION sigang.stream_append(new_kind text, admin text, unit text, seen_by text,
  body jsonb, desks text[] DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE number bigint;
BEGIN
  INSERT INTO sigang.stream_log (kind, admin_code, unit_id, visibility, payload, parties)
    VALUES (new_kind, admin, unit, seen_by, body, desks) RETURNING seq INTO number;
  PERFORM pg_notify('sigang', (jsonb_build_object('k', new_kind, 'seq', number) ||
    CASE WHEN octet_length(body::text) < 1000 THEN body ELSE '{}' END)::text);
  RETURN number;
END $$"""
MARK_PARTIES = """
CREATE FUNCTION sigang.mark_parties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM changed WHERE visibility <> 'public' AND parties <> '{}') THEN
    INSERT INTO sigang.tile_change
      (relation, kind, visibility, admin_code, unit_id, parties, z, x, y)
    SELECT DISTINCT 'event', r.kind, r.visibility, r.admin_code, r.unit_id, r.parties, c.z, c.x, c.y
    FROM changed r, sigang.cells_of(r.geom_3857) c
    WHERE r.visibility <> 'public' AND r.parties <> '{}';
  END IF;
  RETURN NULL;
END $$"""
MARK_STATE = """
CREATE OR REPLACE FUNCTION sigang.mark_edge_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM changed) THEN RETURN NULL; END IF;
  INSERT INTO sigang.tile_change
    (relation, kind, visibility, admin_code, unit_id{column}, z, x, y)
    SELECT DISTINCT 'edge_state', r.kind, v.visibility, v.admin_code, v.unit_id{value},
      c.z, c.x, c.y
    FROM changed r JOIN sigang.edge e ON e.id = r.edge_id JOIN sigang.event v ON v.id = r.event_id,
      sigang.cells_of(e.geom_3857) c;
  PERFORM pg_notify('sigang', json_build_object('k', 'dirty', 't', 'edge_state')::text);
  RETURN NULL;
END $$"""
TABLES = ("event", "stream_log", "tile_change")
VIEWS = ("closure", "restriction")


def _secure(parties: str) -> None:
    for table in ("event", "stream_log"):
        seen = f"sigang.sees(admin_code, visibility, unit_id{parties})"
        op.execute(
            f"ALTER POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )


def _leakproof() -> str:
    asked = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    return " LEAKPROOF" if op.get_bind().exec_driver_sql(asked).scalar() else ""


def upgrade() -> None:
    """Add the column where events are read, and the rule that reads it."""
    for table in TABLES:
        op.execute(f"ALTER TABLE sigang.{table} ADD parties text[] NOT NULL DEFAULT '{{}}'")
    op.execute(
        "UPDATE sigang.event v SET parties = ARRAY(SELECT party FROM sigang.event_receipt r"
        " WHERE r.event_id = v.id ORDER BY 1) WHERE EXISTS (SELECT 1 FROM sigang.event_receipt r"
        " WHERE r.event_id = v.id)"
    )
    op.execute(SEES.format(leakproof=_leakproof()))
    _secure(", parties")
    op.execute("DROP FUNCTION sigang.stream_append(text, text, text, text, jsonb)")
    op.execute(APPEND)
    for view in VIEWS:
        op.execute(_with_parties(view))
    op.execute(MARK_STATE.format(column=", parties", value=", v.parties"))
    op.execute(MARK_PARTIES)
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER parties_{event.lower()} AFTER {event} ON sigang.event"
            " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT"
            " EXECUTE FUNCTION sigang.mark_parties()"
        )


def _with_parties(view: str) -> str:
    """Return the statement that adds the column to a view over events, at its end."""
    text = (
        op.get_bind()
        .exec_driver_sql(f"SELECT pg_get_viewdef('sigang.{view}'::regclass)")
        .scalar_one()
    )
    head, _, tail = text.partition("\n   FROM ")
    made = f"CREATE OR REPLACE VIEW sigang.{view} WITH (security_invoker = true) AS "
    return f"{made}{head},\n    v.parties\n   FROM {tail}"


def downgrade() -> None:
    """Take the column and the rule back; desks see events of their scope again."""
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER parties_{event} ON sigang.event")
    op.execute("DROP FUNCTION sigang.mark_parties()")
    op.execute(MARK_STATE.format(column="", value=""))
    connection = op.get_bind()
    for view in VIEWS:
        text = connection.exec_driver_sql(
            f"SELECT pg_get_viewdef('sigang.{view}'::regclass)"
        ).scalar_one()
        op.execute(f"DROP VIEW sigang.{view}")
        text = text.replace(",\n    v.parties\n", "\n")
        op.execute(f"CREATE VIEW sigang.{view} WITH (security_invoker = true) AS {text}")
        op.execute(f"GRANT SELECT ON sigang.{view} TO sigang_app, sigang_public")
    op.execute("DROP FUNCTION sigang.stream_append(text, text, text, text, jsonb, text[])")
    before = APPEND.replace(", desks text[] DEFAULT '{}'", "").replace(", parties)", ")")
    op.execute(before.replace(", body, desks)", ", body)"))
    _secure("")
    op.execute("DROP FUNCTION sigang.sees(text, text, text, text[]) CASCADE")
    for table in TABLES:
        op.execute(f"ALTER TABLE sigang.{table} DROP parties")
