"""Statements on what accounts declare and on papers of vessels."""

from __future__ import annotations

DECLARED = "SELECT * FROM sigang.waterway_declared ORDER BY id"
ASSET = "SELECT 1 FROM sigang.asset WHERE id = $1"
PAPERS = """
SELECT kind, number, grade, persons, valid_from, valid_to
FROM sigang.vessel_paper WHERE asset_id = $1 ORDER BY kind, valid_to DESC NULLS FIRST"""
ADD = """
INSERT INTO sigang.waterway_declared (account_id, edge_id, facility_id, opening, kind, value, datum,
  reference_level_m, gauge_id, valid_from, valid_to, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING *"""
COUNT = "SELECT count(*) FROM sigang.waterway_declared"
DELETE = "DELETE FROM sigang.waterway_declared WHERE id = $1 RETURNING id"
EDGE = "SELECT 1 FROM sigang.edge WHERE id = $1 AND mode = 'waterway'"
FACILITY = "SELECT 1 FROM sigang.facility WHERE id = $1"
