"""Frozen reports: versions, the rows that stand under their numbers, editions, files, outlines.

Nothing of them is ever changed or deleted: the application may read only, and a trigger refuses
whoever else tries. Rows are under row-level security like those that they were made of; an edition
and its files are seen by its audience, everybody or those of the whole province.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = [
    """CREATE TABLE sigang.report_version (
      id uuid PRIMARY KEY, report text NOT NULL, period_kind text NOT NULL, period text NOT NULL,
      version int NOT NULL, cutoff timestamptz NOT NULL, frozen_at timestamptz NOT NULL,
      frozen_by text NOT NULL, retroactive boolean NOT NULL, reason text,
      definitions jsonb NOT NULL, UNIQUE (report, period, version))""",
    """CREATE TABLE sigang.report_row (
      version_id uuid NOT NULL REFERENCES sigang.report_version, layer text NOT NULL,
      row_id text NOT NULL, admin_code text, unit_id text, visibility text NOT NULL,
      parties text[] NOT NULL, origin text NOT NULL, source_id text,
      numerators numeric[] NOT NULL, denominators numeric[] NOT NULL)""",
    "CREATE INDEX report_row_of ON sigang.report_row (version_id, layer, row_id)",
    """CREATE TABLE sigang.report_edition (
      version_id uuid NOT NULL REFERENCES sigang.report_version, audience text NOT NULL,
      admin_code text NOT NULL, visibility text NOT NULL, document jsonb NOT NULL,
      manifest jsonb NOT NULL, sha256 text NOT NULL, key text NOT NULL, signature text NOT NULL,
      PRIMARY KEY (version_id, audience))""",
    """CREATE TABLE sigang.report_file (
      version_id uuid NOT NULL, audience text NOT NULL, name text NOT NULL,
      admin_code text NOT NULL, visibility text NOT NULL, body bytea NOT NULL,
      PRIMARY KEY (version_id, audience, name),
      FOREIGN KEY (version_id, audience) REFERENCES sigang.report_edition)""",
    """CREATE TABLE sigang.report_outline (
      sha256 text PRIMARY KEY, body jsonb NOT NULL)""",
]
SCOPED = {
    "report_row": "sigang.sees(admin_code, visibility, unit_id, parties)",
    "report_edition": "sigang.sees(admin_code, visibility, NULL)",
    "report_file": "sigang.sees(admin_code, visibility, NULL)",
}
OPEN = ("report_version", "report_outline")
KEEP = """
CREATE FUNCTION sigang.keep_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what is frozen stays: % of %', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'check_violation', HINT = 'Freeze a version that corrects it.';
END $$"""


def upgrade() -> None:
    """Create the tables, secure them, and refuse every change of a row."""
    for statement in (*TABLES, KEEP):
        op.execute(statement)
    for table in (*OPEN, *SCOPED):
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
        op.execute(
            f"CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON sigang.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION sigang.keep_frozen()"
        )
    for table, seen in SCOPED.items():
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        for role, rows in (("sigang_app", seen), ("sigang_public", "visibility = 'public'")):
            op.execute(
                f"CREATE POLICY {role} ON sigang.{table} FOR SELECT TO {role} USING ({rows})"
            )


def downgrade() -> None:
    """Drop the tables and all that was frozen."""
    for table in ("report_outline", "report_file", "report_edition", "report_row"):
        op.execute(f"DROP TABLE sigang.{table}")
    op.execute("DROP TABLE sigang.report_version")
    op.execute("DROP FUNCTION sigang.keep_frozen()")
