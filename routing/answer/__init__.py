"""What is told of a path: sums, instructions, lines, GPX, crossings of units."""
