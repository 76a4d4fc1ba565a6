"""What is wrong with quays and vessels before any search: told one by one, with how to mend it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from routing.berths.model import Quay, Task, Vessel
from spatial.errors import BadParameter, LimitViolated

MOST_QUAYS, MOST_VESSELS = 40, 300
LONGEST_MIN = 400_000
"""From the first arrival to when all are handled one after another, in all: nine months."""


@dataclass(frozen=True)
class Refusal:
    """Why a vessel is not planned."""

    vessel: str
    cause: str
    en: str
    zh: str
    mend_en: str
    mend_zh: str

    def error(self) -> LimitViolated:
        """Return it as an error."""
        return LimitViolated(
            f"Vessel {self.vessel}: {self.en}", f"船舶 {self.vessel}：{self.zh}",
            mend_en=self.mend_en, mend_zh=self.mend_zh, ship=self.vessel, cause=self.cause,
        )  # fmt: skip


def check_quays(task: Task) -> None:
    """Go on where quays, blocks and tides can be.

    Raises
    ------
    BadParameter
        No quay or too many, one twice, a length that is none, a block beyond its quay, a tide or
        block that ends before it begins, one block over another.
    """
    if not 0 < len(task.quays) <= MOST_QUAYS:
        raise _wrong("quays", f"there must be 1 to {MOST_QUAYS}", f"须有 1 至 {MOST_QUAYS} 个")
    for name, count in Counter(quay.id for quay in task.quays).items():
        if count > 1:
            raise _wrong("quays", f"{name} is given twice", f"{name} 重复")
    for tide in task.tides:
        if tide.until <= tide.since or not _positive(tide.depth_m):
            raise _wrong(
                "tides", "each ends after it begins, with a depth above 0",
                "每个潮窗须先始后终，水深大于 0",
            )  # fmt: skip
    for quay in task.quays:
        _check_quay(quay)


def _check_quay(quay: Quay) -> None:
    if not _positive(quay.length_m) or not (quay.depth_m is None or _positive(quay.depth_m)):
        raise _wrong(
            "quays",
            f"{quay.id} needs a length and depth above 0",
            f"{quay.id} 的长度与水深须大于 0",
        )
    for block in quay.blocks:
        along = 0 <= block.from_m < block.to_m <= quay.length_m + 1e-9
        if not along or block.until <= block.since:
            raise _wrong(
                "blocks", f"one of {quay.id} lies beyond it or ends before it begins",
                f"{quay.id} 的占用超出岸线或先终后始",
            )  # fmt: skip


def refusals(task: Task) -> list[Refusal]:
    """Return the vessels that no plan could take, each with the first thing that is wrong."""
    counts = Counter(vessel.id for vessel in task.vessels)
    found = []
    for vessel in task.vessels:
        own = chain(_twice(vessel, counts), _numbers(vessel, task), _places(vessel, task))
        if (first := next(own, None)) is not None:
            found.append(first)
    return found


def without(task: Task, refused: list[Refusal]) -> Task:
    """Return the task with the vessels that are not refused."""
    names = {one.vessel for one in refused}
    return replace(task, vessels=[one for one in task.vessels if one.id not in names])


def check_extent(task: Task) -> None:
    """Go on where the vessels are not too many for one plan, and not over too long a time.

    Raises
    ------
    BadParameter
    """
    if not 0 < len(task.vessels) <= MOST_VESSELS:
        raise _wrong(
            "vessels", f"there must be 1 to {MOST_VESSELS} that can be planned",
            f"可计划船舶须为 1 至 {MOST_VESSELS} 艘",
        )  # fmt: skip
    if span(task) > LONGEST_MIN:
        raise _wrong(
            "vessels", f"the plan spans more than {LONGEST_MIN} minutes: plan a shorter time",
            f"计划跨度超过 {LONGEST_MIN} 分钟：请缩短时段",
        )  # fmt: skip


def span(task: Task) -> int:
    """Return the minutes from the first arrival until all would be handled one after another."""
    first = min(vessel.arrival for vessel in task.vessels)
    marks = [vessel.arrival for vessel in task.vessels] + [quay.opens for quay in task.quays]
    marks += [tide.until for tide in task.tides]
    marks += [block.until for quay in task.quays for block in quay.blocks]
    lasts = [max([v.lasts or 0, *v.lasts_at.values()]) for v in task.vessels]
    gaps = (len(lasts) + 1) * task.gaps.between_min
    return max(marks) - first + sum(lasts) + gaps + 1


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _wrong(what: str, en: str, zh: str) -> BadParameter:
    return BadParameter(f"{what}: {en}", f"{what}：{zh}", parameter=what)


def _twice(vessel: Vessel, counts: Counter[str]) -> Iterator[Refusal]:
    if counts[vessel.id] > 1:
        yield Refusal(
            vessel.id, "twice", "she is given more than once", "重复给出",
            "Give each vessel one row.", "每艘船只填一行。",
        )  # fmt: skip


def _numbers(vessel: Vessel, task: Task) -> Iterator[Refusal]:
    lasts = list(vessel.lasts_at.values()) if vessel.lasts_at else [vessel.lasts or 0]
    if not _positive(vessel.length_m):
        yield Refusal(
            vessel.id, "length", f"her length {vessel.length_m} m is not above 0",
            f"船长 {vessel.length_m} m 不大于 0", "Give it in metres.", "请以米填写。",
        )  # fmt: skip
    if min(lasts) <= 0:
        yield Refusal(
            vessel.id, "handling", f"her handling takes {min(lasts)} minutes",
            f"作业时长为 {min(lasts)} 分钟", "Give minutes above 0.", "请填写大于 0 的分钟数。",
        )  # fmt: skip
    if not all(d is None or _positive(d) for d in (vessel.draught_m, vessel.draught_out_m)):
        yield Refusal(
            vessel.id, "draught", "her draught is not above 0", "吃水不大于 0",
            "Give it in metres, or leave it out.", "请以米填写，或不填。",
        )  # fmt: skip
    if not 0 < vessel.weight <= 1000 or not 0 <= vessel.late_weight <= 1000:
        yield Refusal(
            vessel.id, "weight", "a weight is out of range", "权重超出范围",
            "Weights are whole numbers to 1000.", "权重为不超过 1000 的整数。",
        )  # fmt: skip
    if vessel.due is not None and vessel.due < vessel.arrival:
        yield Refusal(
            vessel.id, "due", f"she is due at {vessel.due}, before she arrives",
            f"期限 {vessel.due} 早于到达", "Mend arrival or due.", "请更正到达或期限。",
        )  # fmt: skip
    unknown = sorted(set(vessel.lasts_at) - {quay.id for quay in task.quays})
    if unknown:
        yield Refusal(
            vessel.id, "quay", f"there is no quay {unknown[0]}", f"没有岸线 {unknown[0]}",
            "Name quays that are given.", "请使用已给出的岸线。",
        )  # fmt: skip


def _places(vessel: Vessel, task: Task) -> Iterator[Refusal]:
    own = [quay for quay in task.quays if vessel.lasts_on(quay.id) is not None]
    longest = max(quay.length_m for quay in own)
    long_enough = [quay for quay in own if quay.length_m + 1e-9 >= vessel.length_m]
    if not long_enough:
        yield Refusal(
            vessel.id, "too-long", f"she is {vessel.length_m} m long, the longest quay {longest} m",
            f"船长 {vessel.length_m} m，最长岸线 {longest} m",
            "Name a longer quay.", "请选择更长岸线。",
        )  # fmt: skip
        return
    deepest = max((vessel.draught_m or 0), (vessel.draught_out_m or 0)) or None
    if not any(task.bears(deepest, quay.depth_m) for quay in long_enough):
        yield Refusal(
            vessel.id, "too-deep", f"no quay that she fits has water for {deepest} m",
            f"可容纳的岸线水深不足以停靠吃水 {deepest} m",
            "Name a deeper quay, or less draught.", "请选择更深岸线或减少吃水。",
        )  # fmt: skip
    moves = [(vessel.draught_m, vessel.arrival)]
    moves.append((vessel.draught_out_m or vessel.draught_m, vessel.arrival + 1))
    for draught, after in moves:
        tides = [t for t in task.tides if t.until > after and task.bears(draught, t.depth_m)]
        if not task.bears(draught, task.depth_m) and not tides:
            yield Refusal(
                vessel.id, "tide", f"no tide after her arrival bears a draught of {draught} m",
                f"到达后没有潮窗可供吃水 {draught} m 通过",
                "Give later tides, or less draught.", "请给出更晚的潮窗或减少吃水。",
            )  # fmt: skip
