"""Statistics of places: rates, densities, hot spots and trends; pure numbers, no database.

An engine as LAYOUT has it: a package of `routing`, because its loops are compiled as the others are
and its network kernels walk a graph. It shares nothing else with the search of paths.
"""
