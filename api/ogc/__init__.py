"""OGC API Features, Tiles, Styles and Processes."""
