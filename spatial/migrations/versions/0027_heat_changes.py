"""What changes in the cube of enforcement heat, in the order in which it was written.

A process that holds counts in memory reads on from the snapshot that they are of: rows of
`heat_change` that it did not see yet. Rows that every snapshot of the last minutes saw are taken
away by the servers.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"

TABLE = """
CREATE TABLE sigang.heat_change (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(), grain text NOT NULL, at date NOT NULL,
  hour smallint NOT NULL, series integer NOT NULL, cell bigint NOT NULL, n bigint NOT NULL)"""
INDEX = "CREATE INDEX heat_change_xid ON sigang.heat_change (xid)"
ADD = """
CREATE OR REPLACE FUNCTION sigang.heat_add(deltas sigang.heat_delta[]) RETURNS void
  LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO sigang.heat_series (measure, kind, admin_code, unit_id, visibility, origin)
      SELECT DISTINCT measure, kind, admin_code, unit_id, visibility, origin
      FROM unnest(deltas) e WHERE NOT EXISTS (SELECT 1 FROM sigang.heat_series s
        WHERE s.measure = e.measure AND s.kind = e.kind
          AND coalesce(s.admin_code, '') = coalesce(e.admin_code, '')
          AND coalesce(s.unit_id, '') = coalesce(e.unit_id, '')
          AND s.visibility = e.visibility AND s.origin = e.origin)
      ORDER BY 1, 2, 3, 4, 5, 6 ON CONFLICT DO NOTHING;
    {add}
  END $$"""
COUNT = """
    INSERT INTO sigang.heat_cube AS c (grain, at, hour, series, cell, n)
      SELECT * FROM {rows} ORDER BY 1, 2, 3, 4, 5
      ON CONFLICT (grain, at, hour, series, cell) DO UPDATE SET n = c.n + excluded.n;"""
WITH_NOTE = """WITH added AS MATERIALIZED (SELECT * FROM sigang.heat_rows(deltas)), noted AS (
      INSERT INTO sigang.heat_change (grain, at, hour, series, cell, n) SELECT * FROM added)"""
NOTED = WITH_NOTE + COUNT.format(rows="added")
MINE = "series IN (SELECT id FROM sigang.heat_series)"


def upgrade() -> None:
    """Note changes beside counting them."""
    op.execute(TABLE)
    op.execute(INDEX)
    op.execute("ALTER TABLE sigang.heat_change ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY app ON sigang.heat_change TO sigang_app USING ({MINE}) WITH CHECK ({MINE})"
    )
    op.execute("GRANT SELECT, INSERT ON sigang.heat_change TO sigang_app")
    op.execute(ADD.format(add=NOTED))


def downgrade() -> None:
    """Count alone."""
    op.execute(ADD.format(add=COUNT.format(rows="sigang.heat_rows(deltas)")))
    op.execute("DROP TABLE sigang.heat_change")
