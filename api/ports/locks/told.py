"""What is told of a plan: lockages with who lies where, waits, bounds and how good it is."""

from __future__ import annotations

from typing import Any

from routing.locks.model import Plan, Task
from routing.locks.moves import Moved
from routing.locks.placement import Refusal

Told = dict[str, Any]

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


def told_plan(task: Task, plan: Plan) -> Told:
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


def told_move(task: Task, moved: Moved) -> Told:
    """Tell what a move costs each vessel, or what forbids it."""
    told: Told = {"allowed": moved.refusal is None and moved.stop is None}
    if moved.refusal:
        told["refusal"] = told_refusal(moved.refusal)
    elif moved.stop:
        told["refusal"] = _cause(moved.stop) | {"ships": list(moved.ships), "short_m": None}
    if moved.plan is not None:
        told["later"] = dict(moved.later_s)
        told["later_total"] = sum(moved.later_s.values())
        told["plan"] = told_plan(task, moved.plan)
    return told


def told_refusal(refusal: Refusal) -> Told:
    """Tell why vessels cannot lie together in a chamber."""
    return _cause(refusal.cause) | {"ships": list(refusal.ships), "short_m": refusal.short_m}


def _cause(name: str) -> Told:
    zh, en = CAUSES[name]
    return {"cause": name, "text": {"zh": zh, "en": en}}
