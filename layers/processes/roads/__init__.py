"""Processes on the road network."""
