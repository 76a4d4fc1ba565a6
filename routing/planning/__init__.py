"""Answers to planners: what-if, criticality, coverage, assignment, order of stops."""
