"""Timetables of the four-port linkage as GTFS-shaped files, in and out."""
