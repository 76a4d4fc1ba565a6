"""Writes that come twice, and search entries that follow the rows that they name.

An entry copies the scope of its row, so that one query finds it; the triggers keep the copy equal
when rows are reclassified or go, whoever does it.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

KEYS = """
CREATE TABLE sigang.idempotency_key (
  account_id text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  digest bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  status smallint,
  headers jsonb,
  body bytea,
  PRIMARY KEY (account_id, key)
)"""
_OWN = "account_id = nullif(current_setting('sigang.actor', true), '')"

SEARCHED = ("facility", "zone", "project", "edge")
FOLLOW = """
CREATE FUNCTION sigang.search_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM sigang.search_entry s USING gone r WHERE s.feature_id = r.id::text;
  ELSE
    UPDATE sigang.search_entry s SET visibility = r.visibility, admin_code = r.admin_code,
      unit_id = r.unit_id
    FROM changed r WHERE s.feature_id = r.id::text
      AND (s.visibility, s.admin_code, s.unit_id)
        IS DISTINCT FROM (r.visibility, r.admin_code, r.unit_id);
  END IF;
  RETURN NULL;
END $$"""


def upgrade() -> None:
    """Make the keys' table and the triggers; entries take over what their rows say now."""
    op.execute(KEYS)
    op.execute("CREATE INDEX idempotency_key_at ON sigang.idempotency_key (at)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sigang.idempotency_key TO sigang_app")
    op.execute("ALTER TABLE sigang.idempotency_key ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY app ON sigang.idempotency_key TO sigang_app USING ({_OWN} OR at <= now()"
        f" - interval '24 hours') WITH CHECK ({_OWN})"
    )
    op.execute(FOLLOW)
    op.execute("CREATE INDEX search_feature ON sigang.search_entry (feature_id)")
    for table in SEARCHED:
        for event, alias in (("UPDATE", "NEW TABLE AS changed"), ("DELETE", "OLD TABLE AS gone")):
            op.execute(
                f"CREATE TRIGGER search_{event.lower()} AFTER {event} ON sigang.{table}"
                f" REFERENCING {alias} FOR EACH STATEMENT EXECUTE FUNCTION sigang.search_follows()"
            )
        op.execute(
            f"UPDATE sigang.search_entry s SET visibility = r.visibility, unit_id = r.unit_id,"
            f" admin_code = r.admin_code FROM sigang.{table} r WHERE s.feature_id = r.id::text"
        )


def downgrade() -> None:
    """Drop what `upgrade` made."""
    for table in SEARCHED:
        for event in ("update", "delete"):
            op.execute(f"DROP TRIGGER search_{event} ON sigang.{table}")
    op.execute("DROP FUNCTION sigang.search_follows()")
    op.execute("DROP INDEX sigang.search_feature")
    op.execute("DROP TABLE sigang.idempotency_key")
