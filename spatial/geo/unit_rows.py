"""Administrative units as they are loaded, as SQL."""

from __future__ import annotations

UNITS = (
    "SELECT admin_code, ST_AsBinary(geom) FROM (SELECT admin_code, geom,"
    " array_position(%s, CASE kind WHEN 'admin' THEN level ELSE kind END) AS rank"
    " FROM sigang.zone) z WHERE rank IS NOT NULL AND admin_code IS NOT NULL"
    " ORDER BY rank, admin_code"
)
CODES = """
SELECT DISTINCT admin_code FROM sigang.zone
WHERE kind IN ('county', 'prefecture', 'neighbour', 'province', 'admin') AND admin_code IS NOT NULL
"""
