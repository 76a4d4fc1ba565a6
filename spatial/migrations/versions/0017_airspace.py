"""The ground in tiles, a version of the air that rises with its zones, and answers that are kept.

Zones of the kinds below, terrain and coverage are what "may I fly?" stands on. Whoever writes one
raises the version in the same transaction and tells the serving processes.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

KINDS = "('airspace', 'controlled_ground', 'ground_coverage', 'airspace_restriction')"
TABLES = [
    """CREATE TABLE sigang.terrain_tile (
      lon int NOT NULL CHECK (lon BETWEEN -180 AND 179),
      lat int NOT NULL CHECK (lat BETWEEN -90 AND 89),
      cells int NOT NULL CHECK (cells BETWEEN 1 AND 3600), digest text NOT NULL,
      packed bytea NOT NULL, source_id text NOT NULL REFERENCES sigang.source(id),
      PRIMARY KEY (lon, lat))""",
    """CREATE TABLE sigang.airspace_version (
      one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL,
      changed_at timestamptz NOT NULL)""",
    "INSERT INTO sigang.airspace_version VALUES (true, 1, now())",
    """CREATE TABLE sigang.airspace_answer (
      id uuid PRIMARY KEY, asked_at timestamptz NOT NULL, account_id text,
      airspace_version bigint NOT NULL, rules_digest text NOT NULL,
      question bytea NOT NULL, answer bytea NOT NULL)""",
    "CREATE INDEX airspace_answer_at ON sigang.airspace_answer (asked_at)",
]
RAISE = """
CREATE FUNCTION sigang.raise_airspace_version() RETURNS void LANGUAGE sql AS $$
  UPDATE sigang.airspace_version SET version = version + 1, changed_at = clock_timestamp();
  SELECT pg_notify('sigang', '{"k": "airspace"}') $$"""
FOLLOW_ZONES = f"""
CREATE FUNCTION sigang.airspace_follows_zones() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM changed WHERE kind IN {KINDS}) THEN
    PERFORM sigang.raise_airspace_version();
  END IF;
  RETURN NULL;
END $$"""
FOLLOW_TERRAIN = """
CREATE FUNCTION sigang.airspace_follows_terrain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM sigang.raise_airspace_version();
  RETURN NULL;
END $$"""
ALIASES = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def upgrade() -> None:
    """Make the tables, the version and the triggers that raise it."""
    for statement in (*TABLES, RAISE, FOLLOW_ZONES, FOLLOW_TERRAIN):
        op.execute(statement)
    for event, alias in ALIASES.items():
        op.execute(
            f"CREATE TRIGGER airspace_{event.lower()} AFTER {event} ON sigang.zone"
            f" REFERENCING {alias} TABLE AS changed FOR EACH STATEMENT"
            " EXECUTE FUNCTION sigang.airspace_follows_zones()"
        )
    op.execute(
        "CREATE TRIGGER airspace_terrain AFTER INSERT OR DELETE ON sigang.terrain_tile"
        " FOR EACH STATEMENT EXECUTE FUNCTION sigang.airspace_follows_terrain()"
    )
    op.execute(
        "GRANT SELECT ON sigang.terrain_tile, sigang.airspace_version TO sigang_app, sigang_public"
    )
    op.execute("GRANT UPDATE ON sigang.airspace_version TO sigang_app")
    op.execute("GRANT SELECT, INSERT ON sigang.airspace_answer TO sigang_app")


def downgrade() -> None:
    """Take all of it away; kept answers are lost."""
    for event in ALIASES:
        op.execute(f"DROP TRIGGER airspace_{event.lower()} ON sigang.zone")
    op.execute("DROP TABLE sigang.terrain_tile, sigang.airspace_version, sigang.airspace_answer")
    for name in (
        "airspace_follows_zones",
        "airspace_follows_terrain",
        "raise_airspace_version",
    ):
        op.execute(f"DROP FUNCTION sigang.{name}()")
