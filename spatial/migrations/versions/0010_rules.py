"""Rules: periods in force, one version at a time, values that never change, notices of changes.

A version that is taken back and comes again later has a row for each time in force.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

CLOSE = """
WITH ordered AS (
  SELECT key, version, lead(valid_from) OVER (PARTITION BY key ORDER BY valid_from, version) AS next
  FROM sigang.rule)
UPDATE sigang.rule r SET valid_to = greatest(r.valid_from, least(r.valid_to, o.next))
FROM ordered o WHERE o.key = r.key AND o.version = r.version
  AND (r.valid_to > o.next OR (r.valid_to IS NULL AND o.next IS NOT NULL)
    OR r.valid_to < r.valid_from)"""
ONE = """
ALTER TABLE sigang.rule
  ALTER valid_from SET NOT NULL,
  DROP CONSTRAINT rule_pkey,
  ADD PRIMARY KEY (key, version, valid_from),
  ADD CONSTRAINT rule_ends CHECK (valid_to >= valid_from),
  ADD CONSTRAINT rule_one_in_force EXCLUDE USING gist
    (key WITH =, tstzrange(valid_from, valid_to) WITH &&) DEFERRABLE INITIALLY DEFERRED"""
GUARD = """
CREATE FUNCTION sigang.guard_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM sigang.rule r WHERE r.key = NEW.key AND r.version = NEW.version
      AND r.value IS DISTINCT FROM NEW.value) THEN
    RAISE EXCEPTION 'rule % version % is stored with another value', NEW.key, NEW.version
      USING ERRCODE = 'check_violation', HINT = 'Raise the version.';
  END IF;
  RETURN NEW;
END $$"""
TELL = """
CREATE FUNCTION sigang.tell_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sigang', '{"k": "rules"}');
  RETURN NULL;
END $$"""
TRIGGERS = (
    "CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON sigang.rule"
    " FOR EACH ROW EXECUTE FUNCTION sigang.guard_rule()",
    "CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON sigang.rule"
    " FOR EACH STATEMENT EXECUTE FUNCTION sigang.tell_rules()",
)
ONCE = """
DELETE FROM sigang.rule r USING sigang.rule later
WHERE later.key = r.key AND later.version = r.version AND later.valid_from > r.valid_from"""
AS_BEFORE = """
ALTER TABLE sigang.rule
  DROP CONSTRAINT rule_one_in_force,
  DROP CONSTRAINT rule_ends,
  DROP CONSTRAINT rule_pkey,
  ALTER valid_from DROP NOT NULL,
  ADD PRIMARY KEY (key, version)"""


def upgrade() -> None:
    """Close what overlaps, then hold that nothing does."""
    op.execute("UPDATE sigang.rule SET valid_from = 'epoch' WHERE valid_from IS NULL")
    for statement in (CLOSE, ONE, GUARD, TELL, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    """Keep the last time in force of each version."""
    op.execute("DROP TRIGGER tell ON sigang.rule")
    op.execute("DROP TRIGGER guard ON sigang.rule")
    op.execute("DROP FUNCTION sigang.tell_rules()")
    op.execute("DROP FUNCTION sigang.guard_rule()")
    op.execute(ONCE)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(AS_BEFORE)
