"""Fixes of vehicles to the roads that they drove."""
