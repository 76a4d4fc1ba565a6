"""Roads and places of OpenStreetMap extracts."""
