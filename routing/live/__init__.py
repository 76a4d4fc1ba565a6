"""The state of edges at a moment, and speeds that feeds tell."""
