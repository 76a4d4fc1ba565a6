"""Vector tiles: the tables of each level, kept fresh, and the service that reads them."""
