"""A seeded province to measure on: 1.1 M road lines in random heap order and 600,000 points.

    python -m bench.province postgresql://…    # fills an empty database in under three minutes

Towns have heavy-tailed sizes; roads are chains of lines that share their ends, so that merging
them is possible as it is on a real network. The same rows go to Sigang's own tables and to
`bench.roads` and `bench.points` (plain EPSG:4326 tables with primary key and GiST) for the peers.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import psycopg
import shapely

SEED = 20260302
LINES = 1_121_000
POINTS = 600_000
BOX = (118.1, 27.2, 122.4, 31.2)
TOWNS = 420
M_PER_DEG = 111_320.0
CLASSES = np.array(
    ["motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential"]
)
LOCAL_SHARE = np.array([0.0, 0.0, 0.02, 0.06, 0.12, 0.2, 0.6])
SIZE_EXPONENT = 1.1
VERTICES = 5  # per line and chain step; lines share their end vertices


def towns(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the towns' centres (n, 2) in degrees and their shares of all local roads (n)."""
    west, south, east, north = BOX
    centres = rng.uniform((west, south), (east, north), (TOWNS, 2))
    size = 1.0 / np.arange(1, TOWNS + 1) ** SIZE_EXPONENT
    return centres, rng.permutation(size / size.sum())


def walk(
    rng: np.random.Generator, start: np.ndarray, heading: np.ndarray, lines: int, step_m: float
) -> np.ndarray:
    """Return chains (n, lines, VERTICES, 2) that wander from `start` along `heading` (radians)."""
    steps = lines * (VERTICES - 1)
    turn = rng.normal(0, 0.12, (len(start), steps)).cumsum(axis=1)
    angle = heading[:, None] + turn
    length = rng.gamma(4.0, step_m / 4.0, (len(start), steps)) / M_PER_DEG
    move = np.stack([length * np.cos(angle) / 0.87, length * np.sin(angle)], axis=-1)
    path = start[:, None, :] + np.concatenate(
        [np.zeros((len(start), 1, 2)), move.cumsum(axis=1)], axis=1
    )
    index = np.arange(lines)[:, None] * (VERTICES - 1) + np.arange(VERTICES)
    return path[:, index]


def corridors(rng: np.random.Generator, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lines (m, VERTICES, 2) of the long roads between towns, and their class numbers."""
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    nearest = distance.argsort(axis=1)[:, 1:6]
    shapes, classes = [], []
    for i, row in enumerate(nearest):
        for rank, j in enumerate(row):
            count = max(4, int(distance[i, j] * M_PER_DEG / 700))
            fraction = np.linspace(0, 1, count * (VERTICES - 1) + 1)[:, None]
            wiggle = rng.normal(0, 0.0004, fraction.shape).cumsum(axis=0)
            path = centres[i] + (centres[j] - centres[i]) * fraction
            path[:, 1:] += wiggle - wiggle[-1] * fraction
            index = np.arange(count)[:, None] * (VERTICES - 1) + np.arange(VERTICES)
            shapes.append(path[index])
            classes.append(np.full(count, min(rank, 3)))
    return np.concatenate(shapes), np.concatenate(classes)


def roads(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return line coordinates (LINES, VERTICES, 2), class numbers and town centres."""
    centres, share = towns(rng)
    long_shapes, long_classes = corridors(rng, centres)
    per_chain = 8
    chains = (LINES - len(long_shapes)) // per_chain + 1
    town = rng.choice(TOWNS, chains, p=share)
    spread = 0.01 + 0.09 * np.sqrt(share[town] / share.max())
    start = centres[town] + rng.standard_t(3, (chains, 2)) * spread[:, None] * 0.5
    heading = rng.integers(0, 4, chains) * np.pi / 2 + rng.normal(0.3, 0.15, chains)
    local = walk(rng, start, heading, per_chain, 35.0).reshape(-1, VERTICES, 2)
    local_classes = np.repeat(rng.choice(7, chains, p=LOCAL_SHARE), per_chain)
    shapes = np.concatenate([long_shapes, local])[:LINES]
    classes = np.concatenate([long_classes, local_classes])[:LINES]
    order = rng.permutation(LINES)  # random heap order: the worst case for every server
    return shapes[order], classes[order], centres


def _hex(geometries: np.ndarray) -> np.ndarray:
    return shapely.to_wkb(shapely.set_srid(geometries, 4326), hex=True, include_srid=True)


def fill_roads(conn: psycopg.Connection, rng: np.random.Generator) -> np.ndarray:
    """Copy the roads into `bench.roads` and return their coordinates."""
    shapes, classes, _ = roads(rng)
    index = np.repeat(np.arange(LINES), VERTICES)
    wkb = _hex(shapely.linestrings(shapes.reshape(-1, 2), indices=index))
    number = rng.integers(1, 999, LINES)
    with (
        conn.cursor() as cursor,
        cursor.copy("COPY bench.roads (class, ref, name, geom) FROM STDIN") as copy,
    ):
        for code, n, geom in zip(CLASSES[classes].tolist(), number.tolist(), wkb.tolist(),
                                 strict=True):  # fmt: skip
            ref = f"{'GGGSXYC'[n % 7]}{n}"
            copy.write(f"{code}\t{ref}\t{ref} {code}\t{geom}\n")
    return shapes


def fill_points(conn: psycopg.Connection, rng: np.random.Generator, shapes: np.ndarray) -> None:
    """Copy points beside the roads into `bench.points`."""
    line = rng.integers(0, LINES, POINTS)
    at = shapes[line, rng.integers(0, VERTICES, POINTS)] + rng.normal(0, 0.0003, (POINTS, 2))
    with (
        conn.cursor() as cursor,
        cursor.copy("COPY bench.points (kind, name, geom) FROM STDIN") as copy,
    ):
        kinds = rng.integers(0, 12, POINTS).tolist()
        for n, (kind, geom) in enumerate(zip(kinds, _hex(shapely.points(at)).tolist(),
                                             strict=True)):  # fmt: skip
            copy.write(f"kind{kind}\tpoint {n}\t{geom}\n")


SCHEMA = """
CREATE SCHEMA bench;
CREATE TABLE bench.roads (id bigint GENERATED ALWAYS AS IDENTITY, class text, ref text, name text,
  geom geometry(LineString, 4326));
CREATE TABLE bench.points (id bigint GENERATED ALWAYS AS IDENTITY, kind text, name text,
  geom geometry(Point, 4326));
"""
FINISH = """
ALTER TABLE bench.roads ADD PRIMARY KEY (id);
ALTER TABLE bench.points ADD PRIMARY KEY (id);
CREATE INDEX roads_geom ON bench.roads USING gist (geom);
CREATE INDEX points_geom ON bench.points USING gist (geom);
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
  VALUES ('bench', '基准测试', 'Benchmark', 'Apache-2.0', 'synthetic');
"""
# the ids are stable, so that one feature can be asked of every server by the same number
TO_SIGANG = """
INSERT INTO sigang.edge (id, kind, visibility, origin, source_id, mode, class, ref, name_en,
  from_node, to_node, length_m, geom)
SELECT bench.uuid(id), 'road', 'public', 'synthetic', 'bench', 'road', class, ref, name,
  bench.uuid(0), bench.uuid(0), 0, geom FROM bench.roads ORDER BY ctid;
INSERT INTO sigang.facility (id, kind, visibility, origin, source_id, name_en, geom)
SELECT bench.uuid(id), kind, 'public', 'synthetic', 'bench', name, geom
FROM bench.points ORDER BY ctid;
"""
UUID = """
CREATE FUNCTION bench.uuid(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('01970000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$
"""
SECONDARY = ("edge_geom", "edge_geom_3857", "edge_admin", "edge_route", "edge_mode",
             "facility_geom", "facility_geom_3857", "facility_admin", "facility_codes")  # fmt: skip


def fill(url: str) -> None:
    """Fill a migrated, empty database; secondary indexes are built after the rows."""
    began = time.monotonic()
    rng = np.random.default_rng(SEED)
    with psycopg.connect(url) as conn:
        conn.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
        conn.execute(SCHEMA)
        conn.execute(UUID)
        shapes = fill_roads(conn, rng)
        fill_points(conn, rng, shapes)
        print(f"rows copied      {time.monotonic() - began:6.1f} s", flush=True)
        conn.execute(FINISH)
        definitions = conn.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'sigang' AND indexname = ANY(%s)",
            [list(SECONDARY)],
        ).fetchall()
        for name in SECONDARY:
            conn.execute(f"DROP INDEX sigang.{name}")
        conn.execute("ALTER TABLE sigang.edge DISABLE TRIGGER USER")
        conn.execute("ALTER TABLE sigang.facility DISABLE TRIGGER USER")
        conn.execute(TO_SIGANG)
        conn.execute("ALTER TABLE sigang.edge ENABLE TRIGGER USER")
        conn.execute("ALTER TABLE sigang.facility ENABLE TRIGGER USER")
        print(f"own tables       {time.monotonic() - began:6.1f} s", flush=True)
        for (definition,) in definitions:
            conn.execute(definition)
    with psycopg.connect(url, autocommit=True) as conn:
        for table in ("bench.roads", "bench.points", "sigang.edge", "sigang.facility"):
            conn.execute(f"VACUUM ANALYZE {table}")
    print(f"indexed, ready   {time.monotonic() - began:6.1f} s", flush=True)


if __name__ == "__main__":
    fill(sys.argv[1])
