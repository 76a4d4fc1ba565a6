"""Locks: how good plans are and how soon, how they bear late vessels, how true an interval is.

`python -m bench.locks [--instances 200] [--nights 40]`. All vessels and queues are synthetic.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import numpy as np

from api.network.rule_models import RuleBook, read_rules
from bench.locks_milp import least_wait
from bench.locks_replay import faults
from bench.locks_voyage import coverage
from routing.locks.first_come import first_come
from routing.locks.model import Chamber, Ship, Task, Window
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.replanning import from_now, replan
from routing.locks.rule_models import FORECAST, GAPS, ORDER, SEARCH
from routing.locks.timing import cost_of
from spatial.rules import get_rule

FLEET = ((45, 8.8), (55, 10.8), (67, 11.0), (60, 10.8), (38, 7.0), (80, 12.8))
CHAMBERS = ((300, 23), (200, 23), (200, 13), (130, 23), (130, 16))
RANKS = ("ordinary",) * 30 + ("passenger",)
CARGO = ("ordinary",) * 40 + ("cone_1", "cone_2")
HOUR = 3600
PLACES = 20_000


def rules():
    """Return gaps, order, extent of the search and forecast as the project declares them."""
    now = datetime.now(UTC)
    found = RuleBook.of(read_rules(), now).at(now)
    return [get_rule(found, kind).value for kind in (GAPS, ORDER, SEARCH, FORECAST)]


def vessel(rng: random.Random, key: str, ready: int) -> Ship:
    length, beam = rng.choice(FLEET)
    return Ship(
        key, rng.choice(("up", "down")), ready, length, beam, draught_m=rng.choice((2.0, 2.5, 3.2)),
        cargo=rng.choice(CARGO), rank=rng.choice(RANKS),
    )  # fmt: skip


def instance(seed: int, gaps, order) -> Task:
    """Return a lock with up to 30 vessels: one or two chambers, at times a tide or a closure."""
    rng = random.Random(seed)
    chambers = []
    for k in range(rng.choice((1, 1, 2))):
        length, beam = CHAMBERS[0 if k == 0 and rng.random() < 0.3 else rng.randrange(5)]
        lasts = rng.choice((1500, 1800, 2400))
        windows = ()
        if rng.random() < 0.2:
            tide = Window(8 * HOUR, 18 * HOUR, 3.0)
            windows = (Window(0, 6 * HOUR), tide, Window(20 * HOUR, 400 * HOUR))
        side = rng.choice(("up", "down"))
        chambers.append(Chamber(f"c{k}", length, beam, lasts, lasts, side=side, windows=windows))
    span = rng.choice((4, 8, 12)) * HOUR
    ships = [vessel(rng, f"s{k}", rng.randint(0, span)) for k in range(rng.randint(10, 30))]
    return Task(chambers, ships, gaps, replace_order(order, rng.choice((0, 1, 1))))


def replace_order(order, overtaken: int):
    return order.model_copy(update={"overtaken_most": overtaken})


def day(seed: int, gaps, order, ships: int = 500) -> Task:
    """Return a day of two large chambers with so many vessels."""
    rng = random.Random(seed)
    chambers = [
        Chamber(f"c{k}", 300, 23, 2400, 2400, side=rng.choice(("up", "down"))) for k in range(2)
    ]
    return Task(
        chambers,
        [vessel(rng, f"s{k}", rng.randint(0, 24 * HOUR)) for k in range(ships)],
        gaps,
        order,
    )


def first_wait(task: Task) -> int:
    return cost_of(task, first_come(task, Placer(task.gaps, PLACES)))[0]


def small(many: int, gaps, order, extent) -> dict[str, object]:
    """Plan many small locks; replay each; compare with first come."""
    rows, broken = [], 0
    plan(instance(0, gaps, order), extent)
    for seed in range(many):
        task = instance(seed, gaps, order)
        start = process_time()
        made = plan(task, extent)
        took = process_time() - start
        broken += len(faults(task, made))
        rows.append((made.gap, took, made.proven, made.cost_s, first_wait(task)))
    gap, took, proven, cost, first = zip(*rows, strict=True)
    return {
        "instances": many, "proven": sum(proven) / many, "gap_median": statistics.median(gap),
        "gap_p95": float(np.quantile(gap, 0.95)), "seconds_median": statistics.median(took),
        "seconds_most": max(took), "faults": broken,
        "first_come_over_plan": round(sum(first) / sum(cost), 3),
    }  # fmt: skip


def milp(many: int, gaps, order, extent) -> dict[str, object]:
    """Compare with an integer programme of one chamber of so many places, by arrival."""
    rows = []
    for seed in range(many):
        rng = random.Random(seed)
        most, lasts = rng.randint(2, 4), rng.choice((10, 12, 20))
        ships = [
            Ship(f"s{k}", rng.choice(("up", "down")), rng.randint(0, 90), 40, 10) for k in range(8)
        ]
        chamber = Chamber("c", 9_000, 12, lasts, lasts, most=most)
        task = Task([chamber], ships, gaps, replace_order(order, 0))
        start = process_time()
        made = plan(task, extent)
        middle = process_time()
        rows.append(
            (made.total_wait_s == least_wait(task), middle - start, process_time() - middle)
        )
    own = statistics.median(row[1] for row in rows)
    its = statistics.median(row[2] for row in rows)
    same = sum(row[0] for row in rows)
    return {"instances": many, "equal": same, "seconds": own, "milp_seconds": its}


def large(gaps, order, extent) -> dict[str, object]:
    """Plan a day of 500 vessels, then once more when one does not come and one is late."""
    task = day(1, gaps, order)
    start = process_time()
    made = plan(task, extent)
    planned = process_time() - start
    gone, late = task.ships[200], task.ships[300]
    start = process_time()
    again = replan(
        task, made, 6 * HOUR, extent, absent=[gone.id], late={late.id: late.ready + 2 * HOUR}
    )
    took = process_time() - start
    left, _ = from_now(task, made, 6 * HOUR)
    before = {key: x.start for x in made.lockages for key in x.ships}
    after = {key: x.start for x in again.lockages for key in x.ships}
    return {
        "seconds": planned, "replan_seconds": took, "left": len(left.ships), "gap": made.gap,
        "first_come_over_plan": round(first_wait(task) / made.cost_s, 3),
        "faults": len(faults(task, made)), "promises_held": again.bounds.promises_held,
        "later_than_published": sum(
            after[key] > before[key] for key in after if key != late.id
        ),
        "earlier": sum(after[key] < before[key] for key in after),
    }  # fmt: skip


def regret(error_s: int, many: int, gaps, order, extent) -> dict[str, object]:
    """Run locks whose vessels come earlier or later than they say; compare with knowing it all."""
    total, best = 0, 0
    for seed in range(many):
        rng = random.Random(seed)
        chamber = Chamber("c", 200, 23, 2400, 2400)
        ships = [vessel(rng, f"s{k}", rng.randint(HOUR, 11 * HOUR)) for k in range(24)]
        task = Task([chamber], ships, gaps, order)
        said = {s.id: s.ready + round(rng.uniform(-error_s, error_s)) for s in ships}
        best += plan(task, extent).cost_s
        total += run(task, said, extent)
    return {"error_min": error_s // 60, "regret": round(total / best - 1, 4)}


def run(task: Task, said: dict[str, int], extent) -> int:
    """Return the cost of a lock that plans anew whenever a chamber is free or a vessel comes.

    It knows who is there; of others it knows what they said, and once that has passed that they may
    come at any moment.
    """
    left = {ship.id: ship for ship in task.ships}
    chamber, now, cost = task.chambers[0], 0, 0
    weight = {rank.name: rank.weight for rank in task.order.ranks}
    while left:
        now = max(now, chamber.free_from)
        here = {key for key, ship in left.items() if ship.ready <= now}
        known = [
            ship if ship.id in here else replace(ship, ready=max(said[ship.id], now + 60))
            for ship in left.values()
        ]
        near = sorted(known, key=lambda ship: ship.ready)[:20]
        made = plan(replace(task, chambers=[chamber], ships=near, now=now, _by_id={}), extent)
        first = made.lockages[0]
        comes = min((s.ready for key, s in left.items() if key not in here), default=1 << 40)
        if first.start > now or not set(first.ships) <= here:
            now = min(max(now + 60, min(first.start, comes)), comes if comes > now else now + 60)
            continue
        for key in first.ships:
            cost += weight[left[key].rank] * (now - left[key].ready)
            del left[key]
        side = "down" if first.way == "up" else "up"
        chamber = replace(chamber, side=side, free_from=first.end)
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--nights", type=int, default=40)
    asked = parser.parse_args()
    gaps, order, extent, forecast = rules()
    told = {
        "small": small(asked.instances, gaps, order, extent),
        "milp": milp(12, gaps, order, extent),
        "large": large(gaps, order, extent),
        "regret": [regret(60 * m, 12, gaps, order, extent) for m in (0, 15, 60)],
        "voyage": coverage(asked.nights, gaps, forecast),
    }
    print(json.dumps(told, indent=2, default=float))


if __name__ == "__main__":
    main()
