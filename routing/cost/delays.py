"""What junctions, signals, crossings and gates cost a vehicle: rule `road.turn_cost`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np

from routing.cost.network_rules import rules_of
from routing.graph.delays import DELAYS
from routing.graph.graph import Graph
from routing.graph.weights import Ints, Signed
from spatial.rules import Rules, find_rule

MS_PER_S = 1000


@dataclass(frozen=True)
class Waits:
    """What passing costs (ms): by key what is met on it, what of a turn is paid at its end, and by
    arc what of a turn is paid to go into it.
    """

    met: Signed
    leave: Signed
    enter: Signed

    @cached_property
    def end(self) -> Signed:
        """What is paid at the end of each key."""
        return np.asarray(self.met + self.leave)

    def passing(self, keys: Ints, arcs: Ints) -> Signed:
        """Return what going over from each key to the next one takes; `arcs` are those driven."""
        return np.asarray(self.end[keys[:-1]] + self.enter[arcs[1:]])

    def turning(self, arcs: Ints, back: Ints) -> Signed:
        """Return what of turning round by arcs, back from keys, is paid as a turn already."""
        return np.asarray(self.leave[back] + self.enter[arcs])

    def and_at(self, more: KeyWaits) -> Waits:
        """Return these with what is waited for on some keys besides, on a part for its share."""
        met = self.met.copy()
        met[more.keys] += more.ms
        return replace(self, met=met)


@dataclass(frozen=True)
class KeyWaits:
    """What is waited for on some keys (ms by key, each once), as at a lock with its queue."""

    keys: Ints
    ms: Signed

    @cached_property
    def name(self) -> str:
        """What stands for them."""
        return blake2b(self.keys.tobytes() + self.ms.tobytes(), digest_size=16).hexdigest()


def compile_delays(kind: str | None, graph: Graph, rules: Rules) -> Waits:
    """Return what passing costs a kind of vehicle beside driving.

    Without the rule, and for a vehicle that is not of its kinds, that is nothing.
    """
    arcs, named = graph.arcs, rules_of(graph.edges.kind)
    rule, side = find_rule(rules, named.turn_cost), find_rule(rules, named.snap)
    if rule is None or kind is None:
        return Waits(
            *(np.zeros(len(rows), np.int32) for rows in (arcs.met, arcs.leave, arcs.enter))
        )
    each = rule.value.vehicles[kind].model_dump()
    if side is not None and side.value.drive_on == "left":
        each["across"] = 0.0  # left turns cross no traffic there
    ms = np.rint(arcs.delay_counts @ np.array([each[name] * MS_PER_S for name in DELAYS]))
    return Waits(*(ms.astype(np.int32)[rows] for rows in (arcs.met, arcs.leave, arcs.enter)))
