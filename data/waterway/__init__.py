"""Waterways as they are loaded: records, and the rows that are made of them."""
