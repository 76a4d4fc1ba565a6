"""The road network in memory: read, built, shared, kept up to date."""
