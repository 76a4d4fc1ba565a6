"""Live state that can be replayed: recorded times, the log of versions, detector feeds, begins.

A feed is one row per upload, its edges and values as arrays: 50,000 speeds are one insert.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

SOURCES = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution, owner)
VALUES ('detectors', '路侧检测器与行程车速', 'Roadside detectors and travel speeds',
  'internal', 'Sigang', 'operator')
ON CONFLICT (id) DO NOTHING"""

RECORDED = [
    "ALTER TABLE sigang.edge_state ADD recorded_from timestamptz, ADD recorded_to timestamptz",
    """UPDATE sigang.edge_state s SET
      recorded_from = coalesce(
        (SELECT min(h.at) FROM sigang.event_history h WHERE h.event_id = s.event_id
          AND (h.body -> 'properties' ->> 'network_version')::bigint = s.version_from),
        (SELECT v.recorded_at FROM sigang.event v WHERE v.id = s.event_id), now()),
      recorded_to = CASE WHEN s.version_to IS NOT NULL THEN coalesce(
        (SELECT min(h.at) FROM sigang.event_history h WHERE h.event_id = s.event_id
          AND (h.body -> 'properties' ->> 'network_version')::bigint = s.version_to), now()) END""",
    "ALTER TABLE sigang.edge_state ALTER recorded_from SET DEFAULT clock_timestamp(),"
    " ALTER recorded_from SET NOT NULL",
    "CREATE INDEX edge_state_gone ON sigang.edge_state (recorded_to) WHERE recorded_to IS NOT NULL",
]

EVENT = [
    "ALTER TABLE sigang.event ADD begun_at timestamptz",
    "UPDATE sigang.event SET begun_at = recorded_at"
    " WHERE valid_from IS NULL OR valid_from <= now()",
    "CREATE INDEX event_coming ON sigang.event (valid_from) WHERE begun_at IS NULL",
]

HISTORY = [
    """CREATE TABLE sigang.network_history (
      network text NOT NULL, version bigint NOT NULL, topology bigint NOT NULL,
      at timestamptz NOT NULL, PRIMARY KEY (network, version))""",
    "CREATE INDEX network_history_at ON sigang.network_history (network, at)",
    """INSERT INTO sigang.network_history (network, version, topology, at)
      SELECT network, version, topology, changed_at FROM sigang.network_version""",
    """CREATE FUNCTION sigang.keep_network_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO sigang.network_history (network, version, topology, at)
        VALUES (NEW.network, NEW.version, NEW.topology, NEW.changed_at)
        ON CONFLICT (network, version)
        DO UPDATE SET topology = EXCLUDED.topology, at = EXCLUDED.at;
      RETURN NULL;
    END $$""",
    "CREATE TRIGGER keep AFTER INSERT OR UPDATE ON sigang.network_version"
    " FOR EACH ROW EXECUTE FUNCTION sigang.keep_network_version()",
]

FEED = [
    """CREATE TABLE sigang.edge_feed (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source_id text NOT NULL REFERENCES sigang.source(id), account_id text,
      edges uuid[] NOT NULL, directions smallint[] NOT NULL, values_kmh real[] NOT NULL,
      valid tstzrange NOT NULL, version_from bigint NOT NULL, version_to bigint,
      recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(), recorded_to timestamptz,
      CHECK (cardinality(edges) = cardinality(values_kmh)
        AND cardinality(edges) = cardinality(directions)))""",
    "ALTER TABLE sigang.edge_feed ALTER edges SET STORAGE EXTERNAL",
    "CREATE INDEX edge_feed_from ON sigang.edge_feed (version_from)",
    "CREATE INDEX edge_feed_to ON sigang.edge_feed (version_to) WHERE version_to IS NOT NULL",
    "CREATE INDEX edge_feed_end ON sigang.edge_feed (upper(valid))",
    """CREATE TABLE sigang.edge_speed_profile (
      edge_id uuid NOT NULL, direction text NOT NULL DEFAULT 'both'
        CHECK (direction IN ('both','forward','backward')),
      speeds_kmh real[] NOT NULL CHECK (cardinality(speeds_kmh) = 168),
      source_id text NOT NULL REFERENCES sigang.source(id),
      PRIMARY KEY (edge_id, direction))""",
]

RESTRICTION = """
CREATE VIEW sigang.restriction WITH (security_invoker = true) AS
  SELECT s.id, s.kind, v.admin_code, v.unit_id, v.visibility, v.origin, v.source_id, s.event_id,
    s.edge_id, s.direction, s.value AS value_kmh, v.kind AS event_kind, v.cause, v.lanes,
    v.title_zh AS name_zh, v.title_en AS name_en, e.ref, e.class,
    lower(s.valid) AS valid_from, upper(s.valid) AS valid_to, v.recorded_at, e.geom, e.geom_3857
  FROM sigang.edge_state s
  JOIN sigang.event v ON v.id = s.event_id
  JOIN sigang.edge e ON e.id = s.edge_id
  WHERE s.kind <> 'closure' AND s.version_to IS NULL AND s.valid @> now()"""

TABLES = ("network_history", "edge_feed", "edge_speed_profile")


def upgrade() -> None:
    """Add recorded times, the log of network versions, feeds, speed profiles, begins."""
    for statement in [SOURCES, *RECORDED, *EVENT, *HISTORY, *FEED, RESTRICTION]:
        op.execute(statement)
    for table in (*TABLES, "restriction"):
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
    op.execute("GRANT INSERT, UPDATE ON sigang.network_history TO sigang_app")
    op.execute("GRANT INSERT, UPDATE, DELETE ON sigang.edge_feed TO sigang_app")
    op.execute("GRANT INSERT, UPDATE, DELETE ON sigang.edge_speed_profile TO sigang_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA sigang TO sigang_app")


def downgrade() -> None:
    """Drop what `upgrade` made; states of feeds go with their table."""
    op.execute("DROP VIEW sigang.restriction")
    op.execute("DROP TRIGGER keep ON sigang.network_version")
    op.execute("DROP FUNCTION sigang.keep_network_version()")
    for table in TABLES:
        op.execute(f"DROP TABLE sigang.{table}")
    op.execute("DROP INDEX sigang.event_coming")
    op.execute("ALTER TABLE sigang.event DROP begun_at")
    op.execute("DROP INDEX sigang.edge_state_gone")
    op.execute("ALTER TABLE sigang.edge_state DROP recorded_from, DROP recorded_to")
    op.execute(
        "DELETE FROM sigang.source WHERE id = 'detectors'"
        " AND NOT EXISTS (SELECT 1 FROM sigang.event WHERE source_id = 'detectors')"
    )
