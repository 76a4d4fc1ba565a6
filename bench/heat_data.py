"""Enforcement of a province at the level of the cube: sites that look, places of cases."""

from __future__ import annotations

import time
from datetime import date

import numpy as np
import psycopg

from layers.heat.cube_rows import EPOCH, CubeRows, Series, rows_of
from spatial.geo.zorder import keys_of

COUNTIES, KINDS = 90, ("overload", "hazmat", "licence", "waterway", "other")
SPOTS = 60_000
SOURCE = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
VALUES ('bench', 'bench', 'bench', 'CC0-1.0', 'bench') ON CONFLICT DO NOTHING"""
SERIES = """
INSERT INTO sigang.heat_series (measure, kind, admin_code, unit_id, visibility, origin)
SELECT m.measure, m.kind, c.code, c.code || '-law', 'unit', 'synthetic'
FROM unnest(%s::text[], %s::text[]) m (measure, kind), unnest(%s::text[]) c (code)"""
PLACES = "CREATE TEMP TABLE {} (i int4 PRIMARY KEY, cell int8, county text, weight float8)"
DAYS, HOURS = 730, 168
"""From 2025-01-01; hours of the week."""
FOUND = """
CREATE TEMP TABLE found AS SELECT CASE WHEN r.one < %(cases)s THEN 'case' ELSE 'hit' END AS measure,
  CASE WHEN r.one < %(cases)s THEN (%(kinds)s::text[])[1 + floor(4.999 * r.k * r.k)::int]
    ELSE 'inspection' END AS kind,
  s.cell, s.county, '2025-01-01'::date + floor(730 * r.d)::int AS day,
  floor(168 * r.h)::int2 AS hour
FROM (SELECT i AS one, random() AS k, random() AS d, random() AS h, random() AS p
  FROM generate_series(0, %(cases)s + %(hits)s - 1) i) r
JOIN spot s ON s.i = floor(r.p * r.p * %(spots)s)::int"""
LOOKED = """
CREATE TEMP TABLE looked AS SELECT 'exposure' AS measure, m.kind, s.cell, s.county, t.day,
  t.hour::int2 AS hour, greatest(1, round(m.n * s.weight * (0.7 + 0.6 * random())))::int8 AS n
FROM site s, (VALUES ('passage', %(passages)s::float8 / (%(sites)s * 730.0), 24),
    ('inspection', 3.0, 2)) m (kind, n, hours),
  LATERAL (SELECT '2025-01-01'::date + d AS day, (d * 24 + (random() * 167)::int) %% 168 AS hour
    FROM generate_series(0, 729) d) t
UNION ALL
SELECT 'exposure', 'inspection', s.cell, s.county, '2025-01-01'::date + floor(730 * random())::int,
  floor(168 * random())::int2, 10
FROM generate_series(1, %(patrols)s) g JOIN spot s ON s.i = g * 7919::int8 %% %(spots)s"""
WEEK = """
CREATE TEMP TABLE week AS SELECT 'exposure' AS measure, 'passage' AS kind, s.cell, s.county,
  m.day::date AS day, h::int2 AS hour,
  greatest(1, round(%(passages)s::float8 / (%(sites)s * 24.0 * 168) * s.weight
    * (0.4 + 1.2 * random())))::int8 AS n
FROM site s, generate_series('2025-01-01'::date, '2026-12-01', interval '1 month') m (day),
  generate_series(0, 167) h"""
INTO = """
INSERT INTO sigang.heat_cube (grain, at, hour, series, cell, n)
SELECT '{grain}', {at}, {hour}, s.id, f.cell, {n} FROM {table} f
JOIN sigang.heat_series s ON s.measure = f.measure AND s.kind = f.kind AND s.admin_code = f.county
GROUP BY 2, 3, 4, 5"""
BARE = "ALTER TABLE sigang.heat_cube DROP CONSTRAINT heat_cube_pkey"
KEYED = "ALTER TABLE sigang.heat_cube ADD PRIMARY KEY (grain, at, hour, series, cell)"
GRAINS = {
    "d": {"at": "f.day", "hour": "-1::int2"},
    "m": {"at": "date_trunc('month', f.day)::date", "hour": "-1::int2"},
    "h": {"at": "date_trunc('month', f.day)::date", "hour": "f.hour"},
}
WEST, SOUTH, EAST, NORTH = 118.0, 27.1, 122.9, 31.2


def codes() -> list[str]:
    """Return the codes of the counties."""
    return [str(330000 + 100 * (1 + i % 11) + 1 + i // 11) for i in range(COUNTIES)]


def roads(dice: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places along 240 straight roads through the province."""
    ends = dice.uniform(0, 1, (240, 4))
    of, along = dice.integers(0, 240, size), dice.beta(1.2, 1.2, size)
    x = ends[of, 0] + along * (ends[of, 2] - ends[of, 0]) + dice.normal(0, 0.0006, size)
    y = ends[of, 1] + along * (ends[of, 3] - ends[of, 1]) + dice.normal(0, 0.0006, size)
    return WEST + np.clip(x, 0, 1) * (EAST - WEST), SOUTH + np.clip(y, 0, 1) * (NORTH - SOUTH)


def county_of(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Return in which of the counties, a grid of ten by nine, places lie."""
    column = np.clip((lon - WEST) / (EAST - WEST) * 10, 0, 9).astype(int)
    row = np.clip((lat - SOUTH) / (NORTH - SOUTH) * 9, 0, 8).astype(int)
    return np.asarray(column * 9 + row)


def _places(conn: psycopg.Connection, name: str, size: int, dice: np.random.Generator) -> None:
    lon, lat = roads(dice, size)
    county, weight = np.array(codes())[county_of(lon, lat)], dice.lognormal(-0.3, 0.8, size)
    conn.execute(PLACES.format(name))
    with conn.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in zip(range(size), keys_of(lon, lat, 16).tolist(), county, weight, strict=True):
            copy.write_row((row[0], row[1], str(row[2]), float(row[3])))


def fill_cube(conn: psycopg.Connection, passages: int, cases: int, sites: int) -> None:
    """Write the cube of so many passages at sites and cases along roads, over 24 months.

    Not from rows: numbers are written as the triggers would have added them up. Passages by hour of
    the week are drawn apart from those by day, so that the grains are alike and not the same.
    """
    began, dice = time.perf_counter(), np.random.default_rng(20260101)
    conn.execute(SOURCE)
    conn.execute("TRUNCATE sigang.heat_cube, sigang.heat_series, sigang.heat_change")
    measures = [("case", kind) for kind in KINDS]
    measures += [("hit", "inspection"), ("exposure", "inspection"), ("exposure", "passage")]
    names, kinds = (list(part) for part in zip(*measures, strict=True))
    conn.execute(SERIES, [names, kinds, codes()])
    _places(conn, "spot", SPOTS, dice)
    _places(conn, "site", sites, dice)
    conn.execute("SELECT setseed(0.5)")
    given = {
        "cases": cases, "hits": cases // 2, "kinds": list(KINDS), "spots": SPOTS, "sites": sites,
        "passages": passages, "patrols": cases // 3,
    }  # fmt: skip
    for text in (BARE, FOUND, LOOKED, WEEK):
        conn.execute(text, given)
    for grain, how in GRAINS.items():
        conn.execute(INTO.format(grain=grain, table="found", n="count(*)", **how))
        part = "looked" if grain != "h" else "(SELECT * FROM looked WHERE kind <> 'passage')"
        conn.execute(INTO.format(grain=grain, table=part, n="sum(f.n)", **how))
    how = GRAINS["h"]
    conn.execute(INTO.format(grain="h", table="week", n="sum(f.n)", **how))
    conn.execute(KEYED)
    conn.execute("DROP TABLE spot, site, found, looked, week")
    conn.commit()
    conn.autocommit = True
    conn.execute("VACUUM ANALYZE sigang.heat_cube")
    conn.execute("ANALYZE sigang.heat_series")
    conn.autocommit = False
    rows = conn.execute("SELECT grain, count(*) FROM sigang.heat_cube GROUP BY 1 ORDER BY 1")
    print(f"cube: {dict(rows.fetchall())} rows in {time.perf_counter() - began:.0f} s")


def make_rows(grain: str, passages: int, cases: int, sites: int) -> tuple[Series, CubeRows]:
    """Return the same in memory: the series and the rows of a grain as a process holds them."""
    dice = np.random.default_rng(20260101)
    measures = [("case", kind) for kind in KINDS]
    measures += [("hit", "inspection"), ("exposure", "inspection"), ("exposure", "passage")]
    names, kinds = (np.repeat(column, COUNTIES) for column in zip(*measures, strict=True))
    county = codes() * len(measures)
    series = Series(
        {i: i for i in range(len(county))}, names, kinds, county,
        np.array([f"{code}-law" for code in county]),
    )  # fmt: skip
    hours = HOURS if grain == "h" else 1
    times = DAYS if grain == "d" else 24
    spots, looks = roads(dice, SPOTS), roads(dice, sites)
    at = (SPOTS * dice.uniform(0, 1, cases) ** 2).astype(int)
    found = spots[0][at], spots[1][at]
    looked = tuple(np.repeat(part, times * hours) for part in looks)
    lon, lat = (np.concatenate(pair) for pair in zip(found, looked, strict=True))
    kind = (4.999 * dice.uniform(0, 1, cases) ** 2).astype(int)
    of = np.concatenate((kind, np.full(len(looked[0]), len(measures) - 1)))
    n = np.full(len(of), 1)
    share = passages / max(1, len(looked[0]))
    n[cases:] = np.maximum(1, share * dice.lognormal(-0.3, 0.8, len(looked[0])))
    step = np.concatenate(
        (dice.integers(0, times, cases), np.arange(len(looked[0])) // hours % times)
    )
    months = np.array([(date(2025 + m // 12, m % 12 + 1, 1) - EPOCH).days for m in range(24)])
    day = step + months[0] if grain == "d" else months[step]
    hour = np.concatenate((dice.integers(1, 169, cases), np.arange(len(looked[0])) % HOURS + 1))
    rows = rows_of(
        keys_of(lon, lat, 16), day, hour if grain == "h" else np.zeros(len(of), int),
        of * COUNTIES + county_of(lon, lat), n,
    )  # fmt: skip
    return series, rows
