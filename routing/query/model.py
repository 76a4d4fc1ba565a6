"""What is asked of the network and what is answered: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import numpy as np

from routing.cost.conditional import ConditionalLimits
from routing.cost.delays import KeyWaits
from routing.cost.profile import Costs
from routing.cost.speed_profiles import TypicalSpeeds
from routing.cost.vehicle import Vehicle
from routing.graph.weights import Bools, Floats, Ints
from routing.live.edge_states import EdgeStateView, Snapshot
from routing.query.approach import AS_THE_RULE_SAYS, Approach, SnapOptions
from routing.query.driven_leg import Leg
from routing.query.metric_cache import Blocked, Plan

PLAIN_WAYPOINTS = 4
Feature = Literal["toll", "ferry", "tunnel", "bridge"]
"""What roads may be kept off for: a toll for this vehicle, a crossing by ship, a structure."""


@dataclass(frozen=True)
class Conditions:
    """The vehicle, what to keep off, and the time that counts.

    `sizes` are dimensions by name, `hazmat` the dangerous goods on board, `occupants` how many are
    on board, `emission_stage` the stage of emissions, None where not told; `unknown_limits` is as
    `Vehicle.unknown`, None for what the rule says; `avoid_polygons` are
    shapely polygons (EPSG:4326); `prefer_classes` are driven rather than others (rule
    `road.prefer`); `depart_at` decides which closures count; `as_of` is an earlier state of the
    network; with `typical` nobody is faster than is typical at the hour of the week; places may be
    `snap_radius_m` from the network, None for what the rule says; `limits` hold rather than those
    of the network itself where its kind has some that depend on the level; `waits` are what is
    waited for on some keys besides, where there are such limits.
    """

    profile: str
    _: KW_ONLY
    sizes: Mapping[str, float] = field(default_factory=dict)
    hazmat: bool | str | None = None
    occupants: int | None = None
    emission_stage: int | None = None
    unknown_limits: str | None = None
    avoid_edges: Sequence[UUID] = ()
    avoid_classes: Sequence[str] = ()
    avoid_features: Sequence[Feature] = ()
    avoid_polygons: Sequence[Any] = ()
    prefer_classes: Sequence[str] = ()
    depart_at: datetime | None = None
    as_of: Snapshot | None = None
    typical: bool = False
    snap_radius_m: float | None = None
    limits: ConditionalLimits | None = None
    waits: KeyWaits | None = None


@dataclass(frozen=True)
class PathQuery(Conditions):
    """Places (EPSG:4326) to pass in order, and how many other ways are wanted as well.

    `approaches` say how each place is passed; none at all is in any way.
    """

    waypoints: Sequence[tuple[float, float]]
    _: KW_ONLY
    alternatives: int = 0
    approaches: Sequence[Approach] = ()

    def in_order(self, stops: Sequence[int]) -> PathQuery:
        """Return the query with its places in another order."""
        places = [self.waypoints[stop] for stop in stops]
        approaches = [self.approaches[stop] for stop in stops] if self.approaches else ()
        return replace(self, waypoints=places, approaches=approaches)

    @property
    def plain(self) -> bool:
        """Whether it is one short question on the network as it is now."""
        special = (
            self.alternatives, self.avoid_edges, self.avoid_classes, self.avoid_features,
            self.avoid_polygons, self.prefer_classes, self.depart_at, self.as_of, self.typical,
        )  # fmt: skip
        return len(self.waypoints) <= PLAIN_WAYPOINTS and not any(special)


@dataclass(frozen=True)
class Path:
    """An answer: legs between the waypoints, and the state that they were found in.

    `shared_share` (0..1) is the part of its time that it shares with better answers, `stretch` its
    time relative to the best one; `typical` is there where the times are those of driving through
    the hours of the week.
    """

    legs: list[Leg]
    costs: Costs
    vehicle: Vehicle
    version: int
    view: EdgeStateView
    shared_share: float = 0.0
    stretch: float = 1.0
    typical: TypicalDrive | None = None

    def another(self, leg: Leg, shared_share: float, stretch: float) -> Path:
        """Return another way found in the same state."""
        return replace(self, legs=[leg], shared_share=shared_share, stretch=stretch)

    @property
    def keys(self) -> Ints:
        """The keys in driving order."""
        return np.concatenate([leg.keys for leg in self.legs])

    @property
    def edges(self) -> Ints:
        """The edges in driving order."""
        return self.keys >> 1

    @property
    def weight(self) -> float:
        """What the search minimised, in ms."""
        return sum(leg.weight for leg in self.legs)

    def parts(self) -> tuple[Ints, Floats, Floats]:
        """Return the keys, the driven share of each, and its driving time in ms."""
        keys = np.concatenate([leg.keys for leg in self.legs])
        part = np.concatenate([leg.stop - leg.start for leg in self.legs])
        driving = self.costs.duration_ms(keys, self.view.cap_kmh[keys]) * part
        return keys, part, driving + self.waits_ms()

    def waits_ms(self) -> Floats:
        """Return by key what passing what is before it, and turning there, take in ms."""
        return np.concatenate([leg.waits_ms(self.costs) for leg in self.legs])

    def sums(self) -> tuple[float, float]:
        """Return the length in m and the driving time in ms."""
        keys, part, duration = self.parts()
        return float((self.costs.length_m[keys >> 1] * part).sum()), float(duration.sum())

    def banned_keys(self, depart: datetime) -> Ints:
        """Return the keys that are entered at a banned hour when one leaves at a time."""
        keys, part, duration = self.parts()
        entered = np.concatenate([[0.0], np.cumsum(duration)[:-1]]) + self.waits_ms()
        banned = self.costs.bans.entered(keys, entered, depart) & (part > 0)
        return np.unique(keys[banned])


class TypicalDrive(NamedTuple):
    """What the times of a drive through the hours of the week are made of.

    `view` is the state of the edges without the caps that are typical of an hour.
    """

    view: EdgeStateView
    week: TypicalSpeeds


@dataclass(frozen=True)
class ResolvedQuery:
    """Conditions with everything looked up, and the places (EPSG:4326) to pass in order.

    `name` stands for the vehicle and what is avoided; `avoided` is by key, None for nothing.
    """

    base: Plan
    vehicle: Vehicle
    avoided: Bools | None
    name: str
    at: datetime
    waypoints: Sequence[tuple[float, float]] = ()
    typical: TypicalDrive | None = None
    snap: SnapOptions = AS_THE_RULE_SAYS
    by_the_clock: bool = True  # whether banned hours count

    @property
    def free(self) -> bool:
        """Whether only the profile decides where may be driven."""
        return self.avoided is None and self.vehicle.unlimited

    def shutting_turns(self, hours: frozenset[str]) -> ResolvedQuery:
        """Return the query for which the restrictions of turns of some hours hold."""
        return replace(self, base=self.base.shutting_turns(hours))

    def keeping_off(self, keys: Bools) -> ResolvedQuery:
        """Return the query that also avoids some keys (a mask by key)."""
        avoided = keys if self.avoided is None else self.avoided | keys
        blocked = Blocked.of(avoided)
        return replace(self, avoided=avoided, name=f"{self.name} {blocked and blocked.name.hex()}")
