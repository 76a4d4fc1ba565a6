"""Processes: typed inputs to typed outputs, one function each; `registry.PROCESSES` lists them."""
