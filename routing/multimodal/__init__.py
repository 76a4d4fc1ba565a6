"""Itineraries of cargo over services with timetables, transfers at hubs and road legs."""
