"""The plan that holds, as it may be changed by hand: what has not begun, and whom it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from api.ports.locks.lock_store import LockState, lockages_of, placer_of, task_of
from api.ports.locks.reasons import refused, told_refusal
from api.ports.locks.told import ToldLockage
from routing.locks.model import Lockage, Plan, Task
from routing.locks.moves import Moved, by_hand, move, moves, past_promise
from routing.locks.placement import Placer
from routing.locks.timing import Choice
from spatial.errors import Conflict, LimitViolated, NotFound, StaleVersion
from spatial.json_types import Document
from spatial.rules import Rules


@dataclass(frozen=True)
class Hand:
    """A lock's plan in hand: the lockages told, and those to come as the engine takes them.

    Vessels declared since it was made are no part of it.
    """

    task: Task
    placer: Placer
    told: Sequence[ToldLockage]
    names: Mapping[str, str]

    @cached_property
    def plan(self) -> Plan:
        """The lockages to come with the vessels that still come."""
        index = {chamber.id: k for k, chamber in enumerate(self.task.chambers)}
        here = {ship.id for ship in self.task.ships}
        order = [
            Choice(index[x["chamber"]], x["way"], kept, x["start"])
            for x in self.told
            if (kept := tuple(key for key in x["ships"] if key in here)) and x["chamber"] in index
        ]
        return by_hand(self.task, self.placer, order)

    def number_of(self, lockage: Lockage | None) -> int | None:
        """Return the number of a lockage of the plan among those told, None where it is none."""
        for k, x in enumerate(self.told):
            mine = lockage is not None and (x["chamber"], x["way"]) == (
                lockage.chamber, lockage.way,
            )  # fmt: skip
            if lockage is None or not mine:
                continue
            if lockage.ships and set(lockage.ships) & set(x["ships"]):
                return k
            if not lockage.ships and not x["ships"] and x["start"] == lockage.start:
                return k
        return None

    def options(self, ship: UUID) -> list[Document]:
        """Return what each move of a vessel does, by the number of the lockage; null: its own.

        Lockages that have begun are among them, refused.
        """
        found: list[Document] = [
            {"to": k, "allowed": False, "refusal": refused("begun")}
            for k, x in enumerate(self.told)
            if x["start"] <= self.task.now
        ]
        for to, moved in moves(self.task, self.placer, self.plan, self._key(ship)):
            number = self.number_of(to)
            if to is None or number is not None:
                found.append({"to": number, **self._told(moved, str(ship))})
        return found

    def moved(self, ship: UUID, to: int | None) -> Plan:
        """Return the plan after a move.

        Raises
        ------
        LimitViolated, NotFound, Conflict
        """
        target = None
        if to is not None:
            target = next((x for x in self.plan.lockages if self.number_of(x) == to), None)
            if target is None:
                raise Conflict(
                    f"Lockage {to} has begun or is none of the plan", f"闸次 {to} 已开始或不存在",
                    mend_en="Choose a lockage to come.", mend_zh="请选择尚未开始的闸次。",
                )  # fmt: skip
        made = move(self.task, self.placer, self.plan, self._key(ship), target)
        if made.plan is None or not made.allowed:
            raise self._refused(made)
        return made.plan

    def _key(self, ship: UUID) -> str:
        if str(ship) not in self.plan.waits:
            raise NotFound(
                f"Vessel {ship} is not in a lockage to come", f"船舶 {ship} 不在待开闸次中"
            )
        return str(ship)

    def _refused(self, made: Moved) -> LimitViolated:
        told = told_refusal(self.task, made, self.names)
        return LimitViolated(
            f"The move is refused: {told['text']['en']}; {told['detail']['en']}",
            f"不能调整：{told['text']['zh']}；{told['detail']['zh']}",
            mend_en="Choose another lockage.", mend_zh="请选择其他闸次。",
            cause=told["cause"], ships=told["ships"],
        )  # fmt: skip

    def _told(self, moved: Moved, ship: str) -> Document:
        told: Document = {"allowed": moved.allowed}
        if not moved.allowed:
            told["refusal"] = told_refusal(self.task, moved, self.names)
        if moved.plan is not None:
            own = next(x for x in moved.plan.lockages if ship in x.ships)
            told |= {
                "chamber": own.chamber, "start": own.start, "later": dict(moved.later_s),
                "later_total": sum(moved.later_s.values()),
                "past_promise": past_promise(self.task, moved.plan.lockages),
            }  # fmt: skip
        return told


def hand_of(found: LockState, version: int, rules: Rules, now: datetime) -> Hand:
    """Return the plan that holds, to be changed by hand.

    Raises
    ------
    StaleVersion
        Another version holds.
    LimitViolated
        No chamber has known sizes.
    """
    check_version(found, version)
    task, told = task_of(found, rules, now), lockages_of(found.plan)
    carried = {key for x in told for key in x["ships"]}
    ships = [ship for ship in task.ships if ship.id in carried]
    names = {str(row["id"]): row["vessel"] for row in found.queue}
    return Hand(replace(task, ships=ships, _by_id={}), placer_of(rules), told, names)


def check_version(found: LockState, version: int) -> None:
    """Go on where this version of a lock's plan holds.

    Raises
    ------
    StaleVersion
    """
    held = found.row["version"]
    if version != held:
        raise StaleVersion(
            f"Version {held} of the plan holds, not {version}",
            f"现行计划为第 {held} 版，不是第 {version} 版",
            mend_en="Read the lock again.", mend_zh="请重新读取该船闸。", current=held,
        )  # fmt: skip
