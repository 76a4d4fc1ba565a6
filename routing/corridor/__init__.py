"""Roads by their stakes: carriageways, the search along them, low visibility.

Not supported: networks that are not of roads, roads whose sides are not told apart by one-way
edges.
"""
