"""What a profile makes of edges: rules, speeds, bans, tolls, weights."""
