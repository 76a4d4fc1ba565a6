"""What limits a waterway: values with their reference and gauge, openings, levels, papers.

A limit, an opening or a level that changes raises the version of the network in the same
transaction, so that the next answer knows of it. What users declare is theirs alone, in a table of
its own that no layer reads.
"""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"

KINDS = "('depth', 'sill', 'clearance', 'width', 'length', 'bend_radius', 'tonnage')"
VALUE = f"""
      edge_id uuid, facility_id uuid, opening smallint,
      kind text NOT NULL CHECK (kind IN {KINDS}), value double precision, datum text,
      reference_level_m double precision, gauge_id uuid, valid_from timestamptz,
      valid_to timestamptz, recorded_at timestamptz NOT NULL DEFAULT now(), note text,
      CHECK ((edge_id IS NULL) <> (facility_id IS NULL)),
      CHECK (facility_id IS NOT NULL OR opening IS NULL),
      CHECK (value IS NULL OR value >= 0 OR kind IN ('depth', 'sill')),
      CHECK (valid_from < valid_to)"""
TABLES = [
    """CREATE TABLE sigang.structure_opening (
      facility_id uuid NOT NULL, number smallint NOT NULL CHECK (number > 0),
      kind text NOT NULL CHECK (kind IN ('opening', 'chamber')), name_zh text, name_en text,
      hours text, lockage_s real CHECK (lockage_s > 0),
      source_id text NOT NULL REFERENCES sigang.source(id),
      origin text NOT NULL CHECK (origin IN ('real', 'derived', 'schematic', 'synthetic')),
      PRIMARY KEY (facility_id, number))""",
    f"""CREATE TABLE sigang.waterway_limit (
      id uuid PRIMARY KEY DEFAULT sigang.uuid7(),
      source_id text NOT NULL REFERENCES sigang.source(id),
      origin text NOT NULL CHECK (origin IN ('real', 'derived', 'schematic', 'synthetic')),
      {VALUE})""",
    f"""CREATE TABLE sigang.waterway_declared (
      id uuid PRIMARY KEY DEFAULT sigang.uuid7(),
      account_id text NOT NULL REFERENCES sigang.account(id) ON DELETE CASCADE,
      {VALUE})""",
    """CREATE TABLE sigang.water_level (
      gauge_id uuid NOT NULL, kind text NOT NULL CHECK (kind IN ('reading', 'forecast')),
      at timestamptz NOT NULL, issued_at timestamptz NOT NULL,
      p10_m double precision, p50_m double precision NOT NULL, p90_m double precision,
      source_id text NOT NULL REFERENCES sigang.source(id),
      origin text NOT NULL CHECK (origin IN ('real', 'derived', 'schematic', 'synthetic')),
      PRIMARY KEY (gauge_id, kind, at, issued_at),
      CHECK (p10_m <= p50_m), CHECK (p50_m <= p90_m), CHECK (issued_at <= at),
      CHECK (kind = 'forecast' OR (p10_m IS NULL AND p90_m IS NULL)))""",
    """CREATE TABLE sigang.vessel_paper (
      id uuid PRIMARY KEY DEFAULT sigang.uuid7(), asset_id uuid NOT NULL, kind text NOT NULL,
      number text, issued_by text, grade text, waters text, persons smallint,
      valid_from timestamptz, valid_to timestamptz, source_id text NOT NULL
        REFERENCES sigang.source(id),
      origin text NOT NULL CHECK (origin IN ('real', 'derived', 'schematic', 'synthetic')),
      recorded_at timestamptz NOT NULL DEFAULT now(), CHECK (valid_from < valid_to))""",
    "CREATE INDEX waterway_limit_edge ON sigang.waterway_limit (edge_id)",
    "CREATE INDEX waterway_limit_facility ON sigang.waterway_limit (facility_id)",
    "CREATE INDEX waterway_declared_account ON sigang.waterway_declared (account_id)",
    "CREATE INDEX water_level_at ON sigang.water_level (at)",
    "CREATE INDEX vessel_paper_asset ON sigang.vessel_paper (asset_id)",
]
RAISE = """
CREATE FUNCTION sigang.raise_waterway_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE raised bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM changed) THEN RETURN NULL; END IF;
  UPDATE sigang.network_version
    SET version = (SELECT max(version) + 1 FROM sigang.network_version),
      changed_at = clock_timestamp()
    WHERE network = 'waterway' RETURNING version INTO raised;
  PERFORM pg_notify('sigang', json_build_object('k', 'network', 'network', 'waterway',
    'version', raised)::text);
  RETURN NULL;
END $$"""
FOLLOWED = ("structure_opening", "waterway_limit", "water_level")
ALIASES = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
OWN = "account_id = nullif(current_setting('sigang.actor', true), '')"
OF_ASSET = "EXISTS (SELECT 1 FROM sigang.asset a WHERE a.id = asset_id)"


def upgrade() -> None:
    """Create the tables, who may read and write them, and what raises the version."""
    for statement in (*TABLES, RAISE):
        op.execute(statement)
    for table in FOLLOWED:
        op.execute(f"GRANT SELECT ON sigang.{table} TO sigang_app, sigang_public")
        for event, alias in ALIASES.items():
            op.execute(
                f"CREATE TRIGGER raised_{event.lower()} AFTER {event} ON sigang.{table}"
                f" REFERENCING {alias} TABLE AS changed FOR EACH STATEMENT"
                " EXECUTE FUNCTION sigang.raise_waterway_version()"
            )
    for table, seen in (("waterway_declared", OWN), ("vessel_paper", OF_ASSET)):
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )
    op.execute("GRANT SELECT ON sigang.vessel_paper TO sigang_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON sigang.waterway_declared TO sigang_app")


def downgrade() -> None:
    """Take all of it away; what was declared is lost."""
    for table in ("vessel_paper", "waterway_declared", *FOLLOWED):
        op.execute(f"DROP TABLE sigang.{table}")
    op.execute("DROP FUNCTION sigang.raise_waterway_version()")
