"""Places on the earth: datums and coordinates, stakes and grids, topology and its quality."""
