"""What the search reads, as SQL."""

from __future__ import annotations

_ENTRIES = """
SELECT s.layer, s.feature_id, s.label_zh, s.label_en, s.aliases, s.codes, s.origin, s.admin_code,
  s.rank, ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, s.bbox
FROM sigang.search_entry s"""

# Entries that share most pieces with what was typed, and all that are not yet cut into pieces.
BY_PIECES = f"""(
{_ENTRIES}
WHERE s.grams && $1::text[] AND s.layer = ANY($2) AND {{visible}}
ORDER BY (SELECT count(*) FROM unnest(s.grams) piece WHERE piece = ANY($1)) DESC,
  s.rank DESC, s.feature_id
LIMIT 80) UNION ALL (
{_ENTRIES}
WHERE s.grams IS NULL AND s.layer = ANY($2) AND {{visible}}
LIMIT 400)"""  # noqa: S608

# Entries of some layers in an area, those near a place first.
BY_KIND = f"""{_ENTRIES}
WHERE s.layer = ANY($1) AND ($2::text IS NULL OR s.admin_code LIKE $2 || '%') AND {{visible}}
ORDER BY s.geom <-> coalesce(ST_SetSRID(ST_MakePoint($3::float8, $4::float8), 4326), s.geom),
  s.rank DESC, s.feature_id
LIMIT 60"""

AREAS = """
SELECT admin_code, kind, name_zh, name_en FROM sigang.zone
WHERE kind IN ('province', 'prefecture', 'county', 'neighbour') AND admin_code IS NOT NULL
ORDER BY length(rtrim(admin_code, '0')), admin_code"""

# Places that a direction may name.
TOWNS = """
SELECT label_zh, label_en, aliases, ST_X(geom) AS lon, ST_Y(geom) AS lat
FROM sigang.search_entry WHERE layer = 'places' AND visibility = 'public'
ORDER BY rank DESC, feature_id"""

# Names that stand for a route: its own, and those of the named structures that it runs over.
ROUTE_NAMES = """
SELECT ARRAY[s.codes] AS routes, s.label_zh, s.label_en, s.aliases,
  NULL::float8 AS lon, NULL::float8 AS lat
FROM sigang.search_entry s WHERE s.layer = 'carriageways' AND s.visibility = 'public'
UNION ALL
SELECT ARRAY(SELECT jsonb_array_elements_text(f.props -> 'refs')), s.label_zh, s.label_en,
  s.aliases, ST_X(s.geom), ST_Y(s.geom)
FROM sigang.search_entry s JOIN sigang.facility f ON f.id::text = s.feature_id
WHERE s.layer = 'structures' AND s.visibility = 'public' AND f.props -> 'named' = 'true'
  AND jsonb_array_length(f.props -> 'refs') > 0"""
