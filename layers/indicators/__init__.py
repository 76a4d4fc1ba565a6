"""Indicators: numbers that open their rows, by unit and period, and indices made of them."""
