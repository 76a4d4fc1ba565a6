"""The customisable contraction hierarchy: order, customisation, searches and tables."""
