"""Answers to planners: what-if, criticality, coverage, assignment, order of stops.

Not supported: loads and time windows of vehicles, several vehicles in one order of stops.
"""
