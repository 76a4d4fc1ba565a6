"""Questions to the road network."""
