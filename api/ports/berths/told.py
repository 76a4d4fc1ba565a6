"""What is told of a terminal's plan: features along the quay, times, who is not planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

import shapely

from api.ports.berths.planned import Document, Lying, Unplanned
from api.ports.berths.terminal import Berth, Terminal
from layers.declare.base import Text
from spatial.json_types import Document as Told

HIDDEN = Text(zh="辖区外船舶，不示原因", en="a vessel of another area: why is not told")


class Name(TypedDict):
    """A call as its reader knows it."""

    key: str
    vessel: str


def told_plan(
    terminal: Terminal, document: Document, names: Mapping[str, Name], made_at: datetime, rules: str
) -> Told:
    """Return a plan as a collection of features.

    `names` are of the calls that the reader sees; others have neither key nor vessel.
    """
    berths = {one.key: one for one in terminal.berths}
    made_up = terminal.row["origin"] == "synthetic" or any(
        one["origin"] == "synthetic" for one in document["lying"]
    )
    return {
        "type": "FeatureCollection",
        "features": [
            _feature(one, berths.get(one["berth"]), names) for one in document["lying"]
        ],
        "terminal": terminal_of(terminal),
        "berths": [_berth(one) for one in terminal.berths],
        "since": document["since"], "until": document["until"], "tides": document["tides"],
        "cost": document["cost"], "bound": document["bound"], "gap": document["gap"],
        "first_come": document["first_come"], "ended": document["ended"],
        "faults": document["faults"],
        "unplanned": [_unplanned(one, names) for one in document["unplanned"]],
        "origin": "synthetic" if made_up else "real", "made_at": made_at, "rule_version": rules,
    }  # fmt: skip


def _unplanned(one: Unplanned, names: Mapping[str, Name]) -> Told:
    """Return why a call is not planned; the words give its size, and are for who sees it."""
    call = one["call"]
    if call not in names:
        one = {**one, "zh": HIDDEN.zh, "en": HIDDEN.en, "mend_zh": "", "mend_en": ""}
    return {
        "call": call, "cause": one["cause"], "zh": one["zh"], "en": one["en"],
        "mend_zh": one["mend_zh"], "mend_en": one["mend_en"], **named(names, call),
    }  # fmt: skip


def terminal_of(terminal: Terminal) -> Told:
    """Return what is told of a terminal itself."""
    row = terminal.row
    return {name: row[name] for name in
            ("id", "key", "name_zh", "name_en", "hub", "channel_depth_m", "origin")}  # fmt: skip


def named(names: Mapping[str, Name], call: str) -> Told:
    """Return key and vessel of a call, null where the reader does not see it."""
    found = names.get(call)
    return {"key": found and found["key"], "vessel": found and found["vessel"]}


def _berth(one: Berth) -> Told:
    return {
        "id": one.id, "key": one.key, "name_zh": one.name_zh, "name_en": one.name_en,
        "length_m": one.length_m, "depth_m": one.depth_m, "from_m": one.from_m,
        "single": one.single, "origin": one.origin,
    }  # fmt: skip


def _feature(one: Lying, berth: Berth | None, names: Mapping[str, Name]) -> Told:
    return {
        "type": "Feature", "id": one["call"],
        "geometry": None if berth is None else _along(berth, one["from_m"], one["to_m"]),
        "properties": {**one, **named(names, one["call"])},
    }  # fmt: skip


def _along(berth: Berth, from_m: float, to_m: float) -> Told:
    """Return the part of a berth's line between two places along it, as the line shares it out."""
    ends = [min(1.0, at / berth.length_m) for at in (from_m, to_m)]
    part = shapely.ops.substring(berth.line, *ends, normalized=True)
    return {
        "type": part.geom_type,
        "coordinates": [[round(x, 6), round(y, 6)] for x, y in part.coords],
    }
