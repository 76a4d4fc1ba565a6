"""The four-port linkage: hubs, services with timetables and prices, transfers, closed days.

Whoever changes any of it raises the version in the same transaction, so that the next answer is
made from it; the first version is the time, so that no two databases have the same one. What a
price is not known of is null. Of a trip `weekdays` has a bit for each day from Monday (1) to Sunday
(64); dates are added and removed beside them.
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"

ORIGIN = "text NOT NULL CHECK (origin IN ('real', 'derived', 'schematic', 'synthetic'))"
SOURCE = "text NOT NULL REFERENCES sigang.source(id)"
MODES = "('road', 'rail', 'barge', 'feeder', 'deep_sea', 'air')"
WAYS = "('road', 'rail', 'barge', 'feeder', 'deep_sea', 'air', 'place')"
TABLES = [
    f"""CREATE TABLE sigang.linkage_hub (
      id text PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('sea', 'river', 'dry', 'air')),
      name_zh text NOT NULL, name_en text, admin_code text, un_locodes text[] NOT NULL,
      by_road boolean NOT NULL, source_id {SOURCE}, origin {ORIGIN},
      geom geometry(Point, 4326) NOT NULL)""",
    f"""CREATE TABLE sigang.linkage_service (
      id text PRIMARY KEY, mode text NOT NULL CHECK (mode IN {MODES}), carrier text NOT NULL,
      name_zh text NOT NULL, name_en text, cargo text[] NOT NULL,
      most_t double precision CHECK (most_t > 0), source_id {SOURCE}, origin {ORIGIN})""",
    f"""CREATE TABLE sigang.linkage_trip (
      id text PRIMARY KEY,
      service_id text NOT NULL REFERENCES sigang.linkage_service(id) ON DELETE CASCADE,
      capacity_teu double precision CHECK (capacity_teu >= 0),
      weekdays smallint NOT NULL CHECK (weekdays BETWEEN 0 AND 127), since date NOT NULL,
      until date NOT NULL, added date[] NOT NULL, removed date[] NOT NULL, source_id {SOURCE},
      CHECK (since <= until))""",
    f"""CREATE TABLE sigang.linkage_call (
      trip_id text NOT NULL REFERENCES sigang.linkage_trip(id) ON DELETE CASCADE,
      number smallint NOT NULL CHECK (number >= 0),
      hub_id text NOT NULL REFERENCES sigang.linkage_hub(id), arrive_s integer NOT NULL,
      depart_s integer NOT NULL, gate_in_s integer NOT NULL CHECK (gate_in_s >= 0),
      documents_s integer NOT NULL CHECK (documents_s >= 0),
      distance_m double precision NOT NULL CHECK (distance_m >= 0),
      cny_per_teu double precision CHECK (cny_per_teu >= 0),
      cny_per_t double precision CHECK (cny_per_t >= 0),
      lift_cny_per_teu double precision CHECK (lift_cny_per_teu >= 0), boards boolean NOT NULL,
      alights boolean NOT NULL, source_id {SOURCE}, PRIMARY KEY (trip_id, number),
      CHECK (arrive_s <= depart_s))""",
    f"""CREATE TABLE sigang.linkage_transfer (
      hub_id text NOT NULL REFERENCES sigang.linkage_hub(id) ON DELETE CASCADE,
      from_mode text NOT NULL CHECK (from_mode IN {WAYS}),
      to_mode text NOT NULL CHECK (to_mode IN {WAYS}),
      handling_s integer NOT NULL CHECK (handling_s >= 0),
      information_s integer NOT NULL CHECK (information_s >= 0),
      cny_per_teu double precision CHECK (cny_per_teu >= 0),
      g_per_teu double precision NOT NULL CHECK (g_per_teu >= 0), source_id {SOURCE},
      PRIMARY KEY (hub_id, from_mode, to_mode))""",
    f"""CREATE TABLE sigang.linkage_closing (
      hub_id text NOT NULL REFERENCES sigang.linkage_hub(id) ON DELETE CASCADE,
      since timestamptz NOT NULL, until timestamptz NOT NULL, reason text, source_id {SOURCE},
      PRIMARY KEY (hub_id, since), CHECK (since < until))""",
    """CREATE TABLE sigang.linkage_version (
      id smallint PRIMARY KEY CHECK (id = 1), version bigint NOT NULL)""",
]
NAMES = ("hub", "service", "trip", "call", "transfer", "closing", "version")
RAISE = """
CREATE FUNCTION sigang.raise_linkage_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sigang.linkage_version SET version = version + 1;
  RETURN NULL;
END $$"""
FIRST = """
INSERT INTO sigang.linkage_version
VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)"""
EVENTS = "INSERT OR UPDATE OR DELETE OR TRUNCATE"


def upgrade() -> None:
    """Create the tables, what raises the version, and who may read them."""
    for statement in (*TABLES, RAISE):
        op.execute(statement)
    op.execute(FIRST)
    op.execute("CREATE INDEX linkage_call_hub ON sigang.linkage_call (hub_id)")
    for name in NAMES:
        op.execute(f"GRANT SELECT ON sigang.linkage_{name} TO sigang_app, sigang_public")
        if name != "version":
            op.execute(
                f"CREATE TRIGGER raised AFTER {EVENTS} ON sigang.linkage_{name}"
                " FOR EACH STATEMENT EXECUTE FUNCTION sigang.raise_linkage_version()"
            )


def downgrade() -> None:
    """Drop all of it."""
    for name in reversed(NAMES):
        op.execute(f"DROP TABLE sigang.linkage_{name}")
    op.execute("DROP FUNCTION sigang.raise_linkage_version()")
