"""Many shipments planned anew after closures, on a drawn network: how long, and the gap."""

from __future__ import annotations

import time

import numpy as np

from bench.linkage_networks import FACTORS, TARIFFS, WEEK_S, Drawn
from routing.disruption.cargo import Cargo
from routing.disruption.closures import Closing, Closures
from routing.disruption.replan import Case, price_hour, replan
from routing.disruption.roads import RoadLegs, Window
from routing.disruption.rule_models import Replanning
from routing.disruption.world import World

HOUR_S, DAY_S = 3600, 86_400
RULE = Replanning(
    time_cny_per_teu_h={"container": 4}, co2_cny_per_t=90, late_cny_per_teu_h=30,
    unserved_cny_per_teu=20_000, horizon_days=14,
)  # fmt: skip
CLOSED = Window(3 * DAY_S, 3 * DAY_S + 36 * HOUR_S)


def replanned(hubs: int, departures: int, shipments: int, closed: int) -> dict[str, object]:
    """Plan shipments, close hubs for 36 hours, plan anew; trucks go 150 km at most."""
    drawn, rng = Drawn(hubs, departures), np.random.default_rng(4)
    apart = np.hypot(*(drawn.at[:, None] - drawn.at[None]).transpose(2, 0, 1)) * 1.3
    one, to = np.nonzero((apart > 0) & (apart < 150.0))
    km = apart[one, to]
    legs = RoadLegs.open(one, to, km * 60.0, km * 1000, km < 40.0)
    world = World.build(
        drawn.timetable, legs, FACTORS, TARIFFS, RULE.co2_cny_per_t,
        Window(0, 2 * WEEK_S + 3 * DAY_S),
    )  # fmt: skip
    pairs = [rng.choice(hubs, 2, replace=False).tolist() for _ in range(shipments // 10)]
    cargo = [_draw(rng, pairs[int(rng.integers(len(pairs)))]) for _ in range(shipments)]
    busiest = np.argsort(-np.bincount([hub for pair in pairs for hub in pair], minlength=hubs))
    shut = [Closing(f"hub:{hub}", 0, CLOSED, hub=hub) for hub in busiest[:closed].tolist()]
    case = Case(world, Closures(shut), cargo, RULE, 2 * DAY_S, world.room())
    begun, used = time.monotonic(), time.process_time()
    found = replan(case)
    took, worked = time.monotonic() - begun, time.process_time() - used
    assert found.solved is not None and found.solved_before is not None
    begun = time.process_time()
    hour = price_hour(case, found, lambda each: each.hub == int(busiest[0]))
    return {
        "hubs": hubs, "departures a week": departures, "shipments": shipments,
        "closed hubs": closed,
        "affected": len(found.changes), "groups": len(found.solved_before.plan.pricer.groups),
        "seconds": round(took, 1), "processor": round(worked, 1),
        "gap before": round(found.solved_before.gap, 5), "gap": round(found.solved.gap, 5),
        "unserved": sum(each.after.ready is None for each in found.changes),
        "scarce rooms": int((found.solved_before.relaxed.price > 0).sum()),
        "price of an hour, s": round(time.process_time() - begun, 1),
        "worth": [round(each) for each in (hour.low, hour.saved, hour.high)],
    }  # fmt: skip


def _draw(rng: np.random.Generator, pair: list[int]) -> Cargo:
    ready = int(rng.integers(0, 4 * 24)) * HOUR_S
    teu = float(rng.integers(1, 5))
    latest = ready + int(rng.integers(3, 8)) * DAY_S
    return Cargo(pair[0], pair[1], teu, teu * float(rng.integers(2, 6)) * 4, ("container",), ready,
                 latest)  # fmt: skip
