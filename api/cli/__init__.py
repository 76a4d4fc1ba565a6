"""The command line. `bootstrap`, `parser`, `progress` use the standard library only."""
