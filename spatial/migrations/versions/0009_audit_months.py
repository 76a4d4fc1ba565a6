"""Audit by month: partitions by the time of sealing, and the signed ends of months.

Lines are sealed in the order of their numbers, so that a partition is one piece of the chain.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

COLUMNS = (
    "seq, at, actor, role, scope, action, target, area, purpose, rows, detail, prev_hash, hash"
)
AUDIT = """
CREATE TABLE sigang.audit (
  seq bigint NOT NULL, sealed_at timestamptz NOT NULL, at timestamptz NOT NULL,
  actor text NOT NULL, role text NOT NULL, scope text NOT NULL, action text NOT NULL,
  target text NOT NULL, area text, purpose text NOT NULL, rows bigint,
  detail jsonb NOT NULL DEFAULT '{}', prev_hash bytea NOT NULL, hash bytea NOT NULL,
  PRIMARY KEY (seq, sealed_at)) PARTITION BY RANGE (sealed_at)"""
ANCHOR = """
CREATE TABLE sigang.audit_anchor (
  kind text NOT NULL CHECK (kind IN ('month', 'prune')), seq bigint NOT NULL,
  record text NOT NULL, PRIMARY KEY (kind, seq))"""
MONTHS = """
DO $$ DECLARE
  month timestamptz; stop timestamptz := date_trunc('month', now(), 'UTC') + interval '12 months';
BEGIN
  SELECT date_trunc('month', least(min(at), now()), 'UTC') INTO month FROM sigang.audit_before;
  WHILE month <= stop LOOP
    EXECUTE format('CREATE TABLE sigang.%I PARTITION OF sigang.audit FOR VALUES FROM (%L) TO (%L)',
      'audit_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM'), month,
      (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
    month := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
  END LOOP;
END $$"""
COPY = f"""
INSERT INTO sigang.audit (sealed_at, {COLUMNS})
SELECT max(least(at, now())) OVER (ORDER BY seq), {COLUMNS} FROM sigang.audit_before ORDER BY seq"""
BEFORE = """
CREATE TABLE sigang.audit (
  seq bigint PRIMARY KEY, at timestamptz NOT NULL, actor text NOT NULL, role text NOT NULL,
  scope text NOT NULL, action text NOT NULL, target text NOT NULL, area text,
  purpose text NOT NULL, rows bigint, detail jsonb NOT NULL DEFAULT '{}',
  prev_hash bytea NOT NULL, hash bytea NOT NULL)"""
GRANT = "GRANT SELECT, INSERT ON sigang.audit TO sigang_app"
ASIDE = (
    "ALTER TABLE sigang.audit RENAME TO audit_before",
    "ALTER INDEX sigang.audit_pkey RENAME TO audit_before_pkey",
)
DROP = "DROP TABLE sigang.audit_before"


def upgrade() -> None:
    """Move all lines into partitions; numbers and hashes stay as they are."""
    for statement in (
        *ASIDE,
        AUDIT,
        "CREATE TABLE sigang.audit_default PARTITION OF sigang.audit DEFAULT",
        MONTHS,
        COPY,
        DROP,
        ANCHOR,
        GRANT,
    ):
        op.execute(statement)


def downgrade() -> None:
    """Move all lines back into one table; what was pruned stays away."""
    back = f"INSERT INTO sigang.audit ({COLUMNS}) SELECT {COLUMNS} FROM sigang.audit_before"
    for statement in (*ASIDE, BEFORE, back, DROP, "DROP TABLE sigang.audit_anchor", GRANT):
        op.execute(statement)
