"""What processes may name to be read for them: one module per reader, found by scanning."""
