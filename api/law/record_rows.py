"""What a batch of records asks of the database: its source, the counties of its places."""

from __future__ import annotations

SOURCE_IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM sigang.source WHERE id = $1)"
COUNTY_OF = """
SELECT p.i, min(z.admin_code) FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY p (x, y, i)
LEFT JOIN sigang.zone z ON z.kind = 'county'
  AND ST_Intersects(z.geom, ST_SetSRID(ST_MakePoint(p.x, p.y), 4326))
GROUP BY 1 ORDER BY 1"""
