"""Kinds of networks, one module each, found by scanning: what to declare and nothing that works."""
