"""Features: pages, exports, search, summaries, the nearest."""
