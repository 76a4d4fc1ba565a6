"""All itineraries of a shipment, one by one, and small cases of closures drawn at random."""

import numpy as np

from routing.disruption.cargo import Cargo
from routing.disruption.closures import Closing, Closures
from routing.disruption.roads import RoadLegs, Window
from routing.disruption.rule_models import Replanning
from routing.disruption.world import Blocked, World
from routing.multimodal.prices import Factors, Tariffs
from routing.multimodal.timetable import MODES, PLACE, ROAD, Service, Timetable
from tests.routing.linkage_networks import call, hubs_of, trips_of

HOUR = 3600
RULE = Replanning(
    time_cny_per_teu_h={"container": 5, "cold": 15}, co2_cny_per_t=100, late_cny_per_teu_h=40,
    unserved_cny_per_teu=4000, horizon_days=3,
)  # fmt: skip
FACTORS = Factors("drawn", dict.fromkeys(MODES, (20.0, 40.0)))
TARIFFS = Tariffs({}, {}, (10.0, 30.0), (6.0, 10.0))
MODES_USED = ("rail", "barge", "feeder")


def draw_world(seed, *, trucks=0.4, teu=(2, 4), limited=()):
    """Return a world of few hubs with coarse times, so that room is short and ties are frequent."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 5))
    services, rows = [], []
    for number in range(int(rng.integers(3, 6))):
        mode = MODES.index(str(rng.choice(MODES_USED)))
        services.append(Service(f"s{number}", mode, "c", "", None, ("container", "cold"), 30.0))
        calls, at = [], 0
        for hub in rng.choice(count, int(rng.integers(2, count + 1)), replace=False).tolist():
            leaves = at + int(rng.integers(0, 3)) * 1200
            calls.append(call(hub, at, leaves, gate_in_s=int(rng.integers(0, 3)) * 1800,
                              documents_s=int(rng.integers(0, 3)) * 1800,
                              km=float(rng.integers(2, 9)) * 10,
                              per_teu=float(rng.integers(1, 6)) * 50, per_t=float(rng.integers(2)),
                              lift=float(rng.integers(0, 3)) * 40))  # fmt: skip
            at = leaves + int(rng.integers(2, 9)) * 1800
        starts = np.unique(rng.integers(1, 40, int(rng.integers(2, 4)))) * HOUR
        rows.append((f"t{number}", number, float(rng.choice(teu)), calls, starts))
    hubs = hubs_of(count)
    for table in (hubs.handling_s, hubs.information_s):
        table[:] = rng.integers(0, 3, table.shape) * 1800
    hubs.cny_per_teu[:] = rng.integers(0, 3, hubs.cny_per_teu.shape) * 20.0
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
    one, to = np.array(pairs, np.int64).T
    seconds = np.where(rng.random(len(pairs)) < trucks, rng.integers(2, 9, len(pairs)) * 1800.0,
                       np.inf)  # fmt: skip
    kept = np.isfinite(seconds)
    near = rng.random(int(kept.sum())) < 0.6
    legs = RoadLegs.open(one[kept], to[kept], seconds[kept], seconds[kept] * 20, near)
    table = Timetable.build(hubs, services, trips_of(rows))
    return rng, World.build(table, legs, FACTORS, TARIFFS, RULE.co2_cny_per_t,
                            Window(0, 4 * 24 * HOUR), limited)  # fmt: skip


def draw_cargo(rng, world, count):
    """Return shipments of few sorts, some with a latest arrival."""
    hubs = len(world.timetable.hub_ids)
    sorts = []
    for _ in range(3):
        start, goal = rng.choice(hubs, 2, replace=False).tolist()
        latest = int(rng.integers(10, 40)) * HOUR if rng.random() < 0.5 else None
        kind = ("cold",) if rng.random() < 0.3 else ("container",)
        teu = float(rng.integers(1, 3))
        sorts.append(Cargo(start, goal, teu, teu * float(rng.integers(5, 20)), kind,
                           int(rng.integers(0, 8)) * HOUR, latest))  # fmt: skip
    return [sorts[int(n)] for n in rng.integers(len(sorts), size=count)]


def draw_closures(rng, world):
    """Return a hub, a part of a way and some roads closed for some hours."""
    found, table = [], world.timetable

    def window():
        since = int(rng.integers(0, 20)) * HOUR
        return Window(since, since + int(rng.integers(1, 16)) * HOUR)

    hub = int(rng.integers(len(table.hub_ids)))
    found += [
        Closing(f"hub {hub}", 0, window(), hub=hub),
        Closing(f"hub {hub}", 1, window(), hub=hub),
    ]
    first = int(rng.choice(table.halt_first[:-1]))
    part = Blocked(first, 0.25, 0.75, Window(0, 0))
    found.append(Closing("lock", 2, window(), blocked=part))
    legs = world.legs
    hit = rng.random(len(legs.one)) < 0.5
    around = np.where(hit, np.where(rng.random(len(hit)) < 0.5, legs.seconds * 2, np.inf),
                      legs.seconds)  # fmt: skip
    found.append(Closing("road", 3, window(), road=0))
    shut = RoadLegs(legs.one, legs.to, legs.seconds, legs.metres, legs.near, around, around * 20,
                    [(hit, Window(0, 0))])  # fmt: skip
    return Closures(found, shut)


WEIGH = np.array([1.0, RULE.co2_cny_per_t / 1000])


class Tries:
    """Tries every itinerary of a shipment that goes on from a position, one after the other."""

    def __init__(self, world, one, goal, earliest, most):
        self.world, self.one, self.goal, self.earliest = world, one, goal, earliest
        self.most, self.found, self.ready = most, [], max(one.ready, earliest)

    def change(self, hub, way, out):
        return float(self.world.prices.transfer.each[hub, way, out] @ WEIGH)

    def finish(self, hub, way, at, cost, rooms):
        world, latest = self.world, 2**60 if self.one.latest is None else self.one.latest
        ready = world.opened(hub, at + int(max(world.transfer_s[hub, way, PLACE])))
        hours = (ready - self.ready) / HOUR
        late = max(ready - latest, 0) / HOUR * RULE.late_cny_per_teu_h
        whole = cost + self.change(hub, way, PLACE) + RULE.time_cny(self.one.kinds) * hours
        self.found.append((whole + late, rooms))

    def ride(self, run, halt, rooms):
        """Yield what leaving a run at each later call amounts to: hub, mode, time, yuan, rooms."""
        world, table = self.world, self.world.timetable
        base, cost = int(world.table[run]), 0.0
        for later in range(halt + 1, int(table.halt_first[table.halt_pattern[halt] + 1])):
            if world.dead[base + later - 1]:
                return
            rooms = [*rooms, base + later - 1]
            cost += float(world.prices.ride.of(later, self.one.per_teu_t) @ WEIGH)
            hub, at = int(table.hub[later]), int(world.run_times[2 * (base + later)])
            day = world.hub_day(hub, world.opened(hub, at))
            if table.alights[later]:
                yield (hub, int(world.halts[later, 1]), at, cost,
                       rooms if day is None else [*rooms, day])  # fmt: skip

    def board(self, hub, way, at, cost, rooms, legs):
        world, table = self.world, self.world.timetable
        for halt in table.at_halt[table.at_first[hub] : table.at_first[hub + 1]].tolist():
            pattern, mode = int(table.halt_pattern[halt]), int(world.halts[halt, 1])
            if not table.boards[halt] or halt == table.halt_first[pattern + 1] - 1:
                continue
            hand, papers = world.transfer_s[hub, way, mode]
            need = at + max(hand + table.gate_in_s[halt], papers + table.documents_s[halt])
            more = float(world.prices.lift.each[halt] @ WEIGH) + self.change(hub, way, mode)
            for run in range(table.run_first[pattern], table.run_first[pattern + 1]):
                leaves = int(world.run_times[2 * (world.table[run] + halt) + 1])
                if leaves < max(need, self.earliest) or world.opened(hub, leaves) != leaves:
                    continue
                day = world.hub_day(hub, leaves)
                for to, by, comes, paid, taken in self.ride(
                    run, halt, [] if day is None else [day]
                ):
                    self.go(to, by, comes, cost + more + paid, rooms + taken, legs + 1)

    def drive(self, hub, way, at, cost, rooms, legs, start):
        world, roads = self.world, self.world.roads
        out = max(at + int(max(world.transfer_s[hub, way, ROAD])), self.earliest)
        out = world.opened(hub, out)
        for row, (begin, to, seconds, windows, _) in enumerate(roads.rows.tolist()):
            if begin != hub or not (start or roads.near[row] or to == self.goal):
                continue
            leaves = out
            for n in range(roads.first[windows], roads.first[windows + 1]) if windows >= 0 else ():
                if leaves < roads.until[n] and leaves + seconds > roads.since[n]:
                    leaves = int(roads.until[n])
            paid = float(roads.amounts.of(row, self.one.per_teu_t) @ WEIGH)
            more = cost + self.change(hub, way, ROAD) + paid
            self.go(to, ROAD, leaves + seconds, more, rooms, legs + 1)

    def go(self, hub, way, at, cost, rooms, legs, *, start=False):
        at = self.world.opened(hub, at)
        if hub == self.goal:
            self.finish(hub, way, at, cost, rooms)
        if legs < self.most:
            self.board(hub, way, at, cost, rooms, legs)
            if way != ROAD or start:
                self.drive(hub, way, at, cost, rooms, legs, start)


def every_way(world, place, goal, one, earliest, most=5):
    """Return (yuan per TEU, rooms) of every itinerary that goes on from a position."""
    tries = Tries(world, one, goal, earliest, most)
    tries.go(place.hub, place.way, place.at, 0.0, [], 0, start=True)
    if place.run != -1:
        for to, by, arrives, more, taken in tries.ride(place.run, place.halt, []):
            tries.go(to, by, arrives, more, taken, 1)
    return tries.found
