"""Airspace that is taken or restricted, as a view for the map: a row a volume, never who flies."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"

VIEW = """
CREATE VIEW sigang.airspace_intent WITH (security_invoker = true) AS
SELECT v.entity_id || ':' || v.part AS id, e.kind, coalesce(e.state, 'Constraint') AS state,
  e.manager, e.priority, lower(v.during) AS begins, upper(v.during) AS ends, v.lower_m, v.upper_m,
  NULL::text AS admin_code, NULL::text AS unit_id, 'public'::text AS visibility,
  'real'::text AS origin, 'decisions'::text AS source_id, v.geom,
  ST_Transform(v.geom, 3857) AS geom_3857
FROM (SELECT DISTINCT ON (entity_id, part) entity_id, part, during, lower_m, upper_m,
    CASE WHEN radius_m IS NULL THEN ST_GeomFromWKB(shape, 4326)
      ELSE ST_Buffer(ST_GeomFromWKB(shape, 4326)::geography, radius_m)::geometry END AS geom
  FROM sigang.utm_volume ORDER BY entity_id, part) v
  JOIN sigang.utm_entity e ON e.id = v.entity_id
WHERE e.ends > now()"""


def upgrade() -> None:
    """Make the view, for accounts alone."""
    op.execute(VIEW)
    op.execute("GRANT SELECT ON sigang.airspace_intent TO sigang_app")


def downgrade() -> None:
    """Drop the view."""
    op.execute("DROP VIEW sigang.airspace_intent")
