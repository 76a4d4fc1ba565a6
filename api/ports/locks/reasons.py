"""Why a vessel may not be in a lockage, in words: the gap, size, rule of cargo or capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

from api.ports.locks.told import told_plan
from routing.locks.model import Chamber, Ship, Task
from routing.locks.moves import Moved, past_promise
from routing.locks.placement import Refusal
from spatial.json_types import Document

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
    "begun": ("该闸次已开始", "the lockage has begun"),
}
HOUR_S = 3600
Names = Mapping[str, str]
"""What vessels are called, by id."""


class Words(NamedTuple):
    """A sentence in both languages."""

    zh: str
    en: str


class ToldRefusal(TypedDict):
    """A refusal: its cause by word and in both languages, the vessels, metres that are short."""

    cause: str
    text: dict[str, str]
    ships: list[str]
    short_m: float | None
    detail: dict[str, str]


def told_move(task: Task, moved: Moved, names: Names | None = None) -> Document:
    """Tell what a move costs each vessel, or what forbids it."""
    told: Document = {"allowed": moved.allowed}
    if not moved.allowed:
        told["refusal"] = told_refusal(task, moved, names or {})
    if moved.plan is not None:
        told["later"] = dict(moved.later_s)
        told["later_total"] = sum(moved.later_s.values())
        told["past_promise"] = past_promise(task, moved.plan.lockages)
        told["plan"] = told_plan(task, moved.plan)
    return told


def told_refusal(task: Task, moved: Moved, names: Names) -> ToldRefusal:
    """Tell the cause of a refusal, the vessels, what is short, and a sentence with the numbers."""
    refusal = moved.refusal
    if refusal is None:
        return refused(str(moved.stop), moved.ships, None, _ordering(task, moved, names))
    words = _placing(task, task.chamber(moved.chamber), refusal, names)
    return refused(refusal.cause, refusal.ships, refusal.short_m, words)


def refused(
    cause: str, ships: Sequence[str] = (), short_m: float | None = None, detail: Words | None = None
) -> ToldRefusal:
    """Tell a refusal; without `detail` its cause says all."""
    text = Words(*CAUSES[cause])
    return {
        "cause": cause, "text": text._asdict(), "ships": list(ships), "short_m": short_m,
        "detail": (detail or text)._asdict(),
    }  # fmt: skip


def _placing(task: Task, chamber: Chamber, refusal: Refusal, names: Names) -> Words:
    ships, short = [task.ship(key) for key in refusal.ships], refusal.short_m or 0.0
    one, name = ships[0], names.get(refusal.ships[0], refusal.ships[0])
    if refusal.cause == "size":
        return _size(chamber, one, name, refusal)
    if refusal.cause == "cargo":
        return _cargo(task, ships, names, short)
    gaps, box = task.gaps, f"{chamber.length_m:g} × {chamber.beam_m:g} m"
    told = {
        "draught": Words(
            f"{name}吃水 {one.draught_m} m 加富余 {gaps.sill_margin_m:g} m，超过门槛水深"
            f" {chamber.sill_depth_m} m，差 {short:.1f} m",
            f"{name}: draught {one.draught_m} m and a margin of {gaps.sill_margin_m:g} m are"
            f" {short:.1f} m more than the {chamber.sill_depth_m} m over the sill",
        ),
        "count": Words(
            f"{chamber.id} 号闸室每闸次最多 {chamber.most} 艘，将有 {len(ships)} 艘",
            f"chamber {chamber.id} takes {chamber.most} vessels a lockage, here are {len(ships)}",
        ),
        "gap": Words(
            f"船间须保持纵 {gaps.along_m:g} m 或横 {gaps.across_m:g} m：{chamber.id} 号闸室"
            f"（{box}）还短 {short:.1f} m",
            f"vessels keep {gaps.along_m:g} m along or {gaps.across_m:g} m across: chamber"
            f" {chamber.id} ({box}) is {short:.1f} m too short",
        ),
        "room": Words(
            f"{chamber.id} 号闸室（{box}）还短 {short:.1f} m",
            f"chamber {chamber.id} ({box}) is {short:.1f} m too short",
        ),
    }
    return told.get(refusal.cause, Words(*CAUSES["untold"]))


def _size(chamber: Chamber, ship: Ship, name: str, refusal: Refusal) -> Words:
    over = refusal.short_m or 0.0
    if refusal.along:
        return Words(
            f"{name}长 {ship.length_m:g} m，比 {chamber.id} 号闸室长 {chamber.length_m:g} m"
            f" 超出 {over:g} m",
            f"{name}: length {ship.length_m:g} m is {over:g} m more than the"
            f" {chamber.length_m:g} m of chamber {chamber.id}",
        )
    return Words(
        f"{name}宽 {ship.beam_m:g} m，比 {chamber.id} 号闸室宽 {chamber.beam_m:g} m"
        f" 超出 {over:g} m",
        f"{name}: beam {ship.beam_m:g} m is {over:g} m more than the {chamber.beam_m:g} m of"
        f" chamber {chamber.id}",
    )


def _cargo(task: Task, ships: list[Ship], names: Names, short: float) -> Words:
    """Tell of two classes that are never together, or of the gaps that those on board ask for."""
    for pair in task.gaps.differ:
        for one in ships:
            for other in ships:
                if one.id != other.id and (one.cargo, other.cargo) == (pair.a, pair.b):
                    a, b = names.get(one.id, one.id), names.get(other.id, other.id)
                    if not pair.together:
                        return Words(
                            f"{a}（{pair.a}）与{b}（{pair.b}）不得同闸",
                            f"{a} ({pair.a}) and {b} ({pair.b}) are never locked together",
                        )
                    return Words(
                        f"{a}（{pair.a}）与{b}（{pair.b}）须相距纵 {pair.along_m:g} m 或横"
                        f" {pair.across_m:g} m：闸室还短 {short:.1f} m",
                        f"{a} ({pair.a}) keeps {pair.along_m:g} m along or {pair.across_m:g} m"
                        f" across from {b} ({pair.b}): the chamber is {short:.1f} m too short",
                    )
    return Words(*CAUSES["cargo"])


def _ordering(task: Task, moved: Moved, names: Names) -> Words:
    zh = "、".join(names.get(key, key) for key in moved.ships)
    en = ", ".join(names.get(key, key) for key in moved.ships)
    order = task.order
    if moved.stop == "order":
        most = order.overtaken_most
        return Words(
            f"{zh}被后到船超越将超过 {most} 次", f"{en} would be overtaken more than {most}×"
        )
    if moved.stop == "wait":
        hours = order.wait_most_s / HOUR_S
        return Words(f"{zh}候闸将超过 {hours:g} 小时", f"{en} would wait more than {hours:g} hours")
    if moved.stop == "closed":
        return Words(
            f"{moved.chamber} 号闸室开放时间内排不下 {zh}",
            f"chamber {moved.chamber} is not open long enough for {en}",
        )
    return Words(f"{zh}的航向与该闸次相反", f"{en} goes the other way than the lockage")
