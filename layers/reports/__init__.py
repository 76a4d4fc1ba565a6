"""Reports: the numbers of a period frozen with their rows, definitions and rules."""
