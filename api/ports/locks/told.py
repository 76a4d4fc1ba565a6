"""What is told of a plan: lockages with who lies where, waits, bounds and how good it is."""

from __future__ import annotations

from typing import TypedDict

from routing.locks.model import Plan, Task, Way


class ToldBerth(TypedDict):
    """Where a vessel lies."""

    ship: str
    x_m: float
    y_m: float


class ToldLockage(TypedDict):
    """A lockage as it is told and kept; times are those of the task's clock."""

    chamber: str
    way: Way
    start: int
    end: int
    ships: list[str]
    berths: list[ToldBerth]


class ToldPlan(TypedDict):
    """A plan as it is told and kept as a version."""

    lockages: list[ToldLockage]
    waits: dict[str, int]
    total_wait: int
    cost: int
    bound: int
    gap: float
    optimal: bool
    bounds: dict[str, int | bool]
    chambers: list[dict[str, str | float]]


def told_plan(task: Task, plan: Plan) -> ToldPlan:
    """Tell of a plan; times are those of the task's clock."""
    return {
        "lockages": [
            {
                "chamber": x.chamber, "way": x.way, "start": x.start, "end": x.end,
                "ships": list(x.ships),
                "berths": [{"ship": b.ship, "x_m": b.x_m, "y_m": b.y_m} for b in x.berths],
            }
            for x in plan.lockages
        ],
        "waits": dict(plan.waits), "total_wait": plan.total_wait_s, "cost": plan.cost_s,
        "bound": plan.bound_s, "gap": round(plan.gap, 6), "optimal": plan.proven,
        "bounds": {
            "overtaken_most": plan.bounds.overtaken, "wait_most": plan.bounds.wait_s,
            "wait_held": plan.bounds.wait_held_s, "published_held": plan.bounds.promises_held,
        },
        "chambers": [
            {"id": c.id, "length_m": c.length_m, "beam_m": c.beam_m} for c in task.chambers
        ],
    }  # fmt: skip
