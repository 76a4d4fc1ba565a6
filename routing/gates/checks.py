"""What is wrong with a gate and with wishes before any plan."""

from __future__ import annotations

from collections import Counter

from routing.gates.model import Asked
from spatial.errors import BadParameter

MOST_WISHES, MOST_SLOTS, MOST_LANES, MOST_QUEUE, MOST_MOVES = 2000, 400, 60, 300, 20


def check(asked: Asked) -> None:
    """Go on where a gate and wishes can be.

    Raises
    ------
    BadParameter
        No lanes at all, too many of anything, a truck twice, a wish that ends before it begins.
    """
    gate = asked.gate
    if not 0 < len(gate.lanes) <= MOST_SLOTS:
        raise _wrong("slots", f"there must be 1 to {MOST_SLOTS}", f"须有 1 至 {MOST_SLOTS} 个")
    if not all(0 <= lanes <= MOST_LANES for lanes in gate.lanes) or not any(gate.lanes):
        raise _wrong(
            "lanes", f"0 to {MOST_LANES} work at a time, and some at some time",
            f"同时开放 0 至 {MOST_LANES} 条，且至少有时段开放",
        )  # fmt: skip
    if not 0 <= gate.queue_most <= MOST_QUEUE:
        raise _wrong("queue_most", f"0 to {MOST_QUEUE} may wait", f"排队上限为 0 至 {MOST_QUEUE}")
    if not 0 < len(asked.wishes) <= MOST_WISHES:
        raise _wrong("requests", f"there must be 1 to {MOST_WISHES}", f"须有 1 至 {MOST_WISHES} 项")
    for name, count in Counter(wish.id for wish in asked.wishes).items():
        if count > 1:
            raise _wrong("requests", f"{name} is given twice", f"{name} 重复")
    for wish in asked.wishes:
        if wish.until <= wish.since:
            raise _wrong(
                "requests", f"{wish.id} ends before it begins", f"{wish.id} 的时段先终后始"
            )
        if not 0 < wish.moves <= MOST_MOVES or (wish.shift_min or 0) < 0:
            raise _wrong(
                "requests", f"{wish.id} needs 1 to {MOST_MOVES} moves and a shift of 0 or more",
                f"{wish.id} 的作业数须为 1 至 {MOST_MOVES}，偏移不小于 0",
            )  # fmt: skip


def _wrong(what: str, en: str, zh: str) -> BadParameter:
    return BadParameter(f"{what}: {en}", f"{what}：{zh}", parameter=what)
