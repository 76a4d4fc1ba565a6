"""The plain answer that searches are held against: try every itinerary, then keep the unbeaten.

It reads the services as they are delivered, run by run, and knows neither patterns nor bags nor
bounds. It is for small networks: what it tries grows with every leg.
"""

from dataclasses import dataclass

import numpy as np

from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.prices import ANYTHING, Factors, Load, Tariffs
from routing.multimodal.question import Drives, Limits, Roads
from routing.multimodal.timetable import PLACE, ROAD, Hubs, Trips
from spatial.transport_modes import MODES


def plus(one, other):
    return tuple(min(a + b, UNKNOWN) for a, b in zip(one, other, strict=True))


def unbeaten(vectors):
    """Keep the vectors that no other is nowhere worse than."""
    kept = []
    for vector in sorted(set(vectors)):
        if not any(all(a <= b for a, b in zip(one, vector, strict=True)) for one in kept):
            kept.append(vector)
    return kept


@dataclass
class Reference:
    """A question as it is asked; a vector is arrival, cost and CO2 (low, high each), legs."""

    hubs: Hubs
    services: list
    trips: Trips
    load: Load
    roads: Roads
    start_hub: int | None
    goal_hub: int | None
    factors: Factors
    tariffs: Tariffs
    limits: Limits

    def front(self, at):
        return set(unbeaten(self._all(at)))

    def profile(self, since, until):
        """Return (setting out, vector) that no other beats, without the way by road."""
        found, driven = [], set()
        for at in self._chances(since, until):
            way = self._driven(at)
            if way:
                driven.add((-at, *way))
            found += [(-at, *vector) for vector in self._rides_on(at)]
        return {(-one[0], *one[1:]) for one in set(unbeaten([*driven, *found])) - driven}

    @property
    def _drives(self):
        return "road" not in self.limits.banned_modes

    def _all(self, at):
        way = self._driven(at)
        return [*([way] if way else []), *self._rides_on(at)]

    def _driven(self, at):
        leg = self._road(self.roads.direct, 0)
        if leg is None or at + leg[0] > self.limits.latest:
            return None
        return (at + leg[0], *leg[1:], 1)

    def _rides_on(self, at):
        for hub, way, seconds, amounts in self._starts():
            comes = self._opened(hub, at + seconds)
            yield from self._ride(hub, way, comes, amounts, int(way == ROAD))

    def _starts(self):
        if self.start_hub is not None:
            yield self.start_hub, PLACE, 0, (0, 0, 0, 0)
        for hub in range(len(self.hubs.ids)):
            leg = self._road(self.roads.access, hub)
            if leg is not None:
                yield hub, ROAD, leg[0], leg[1:]

    def _on(self, hub, way, at, amounts, legs):
        """Yield all ways on of cargo that came to a hub: out to the goal, by road, by a service."""
        yield from self._out(hub, way, at, amounts, legs)
        if legs > self.limits.most_transfers:
            return
        if way != ROAD:
            for road in range(self.roads.first[hub], self.roads.first[hub + 1]):
                leg = self._road(self.roads.between, road)
                if leg is not None:
                    to = int(self.roads.to[road])
                    comes = self._opened(to, self._released(hub, way, ROAD, at) + leg[0])
                    total = plus(plus(amounts, self._passed(hub, way, ROAD)), leg[1:])
                    yield from self._on(to, ROAD, comes, total, legs + 1)
        yield from self._ride(hub, way, at, amounts, legs)

    def _out(self, hub, way, at, amounts, legs):
        if hub == self.goal_hub:
            out, leg = PLACE, (0, 0, 0, 0, 0)
        else:
            out, leg = ROAD, self._road(self.roads.egress, hub)
            legs += 1
        if leg is None or (out == ROAD and way == ROAD) or legs > self.limits.most_transfers + 1:
            return
        ready = self._released(hub, way, out, at) + leg[0]
        if ready <= self.limits.latest:
            yield (ready, *plus(plus(amounts, self._passed(hub, way, out)), leg[1:]), legs)

    def _ride(self, hub, way, at, amounts, legs):
        if legs > self.limits.most_transfers:
            return
        calls = self.trips.calls
        for run, call, mode in self._boardable(hub, way, at):
            total = plus(amounts, self._passed(hub, way, mode))
            lift = calls.lift_cny_per_teu[call] * self.load.teu
            ends = self._priced(lift, self.load.teu, self.tariffs.lift.get(MODES[mode], ANYTHING))
            total = plus(total, (*ends, 0, 0))
            for later in range(call + 1, int(calls.first[self.trips.run_trip[run] + 1])):
                total = plus(total, self._ridden(mode, later))
                if calls.alights[later]:
                    there = int(calls.hub[later])
                    comes = int(self.trips.run_start[run] + calls.arrive_s[later])
                    comes = self._opened(there, comes)
                    yield from self._on(there, mode, comes, total, legs + 1)

    def _boardable(self, hub, way, at):
        calls = self.trips.calls
        for run, call, mode, leaves in self._departures(hub):
            handled = at + int(self.hubs.handling_s[hub, way, mode])
            known = at + int(self.hubs.information_s[hub, way, mode])
            gate, papers = int(calls.gate_in_s[call]), int(calls.documents_s[call])
            if handled + gate <= leaves and known + papers <= leaves:
                yield run, call, mode

    def _departures(self, hub):
        trips, calls = self.trips, self.trips.calls
        for run, trip in enumerate(trips.run_trip.tolist()):
            service = self.services[int(trips.service[trip])]
            if not self._takes(service) or trips.capacity_teu[trip] < self.load.teu:
                continue
            for call in range(int(calls.first[trip]), int(calls.first[trip + 1])):
                leaves = int(trips.run_start[run] + calls.depart_s[call])
                here = calls.hub[call] == hub and calls.boards[call]
                if here and self._opened(hub, leaves) == leaves:
                    yield run, call, service.mode, leaves

    def _takes(self, service):
        limits = self.limits
        return (
            MODES[service.mode] not in limits.banned_modes
            and (limits.carriers is None or service.carrier in limits.carriers)
            and set(self.load.kinds) <= set(service.cargo)
            and (service.most_t is None or self.load.unit_t <= service.most_t)
        )

    def _chances(self, since, until):
        """Return each time that is the latest one to set out at for some first departure."""
        found = set()
        for hub, way, seconds, _ in self._starts():
            for run, call, _, leaves in self._departures(hub):

                def makes(at, hub=hub, way=way, seconds=seconds, run=run, call=call):
                    comes = self._opened(hub, at + seconds)
                    return (run, call) in {one[:2] for one in self._boardable(hub, way, comes)}

                if not makes(since):
                    continue
                low, high = since, leaves + 1
                while high - low > 1:
                    mid = (low + high) // 2
                    low, high = (mid, high) if makes(mid) else (low, mid)
                if low <= until:
                    found.add(low)
        return found

    def _opened(self, hub, at):
        while True:
            first, last = self.hubs.closed_first[hub], self.hubs.closed_first[hub + 1]
            for start, end in zip(
                self.hubs.closed_from[first:last], self.hubs.closed_to[first:last], strict=True
            ):
                if start <= at < end:
                    at = int(end)
                    break
            else:
                return at

    def _released(self, hub, way, out, at):
        handled = at + int(self.hubs.handling_s[hub, way, out])
        known = at + int(self.hubs.information_s[hub, way, out])
        return self._opened(hub, max(handled, known))

    def _passed(self, hub, way, out):
        amount = self.hubs.cny_per_teu[hub, way, out] * self.load.teu
        grams = round(self.hubs.g_per_teu[hub, way, out] * self.load.teu)
        return (*self._priced(amount, self.load.teu, self.tariffs.transfer), grams, grams)

    def _ridden(self, mode, call):
        calls, load = self.trips.calls, self.load
        amount = calls.cny_per_teu[call] * load.teu + calls.cny_per_t[call] * load.mass_t
        km = calls.distance_m[call] / 1000
        cost = self._priced(amount, km * load.teu, self.tariffs.way.get(MODES[mode], ANYTHING))
        return (*cost, *self._emitted(km, mode))

    def _emitted(self, km, mode):
        low, high = self.factors.g_per_tkm.get(MODES[mode], ANYTHING)
        tkm = km * self.load.mass_t
        return round(tkm * low), UNKNOWN if high is None and tkm else round(tkm * (high or 0))

    def _priced(self, amount, units, interval):
        if not np.isnan(amount):
            return round(amount * 100), round(amount * 100)
        low, high = interval
        return round(units * low * 100), UNKNOWN if high is None else round(units * high * 100)

    def _road(self, drives: Drives, leg):
        if not self._drives or not np.isfinite(drives.seconds[leg]):
            return None
        km = drives.metres[leg] / 1000
        cost = self._priced(np.nan, km * self.load.teu, self.tariffs.road_cny_per_teu_km)
        return (int(np.ceil(drives.seconds[leg])), *cost, *self._emitted(km, ROAD))
