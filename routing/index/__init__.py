"""Where things are: the tree of segments, snapping, linear measures, mapped files."""
