"""How far one gets: fields of time and their outlines."""
