"""Map matching: from the fixes of a vehicle to the edges that it drove, in one piece or online.

`Matcher` serves one network. Distances between states are searched on a metric of lengths that
follows the profile's own one, so that closures, one-ways, turn restrictions and the vehicle's
limits hold as they do for paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import NamedTuple
from weakref import WeakKeyDictionary, proxy

import numpy as np

from routing.decoder import Decided, Decoder
from routing.driven import Drive, Follower
from routing.engine import INFINITE, LARGEST, Metric
from routing.fixes import Break, Sieve, Status, Trace
from routing.graph import Bools, Graph, Weights
from routing.nearby import NearIndex
from routing.network import RoadNetwork
from routing.profile import get_rule
from routing.query import Conditions, Ready
from routing.trellis import UNIT_M, Columns, Model, columns, steps

RULE = "road.matching"


@dataclass(frozen=True)
class Lengths:
    """Distances for one vehicle: a metric of lengths, where it may drive, as of which version."""

    metric: Metric
    usable: Bools
    version: int
    shown: Weights  # the weights that the metric follows


class Placed(NamedTuple):
    """What became of a fix.

    A `used` fix lies at `share` (0..1 in the edge's own direction) of an edge; `merged` ones go
    with the used one before. `cut` says why the trace begins anew here.
    """

    fix: int
    status: Status
    edge: int = -1
    backward: bool = False
    share: float = 0.0
    distance_m: float = 0.0
    confidence: float = 0.0
    cut: Break | None = None


@dataclass(frozen=True)
class Matched:
    """A matched trace: what became of each fix, and the drives between breaks."""

    placed: list[Placed]
    drives: list[Drive]
    version: int

    @property
    def confidence(self) -> float:
        """Mean confidence of the fixes; those that no road explains count as 0."""
        counted = [p.confidence for p in self.placed if p.status in ("used", "off_road")]
        return sum(counted) / len(counted) if counted else 0.0


class Matcher:
    """Matches traces on a network; safe from any thread."""

    def __init__(self, network: RoadNetwork) -> None:
        self.graph: Graph = network.graph
        self.model = Model.of(get_rule(network.rules, RULE).value)
        self._network: RoadNetwork = proxy(network)  # may serve as a key of its own matcher
        self._lock = RLock()
        self._lengths: WeakKeyDictionary[Metric, Lengths] = WeakKeyDictionary()

    @cached_property
    def near(self) -> NearIndex:
        """The index of all segments, made when first needed."""
        return NearIndex(self.graph.edges)

    def lengths(self, conditions: Conditions, now: datetime) -> Lengths:
        """Return the distances for a vehicle as of now.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        ready = self._network.ready(conditions, now)
        with ready.metric.lock:
            shown, version = ready.metric.weights, ready.version
        with self._lock:
            known = self._lengths.get(ready.metric)
            if known is None or known.shown is not shown:
                known = self._follow(ready, known, shown, version)
            elif known.version != version:
                known = replace(known, version=version)
            self._lengths[ready.metric] = known
            return known

    def _follow(self, ready: Ready, known: Lengths | None, shown: Weights, version: int) -> Lengths:
        """Return lengths on which exactly those arcs are open that are open in `shown`.

        Roads slower than `fair_kmh` count as longer by a `slow_share` of the time lost there.
        """
        arcs, model = self.graph.arcs, self.model
        lost = np.maximum(model.fair_kmh / ready.costs.speed_kmh[arcs.edge] - 1, 0)
        counted = self.graph.edges.length_m[arcs.edge] * (1 + model.slow_share * lost)
        centimetres = np.rint(np.nan_to_num(counted, posinf=0.0) / UNIT_M)
        closed = shown == INFINITE
        whole = np.where(closed, INFINITE, np.clip(centimetres, 1, LARGEST)).astype(np.uint32)
        usable = np.zeros(len(self.graph.edges), np.bool_)
        usable[arcs.edge[~closed]] = True
        if known is None:
            return Lengths(Metric(ready.metric.topology, whole), usable, version, shown)
        changed = np.flatnonzero(known.metric.weights != whole)
        known.metric.update(changed, whole[changed])
        return Lengths(known.metric, usable, version, shown)

    def match(self, conditions: Conditions, trace: Trace, now: datetime) -> Matched:
        """Return the most likely drives of a whole trace.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        tracker = Tracker(self, conditions)
        placed = tracker.push(trace, now, online=False) + tracker.finish(now)
        ordered = sorted(placed, key=lambda p: p.fix)
        return Matched(ordered, tracker.take(), tracker.version)


class Tracker:
    """One vehicle: give it fixes as they come, it returns those that are decided.

    Online it holds no more than the fixes within the lag; drives stay until `take` is called. A
    closure that comes meanwhile holds from the next fixes on.
    """

    def __init__(self, matcher: Matcher, conditions: Conditions, lag: int | None = None) -> None:
        self.version = 0
        self.matcher = matcher
        self._conditions = conditions
        self._lag = matcher.model.lag if lag is None else lag
        self._sieve = Sieve(matcher.model)
        self._decoder = Decoder()
        self._follower = Follower(matcher.graph, matcher.model)
        self._seconds = np.nan  # of the last column
        self._cut: Break | None = None  # why the next column begins anew
        self._cuts: dict[int, Break] = {}
        self._seen = 0

    def __len__(self) -> int:
        return len(self._decoder)

    def push(self, trace: Trace, now: datetime, *, online: bool = True) -> list[Placed]:
        """Take over fixes; return those that cannot be used, and those that are decided now."""
        lengths = self.matcher.lengths(self._conditions, now)
        with lengths.metric.lock:
            self.version = lengths.version
            status, breaks = self._sieve.judge(trace)
            states = self._states(trace, status, lengths)
            placed = self._set_aside(status, breaks, states, trace)
            kept = states.of(np.any(states.arc[:, :1] >= 0, axis=1))
            self._seen += len(trace)
            return placed + self._walk(kept, lengths, online)

    def finish(self, now: datetime) -> list[Placed]:
        """Decide everything that is open; the next fix begins a new drive."""
        lengths = self.matcher.lengths(self._conditions, now)
        with lengths.metric.lock:
            self._cut = "start"
            placed = self._place(self._decoder.finish(), lengths)
            self._follower.close()
            return placed

    def take(self) -> list[Drive]:
        """Return what has been driven since the last call, as far as it is decided."""
        return self._follower.take()

    def _states(self, trace: Trace, status: list[Status], lengths: Lengths) -> Columns:
        matcher, model = self.matcher, self.matcher.model
        used = np.flatnonzero([said == "used" for said in status])
        points, sigma = trace.points[used], trace.sigma_m[used]
        radius = np.maximum(model.radius_m, model.radius_sigmas * sigma)
        near = matcher.near.find(points, radius, lengths.usable, model.edges)
        fix = used + self._seen
        return columns(matcher.graph, lengths.metric, fix, points, near, sigma)

    def _set_aside(
        self, status: list[Status], breaks: list[Break | None], states: Columns, trace: Trace
    ) -> list[Placed]:
        """Return the fixes that cannot be used; note where the drive breaks."""
        found = np.any(states.arc[:, :1] >= 0, axis=1).tolist()
        on_road = dict(zip(states.fix.tolist(), found, strict=True))
        aside = []
        lost = False
        for number, (said, seconds) in enumerate(
            zip(status, trace.seconds.tolist(), strict=True), self._seen
        ):
            self._cut = breaks[number - self._seen] or self._cut
            if said != "used":
                aside.append(Placed(number, said))
                continue
            if not on_road[number]:
                aside.append(Placed(number, "off_road"))
                lost = True
                continue
            if lost and seconds - self._seconds > self.matcher.model.gap_s:
                self._cut = self._cut or "off_road"
            if self._cut:
                self._cuts[number] = self._cut
            self._cut, self._seconds, lost = None, seconds, False
        return aside

    def _walk(self, states: Columns, lengths: Lengths, online: bool) -> list[Placed]:
        """Follow the sequences through new columns."""
        if not len(states):
            return []
        decoder, matcher = self._decoder, self.matcher
        first = decoder.load(states)
        table = decoder.states
        assert table is not None  # noqa: S101
        new = table.of(slice(max(first - 1, 0), None))
        decoder.know(*steps(matcher.graph, lengths.metric, matcher.model, new))
        placed: list[Placed] = []
        for row, fix in enumerate(table.fix.tolist()[first:], first):
            if fix not in self._cuts:
                if decoder.extend(row):
                    if online:
                        placed += self._place(decoder.settle(self._lag), lengths)
                    continue
                self._cuts[fix] = "no_path"
            placed += self._place(decoder.finish(), lengths)
            decoder.begin(row)
        decoder.trim()
        return placed

    def _place(self, decided: list[Decided], lengths: Lengths) -> list[Placed]:
        placed = []
        for one in decided:
            cut = self._cuts.pop(one.fix, None)
            self._follower.add(one, lengths.metric, cut)
            key = one.key
            share = 1 - one.along if key & 1 else one.along
            placed.append(
                Placed(one.fix, "used", key >> 1, bool(key & 1), share, one.distance_m,
                       one.confidence, cut)
            )  # fmt: skip
        return placed
