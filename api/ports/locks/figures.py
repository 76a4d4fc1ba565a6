"""The queue of a lock in figures, from the plan that holds: who waits, what is next, how busy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from api.ports.locks.lock_store import LockState, lockages_of
from api.ports.locks.told import ToldLockage, ToldPlan
from routing.locks.model import Chamber, Way
from spatial.json_types import Document

BUSY_S = 6 * 3600
"""How far ahead the busy share of the chambers is counted."""


def summary(lock: LockState, now: datetime) -> Document:
    """Return a lock with its queue: times are epoch seconds, shares 0 to 1."""
    row, made, at = lock.row, lock.plan, int(now.timestamp())
    ahead = [x for x in lockages_of(made) if x["end"] > at]
    waits = [made["waits"].get(key, 0) if made else 0 for x in ahead for key in x["ships"]]
    ways = Counter(x["way"] for x in ahead for _ in x["ships"])
    there = Counter(way for way, ready, start in _passages(made) if ready <= at < start)
    coming = [x for x in ahead if x["start"] > at]
    return {
        "id": row["id"], "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "place": [row["lon"], row["lat"]], "origin": row["origin"], "declared": row["declared"],
        "chambers": [
            {"id": c.id, "length_m": c.length_m, "beam_m": c.beam_m, "lasts_s": c.lasts_up_s,
             "sill_depth_m": c.sill_depth_m, "open_now": _open(c, at)} for c in lock.chambers
        ],
        "chambers_unknown": list(lock.unknown),
        "plan_version": row["version"], "plan_made_at": row["made_at"],
        "waiting": {"up": ways["up"], "down": ways["down"]},
        "waiting_now": {"up": there["up"], "down": there["down"]},
        "mean_wait_s": round(sum(waits) / len(waits)) if waits else None,
        "longest_wait_s": max(waits, default=None),
        "next_start": min((x["start"] for x in coming), default=None),
        "next": _next(coming),
        "busy": busy(ahead, len(lock.chambers), at),
    }  # fmt: skip


def busy(lockages: Sequence[ToldLockage], chambers: int, at: int) -> float | None:
    """Return what share of the next hours the chambers lock vessels; empty lockages are none."""
    if not chambers:
        return None
    until = at + BUSY_S
    used = sum(
        max(0, min(x["end"], until) - max(x["start"], at)) for x in lockages if x["ships"]
    )  # fmt: skip
    return round(used / (BUSY_S * chambers), 3)


def _passages(made: ToldPlan | None) -> Iterator[tuple[Way, int, int]]:
    """Yield of each vessel of a plan its way, when it is ready and when its lockage begins."""
    for x in lockages_of(made):
        for key in x["ships"]:
            waited = made["waits"].get(key) if made else None
            if waited is not None:
                yield x["way"], x["start"] - waited, x["start"]


def _next(coming: Sequence[ToldLockage]) -> Document | None:
    """Return the next lockage that carries vessels."""
    first = min((x for x in coming if x["ships"]), key=lambda x: x["start"], default=None)
    if first is None:
        return None
    return {
        "chamber": first["chamber"], "way": first["way"], "start": first["start"],
        "ships": len(first["ships"]),
    }  # fmt: skip


def _open(chamber: Chamber, now: float) -> bool:
    windows = chamber.windows
    return not windows or any(w.since <= now < w.until for w in windows)
