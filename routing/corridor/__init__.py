"""Roads by their stakes: carriageways, the search along them, low visibility."""
