"""The ground: all concept tables and their side tables."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

ORIGINS = "('real','derived','schematic','synthetic')"

COMMON = f"""
  id uuid NOT NULL DEFAULT sigang.uuid7(),
  kind text NOT NULL,
  admin_code text CHECK (admin_code ~ '^[0-9]{{6}}$'),
  unit_id text,
  visibility text NOT NULL DEFAULT 'unit' CHECK (visibility IN ('public','unit','province')),
  origin text NOT NULL CHECK (origin IN {ORIGINS}),
  source_id text NOT NULL REFERENCES sigang.source(id),
  valid_from timestamptz,
  valid_to timestamptz CHECK (valid_to > valid_from),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  props jsonb NOT NULL DEFAULT '{{}}',
  rule_version text"""

NAMES = "name_zh text, name_en text"

MERCATOR = "geom_3857 geometry(Geometry,3857) GENERATED ALWAYS AS (ST_Transform(geom,3857)) STORED"

UUID7 = """
CREATE FUNCTION sigang.uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(set_byte(set_byte(
    overlay(uuid_send(gen_random_uuid()) PLACING
      substring(int8send((extract(epoch FROM clock_timestamp())*1000)::bigint) FROM 3)
      FROM 1 FOR 6),
    6, (b'0111' || get_byte(uuid_send(gen_random_uuid()),6)::bit(4))::bit(8)::int),
    8, (b'10' || get_byte(uuid_send(gen_random_uuid()),8)::bit(6))::bit(8)::int), 'hex')::uuid
$$"""

SUPPORT = [
    """CREATE TABLE sigang.source (
      id text PRIMARY KEY, title_zh text NOT NULL, title_en text NOT NULL,
      license text NOT NULL, license_url text, attribution text NOT NULL,
      version text, url text, datum text NOT NULL DEFAULT 'WGS84'
        CHECK (datum IN ('CGCS2000','WGS84','GCJ02','BD09')),
      updated_at timestamptz, owner text, props jsonb NOT NULL DEFAULT '{}')""",
    f"""CREATE TABLE sigang.rule (
      key text NOT NULL, version text NOT NULL, value jsonb NOT NULL,
      legal_text text, source text NOT NULL, valid_from timestamptz, valid_to timestamptz,
      origin text NOT NULL CHECK (origin IN {ORIGINS}),
      PRIMARY KEY (key, version))""",
    """CREATE TABLE sigang.load_run (
      id uuid PRIMARY KEY DEFAULT sigang.uuid7(), source_id text NOT NULL, file text, sha256 text,
      kind text, options jsonb NOT NULL DEFAULT '{}', rows_ok bigint, rows_bad bigint,
      state text NOT NULL CHECK (state IN ('running','done','refused','failed')),
      started_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz)""",
    """CREATE TABLE sigang.quarantine (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, load_id uuid NOT NULL
        REFERENCES sigang.load_run(id) ON DELETE CASCADE,
      row_no bigint, reason text NOT NULL, detail text NOT NULL, row jsonb NOT NULL,
      at timestamptz NOT NULL DEFAULT now())""",
]

CONCEPTS = [
    f"""CREATE TABLE sigang.zone ({COMMON}, {NAMES}, PRIMARY KEY (id),
      code text, parent_id uuid, level text, colour text, restriction text, reason text,
      floor_m double precision, floor_datum text, ceiling_m double precision, ceiling_datum text,
      centre geometry(Point,4326), radius_m double precision,
      geom geometry(MultiPolygon,4326) NOT NULL, {MERCATOR})""",
    f"""CREATE TABLE sigang.party ({COMMON}, {NAMES}, PRIMARY KEY (id),
      uscc text, roles text[] NOT NULL DEFAULT '{{}}', grades jsonb NOT NULL DEFAULT '[]',
      geom geometry(Point,4326), {MERCATOR})""",
    f"""CREATE TABLE sigang.facility ({COMMON}, {NAMES}, PRIMARY KEY (id),
      un_locode text, iata text, icao text, codes jsonb NOT NULL DEFAULT '{{}}',
      capacity double precision, capacity_unit text, elevation_m double precision,
      owner_id uuid, geom geometry(Geometry,4326) NOT NULL, {MERCATOR})""",
    f"""CREATE TABLE sigang.node ({COMMON}, {NAMES}, PRIMARY KEY (id),
      modes text[] NOT NULL DEFAULT '{{}}', facility_id uuid,
      geom geometry(Point,4326) NOT NULL, {MERCATOR})""",
    f"""CREATE TABLE sigang.edge ({COMMON}, {NAMES}, PRIMARY KEY (id),
      mode text NOT NULL CHECK (mode IN
        ('road','rail','waterway','sea_lane','air_route','transfer','walk','ferry')),
      class text NOT NULL, ref text,
      from_node uuid NOT NULL, to_node uuid NOT NULL, oneway boolean NOT NULL DEFAULT false,
      length_m double precision NOT NULL CHECK (length_m >= 0),
      speed_kmh double precision, speed_basis text NOT NULL DEFAULT 'assumed'
        CHECK (speed_basis IN ('measured','posted','assumed')),
      lanes smallint, layer smallint NOT NULL DEFAULT 0,
      max_height_m real, max_width_m real, max_length_m real, max_mass_t real, max_axle_t real,
      depth_m real, clearance_m real, width_m real, tonnage_t real, hazmat text,
      limits_known boolean NOT NULL DEFAULT false, access jsonb NOT NULL DEFAULT '{{}}',
      structure text CHECK (structure IN ('bridge','tunnel','lock','ferry')), toll boolean,
      capacity_pcu_h real, route_id text, k_from double precision, k_to double precision,
      side text CHECK (side IN ('up','down','both')), bundle text,
      geom geometry(LineString,4326) NOT NULL, {MERCATOR})""",
    f"""CREATE TABLE sigang.asset ({COMMON}, {NAMES}, PRIMARY KEY (id),
      class text, identifiers jsonb NOT NULL DEFAULT '{{}}', owner_id uuid, home_id uuid,
      length_m real, width_m real, height_m real, mass_t real, axles smallint, mtom_kg real)""",
    f"""CREATE TABLE sigang.position ({COMMON}, asset_id uuid NOT NULL,
      fix_time timestamptz NOT NULL, speed_kmh real, course_deg real, status_bits bigint,
      alarm_bits bigint, accuracy_m real, datum text, raw_hash bytea, edge_id uuid, offset_m real,
      geom geometry(PointZ,4326) NOT NULL, PRIMARY KEY (asset_id, fix_time, id)
      ) PARTITION BY RANGE (fix_time)""",
    f"""CREATE TABLE sigang.observation ({COMMON}, asset_id uuid, facility_id uuid, edge_id uuid,
      zone_id uuid, quantity text NOT NULL, value double precision, unit text NOT NULL,
      quality text, phenomenon_time timestamptz NOT NULL, window_s double precision,
      PRIMARY KEY (id, phenomenon_time)) PARTITION BY RANGE (phenomenon_time)""",
    f"""CREATE TABLE sigang.event ({COMMON}, PRIMARY KEY (id),
      title_zh text, title_en text, severity text, colour text, cause text,
      direction text CHECK (direction IN ('both','forward','backward','up','down')), lanes text,
      certainty text, dedupe_key text, state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('draft','open','undone','ended')),
      route_id text, k_from double precision, k_to double precision, facility_id uuid,
      asset_id uuid, created_by text, updated_by text, version int NOT NULL DEFAULT 1,
      geom geometry(Geometry,4326), {MERCATOR})""",
    f"""CREATE TABLE sigang.case_file ({COMMON}, PRIMARY KEY (id),
      workflow text NOT NULL, stage text NOT NULL, opened_at timestamptz NOT NULL,
      due_at timestamptz, closed_at timestamptz, verdict text, amount_cny double precision,
      evidence jsonb NOT NULL DEFAULT '[]', event_id uuid, party_id uuid, asset_id uuid,
      z_key bigint, geom geometry(Geometry,4326), {MERCATOR})""",
    f"""CREATE TABLE sigang.operation ({COMMON}, {NAMES}, PRIMARY KEY (id),
      state text NOT NULL, priority smallint, ovn text, asset_id uuid, party_id uuid,
      parent_id uuid, planned_start timestamptz, planned_end timestamptz,
      actual_start timestamptz, actual_end timestamptz, cargo_t real, teu real, cost_cny real,
      co2_kg real, geom geometry(Geometry,4326), {MERCATOR})""",
    """CREATE TABLE sigang.operation_leg (
      operation_id uuid NOT NULL REFERENCES sigang.operation(id) ON DELETE CASCADE,
      seq smallint NOT NULL, mode text, from_facility uuid, to_facility uuid,
      planned_start timestamptz, planned_end timestamptz, actual_start timestamptz,
      actual_end timestamptz, length_m double precision, cost_cny real, co2_kg real,
      floor_m double precision, ceiling_m double precision, altitude_datum text,
      geom geometry(Geometry,4326), PRIMARY KEY (operation_id, seq))""",
    f"""CREATE TABLE sigang.project ({COMMON}, {NAMES}, PRIMARY KEY (id),
      state text, budget_cny double precision, planned_start timestamptz, planned_end timestamptz,
      geom geometry(Geometry,4326), {MERCATOR})""",
    f"""CREATE TABLE sigang.project_section ({COMMON}, {NAMES}, PRIMARY KEY (id),
      project_id uuid NOT NULL REFERENCES sigang.project(id) ON DELETE CASCADE, route_id text,
      k_from double precision, k_to double precision, pv_cny double precision,
      ev_cny double precision, ac_cny double precision, score real,
      geom geometry(Geometry,4326), {MERCATOR})""",
    """CREATE TABLE sigang.indicator (
      id text PRIMARY KEY, title_zh text NOT NULL, title_en text NOT NULL, formula text NOT NULL,
      unit text NOT NULL, rule_key text, props jsonb NOT NULL DEFAULT '{}')""",
    f"""CREATE TABLE sigang.indicator_value ({COMMON}, PRIMARY KEY (id),
      indicator_id text NOT NULL REFERENCES sigang.indicator(id), zone_id uuid, edge_id uuid,
      period tstzrange NOT NULL, value double precision, numerator double precision,
      denominator double precision, frozen boolean NOT NULL DEFAULT false, frozen_at timestamptz,
      inputs_hash text)""",
]

ACCOUNTS = [
    """CREATE TABLE sigang.account (
      id text PRIMARY KEY, name_zh text NOT NULL, name_en text NOT NULL,
      role text NOT NULL CHECK (role IN ('admin','dispatcher','planner','duty','developer')),
      scope text NOT NULL CHECK (scope ~ '^[0-9]{6}$'), unit_id text,
      disabled boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang.credential (
      hash bytea PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('link','session','key')),
      account_id text NOT NULL REFERENCES sigang.account(id) ON DELETE CASCADE, label text,
      csrf text, created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL,
      used_at timestamptz, revoked_at timestamptz)""",
    """CREATE TABLE sigang.audit (
      seq bigint PRIMARY KEY, at timestamptz NOT NULL, actor text NOT NULL, role text NOT NULL,
      scope text NOT NULL, action text NOT NULL, target text NOT NULL, area text,
      purpose text NOT NULL, rows bigint, detail jsonb NOT NULL DEFAULT '{}',
      prev_hash bytea NOT NULL, hash bytea NOT NULL)""",
]

SIDE = [
    """CREATE TABLE sigang.carriageway (
      route_id text NOT NULL, side text NOT NULL CHECK (side IN ('up','down')),
      part smallint NOT NULL DEFAULT 0, towards_zh text, towards_en text,
      calibrated boolean NOT NULL DEFAULT false, accuracy_m real, source_id text NOT NULL
        REFERENCES sigang.source(id), length_m double precision NOT NULL,
      geom geometry(LineString,4326) NOT NULL, PRIMARY KEY (route_id, side, part))""",
    """CREATE TABLE sigang.stake (
      route_id text NOT NULL, side text NOT NULL, part smallint NOT NULL DEFAULT 0,
      k_m double precision NOT NULL, chainage_m double precision NOT NULL, accuracy_m real,
      source_id text NOT NULL REFERENCES sigang.source(id), geom geometry(Point,4326),
      PRIMARY KEY (route_id, side, part, chainage_m, k_m))""",
    """CREATE TABLE sigang.edge_structure (
      edge_id uuid NOT NULL, facility_id uuid NOT NULL,
      relation text NOT NULL CHECK (relation IN ('carries','over','under')),
      PRIMARY KEY (edge_id, facility_id, relation))""",
    """CREATE TABLE sigang.turn_restriction (
      id uuid PRIMARY KEY DEFAULT sigang.uuid7(), kind text NOT NULL
        CHECK (kind IN ('no','only')), from_edge uuid NOT NULL, via_edges uuid[] NOT NULL
        DEFAULT '{}', via_node uuid, to_edge uuid NOT NULL, exempt text[] NOT NULL DEFAULT '{}',
      source_id text NOT NULL REFERENCES sigang.source(id), props jsonb NOT NULL DEFAULT '{}')""",
    """CREATE TABLE sigang.edge_state (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, edge_id uuid NOT NULL,
      kind text NOT NULL CHECK (kind IN ('closure','speed','lane_loss','weather_limit')),
      direction text NOT NULL DEFAULT 'both' CHECK (direction IN ('both','forward','backward')),
      value double precision, valid tstzrange NOT NULL, event_id uuid NOT NULL,
      version_from bigint NOT NULL, version_to bigint)""",
    """CREATE TABLE sigang.network_version (
      network text PRIMARY KEY, version bigint NOT NULL DEFAULT 0,
      topology bigint NOT NULL DEFAULT 0, changed_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE sigang.event_receipt (
      event_id uuid NOT NULL REFERENCES sigang.event(id) ON DELETE CASCADE, party text NOT NULL,
      required boolean NOT NULL DEFAULT true, delivered_at timestamptz,
      acknowledged_at timestamptz, account_id text, PRIMARY KEY (event_id, party))""",
    """CREATE TABLE sigang.event_history (
      event_id uuid NOT NULL REFERENCES sigang.event(id) ON DELETE CASCADE, version int NOT NULL,
      at timestamptz NOT NULL DEFAULT now(), account_id text NOT NULL, action text NOT NULL,
      body jsonb NOT NULL, PRIMARY KEY (event_id, version))""",
    """CREATE TABLE sigang.latest_position (
      asset_id uuid PRIMARY KEY, cell_key bigint NOT NULL, fix_time timestamptz NOT NULL,
      lon double precision NOT NULL, lat double precision NOT NULL, altitude_m real,
      altitude_datum text, speed_kmh real, course_deg real, admin_code text, unit_id text,
      visibility text NOT NULL DEFAULT 'unit', origin text NOT NULL, kind text NOT NULL
      ) WITH (fillfactor = 50)""",
    """CREATE TABLE sigang.stream_log (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),
      kind text NOT NULL, admin_code text, unit_id text, visibility text NOT NULL,
      payload jsonb NOT NULL)""",
    """CREATE TABLE sigang.search_entry (
      layer text NOT NULL, feature_id text NOT NULL, label_zh text, label_en text,
      codes text NOT NULL DEFAULT '', haystack text NOT NULL, rank real NOT NULL DEFAULT 0,
      admin_code text, unit_id text, visibility text NOT NULL, origin text NOT NULL,
      geom geometry(Point,4326) NOT NULL, bbox double precision[],
      PRIMARY KEY (layer, feature_id))""",
]

SPATIAL = [
    "zone",
    "party",
    "facility",
    "node",
    "edge",
    "event",
    "case_file",
    "operation",
    "project",
    "project_section",
]

INDEXES = [
    *(f"CREATE INDEX {t}_geom ON sigang.{t} USING gist (geom)" for t in SPATIAL),
    *(f"CREATE INDEX {t}_geom_3857 ON sigang.{t} USING gist (geom_3857)" for t in SPATIAL),
    *(
        f"CREATE INDEX {t}_admin ON sigang.{t} (admin_code text_pattern_ops, kind)"
        for t in [*SPATIAL, "asset", "indicator_value"]
    ),
    "CREATE INDEX edge_route ON sigang.edge (route_id, side, k_from)",
    "CREATE INDEX edge_bundle ON sigang.edge (bundle) WHERE bundle IS NOT NULL",
    "CREATE INDEX edge_mode ON sigang.edge (mode, source_id)",
    "CREATE INDEX edge_structure_facility ON sigang.edge_structure (facility_id)",
    "CREATE INDEX facility_codes ON sigang.facility (un_locode, icao, iata)",
    "CREATE INDEX edge_state_from ON sigang.edge_state (version_from)",
    "CREATE INDEX edge_state_to ON sigang.edge_state (version_to) WHERE version_to IS NOT NULL",
    "CREATE INDEX edge_state_event ON sigang.edge_state (event_id)",
    "CREATE INDEX edge_state_edge ON sigang.edge_state (edge_id)",
    "CREATE INDEX latest_position_cell ON sigang.latest_position (cell_key)",
    "CREATE INDEX observation_time ON sigang.observation (quantity, phenomenon_time)",
    "CREATE INDEX event_state ON sigang.event (state, valid_to)",
    "CREATE INDEX case_opened ON sigang.case_file (opened_at)",
    "CREATE INDEX stream_at ON sigang.stream_log (at)",
    "CREATE INDEX quarantine_load ON sigang.quarantine (load_id)",
    "CREATE INDEX search_trgm ON sigang.search_entry USING gin (haystack gin_trgm_ops)",
    "CREATE INDEX credential_account ON sigang.credential (account_id)",
]

PARTITIONS = [
    "CREATE TABLE sigang.position_default PARTITION OF sigang.position DEFAULT",
    "CREATE TABLE sigang.observation_default PARTITION OF sigang.observation DEFAULT",
    "INSERT INTO sigang.network_version (network) VALUES ('road'),('waterway'),('rail'),('sea')",
]


def upgrade() -> None:
    """Create schema, extensions and all tables."""
    for extension in ("postgis", "pg_trgm", "btree_gist"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.execute("CREATE SCHEMA IF NOT EXISTS sigang")
    op.execute("CREATE SCHEMA IF NOT EXISTS sigang_tiles")
    op.execute(UUID7)
    for statement in [*SUPPORT, *CONCEPTS, *ACCOUNTS, *SIDE, *INDEXES, *PARTITIONS]:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything that `upgrade` made; extensions stay, others may use them."""
    op.execute("DROP SCHEMA sigang_tiles CASCADE")
    for table in _tables_in_drop_order():
        op.execute(f"DROP TABLE sigang.{table} CASCADE")
    op.execute("DROP FUNCTION sigang.uuid7()")


def _tables_in_drop_order() -> list[str]:
    statements = [*SUPPORT, *CONCEPTS, *ACCOUNTS, *SIDE]
    names = [s.split("CREATE TABLE sigang.")[1].split()[0] for s in statements]
    return names[::-1]
