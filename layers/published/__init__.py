"""Counts for everybody: frozen once a month on one grid, none of them small or to be narrowed."""
