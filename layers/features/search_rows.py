"""What names are found by in the search table, as SQL."""

from __future__ import annotations

FIND = """
SELECT s.layer, s.feature_id, s.label_zh, s.label_en, s.codes, s.origin,
  ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, s.bbox,
  CASE
    WHEN lower(s.label_zh) = $1 OR lower(s.label_en) = $1 OR $1 = ANY (string_to_array(
      lower(s.codes), ' ')) THEN 4
    WHEN starts_with(lower(s.label_zh), $1) OR starts_with(lower(s.label_en), $1) THEN 3
    WHEN s.haystack LIKE $2 THEN 2
    ELSE 1 END AS grade,
  similarity(s.haystack, $1) AS alike
FROM sigang.search_entry s
WHERE (s.haystack LIKE $2 OR ($3 AND s.haystack % $1)) AND s.layer = ANY($5) AND {visible}
ORDER BY grade DESC, s.rank DESC, alike DESC, length(coalesce(s.label_zh, s.label_en)), s.feature_id
LIMIT $4"""
