"""The metrics of a network: made when first needed, kept current, the longest unused dropped."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from threading import RLock

import numpy as np

from routing.cch.engine import Metric, Topology
from routing.cost.profile import Costs
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import Bools, Ints, Weights
from routing.live.edge_states import EdgeStateView, LiveState, Snapshot

KEPT_BYTES = 768 * 2**20
KEPT_METRICS = 48


@dataclass(frozen=True)
class Stamp:
    """The live state that a metric shows; `live` is False for one made for another time."""

    version: int
    serial: int
    view: EdgeStateView
    live: bool = True


@dataclass(frozen=True)
class Blocked:
    """Keys (a mask) that may not be driven; `name` stands for their set."""

    keys: Bools
    name: bytes

    @classmethod
    def of(cls, keys: Bools) -> Blocked | None:
        """Name a set of keys, None for the empty one."""
        if not keys.any():
            return None
        name = blake2b(np.packbits(keys).tobytes(), digest_size=16).digest()
        return cls(keys, name)

    @cached_property
    def edges(self) -> Bools:
        """The edges (a mask) that may be driven in neither direction."""
        return np.asarray(self.keys[0::2] & self.keys[1::2], np.bool_)


@dataclass(frozen=True)
class Plan:
    """What a metric is made from; `name` stands for the costs, no `snapshot` is as it is now."""

    name: str
    costs: Costs
    blocked: Blocked | None = None
    snapshot: Snapshot | None = None

    @cached_property
    def key(self) -> tuple[str, bytes, bytes]:
        """What distinguishes the metric from others."""
        time = self.snapshot.view.token if self.snapshot else b"now"
        return self.name, self.blocked.name if self.blocked else b"", time

    def shutting_turns(self, hours: frozenset[str]) -> Plan:
        """Return the plan on which the restrictions of turns of some hours hold."""
        if hours == self.costs.turn_hours.shut:
            return self
        name = f"{self.name} turns {sorted(hours)}"
        return replace(self, name=name, costs=self.costs.shutting_turns(hours))

    def slowing(self, holding: frozenset[str]) -> Plan:
        """Return the plan on which the speeds of some conditions hold."""
        return replace(
            self, name=f"{self.name} speeds {sorted(holding)}", costs=self.costs.slowing(holding)
        )

    def version(self, stamp: Stamp) -> int:
        """Return the network version of answers on a metric of this plan with some stamp."""
        fixed = self.snapshot.version if self.snapshot else None
        return stamp.version if fixed is None else fixed


@dataclass(frozen=True)
class _Slot:
    metric: Metric
    plan: Plan
    lock: RLock = field(default_factory=RLock)


class Metrics:
    """All metrics of one graph; safe from any thread."""

    def __init__(self, graph: Graph, topology: Topology, live: LiveState, lock: RLock) -> None:
        self._graph = graph
        self._topology = topology
        self._live = live
        self._lock = lock  # guards the live state too
        self._slots: OrderedDict[tuple[str, bytes, bytes], _Slot] = OrderedDict()

    def __len__(self) -> int:
        return len(self._slots)

    def take_over(self, other: Metrics, names: Container[str]) -> None:
        """Take the metrics of some costs from those of another network on the same state."""
        with self._lock:
            self._slots.update((key, s) for key, s in other._slots.items() if s.plan.name in names)

    def has(self, plan: Plan) -> bool:
        """Tell whether the metric of a plan is there already."""
        return plan.key in self._slots

    def current(self, plan: Plan) -> Metric | None:
        """Return the metric of a plan if it is there and shows the state now."""
        with self._lock:
            slot = self._slots.get(plan.key)
            if slot is None or not self._shows(slot.metric.stamp):
                return None
            self._slots.move_to_end(plan.key)
        return slot.metric

    def get(self, plan: Plan) -> Metric:
        """Return the metric of a plan as of now; a new one is made while other questions go on."""
        key = plan.key
        with self._lock:
            slot = self._slots.get(key)
            if slot is not None:
                self._slots.move_to_end(key)
        if slot is None:
            made = _Slot(self._make(plan), plan)
            with self._lock:
                slot = self._slots.setdefault(key, made)
                self._drop()
        if slot.metric.stamp.live and not self._shows(slot.metric.stamp):
            self._bring(slot)
        return slot.metric

    def _drop(self) -> None:
        """Forget the metrics unused for longest beyond what may be kept."""
        size = sum(slot.metric.nbytes for slot in self._slots.values())
        while len(self._slots) > 1 and (size > KEPT_BYTES or len(self._slots) > KEPT_METRICS):
            size -= self._slots.popitem(last=False)[1].metric.nbytes

    def _stamp(self, plan: Plan) -> Stamp:
        with self._lock:
            live = self._live
            if plan.snapshot is None:
                return Stamp(live.version, live.serial, live.now)
            version = plan.snapshot.version
            fixed = live.version if version is None else version
            return Stamp(fixed, live.serial, plan.snapshot.view, live=False)

    def _make(self, plan: Plan) -> Metric:
        stamp = self._stamp(plan)
        arcs = np.arange(len(self._graph.arcs))
        weights, ends = self._weights(plan, arcs, stamp.view)
        enclaves = plan.costs.core.enclaves
        at_ends = None if ends is None or enclaves is None else AtEnds(ends, enclaves)
        return Metric(self._topology, weights, stamp, at_ends, plan.costs.fixed)

    def _weights(
        self, plan: Plan, arcs: Ints, view: EdgeStateView
    ) -> tuple[Weights, Weights | None]:
        """Return the weights of arcs, and those at the ends of paths, None where they are these."""
        shut, costs = view.shut, plan.costs
        if plan.blocked is not None:
            shut = shut | plan.blocked.keys
        asked = self._graph.arcs, arcs, shut, view.cap_kmh
        return costs.weights(*asked), costs.weights_at_ends(*asked)

    def _bring(self, slot: _Slot) -> None:
        """Bring a metric up to the live state; others may ask it meanwhile."""
        with slot.lock:
            old = slot.metric.stamp
            with self._lock:
                new = self._stamp(slot.plan)
                keys = self._live.changed_since(old.serial)
            if self._shows(old):
                return
            keys = np.arange(2 * len(self._graph.edges)) if keys is None else keys
            arcs = self._graph.arcs.of_keys(keys)
            weights, ends = self._weights(slot.plan, arcs, new.view)
            slot.metric.update(arcs, weights, new, ends)

    def _shows(self, stamp: Stamp) -> bool:
        """Tell whether a metric with this stamp is as of now."""
        return stamp.version == self._live.version and stamp.serial == self._live.serial
