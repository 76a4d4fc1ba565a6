"""How far one gets: fields of time and their outlines.

Not supported: departures by the clock (banned hours are those at the departure), changes of
vehicle.
"""
