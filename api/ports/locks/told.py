"""What is told of a plan: lockages with who lies where, waits, bounds and how good it is."""

from __future__ import annotations

from typing import TypedDict

from routing.locks.model import Plan, Task, Way
from routing.locks.moves import Moved
from routing.locks.placement import Refusal
from spatial.json_types import Document


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


CAUSES = {
    "size": ("船舶超出闸室尺寸", "larger than the chamber"),
    "draught": ("吃水超出门槛水深", "too deep for the sill"),
    "cargo": ("危险货物隔离规定", "rule of dangerous cargo"),
    "count": ("超过闸室艘数上限", "more vessels than the chamber takes"),
    "gap": ("船间距不足", "gap between vessels too small"),
    "room": ("闸室面积不足", "no room in the chamber"),
    "untold": ("未能在限定时间内证明可行", "not shown to fit in the time given"),
    "way": ("航行方向不同", "goes the other way"),
    "order": ("超越次数超过上限", "overtaken more often than allowed"),
    "closed": ("闸室不开放", "chamber closed"),
    "wait": ("候闸时间超过上限", "waits longer than allowed"),
}


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


def told_move(task: Task, moved: Moved) -> Document:
    """Tell what a move costs each vessel, or what forbids it."""
    told: Document = {"allowed": moved.refusal is None and moved.stop is None}
    if moved.refusal:
        told["refusal"] = told_refusal(moved.refusal)
    elif moved.stop:
        told["refusal"] = _cause(moved.stop) | {"ships": list(moved.ships), "short_m": None}
    if moved.plan is not None:
        told["later"] = dict(moved.later_s)
        told["later_total"] = sum(moved.later_s.values())
        told["plan"] = told_plan(task, moved.plan)
    return told


def told_refusal(refusal: Refusal) -> Document:
    """Tell why vessels cannot lie together in a chamber."""
    return _cause(refusal.cause) | {"ships": list(refusal.ships), "short_m": refusal.short_m}


def _cause(name: str) -> Document:
    zh, en = CAUSES[name]
    return {"cause": name, "text": {"zh": zh, "en": en}}
