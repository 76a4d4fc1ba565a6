"""What is told of a path: sums, instructions, lines, GPX, crossings of units.

Not supported: lanes, signs and heights in instructions; prices of fuel.
"""
