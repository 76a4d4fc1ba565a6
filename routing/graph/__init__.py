"""The graph of edges and arcs, its turns and structures."""
