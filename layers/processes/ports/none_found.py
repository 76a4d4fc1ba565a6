"""Why a shipment has no itinerary: which limit forbids all, or that nothing joins its ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.ports.itinerary_interval import clock
from layers.processes.ports.shipment import MOST_TRANSFERS, Asked
from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.question import Limits
from routing.multimodal.search import find_front
from spatial.transport_modes import HAULAGE

Limit = Literal["latest_arrival", "ban_modes", "carriers", "max_transfers"]
_FREE: dict[Limit, tuple[str, object, str, str]] = {
    "latest_arrival": ("latest", UNKNOWN, "最晚到达", "the latest arrival"),
    "ban_modes": ("banned_modes", frozenset(), "不用的方式", "the modes that are banned"),
    "carriers": ("carriers", None, "承运人", "the carriers"),
    "max_transfers": ("most_transfers", MOST_TRANSFERS, "最多换装次数", "the most transfers"),
}


class NoneBecause(BaseModel):
    """A limit without which there are itineraries, and the soonest of them; null where none is."""

    limits: list[Limit]
    text: Text
    soonest: datetime | None


def none_because(asked: Asked, at: int) -> list[NoneBecause]:
    """Return why nothing was found for a shipment that is ready at a time (Unix seconds).

    Each limit that is set is lifted alone; where none is enough, as few of them as will do.
    """
    limits = asked.question.limits
    is_set = [name for name, (key, free, *_) in _FREE.items() if getattr(limits, key) != free]
    told = [one for name in is_set if (one := _without(asked, limits, [name], at))]
    if not told and len(is_set) > 1 and (together := _without(asked, limits, is_set, at)):
        for name in is_set:
            fewer = _without(asked, limits, [one for one in together.limits if one != name], at)
            together = fewer or together
        told = [together]
    return told or [_not_joined(asked)]


def _without(asked: Asked, limits: Limits, names: list[Limit], at: int) -> NoneBecause | None:
    free = {_FREE[name][0]: _FREE[name][1] for name in names}
    found = find_front(asked.again(replace(limits, **free)), at)  # type: ignore[arg-type]
    if not found:
        return None
    soonest = clock(min(one.ready for one in found))
    zh = "、".join(_FREE[name][2] for name in names)
    en = " and ".join(_FREE[name][3] for name in names)
    return NoneBecause(
        limits=names, soonest=soonest,
        text=Text(
            zh=f"受“{zh}”所限；去掉后最早于 {soonest:%Y-%m-%d %H:%M} 到达",
            en=f"Forbidden by {en} alone; without, the soonest arrives at {soonest:%Y-%m-%d %H:%M}",
        ),
    )  # fmt: skip


def _not_joined(asked: Asked) -> NoneBecause:
    question = asked.question
    zh, en = (
        "班期所及各周内没有载运该货物的班线连接两地",
        ("within the weeks that services are known for none of them joins the two for this cargo"),
    )
    if HAULAGE not in question.limits.banned_modes:
        for side, named_zh, named_en in (
            (question.access.seconds, "起点", "the start"),
            (question.egress.seconds, "终点", "the goal"),
        ):
            if not np.isfinite(side).any():
                zh += f"；{named_zh}不通公路"
                en += f"; no road leads to or from {named_en}"
    return NoneBecause(limits=[], soonest=None, text=Text(zh=zh, en=en))
