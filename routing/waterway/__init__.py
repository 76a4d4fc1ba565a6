"""Waterways: what limits of a level, a gauge and a source say of a vessel, where some are unknown.

It knows no database and no web: tables of limits and levels come in, verdicts come out.
"""
