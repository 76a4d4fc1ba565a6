"""What is wrong with a task before any search: told with what and how to mend it."""

from __future__ import annotations

from routing.locks.label_kernels import FAR
from routing.locks.model import Ship, Task
from routing.locks.placement import Placer, Refusal
from routing.locks.timing import begins
from spatial.errors import BadParameter, LimitViolated


def check_task(task: Task, placer: Placer) -> None:
    """Go on where every ship fits a chamber that opens for it.

    Raises
    ------
    BadParameter
        A class or rank that no rule knows, a ship twice, a ship ready before the plan begins to be.
    LimitViolated
        A ship fits no chamber, or none opens for it.
    """
    if not task.chambers:
        raise BadParameter(
            "The lock has no chamber in service", "该船闸没有可用闸室",
            mend_en="Open a chamber, or choose another lock.", mend_zh="请开放闸室或选择其他船闸。",
        )  # fmt: skip
    names = [ship.id for ship in task.ships]
    for ship in task.ships:
        if names.count(ship.id) > 1:
            raise BadParameter(f"Ship {ship.id} is declared twice", f"船舶 {ship.id} 重复申报")
        check_known(task, ship)
        _check_served(task, placer, ship)


def check_known(task: Task, ship: Ship) -> None:
    """Go on where the class, the rank and the size of a ship are such as rules know.

    Raises
    ------
    BadParameter
    """
    for what, zh, name, known in (
        ("cargo class", "货物类别", ship.cargo, task.gaps.classes),
        ("rank", "优先级", ship.rank, tuple(rank.name for rank in task.order.ranks)),
    ):
        if name not in known:
            listed = ", ".join(known)
            raise BadParameter(
                f"Ship {ship.id}: {name} is no {what}", f"船舶 {ship.id}：{name} 不是已知{zh}",
                mend_en=f"One of {listed}.", mend_zh=f"可用：{listed}。",
            )  # fmt: skip
    if min(ship.length_m, ship.beam_m) <= 0:
        raise BadParameter(
            f"Ship {ship.id} has no length or beam", f"船舶 {ship.id} 的船长或船宽不大于零",
            mend_en="Give both in metres.", mend_zh="请以米填写船长与船宽。",
        )  # fmt: skip


def _check_served(task: Task, placer: Placer, ship: Ship) -> None:
    refusals = [(chamber, placer.refusal(chamber, [ship])) for chamber in task.chambers]
    fitting = [chamber for chamber, refusal in refusals if refusal is None]
    if not fitting:
        told = [f"{chamber.id}: {_short(refusal)}" for chamber, refusal in refusals if refusal]
        raise LimitViolated(
            f"Ship {ship.id} fits no chamber: {'; '.join(told)}",
            f"船舶 {ship.id} 不能进入任何闸室：{'; '.join(told)}",
            mend_en="Choose a lock with a larger chamber, or a smaller vessel.",
            mend_zh="请选择闸室更大的船闸或较小船舶。",
            ship=ship.id,
        )  # fmt: skip
    if all(begins(c, max(task.now, c.free_from), ship.way, [ship]) >= FAR for c in fitting):
        raise LimitViolated(
            f"No chamber that ship {ship.id} fits opens after it is ready",
            f"船舶 {ship.id} 到达后，没有适合的闸室开放",
            mend_en="Choose a day on which the lock works, or less draught.",
            mend_zh="请选择船闸开放的日期或减少吃水。",
            ship=ship.id,
        )  # fmt: skip


def _short(refusal: Refusal) -> str:
    """Return what a vessel alone lacks, as short text."""
    if refusal.cause == "draught":
        return f"sill {refusal.short_m} m too shallow"
    side = "length" if refusal.along else "beam"
    return f"{side} {refusal.short_m} m too great"
