"""Who saw and changed what: lines in a chain that does not heal."""
