"""Enforcement heat: what was looked at and found, as records and as a cube of counts.

`exposure` holds passages, inspections and shifts that were recorded, beside the inspections among
the cases. `heat_cube` counts cases, hits and exposure by Z-order cell: by day (grain d), by month
(m) and by hour of the week within a month (h). Triggers with transition tables add to it what each
statement changes, so that it is at all times what a recount would give.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

TABLES = [
    """CREATE TABLE sigang.exposure (
      source_id text NOT NULL, key text NOT NULL, kind text NOT NULL, admin_code text,
      unit_id text, visibility text NOT NULL DEFAULT 'unit', origin text NOT NULL,
      at timestamptz NOT NULL, n integer NOT NULL DEFAULT 1, z_key bigint NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (source_id, key),
      CHECK (n > 0 AND z_key >= 0 AND kind IN ('passage', 'inspection', 'shift')
        AND visibility IN ('public', 'unit', 'province')
        AND origin IN ('real', 'derived', 'schematic', 'synthetic')))""",
    """CREATE TABLE sigang.heat_series (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, measure text NOT NULL,
      kind text NOT NULL, admin_code text, unit_id text, visibility text NOT NULL,
      origin text NOT NULL)""",
    """CREATE UNIQUE INDEX heat_series_of ON sigang.heat_series (measure, kind,
      coalesce(admin_code, ''), coalesce(unit_id, ''), visibility, origin)""",
    """CREATE TABLE sigang.heat_cube (
      grain text NOT NULL, at date NOT NULL, hour smallint NOT NULL, series integer NOT NULL,
      cell bigint NOT NULL, n bigint NOT NULL, PRIMARY KEY (grain, at, hour, series, cell))""",
    """CREATE TYPE sigang.heat_delta AS (measure text, kind text, admin_code text, unit_id text,
      visibility text, origin text, cell bigint, at timestamptz, n bigint)""",
]

SPREAD = ((8, "x'00FF00FF'"), (4, "x'0F0F0F0F'"), (2, "x'33333333'"), (1, "x'55555555'"))
CELL_LEVEL = 16
"""Of the cells of the cube: `z_key >> 16`."""


def _spread(name: str) -> str:
    steps = (f"{name} := ({name} | ({name} << {by})) & {mask}::bigint;" for by, mask in SPREAD)
    return " ".join(steps)


FUNCTIONS = [
    f"""CREATE FUNCTION sigang.heat_cell(place geometry) RETURNS bigint
      LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
      DECLARE middle geometry := CASE WHEN GeometryType(place) = 'POINT' THEN place
          ELSE ST_PointOnSurface(place) END;
        size float8 := {1 << CELL_LEVEL};
        lat float8 := radians(greatest(-85.0511287798066, least(85.0511287798066, ST_Y(middle))));
        x bigint := floor((ST_X(middle) + 180) / 360 * size);
        y bigint := floor((1 - asinh(tan(lat)) / pi()) / 2 * size);
      BEGIN
        x := greatest(0, least(x, size - 1)); y := greatest(0, least(y, size - 1));
        {_spread("x")} {_spread("y")}
        RETURN x | (y << 1);
      END $$""",
    """CREATE FUNCTION sigang.heat_rows(deltas sigang.heat_delta[]) RETURNS TABLE
      (grain text, at date, hour smallint, series integer, cell bigint, n bigint)
      LANGUAGE sql STABLE AS $$
      SELECT CASE WHEN grouping(d.day) = 0 THEN 'd' WHEN grouping(d.hour) = 0 THEN 'h' ELSE 'm' END,
        coalesce(d.day, d.month), coalesce(d.hour, -1)::smallint, d.series, d.cell,
        sum(d.n)::bigint
      FROM (SELECT s.id AS series, e.cell, e.n, t.local::date AS day,
          date_trunc('month', t.local)::date AS month,
          (extract(isodow FROM t.local) - 1) * 24 + extract(hour FROM t.local) AS hour
        FROM unnest(deltas) e, LATERAL (SELECT e.at AT TIME ZONE 'Asia/Shanghai' AS local) t,
          sigang.heat_series s
        WHERE s.measure = e.measure AND s.kind = e.kind
          AND coalesce(s.admin_code, '') = coalesce(e.admin_code, '')
          AND coalesce(s.unit_id, '') = coalesce(e.unit_id, '')
          AND s.visibility = e.visibility AND s.origin = e.origin) d
      GROUP BY GROUPING SETS ((d.series, d.cell, d.day), (d.series, d.cell, d.month),
        (d.series, d.cell, d.month, d.hour))
      HAVING sum(d.n) <> 0 $$""",
    """CREATE FUNCTION sigang.heat_add(deltas sigang.heat_delta[]) RETURNS void
      LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO sigang.heat_series (measure, kind, admin_code, unit_id, visibility, origin)
          SELECT DISTINCT measure, kind, admin_code, unit_id, visibility, origin
          FROM unnest(deltas) e WHERE NOT EXISTS (SELECT 1 FROM sigang.heat_series s
            WHERE s.measure = e.measure AND s.kind = e.kind
              AND coalesce(s.admin_code, '') = coalesce(e.admin_code, '')
              AND coalesce(s.unit_id, '') = coalesce(e.unit_id, '')
              AND s.visibility = e.visibility AND s.origin = e.origin)
          ORDER BY 1, 2, 3, 4, 5, 6 ON CONFLICT DO NOTHING;
        INSERT INTO sigang.heat_cube AS c (grain, at, hour, series, cell, n)
          SELECT * FROM sigang.heat_rows(deltas) ORDER BY 1, 2, 3, 4, 5
          ON CONFLICT (grain, at, hour, series, cell) DO UPDATE SET n = c.n + excluded.n;
      END $$""",
]

CASES = """
SELECT {sign}, m.measure, m.kind, r.admin_code, r.unit_id, r.visibility, r.origin,
  sigang.heat_cell(r.geom) AS cell, date_bin('1 hour', r.opened_at, '2000-01-01Z') AS at, m.n
FROM {relation} r, LATERAL (VALUES
  ('case', coalesce(r.props ->> 'violation', 'unknown'),
    CASE WHEN r.kind = 'enforcement' THEN 1 END),
  ('hit', 'inspection',
    CASE WHEN r.kind = 'inspection' THEN sigang.json_int(r.props -> 'hits') END),
  ('exposure', 'inspection',
    CASE WHEN r.kind = 'inspection' THEN sigang.json_int(r.props -> 'inspected') END)
) m (measure, kind, n)
WHERE m.n > 0 AND r.stage <> 'withdrawn' AND r.geom IS NOT NULL AND NOT ST_IsEmpty(r.geom)"""
EXPOSURES = """
SELECT {sign}, 'exposure', r.kind, r.admin_code, r.unit_id, r.visibility, r.origin,
  r.z_key >> 16 AS cell, date_bin('1 hour', r.at, '2000-01-01Z') AS at, r.n
FROM {relation} r"""
NAMES = "sign, measure, kind, admin_code, unit_id, visibility, origin, cell, at, n"
DELTAS = """
SELECT array_agg(ROW(measure, kind, admin_code, unit_id, visibility, origin, cell, at, n)
  ::sigang.heat_delta) INTO deltas
FROM (SELECT measure, kind, admin_code, unit_id, visibility, origin, cell, at, sum(sign * n) AS n
  FROM ({rows}) r ({names}) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(sign * n) <> 0) d;"""
TRIGGER = """
CREATE FUNCTION sigang.{name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE deltas sigang.heat_delta[];
BEGIN
  IF TG_OP = 'INSERT' THEN {insert}
  ELSIF TG_OP = 'DELETE' THEN {delete}
  ELSE {update}
  END IF;
  IF deltas IS NOT NULL THEN PERFORM sigang.heat_add(deltas); END IF;
  RETURN NULL;
END $$"""
OPERATIONS = {
    "insert": "NEW TABLE AS changed",
    "delete": "OLD TABLE AS gone",
    "update": "OLD TABLE AS gone NEW TABLE AS changed",
}
RECOUNT = """
CREATE FUNCTION sigang.heat_recount() RETURNS TABLE
  (grain text, at date, hour smallint, series integer, cell bigint, n bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE deltas sigang.heat_delta[];
BEGIN {count} RETURN QUERY SELECT * FROM sigang.heat_rows(deltas); END $$"""
FILL = """
DO $$ DECLARE deltas sigang.heat_delta[];
BEGIN {count} IF deltas IS NOT NULL THEN PERFORM sigang.heat_add(deltas); END IF; END $$"""


def _deltas(*parts: str) -> str:
    return DELTAS.format(rows=" UNION ALL ".join(parts), names=NAMES)


def _watch(table: str, name: str, rows: str) -> None:
    """Have a table's statements counted."""
    new, old = rows.format(sign=1, relation="changed"), rows.format(sign=-1, relation="gone")
    parts = {"insert": _deltas(new), "delete": _deltas(old), "update": _deltas(new, old)}
    op.execute(TRIGGER.format(name=name, **parts))
    for operation, tables in OPERATIONS.items():
        op.execute(
            f"CREATE TRIGGER heat_{operation} AFTER {operation.upper()} ON sigang.{table}"
            f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION sigang.{name}()"
        )


def _secure() -> None:
    """Let each account see and write what lies in its scope; nobody else."""
    seen = "sigang.sees(admin_code, visibility, unit_id)"
    for table in ("exposure", "heat_series"):
        op.execute(
            f"CREATE POLICY app ON sigang.{table} TO sigang_app USING ({seen}) WITH CHECK ({seen})"
        )
    mine = "series IN (SELECT id FROM sigang.heat_series)"
    op.execute(
        f"CREATE POLICY app ON sigang.heat_cube TO sigang_app USING ({mine}) WITH CHECK ({mine})"
    )
    for table, rights in (
        ("exposure", "SELECT, INSERT, UPDATE, DELETE"),
        ("heat_series", "SELECT, INSERT"),
        ("heat_cube", "SELECT, INSERT, UPDATE"),
    ):
        op.execute(f"ALTER TABLE sigang.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT {rights} ON sigang.{table} TO sigang_app")


def upgrade() -> None:
    """Create records, cube and triggers, and count what is there."""
    for statement in [*TABLES, *FUNCTIONS]:
        op.execute(statement)
    _watch("case_file", "heat_of_cases", CASES)
    _watch("exposure", "heat_of_exposure", EXPOSURES)
    everything = _deltas(
        CASES.format(sign=1, relation="sigang.case_file"),
        EXPOSURES.format(sign=1, relation="sigang.exposure"),
    )
    op.execute(RECOUNT.format(count=everything))
    op.execute(FILL.format(count=everything))
    _secure()


def downgrade() -> None:
    """Drop all of it."""
    for operation in OPERATIONS:
        op.execute(f"DROP TRIGGER heat_{operation} ON sigang.case_file")
    op.execute("DROP TABLE sigang.exposure, sigang.heat_cube, sigang.heat_series")
    for name in ("heat_of_cases()", "heat_of_exposure()", "heat_recount()", "heat_cell(geometry)"):
        op.execute(f"DROP FUNCTION sigang.{name}")
    for name in ("heat_add", "heat_rows"):
        op.execute(f"DROP FUNCTION sigang.{name}(sigang.heat_delta[])")
    op.execute("DROP TYPE sigang.heat_delta")
