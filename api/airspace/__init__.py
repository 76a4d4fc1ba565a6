"""Airspace: operational intents and constraints, behind our own door and the standard's."""
