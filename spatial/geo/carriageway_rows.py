"""Carriageways and their stakes, as SQL."""

from __future__ import annotations

CARRIAGEWAY_SQL = (
    "SELECT route_id, side, part, calibrated, accuracy_m, source_id, ST_AsBinary(geom) AS geom"
    " FROM sigang.carriageway"
)
STAKE_SQL = "SELECT route_id, side, part, k_m, chainage_m, accuracy_m FROM sigang.stake"
TOWARDS_SQL = (
    "SELECT DISTINCT route_id, side, towards_zh, towards_en FROM sigang.carriageway"
    " WHERE $1::text IS NULL OR route_id = $1 ORDER BY route_id, side"
)
