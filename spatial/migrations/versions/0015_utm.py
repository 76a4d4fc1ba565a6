"""UTM entities: operational intents and constraints, their volumes, and who is told of them.

An OVN changes exactly when the version does: the database holds that. The index over box, time and
heights finds what may overlap; what does is decided in metres.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

STATES = "'Accepted', 'Activated', 'Nonconforming', 'Contingent'"
TABLES = [
    f"""CREATE TABLE sigang.utm_entity (
      id uuid PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('operational_intent', 'constraint')),
      manager text NOT NULL, state text CHECK (state IN ({STATES})),
      priority smallint NOT NULL DEFAULT 0, version integer NOT NULL CHECK (version > 0),
      ovn text NOT NULL UNIQUE, previous_ovn text, digest bytea,
      subscribers jsonb NOT NULL DEFAULT '[]', uss_base_url text NOT NULL, subscription_id uuid,
      begins timestamptz NOT NULL, ends timestamptz NOT NULL,
      lower_m double precision NOT NULL, upper_m double precision NOT NULL,
      cells bigint[] NOT NULL, changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CHECK ((state IS NULL) = (kind = 'constraint')))""",
    """CREATE TABLE sigang.utm_volume (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entity_id uuid NOT NULL REFERENCES sigang.utm_entity(id) ON DELETE CASCADE,
      part smallint NOT NULL, box geometry(Polygon, 4326) NOT NULL, during tstzrange NOT NULL,
      heights_cm int4range NOT NULL, shape bytea NOT NULL, radius_m double precision,
      lower_m double precision NOT NULL, upper_m double precision NOT NULL,
      cells bigint[] NOT NULL)""",
    """CREATE TABLE sigang.utm_conflict (
      entity_id uuid NOT NULL REFERENCES sigang.utm_entity(id) ON DELETE CASCADE,
      other_id uuid NOT NULL REFERENCES sigang.utm_entity(id) ON DELETE CASCADE,
      since timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (entity_id, other_id))""",
    """CREATE TABLE sigang.utm_subscription (
      id uuid PRIMARY KEY, manager text NOT NULL, version text NOT NULL,
      notification_index integer NOT NULL DEFAULT 0, uss_base_url text NOT NULL,
      for_intents boolean NOT NULL, for_constraints boolean NOT NULL, implicit boolean NOT NULL,
      begins timestamptz NOT NULL, ends timestamptz NOT NULL,
      lower_m double precision NOT NULL, upper_m double precision NOT NULL,
      cells bigint[] NOT NULL)""",
    """CREATE TABLE sigang.uss_availability (
      uss text PRIMARY KEY, availability text NOT NULL, version text NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT clock_timestamp())""",
    """CREATE TABLE sigang.utm_report (
      id uuid PRIMARY KEY, manager text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
      body jsonb NOT NULL)""",
]
INDEXES = [
    "CREATE INDEX utm_volume_where ON sigang.utm_volume USING gist (box, during, heights_cm)",
    "CREATE INDEX utm_volume_of ON sigang.utm_volume (entity_id)",
    "CREATE INDEX utm_conflict_other ON sigang.utm_conflict (other_id)",
    "CREATE INDEX utm_entity_subscription ON sigang.utm_entity (subscription_id)",
    "CREATE INDEX utm_entity_ends ON sigang.utm_entity (ends)",
    "CREATE INDEX utm_subscription_cells ON sigang.utm_subscription USING gin (cells)"
    " WITH (fastupdate = off)",
    "CREATE INDEX utm_subscription_ends ON sigang.utm_subscription (ends)",
]
GUARD = """
CREATE FUNCTION sigang.guard_ovn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.ovn = OLD.ovn) <> (NEW.version = OLD.version) OR NEW.version < OLD.version THEN
    RAISE EXCEPTION 'the OVN of % changes exactly when its version does', NEW.id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""
MADE = ("utm_report", "uss_availability", "utm_subscription", "utm_conflict", "utm_volume",
        "utm_entity")  # fmt: skip


def upgrade() -> None:
    """Create the tables for the application; the public role sees none of them."""
    for statement in (*TABLES, *INDEXES, GUARD):
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER guard BEFORE UPDATE ON sigang.utm_entity"
        " FOR EACH ROW EXECUTE FUNCTION sigang.guard_ovn()"
    )
    for table in MADE:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sigang.{table} TO sigang_app")


def downgrade() -> None:
    """Drop all of it."""
    for table in MADE:
        op.execute(f"DROP TABLE sigang.{table}")
    op.execute("DROP FUNCTION sigang.guard_ovn()")
