"""Views of the plans of locks: lockages, passages of declared vessels, chambers by day.

The plan that holds keeps the lockages that have begun. Who is absent or withdrew is left out, and
so is a lockage of such vessels alone.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"

VIEWS = {
    "lock_lockage": """
      SELECT p.facility_id, x ->> 'chamber' AS chamber, x ->> 'way' AS way,
        to_timestamp((x ->> 'start')::bigint) AS begun_at,
        to_timestamp((x ->> 'end')::bigint) AS ended_at, x -> 'ships' AS ships,
        s.synthetic
      FROM (SELECT DISTINCT ON (facility_id) facility_id, document FROM sigang.lock_plan
          ORDER BY facility_id, version DESC) p
      CROSS JOIN LATERAL jsonb_array_elements(p.document -> 'lockages') x
      CROSS JOIN LATERAL (SELECT coalesce(bool_or(d.origin = 'synthetic'), false) AS synthetic,
          count(k.ship) > 0 AND count(k.ship) = count(d.id) FILTER (
            WHERE d.state IN ('absent', 'withdrawn')) AS gone
        FROM jsonb_array_elements_text(x -> 'ships') k (ship)
        LEFT JOIN sigang.lock_declaration d ON d.id = k.ship::uuid) s
      WHERE NOT s.gone""",
    "lock_passage": """
      SELECT d.id, 'lock_passage'::text AS kind, d.admin_code, d.unit_id, d.visibility, d.origin,
        f.source_id, d.facility_id, f.name_zh, f.name_en, l.chamber, d.way,
        coalesce(d.checked_in_at, d.ready_at) AS ready_at, l.begun_at, l.ended_at,
        greatest(0, extract(epoch FROM l.begun_at - coalesce(d.checked_in_at, d.ready_at)))::int
          AS wait_s
      FROM sigang.lock_lockage l
      CROSS JOIN LATERAL jsonb_array_elements_text(l.ships) k (ship)
      JOIN sigang.lock_declaration d ON d.id = k.ship::uuid AND d.facility_id = l.facility_id
      JOIN sigang.facility f ON f.id = d.facility_id
      WHERE d.state IN ('declared', 'checked_in')""",
    "lock_day": """
      WITH busy AS (
        SELECT facility_id, chamber, (begun_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
          count(*)::int AS lockages, bool_or(synthetic) AS synthetic,
          sum(extract(epoch FROM least(ended_at, now()) - begun_at))::int AS busy_s
        FROM sigang.lock_lockage WHERE begun_at <= now() GROUP BY 1, 2, 3),
      waited AS (
        SELECT facility_id, chamber, (begun_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
          count(*)::int AS vessels, sum(wait_s)::int AS wait_s
        FROM sigang.lock_passage WHERE begun_at <= now() GROUP BY 1, 2, 3),
      days AS (
        SELECT p.facility_id, generate_series(p.since,
          (now() AT TIME ZONE 'Asia/Shanghai')::date, interval '1 day')::date AS day
        FROM (SELECT facility_id, min(day) AS since FROM busy GROUP BY 1) p)
      SELECT f.id || '/' || o.number || '/' || t.day AS id, 'lock_day'::text AS kind, f.admin_code,
        f.unit_id, f.visibility, CASE WHEN f.origin = 'synthetic' OR b.synthetic
          THEN 'synthetic' ELSE 'derived' END AS origin, f.source_id, f.id AS facility_id,
        f.name_zh, f.name_en, o.number::text AS chamber, t.day,
        coalesce(b.lockages, 0) AS lockages, coalesce(b.busy_s, 0) AS busy_s,
        coalesce(w.vessels, 0) AS vessels, coalesce(w.wait_s, 0) AS wait_s,
        extract(epoch FROM least(now(), (t.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
          - t.day::timestamp AT TIME ZONE 'Asia/Shanghai')::int AS open_s
      FROM days t
      JOIN sigang.facility f ON f.id = t.facility_id
      JOIN sigang.structure_opening o ON o.facility_id = f.id AND o.kind = 'chamber'
      LEFT JOIN busy b ON (b.facility_id, b.chamber, b.day) = (f.id, o.number::text, t.day)
      LEFT JOIN waited w ON (w.facility_id, w.chamber, w.day) = (f.id, o.number::text, t.day)""",
}


def upgrade() -> None:
    """Make the views, for accounts alone, as plans are."""
    for view, text in VIEWS.items():
        op.execute(f"CREATE VIEW sigang.{view} WITH (security_invoker = true) AS {text}")
        op.execute(f"GRANT SELECT ON sigang.{view} TO sigang_app")


def downgrade() -> None:
    """Drop them."""
    for view in reversed(VIEWS):
        op.execute(f"DROP VIEW sigang.{view}")
