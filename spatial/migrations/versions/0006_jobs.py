"""Jobs: processes that run in the background, their state, outputs and owner.

Row-level security lets an account see its own jobs; who runs or administers them says so by the
setting `sigang.jobs` of its transaction.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

JOB = """
CREATE TABLE sigang.job (
  id uuid PRIMARY KEY,
  process text NOT NULL,
  state text NOT NULL DEFAULT 'accepted'
    CHECK (state IN ('accepted', 'running', 'successful', 'failed', 'dismissed')),
  progress smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  message_zh text,
  message_en text,
  account_id text NOT NULL,
  role text NOT NULL,
  scope text NOT NULL,
  unit_id text,
  request jsonb NOT NULL,
  problem jsonb,
  runner text,
  beat_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz
)"""

OUTPUT = """
CREATE TABLE sigang.job_output (
  job_id uuid NOT NULL REFERENCES sigang.job ON DELETE CASCADE,
  name text NOT NULL,
  media_type text NOT NULL,
  features integer,
  body bytea,
  PRIMARY KEY (job_id, name)
)"""

FEATURE = """
CREATE TABLE sigang.job_feature (
  job_id uuid NOT NULL,
  name text NOT NULL,
  seq integer NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (job_id, name, seq),
  FOREIGN KEY (job_id, name) REFERENCES sigang.job_output ON DELETE CASCADE
)"""

TABLES = ("job", "job_output", "job_feature")
_EVERY = "current_setting('sigang.jobs', true) = 'all'"
_OWN = f"account_id = nullif(current_setting('sigang.actor', true), '') OR {_EVERY}"
_OF_JOB = "EXISTS (SELECT 1 FROM sigang.job j WHERE j.id = job_id)"


def upgrade() -> None:
    """Create the tables, readable only by a job's owner and by who administers jobs."""
    for statement in (JOB, OUTPUT, FEATURE):
        op.execute(statement)
    op.execute("CREATE INDEX job_waiting ON sigang.job (created_at) WHERE state = 'accepted'")
    op.execute("CREATE INDEX job_running ON sigang.job (beat_at) WHERE state = 'running'")
    op.execute("CREATE INDEX job_of_account ON sigang.job (account_id, created_at)")
    for table in TABLES:
        seen = _OWN if table == "job" else _OF_JOB
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sigang.{table} TO sigang_app")
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )


def downgrade() -> None:
    """Drop the jobs and their outputs."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE sigang.{table}")
