"""The search index of the sample: one entry per named thing, with every name and code it has."""

from __future__ import annotations

from typing import Any

import psycopg

# layer, table, condition, rank; the first that holds a row counts
_NAMED = (
    ("places", "facility", "kind = 'place' AND props ->> 'level' = 'prefecture'", 1.0),
    ("places", "facility", "kind = 'place' AND props ->> 'level' = 'county'", 0.95),
    ("admin", "zone", "kind = 'prefecture'", 0.9),
    ("admin", "zone", "kind = 'county'", 0.8),
    ("admin", "zone", "kind = 'province'", 0.7),
    ("places", "facility", "kind IN ('place', 'water_name')", 0.6),
    ("ports", "facility", "kind = 'port'", 0.75),
    ("dry_ports", "facility", "kind = 'dry_port'", 0.7),
    ("hubs", "facility", "kind IN ('terminal', 'hub')", 0.74),
    ("airports", "facility", "kind = 'airport'", 0.8),
    ("heliports", "facility", "kind IN ('heliport', 'ga_field', 'pad')", 0.4),
    ("structures", "facility", "kind IN ('bridge', 'tunnel')", 0.85),
    ("locks", "facility", "kind = 'lock'", 0.6),
    ("stations", "facility", "kind = 'station'", 0.5),
    ("service_areas", "facility", "kind = 'service_area'", 0.5),
    ("rescue_bases", "facility", "kind = 'rescue_base'", 0.4),
    ("wim_sites", "facility", "kind = 'wim_site'", 0.4),
    ("projects", "project", "true", 0.4),
)
_ENTRY = """
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, haystack, rank,
  admin_code, unit_id, visibility, origin, geom, bbox)
SELECT %(layer)s, id::text, name_zh, name_en, codes,
  trim(lower(concat_ws(' ', name_zh, name_en, codes, props ->> 'pinyin', props ->> 'aliases'))),
  %(rank)s, admin_code, unit_id, visibility, origin, spot,
  CASE WHEN ST_Dimension(geom) > 0 THEN ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom),
    ST_YMax(geom)] END
FROM ({rows}) named
ON CONFLICT (layer, feature_id) DO NOTHING"""
_FACILITIES = """
SELECT *, ST_PointOnSurface(geom) AS spot, concat_ws(' ', un_locode, icao, iata,
  (SELECT string_agg(code, ' ') FROM jsonb_each(codes_json) j(k, v),
   LATERAL jsonb_array_elements_text(CASE WHEN jsonb_typeof(v) = 'array' THEN v
     ELSE jsonb_build_array(v) END) code
   WHERE code NOT IN (coalesce(un_locode, ''), coalesce(icao, ''), coalesce(iata, '')))) AS codes
FROM (SELECT id, kind, name_zh, name_en, props, admin_code, unit_id, visibility, origin, geom,
  un_locode, icao, iata, codes AS codes_json FROM sigang.facility WHERE {condition}) f
WHERE coalesce(name_zh, name_en) IS NOT NULL"""
_ZONES = """
SELECT *, coalesce(centre, ST_PointOnSurface(geom)) AS spot, coalesce(code, admin_code) AS codes
FROM sigang.zone WHERE {condition} AND coalesce(name_zh, name_en) IS NOT NULL"""
_PROJECTS = """
SELECT *, ST_PointOnSurface(geom) AS spot, '' AS codes
FROM sigang.project WHERE {condition} AND geom IS NOT NULL
  AND coalesce(name_zh, name_en) IS NOT NULL"""
_SELECTS = {"facility": _FACILITIES, "zone": _ZONES, "project": _PROJECTS}
# one entry for each numbered route and each named waterway, at the middle of its longest edge
_LINES = """
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, haystack, rank,
  admin_code, visibility, origin, geom, bbox)
SELECT layer, key, name_zh, name_en, code,
  trim(lower(concat_ws(' ', code, name_zh, name_en))), 0.65, NULL, 'public', origin,
  (SELECT ST_LineInterpolatePoint(e.geom, 0.5) FROM sigang.edge e
   WHERE e.id = longest), bbox
FROM (
  SELECT CASE mode WHEN 'road' THEN 'routes' ELSE 'waterways' END AS layer,
    coalesce(route_id, name_zh) AS key, mode, min(name_zh) AS name_zh, min(name_en) AS name_en,
    coalesce(route_id, '') AS code, min(origin) AS origin,
    (array_agg(id ORDER BY length_m DESC, id))[1] AS longest,
    ARRAY[min(ST_XMin(geom)), min(ST_YMin(geom)), max(ST_XMax(geom)), max(ST_YMax(geom))] AS bbox
  FROM sigang.edge
  WHERE visibility = 'public' AND (mode = 'road' AND route_id IS NOT NULL
    OR mode = 'waterway' AND name_zh IS NOT NULL)
  GROUP BY mode, route_id, coalesce(route_id, name_zh)
) lines
ON CONFLICT (layer, feature_id) DO NOTHING"""


def load_search(conn: psycopg.Connection[Any]) -> None:
    """Fill the search index anew from all named things."""
    conn.execute("DELETE FROM sigang.search_entry")
    for layer, table, condition, rank in _NAMED:
        rows = _SELECTS[table].format(condition=condition)
        conn.execute(_ENTRY.replace("{rows}", rows), {"layer": layer, "rank": rank})
    conn.execute(_LINES)
