"""Gates of terminals and depots: appointments of trucks, turn times, hours."""
