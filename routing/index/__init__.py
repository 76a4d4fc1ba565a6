"""Where things are: the tree of segments, snapping, linear measures, mapped files.

Not supported: heights: of edges one above another all are found.
"""
