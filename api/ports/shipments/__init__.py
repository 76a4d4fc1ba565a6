"""Shipments by HTTP: plans, events, states."""
