"""Berths: which vessel lies where along a quay and when, and what no plan can be below."""
