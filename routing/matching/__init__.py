"""Fixes of vehicles to the roads that they drove.

Not supported: ways off the network, heights of fixes, several vehicles in one trace.
"""
