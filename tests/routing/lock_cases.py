"""Locks and queues that tests ask about: those of one chamber without sizes, and random ones."""

import random

from routing.locks.model import Chamber, Ship, Task, Window
from routing.locks.rule_models import CargoGap, LockGaps, LockOrder, LockPass, LockRank, LockSearch

PLAIN = LockGaps(along_m=1, across_m=1, sill_margin_m=0.3, classes=("ordinary",))
CARGO = LockGaps(
    along_m=1, across_m=1, sill_margin_m=0.3, classes=("ordinary", "cone_1", "cone_2"),
    differ=(
        CargoGap(a="cone_1", b="ordinary", along_m=3, across_m=2),
        CargoGap(a="cone_2", b="ordinary", together=False),
    ),
)  # fmt: skip
EXTENT = LockSearch(
    places_most=20_000, labels_most=2_000_000, rows=100_000, exact_ships=60,
    exact=tuple(LockPass(width=width, passed_most=31) for width in (30, 2000, 50_000)),
    long=(LockPass(width=8, passed_most=1),),
)  # fmt: skip


def order(overtaken=0, cost=0, wait=10**6):
    ranks = LockRank(name="high", weight=3), LockRank(name="ordinary", weight=1)
    return LockOrder(overtaken_most=overtaken, wait_most_s=wait, lockage_cost_s=cost, ranks=ranks)


def queue(up, down, lasts, most=None, start="low"):
    """Return a lock of one chamber in which all vessels fit, ready at these times."""
    side = "up" if start == "low" else "down"
    chamber = Chamber("chamber", 10_000, 12, lasts, lasts, side=side, most=most)
    ships = [Ship(f"u{k}", "up", ready, 40, 10) for k, ready in enumerate(up)]
    ships += [Ship(f"d{k}", "down", ready, 40, 10) for k, ready in enumerate(down)]
    return Task([chamber], ships, PLAIN, order())


def random_lock(seed, most_ships=6):
    """Return a small lock with whatever may meet: chambers, windows, cargo, precedence."""
    rng = random.Random(seed)
    chambers = []
    for k in range(rng.choice([1, 1, 2])):
        windows = []
        if rng.random() < 0.3:
            since, deep = rng.randint(0, 50), rng.choice([None, 2.0, 3.0])
            windows = [
                Window(since, since + rng.randint(60, 120)),
                Window(since + 150, since + 4000, deep),
                Window(since + 300, since + 9000),
            ]  # fmt: skip
        chambers.append(
            Chamber(
                f"c{k}", rng.choice([14, 20, 26]), rng.choice([5, 8]), rng.randint(8, 20),
                rng.randint(8, 20), side=rng.choice(["up", "down"]), free_from=rng.randint(0, 10),
                most=rng.choice([None, 2, 3]), windows=tuple(windows),
            )
        )  # fmt: skip
    ships = []
    for k in range(rng.randint(2, most_ships if len(chambers) == 1 else most_ships - 1)):
        ready = rng.randint(0, 80)
        ships.append(
            Ship(
                f"s{k}", rng.choice(["up", "down"]), ready, rng.choice([6, 8, 11]),
                rng.choice([2, 3, 4]), draught_m=rng.choice([None, 1.5, 2.5]),
                cargo=rng.choice(["ordinary"] * 4 + ["cone_1", "cone_2"]),
                rank=rng.choice(["ordinary"] * 4 + ["high"]),
                promised=rng.choice([None] * 9 + [ready + 20]),
            )
        )  # fmt: skip
    return Task(chambers, ships, CARGO, order(rng.choice([0, 0, 1, 2]), rng.choice([0, 0, 30])))
