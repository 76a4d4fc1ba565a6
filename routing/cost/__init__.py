"""What a profile makes of edges: rules, speeds, bans, tolls, weights.

Not supported: slopes and weather, tolls by time of day, limits that depend on a level or a tide.
"""
