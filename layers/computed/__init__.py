"""Computed layers: a process with fixed inputs, whose features are kept as rows of a layer."""
