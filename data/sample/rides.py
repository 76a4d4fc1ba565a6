"""Runs of the sample's timetable that its shipments ride on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from spatial.logistics.plans import Leg
from spatial.transport_modes import Mode

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = range(-2, 4)
"""Days around the one that is asked for whose runs are looked at."""
_RIDES = """
SELECT s.mode, a.hub_id, b.hub_id, t.id, a.depart_s, b.arrive_s, a.gate_in_s
FROM sigang.linkage_trip t JOIN sigang.linkage_service s ON s.id = t.service_id
JOIN sigang.linkage_call a ON a.trip_id = t.id
JOIN sigang.linkage_call b ON b.trip_id = t.id AND b.number > a.number
WHERE t.weekdays = 127 ORDER BY t.id, a.number, b.number"""


@dataclass(frozen=True)
class Ride:
    """A trip between two of its hubs, every day; seconds are from midnight of the province."""

    trip: str
    departs_s: int
    arrives_s: int
    gate_in_s: int

    def leg(self, mode: Mode, start: str, goal: str, midnight: datetime) -> Leg:
        """Return its leg on a day."""
        departs, arrives = (midnight + timedelta(seconds=s)
                            for s in (self.departs_s, self.arrives_s))  # fmt: skip
        closes = departs - timedelta(seconds=self.gate_in_s)
        return Leg(mode, start, goal, departs, arrives, self.trip, closes)


class Rides:
    """Finds the next run between two hubs."""

    def __init__(self, rows: Sequence[tuple[str, str, str, str, int, int, int]]) -> None:
        self._by_ends: dict[tuple[str, str, str], list[Ride]] = defaultdict(list)
        for mode, start, goal, trip, departs_s, arrives_s, gate_in_s in rows:
            ride = Ride(trip, departs_s, arrives_s, gate_in_s)
            self._by_ends[mode, start, goal].append(ride)

    def next_leg(self, mode: Mode, start: str, goal: str, since: datetime) -> Leg:
        """Return the leg of the first run that leaves at a time or after it.

        Raises
        ------
        LookupError
            No trip of the mode leads from one hub to the other every day.
        """
        day = since.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        legs = [
            ride.leg(mode, start, goal, day + timedelta(days=n))
            for ride in self._by_ends.get((mode, start, goal), ()) for n in DAYS
        ]  # fmt: skip
        coming = [leg for leg in legs if leg.departs >= since]
        if not coming:
            raise LookupError(f"no {mode} trip leads from {start} to {goal} every day")
        return min(coming, key=lambda leg: (leg.departs, leg.transport))


def read_rides(conn: psycopg.Connection) -> Rides:
    """Return the runs of the trips that run every day."""
    return Rides(conn.execute(_RIDES).fetchall())
