"""Locks over HTTP: declarations, check-in, plans with their versions, moves, voyages."""
