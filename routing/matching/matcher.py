"""Map matching: from the fixes of a vehicle to the edges that it drove, in one piece or online.

`Matcher` serves one network. Distances between states are searched on the arcs, by lengths that
follow the profile's own weights, so that closures, one-ways, turn restrictions and the vehicle's
limits hold as they do for paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from threading import RLock
from typing import NamedTuple
from weakref import WeakKeyDictionary, proxy

import numpy as np

from routing.cch.engine import Metric
from routing.cost.network_rules import rules_of
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, LARGEST, Weights
from routing.index.linear_measure import Measure
from routing.matching.hmm import UNIT_M, Candidates, Lengths, Model, Ways
from routing.matching.matched_path import Follower, MatchedPath
from routing.matching.trace import BREAKS, STATUS, Break, Sieve, Status, Trace
from routing.matching.trace_kernels import USED
from routing.matching.viterbi import Decided, Decoder
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from routing.stopping import check
from spatial.rules import get_rule

STEP = 1_000
"""Fixes that are followed before anybody may call the work off."""


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
    drives: list[MatchedPath]
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
        self.model = Model.of(
            get_rule(network.rules, rules_of(network.graph.edges.kind).matching).value
        )
        self._network: RoadNetwork = proxy(network)  # may serve as a key of its own matcher
        self._lock = RLock()
        self._lengths: WeakKeyDictionary[Metric, Lengths] = WeakKeyDictionary()

    @cached_property
    def candidates(self) -> Candidates:
        """What finds the edges near fixes, made when first needed."""
        return Candidates(self.graph, self._network.snapper.index.segments, self.model)

    @cached_property
    def ways(self) -> Ways:
        """The arcs for local searches, made when first needed."""
        return Ways(self.graph)

    @property
    def measure(self) -> Measure:
        """The lines of the edges."""
        return self.candidates.measure

    def lengths(self, conditions: Conditions, now: datetime) -> Lengths:
        """Return the distances for a vehicle as of now.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        prepared = self._network.prepared(conditions, now)
        with prepared.metric.lock:
            at_ends, version = prepared.metric.at_ends, prepared.version
            shown = prepared.metric.weights if at_ends is None else at_ends.weights
        with self._lock:
            known = self._lengths.get(prepared.metric)
            if known is None or known.shown is not shown:
                known = self._follow(prepared, known, shown, version)
            elif known.version != version:
                known = replace(known, version=version)
            self._lengths[prepared.metric] = known
            return known

    def _follow(
        self, prepared: PreparedMetric, known: Lengths | None, shown: Weights, version: int
    ) -> Lengths:
        """Return lengths on which exactly those arcs are open that are open in `shown`."""
        if known is None:
            counted, legal = self._counted(prepared), prepared.costs.passable[self.graph.arcs.key]
            model = self.model.numbers(self.ways.stretch(counted, legal))
        else:
            counted, model = known.counted, known.model
        passable = shown != INFINITE
        whole = np.where(passable, counted, np.uint32(INFINITE))
        usable = np.zeros(len(self.graph.edges), np.bool_)
        usable[self.graph.arcs.edge[passable]] = True
        return Lengths(whole, whole[self.ways.out], model, usable, version, counted, shown)

    def _counted(self, prepared: PreparedMetric) -> Weights:
        """Return the length of each arc (`UNIT_M`).

        Roads slower than `fair_kmh` count as longer by a `slow_share` of the time lost there.
        """
        key, model = self.graph.arcs.key, self.model
        lost = np.maximum(model.fair_kmh / prepared.costs.speed_kmh[key] - 1, 0)
        metres = self.graph.edges.length_m[key >> 1] * (1 + model.slow_share * lost)
        whole = np.rint(np.nan_to_num(metres, posinf=0.0) / UNIT_M)
        return np.asarray(np.clip(whole, 1, LARGEST), np.uint32)

    def match(self, conditions: Conditions, trace: Trace, now: datetime) -> Matched:
        """Return the most likely drives of a whole trace.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        tracker = Tracker(self, conditions)
        placed = tracker.push(trace, now, online=False) + tracker.finish()
        ordered = sorted(placed, key=itemgetter(0))
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
        self._decoder = Decoder(matcher.ways)
        self._follower = Follower(matcher.graph.arcs.key)
        self._seen = 0

    def __len__(self) -> int:
        return len(self._decoder)

    def push(self, trace: Trace, now: datetime, *, online: bool = True) -> list[Placed]:
        """Take over fixes; return those that cannot be used, and those that are decided now."""
        lengths = self.matcher.lengths(self._conditions, now)
        self.version = lengths.version
        candidates = self.matcher.candidates
        status, cut = self._sieve.judge(trace)
        near = candidates.find(trace.points, trace.sigma_m, status == USED, lengths)
        chosen = self._sieve.admit(trace, status, cut, near.states > 0)
        aside = [
            Placed(self._seen + row, STATUS[status[row]])
            for row in np.flatnonzero(status != USED).tolist()
        ]
        columns = self._decoder.load(
            candidates.columns(near, chosen, trace.sigma_m, lengths),
            chosen + self._seen, trace.points[chosen], cut[chosen],
        )  # fmt: skip
        self._seen += len(trace)
        return aside + self._walk(columns, lengths, online)

    def finish(self) -> list[Placed]:
        """Decide everything that is open; the next fix begins a new drive."""
        self._sieve.restart()
        placed = self._place(self._decoder.finish())
        self._follower.close()
        return placed

    def take(self) -> list[MatchedPath]:
        """Return what has been driven since the last call, as far as it is decided."""
        return self._follower.take()

    def _walk(self, columns: range, lengths: Lengths, online: bool) -> list[Placed]:
        """Follow the sequences through new columns."""
        decoder, row = self._decoder, columns.start
        placed: list[Placed] = []
        cuts = [*decoder.cuts(columns), columns.stop]
        for cut in cuts:
            while row < cut:
                check()
                if decoder.extend(row + 1 if online else min(row + STEP, cut), lengths):
                    row = decoder.next
                    placed += self._place(decoder.settle(self._lag)) if online else []
                    continue
                row = decoder.next
                placed += self._place(decoder.finish())
                decoder.begin(row, lost=True)
                row += 1
            if cut < columns.stop:
                placed += self._place(decoder.finish())
                decoder.begin(cut)
                row += 1
        if online:
            decoder.trim()
        return placed

    def _place(self, decided: Decided | None) -> list[Placed]:
        """Drive on to states just decided; return what became of their fixes."""
        if decided is None:
            return []
        cut = BREAKS[decided.cut]
        self._follower.add(self._decoder, decided, cut)
        used: Status = "used"
        placed = [
            Placed(fix, used, key >> 1, key & 1 == 1, 1 - along if key & 1 else along, away, sure)
            for fix, key, along, away, sure in zip(
                decided.fixes, decided.keys, decided.alongs, decided.distances_m,
                decided.confidence, strict=True,
            )
        ]  # fmt: skip
        if cut is not None:
            placed[0] = placed[0]._replace(cut=cut)
        return placed
