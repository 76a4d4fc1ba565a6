"""The customisable contraction hierarchy: order, customisation, searches and tables.

Not supported: negative or fractional weights, weights above 2**30, several criteria, weights by
time.
"""
