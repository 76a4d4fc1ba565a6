"""In which directions edges are open to a profile, by their access tables and one-way traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import orjson

from routing.cost.access import DIRECTIONS, Vehicle, admission
from routing.cost.time_bans import conditional_oneway, opens_against
from routing.graph.graph import Edges
from routing.graph.oneway import AGAINST
from routing.graph.weights import Bools


class Driven(Vehicle, Protocol):
    """What is asked of a profile."""

    @property
    def closed_classes(self) -> tuple[str, ...]:
        """Classes of edges that are shut unless a key of the vehicle opens them."""

    @property
    def oneway(self) -> str:
        """Whether one-way traffic is `obeyed` or `ignored`."""


def open_ways(profile: Driven, edges: Edges) -> Bools:
    """Return (edges, 5): forward, backward, both at ends only, and against a one-way street."""
    closed = edges.edge_class.mask(profile.closed_classes)
    tables = [orjson.loads(text) for text in edges.access.values]
    found = np.empty((len(edges), 5), np.bool_)
    for shut in (False, True):
        rows = [*(_verdict(profile, one, shut=shut) for one in tables), _open(shut)]
        here = closed == shut
        found[here] = np.array(rows, np.bool_)[edges.access.codes[here]]
    found[:, 4] |= profile.oneway == "ignored"
    return found


def _open(shut: bool) -> tuple[bool, ...]:
    """Return the five of `open_ways` where nothing is said."""
    return not shut, not shut, False, False, False


def _verdict(profile: Driven, access: Mapping[str, object], *, shut: bool) -> tuple[bool, ...]:
    """Read an access table: the five of `open_ways`."""
    forward, backward = (admission(profile, access, way, shut=shut) for way in DIRECTIONS)
    keys = [f"oneway:{key}" for key in profile.access]
    said = next((str(access[key]) for key in reversed(keys) if key in access), None)
    hours = conditional_oneway(access, profile.access)
    against = said in AGAINST or (hours is not None and opens_against(hours))
    obeyed = profile.oneway == "obeyed"
    return (
        forward.passable and not (obeyed and said == "-1"),
        backward.passable and not (obeyed and said == "yes"),
        forward.ends_only,
        backward.ends_only,
        against,
    )
