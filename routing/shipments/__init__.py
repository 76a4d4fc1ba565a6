"""Shipments on their way: chains of milestones from sets of events, expected arrivals."""
