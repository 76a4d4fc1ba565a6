"""The search index of the sample: one entry per named thing, with every name and code it has."""

from __future__ import annotations

import psycopg

from data.facts import read_facts
from spatial.names.entry_rows import read_pieces
from spatial.networks.road import KIND as ROAD

# layer, table, condition, rank; the first that holds a row counts
_NAMED = (
    ("places", "facility", "kind = 'place' AND props ->> 'level' = 'prefecture'", 1.0),
    ("places", "facility", "kind = 'place' AND props ->> 'level' = 'county'", 0.95),
    ("admin", "zone", "kind = 'prefecture'", 0.9),
    ("admin", "zone", "kind = 'county'", 0.8),
    ("admin", "zone", "kind = 'province'", 0.7),
    ("places", "facility", "kind IN ('place', 'water_name')", 0.6),
    ("ports", "facility", "kind = 'port'", 0.7),
    ("dry_ports", "facility", "kind = 'dry_port'", 0.65),
    ("hubs", "facility", "kind IN ('terminal', 'hub')", 0.75),
    ("airports", "facility", "kind = 'airport'", 0.8),
    ("heliports", "facility", "kind IN ('heliport', 'ga_field', 'pad')", 0.4),
    ("structures", "facility", "kind IN ('bridge', 'tunnel')", 0.85),
    ("locks", "facility", "kind = 'lock'", 0.6),
    ("service_areas", "facility", "kind = 'service_area'", 0.5),
    ("rescue_bases", "facility", "kind = 'rescue_base'", 0.4),
    ("wim_sites", "facility", "kind = 'wim_site'", 0.4),
    ("projects", "project", "true", 0.4),
)
_ENTRY = """
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, rank,
  admin_code, unit_id, visibility, origin, geom, bbox)
SELECT %(layer)s, id::text, name_zh, name_en, codes,
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
# one entry for each numbered route, at the middle of its up carriageway
_ROUTES = f"""
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, rank,
  visibility, origin, geom, bbox)
SELECT 'carriageways', c.id, coalesce(n.name_zh, c.route_id), coalesce(n.name_en, c.route_id),
  c.route_id, 0.65, c.visibility, c.origin, ST_LineInterpolatePoint(c.geom, 0.5),
  ARRAY[ST_XMin(c.geom), ST_YMin(c.geom), ST_XMax(c.geom), ST_YMax(c.geom)]
FROM sigang.carriageway_line c LEFT JOIN (
  SELECT route_id, mode() WITHIN GROUP (ORDER BY name_zh) AS name_zh,
    mode() WITHIN GROUP (ORDER BY name_en) AS name_en
  FROM sigang.edge WHERE mode = {ROAD.mode!r} AND structure IS NULL GROUP BY route_id) n
  USING (route_id)
WHERE c.side = 'up' AND c.id LIKE '%/0'
ON CONFLICT (layer, feature_id) DO NOTHING"""  # noqa: S608
# one entry for each named waterway, at the middle of its longest edge
_WATERWAYS = """
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, rank,
  admin_code, visibility, origin, geom, bbox)
SELECT DISTINCT ON (name_zh) 'waterways', id::text, name_zh, name_en, '', 0.65, admin_code,
  visibility, origin,
  ST_LineInterpolatePoint(geom, 0.5),
  ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]
FROM sigang.edge WHERE mode = 'waterway' AND name_zh IS NOT NULL
ORDER BY name_zh, length_m DESC, id
ON CONFLICT (layer, feature_id) DO NOTHING"""

_ALIASES = """
UPDATE sigang.search_entry SET aliases = %(names)s
WHERE layer = %(layer)s AND %(name)s IN (label_zh, codes)"""


def load_search(conn: psycopg.Connection) -> None:
    """Fill the search index anew from all named things."""
    conn.execute("DELETE FROM sigang.search_entry")
    for layer, table, condition, rank in _NAMED:
        rows = _SELECTS[table].format(condition=condition)
        conn.execute(_ENTRY.replace("{rows}", rows), {"layer": layer, "rank": rank})
    conn.execute(_ROUTES)
    conn.execute(_WATERWAYS)
    for group in read_facts("aliases")["alias"]:
        for name, names in group["names"].items():
            conn.execute(_ALIASES, {"layer": group["layer"], "name": name, "names": names})
    read_pieces(conn)
