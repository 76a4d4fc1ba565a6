"""Freshness: what serves tiles, and triggers that tell which cells a statement changed.

A trigger appends the touched cells to `tile_change` and wakes the workers. One of them rebuilds
the tile tables and then tells everybody, so that no map asks before the answer is new. A statement
with more than 20,000 rows marks its whole table: its cells would be nearly all.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

MARKED = [
    "zone", "party", "facility", "edge", "event", "case_file", "operation", "project",
    "project_section",
]  # fmt: skip

TABLES = [
    """CREATE TABLE sigang.tile_change (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, relation text NOT NULL, kind text,
      visibility text NOT NULL, admin_code text, unit_id text,
      z int NOT NULL, x int NOT NULL, y int NOT NULL, at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang_tiles.layer_state (
      layer text PRIMARY KEY, declaration text NOT NULL, version bigint NOT NULL DEFAULT 1,
      total bigint NOT NULL DEFAULT 0, restricted boolean NOT NULL DEFAULT false,
      levels jsonb NOT NULL DEFAULT '[]', bounds double precision[],
      built_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang_tiles.cell_count (
      layer text NOT NULL, x int NOT NULL, y int NOT NULL, n int NOT NULL, kept int[] NOT NULL,
      PRIMARY KEY (layer, x, y))""",
]

CELLS_OF = """
CREATE FUNCTION sigang.cells_of(shape geometry, OUT z int, OUT x int, OUT y int)
RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  WITH box AS (
    SELECT ST_XMin(shape) AS x0, ST_XMax(shape) AS x1, ST_YMin(shape) AS y0, ST_YMax(shape) AS y1
  ), zoom AS (
    SELECT *, CASE WHEN greatest(x1 - x0, y1 - y0) < 4 * 40075016.685578488 / 4096 THEN 12
                   WHEN greatest(x1 - x0, y1 - y0) < 4 * 40075016.685578488 / 256 THEN 8
                   ELSE 4 END AS z FROM box
  ), side AS (SELECT *, 40075016.685578488 / (1 << z) AS m FROM zoom)
  SELECT s.z, gx, gy FROM side s,
    generate_series(floor((x0 + 20037508.342789244) / m)::int,
                    floor((x1 + 20037508.342789244) / m)::int) gx,
    generate_series(floor((20037508.342789244 - y1) / m)::int,
                    floor((20037508.342789244 - y0) / m)::int) gy
$$"""

MARK = """
CREATE FUNCTION sigang.mark_cells() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM changed) THEN RETURN NULL; END IF;
  IF (SELECT count(*) FROM changed) > 20000 THEN
    INSERT INTO sigang.tile_change (relation, visibility, z, x, y)
      VALUES (TG_TABLE_NAME, 'public', 0, 0, 0);
  ELSE
    INSERT INTO sigang.tile_change (relation, kind, visibility, admin_code, unit_id, z, x, y)
      SELECT DISTINCT TG_TABLE_NAME, r.kind, r.visibility, r.admin_code, r.unit_id, c.z, c.x, c.y
      FROM changed r, sigang.cells_of(r.geom_3857) c;
    IF TG_OP = 'UPDATE' THEN
      INSERT INTO sigang.tile_change (relation, kind, visibility, admin_code, unit_id, z, x, y)
        SELECT DISTINCT TG_TABLE_NAME, r.kind, r.visibility, r.admin_code, r.unit_id, c.z, c.x, c.y
        FROM gone r, sigang.cells_of(r.geom_3857) c;
    END IF;
  END IF;
  PERFORM pg_notify('sigang', json_build_object('k', 'dirty', 't', TG_TABLE_NAME)::text);
  RETURN NULL;
END $$"""

MARK_STATE = """
CREATE FUNCTION sigang.mark_edge_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM changed) THEN RETURN NULL; END IF;
  INSERT INTO sigang.tile_change (relation, kind, visibility, admin_code, unit_id, z, x, y)
    SELECT DISTINCT 'edge_state', r.kind, v.visibility, v.admin_code, v.unit_id, c.z, c.x, c.y
    FROM changed r JOIN sigang.edge e ON e.id = r.edge_id JOIN sigang.event v ON v.id = r.event_id,
      sigang.cells_of(e.geom_3857) c;
  PERFORM pg_notify('sigang', json_build_object('k', 'dirty', 't', 'edge_state')::text);
  RETURN NULL;
END $$"""

VIEWS = [
    """CREATE VIEW sigang.closure WITH (security_invoker = true) AS
      SELECT s.id, 'closure'::text AS kind, v.admin_code, v.unit_id, v.visibility, v.origin,
        v.source_id, s.event_id, s.edge_id, s.direction, v.cause, v.severity,
        v.title_zh AS name_zh, v.title_en AS name_en, e.ref, e.class, e.structure,
        lower(s.valid) AS valid_from, upper(s.valid) AS valid_to, v.recorded_at,
        e.geom, e.geom_3857
      FROM sigang.edge_state s
      JOIN sigang.event v ON v.id = s.event_id
      JOIN sigang.edge e ON e.id = s.edge_id
      WHERE s.kind = 'closure' AND s.version_to IS NULL AND s.valid @> now()""",
    """CREATE VIEW sigang.moving WITH (security_invoker = true) AS
      SELECT p.asset_id AS id, p.kind, p.admin_code, p.unit_id, p.visibility, p.origin,
        a.source_id, a.name_zh, a.name_en, a.class, p.fix_time, p.fix_time AS valid_from,
        p.speed_kmh, p.course_deg, p.altitude_m, p.altitude_datum, a.props,
        ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) AS geom,
        ST_Transform(ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326), 3857) AS geom_3857
      FROM sigang.latest_position p JOIN sigang.asset a ON a.id = p.asset_id""",
    """CREATE VIEW sigang.stake_mark WITH (security_invoker = true) AS
      SELECT s.route_id || '/' || s.side || '/' || s.part || '/' || round(s.chainage_m) AS id,
        'stake'::text AS kind, NULL::text AS admin_code, NULL::text AS unit_id,
        'public'::text AS visibility, coalesce(o.props ->> 'origin', 'derived') AS origin,
        s.source_id, s.route_id, s.side, s.k_m, s.accuracy_m,
        'K' || floor(s.k_m / 1000)::int || '+'
          || lpad(mod(round(s.k_m)::int, 1000)::text, 3, '0') AS label,
        s.geom, ST_Transform(s.geom, 3857) AS geom_3857
      FROM sigang.stake s JOIN sigang.source o ON o.id = s.source_id WHERE s.geom IS NOT NULL""",
    """CREATE VIEW sigang.carriageway_line WITH (security_invoker = true) AS
      SELECT c.route_id || '/' || c.side || '/' || c.part AS id,
        'carriageway'::text AS kind, NULL::text AS admin_code, NULL::text AS unit_id,
        'public'::text AS visibility, coalesce(o.props ->> 'origin', 'derived') AS origin,
        c.source_id, c.route_id, c.side, c.towards_zh, c.towards_en, c.calibrated, c.accuracy_m,
        c.length_m, c.geom, ST_Transform(c.geom, 3857) AS geom_3857
      FROM sigang.carriageway c JOIN sigang.source o ON o.id = c.source_id""",
]

NAMES = ["closure", "moving", "stake_mark", "carriageway_line"]


def upgrade() -> None:
    """Create the change log, the state of the tile tables, the triggers and the views."""
    for statement in [*TABLES, CELLS_OF, MARK, MARK_STATE, *VIEWS]:
        op.execute(statement)
    op.execute("GRANT INSERT ON sigang.tile_change TO sigang_app")
    for table in ("layer_state", "cell_count"):
        op.execute(f"GRANT SELECT ON sigang_tiles.{table} TO sigang_app, sigang_public")
    for view in NAMES:
        op.execute(f"GRANT SELECT ON sigang.{view} TO sigang_app, sigang_public")
    for table in MARKED:
        _watch(table, "mark_cells")
    _watch("edge_state", "mark_edge_state")


def _watch(table: str, function: str) -> None:
    for event, tables in (
        ("INSERT", "NEW TABLE AS changed"),
        ("UPDATE", "NEW TABLE AS changed OLD TABLE AS gone"),
        ("DELETE", "OLD TABLE AS changed"),
    ):
        op.execute(
            f"CREATE TRIGGER cells_{event.lower()} AFTER {event} ON sigang.{table}"
            f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION sigang.{function}()"
        )


def downgrade() -> None:
    """Drop what `upgrade` made, and every tile table."""
    for table in [*MARKED, "edge_state"]:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER cells_{event} ON sigang.{table}")
    for view in NAMES:
        op.execute(f"DROP VIEW sigang.{view}")
    op.execute("DROP FUNCTION sigang.mark_edge_state(), sigang.mark_cells()")
    op.execute("DROP FUNCTION sigang.cells_of(geometry)")
    op.execute("DROP TABLE sigang.tile_change")
    op.execute("""DO $$ DECLARE t text; BEGIN
      FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'sigang_tiles'
      LOOP EXECUTE format('DROP TABLE sigang_tiles.%I CASCADE', t); END LOOP; END $$""")
