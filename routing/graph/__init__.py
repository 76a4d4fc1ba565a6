"""The graph of edges and arcs, its turns and structures.

Not supported: a graph that changes, or that is of two kinds of networks.
"""
