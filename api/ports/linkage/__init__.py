"""Itineraries of shipments over the services of the four ports."""
