"""When assets were heard of, and what feeds are expected: their state follows from the time.

A row of `asset_uptime` is a run of heartbeats none of which came later than a period after the one
before. `rule` holds the periods by kind of asset (`office.heartbeat_s`); kinds without one are not
watched. A feed names the source whose loads and speeds count as its deliveries.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = [
    """CREATE TABLE sigang.asset_uptime (
      asset_id uuid NOT NULL REFERENCES sigang.asset ON DELETE CASCADE,
      first_seen timestamptz NOT NULL,
      last_seen timestamptz NOT NULL CHECK (last_seen >= first_seen),
      PRIMARY KEY (asset_id, first_seen))""",
    """CREATE TABLE sigang.feed (
      id text PRIMARY KEY, kind text NOT NULL DEFAULT 'feed',
      admin_code text CHECK (admin_code ~ '^[0-9]{6}$'), unit_id text,
      visibility text NOT NULL DEFAULT 'unit'
        CHECK (visibility IN ('public', 'unit', 'province')),
      origin text NOT NULL CHECK (origin IN ('real', 'derived', 'schematic', 'synthetic')),
      source_id text NOT NULL REFERENCES sigang.source(id), name_zh text, name_en text,
      owner text NOT NULL, every_s double precision NOT NULL CHECK (every_s > 0),
      supplies text, last_at timestamptz, valid_from timestamptz, valid_to timestamptz)""",
]

FUNCTIONS = [
    """CREATE FUNCTION sigang.rule_now(wanted text) RETURNS jsonb LANGUAGE sql STABLE AS $$
      SELECT r.value FROM sigang.rule r WHERE r.key = wanted AND r.valid_from <= now()
        AND (r.valid_to IS NULL OR r.valid_to > now()) ORDER BY r.valid_from DESC LIMIT 1 $$""",
    """CREATE FUNCTION sigang.heartbeat(of_kind text) RETURNS interval LANGUAGE sql STABLE AS $$
      SELECT make_interval(
        secs => (sigang.rule_now('office.heartbeat_s') ->> of_kind)::float8) $$""",
    """CREATE FUNCTION sigang.feed_due(every_s float8) RETURNS interval LANGUAGE sql STABLE AS $$
      SELECT make_interval(secs => every_s
        * coalesce((sigang.rule_now('office.feed_late') ->> 'periods')::float8, 1)) $$""",
    """CREATE FUNCTION sigang.note_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE sigang.feed SET last_at = greatest(last_at, NEW.finished_at)
          WHERE supplies = NEW.source_id;
        RETURN NULL;
      END $$""",
    """CREATE TRIGGER delivery AFTER UPDATE ON sigang.load_run FOR EACH ROW
      WHEN (NEW.state = 'done') EXECUTE FUNCTION sigang.note_delivery()""",
]

VIEWS = {
    "asset_state": """
      SELECT a.id, a.kind, a.admin_code, a.unit_id, a.visibility, a.origin, a.source_id,
        a.name_zh, a.name_en, a.class, extract(epoch FROM p.period)::float8 AS period_s,
        least(u.last_seen, now()) AS last_seen, u.last_seen + p.period AS offline_from,
        CASE WHEN u.last_seen IS NULL THEN 'never'
          WHEN u.last_seen + p.period <= now() THEN 'offline' ELSE 'online' END AS state,
        coalesce(a.valid_from, u.first_seen) AS valid_from, a.valid_to,
        ST_SetSRID(ST_MakePoint(l.lon, l.lat), 4326) AS geom,
        ST_Transform(ST_SetSRID(ST_MakePoint(l.lon, l.lat), 4326), 3857) AS geom_3857
      FROM sigang.asset a
      JOIN LATERAL (SELECT sigang.heartbeat(a.kind) AS period) p ON p.period IS NOT NULL
      LEFT JOIN (SELECT asset_id, max(last_seen) AS last_seen, min(first_seen) AS first_seen
        FROM sigang.asset_uptime GROUP BY 1) u ON u.asset_id = a.id
      LEFT JOIN sigang.latest_position l ON l.asset_id = a.id""",
    "asset_outage": """
      SELECT r.asset_id || '/' || extract(epoch FROM r.last_seen)::bigint AS id,
        'outage'::text AS kind, a.admin_code, a.unit_id, a.visibility, a.origin, a.source_id,
        a.name_zh, a.name_en, a.class, r.last_seen + sigang.heartbeat(a.kind) AS valid_from,
        r.following AS valid_to
      FROM (SELECT asset_id, last_seen,
          lead(first_seen) OVER (PARTITION BY asset_id ORDER BY first_seen) AS following
        FROM sigang.asset_uptime) r JOIN sigang.asset a ON a.id = r.asset_id
      WHERE r.last_seen + sigang.heartbeat(a.kind) <= coalesce(r.following, now())""",
    "feed_ledger": """
      SELECT f.id, f.kind, f.admin_code, f.unit_id, f.visibility, f.origin, f.source_id,
        f.name_zh, f.name_en, f.owner, f.every_s, f.valid_from, f.valid_to,
        least(d.last_at, now()) AS last_at,
        d.last_at + sigang.feed_due(f.every_s) AS late_from,
        CASE WHEN d.last_at IS NULL THEN 'never'
          WHEN d.last_at + sigang.feed_due(f.every_s) <= now() THEN 'late'
          ELSE 'on_time' END AS state,
        greatest(0, extract(epoch FROM
          now() - d.last_at - sigang.feed_due(f.every_s)))::float8 AS late_by_s
      FROM sigang.feed f, LATERAL (SELECT greatest(f.last_at,
          (SELECT max(recorded_from) FROM sigang.edge_feed WHERE source_id = f.supplies)
        ) AS last_at) d""",
}
SEEN = {
    "asset_uptime": ["EXISTS (SELECT 1 FROM sigang.asset p WHERE p.id = asset_id)"] * 2,
    "feed": ["sigang.sees(admin_code, visibility, unit_id)", "visibility = 'public'"],
}


def upgrade() -> None:
    """Create the tables, secure them, and the views that tell states."""
    for statement in [*TABLES, *FUNCTIONS]:
        op.execute(statement)
    for table, (seen, public) in SEEN.items():
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
        op.execute(f"GRANT INSERT, UPDATE ON sigang.{table} TO sigang_app")
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )
        op.execute(
            f"CREATE POLICY public ON sigang.{table} FOR SELECT TO sigang_public USING ({public})"
        )
    for view, text in VIEWS.items():
        op.execute(f"CREATE VIEW sigang.{view} WITH (security_invoker = true) AS {text}")
        op.execute(f"GRANT SELECT ON sigang.{view} TO sigang_app, sigang_public")


def downgrade() -> None:
    """Drop the views, the function and the tables."""
    for view in VIEWS:
        op.execute(f"DROP VIEW sigang.{view}")
    op.execute("DROP TRIGGER delivery ON sigang.load_run")
    for function in ("note_delivery()", "heartbeat(text)", "feed_due(float8)", "rule_now(text)"):
        op.execute(f"DROP FUNCTION sigang.{function}")
    for table in ("asset_uptime", "feed"):
        op.execute(f"DROP TABLE sigang.{table}")
