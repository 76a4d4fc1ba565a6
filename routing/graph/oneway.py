"""One-way streets: in which directions edges have arcs, and which of these are the traffic's."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import orjson

from routing.graph.weights import Bools

CONTRAFLOW = tuple(
    f"oneway:{name}"
    for name in (
        "vehicle", "motor_vehicle", "motorcar", "goods", "hgv", "psv", "bus", "taxi", "emergency",
    )
)  # fmt: skip
AGAINST = ("no", "-1")
_AT_HOURS = re.compile(r"(^|;)\s*(no|-1|reverse)\s*@")  # values of a conditional one-way tag


def directions(
    columns: Mapping[str, Sequence[object]], opened: Collection[str]
) -> tuple[Bools, Bools, Bools]:
    """Return `oneway`, `opened` and `legal_oneway` of `Edges`, from columns of rows.

    `opened` are the classes on which a rule may open one-way streets, roundabouts never.
    """
    legal = np.array(columns["oneway"], np.bool_)
    ring = np.array(columns.get("roundabout", [False] * len(legal)), np.bool_)
    named = np.array([name in opened for name in columns["class"]], np.bool_)
    one_way = legal & ~_contraflow(columns["access"])
    may_open = one_way & named & ~ring
    return one_way & ~may_open, may_open, legal


def _contraflow(access: Sequence[object]) -> Bools:
    """Return where some motor vehicles may go against one-way traffic, or all at some hours."""
    texts = {text for text in access if isinstance(text, str) and '"oneway:' in text}
    against = {text for text in texts if _goes_against(text)}
    return np.array([text in against for text in access], np.bool_)


def _goes_against(text: str) -> bool:
    table = orjson.loads(text)
    at_hours = [f"{name}:conditional" for name in ("oneway", *CONTRAFLOW)]
    return any(table.get(name) in AGAINST for name in CONTRAFLOW) or any(
        _AT_HOURS.search(str(table.get(name, ""))) for name in at_hours
    )
