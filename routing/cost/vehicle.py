"""Vehicles: their dimensions and cargo, and the edges that refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from routing.cost.access import DIRECTIONS
from routing.cost.hazmat import closed, read_cargo, unsaid
from routing.cost.limit_hours import at_hours
from routing.cost.network_rules import rules_of
from routing.cost.profile import Profile
from routing.cost.zones import Zone
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Floats, Ints
from spatial.errors import BadParameter
from spatial.networks.model import NetworkKind
from spatial.rules import Rule, RuleModel, Rules, find_rule, get_rule

STRUCTURES = ("bridge", "tunnel")


@dataclass(frozen=True)
class Vehicle:
    """Dimensions that a path must admit, in the order of the kind's limits; NaN is not tested.

    `names` are those of the dimensions, with their units. `given` names those that the request
    gave; the others are the rule's. `cargo` is dangerous goods as `routing.cost.hazmat` reads them,
    None for none. `unknown` says which edges with unknown limits refuse it: none (`allow`), tunnels
    that say nothing of its cargo (`tunnels`), bridges and tunnels (`structures`), or all
    (`refuse`). `keys` are the access keys that speak of it, `zones` those that refuse it.
    """

    names: tuple[str, ...]
    sizes: tuple[float, ...]
    given: tuple[str, ...]
    rule: Rule[RuleModel] | None
    unknown: str = "allow"
    cargo: str | None = None
    keys: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()

    @classmethod
    def of(
        cls,
        profile: Profile,
        kind: NetworkKind,
        rules: Rules,
        sizes: Mapping[str, float],
        unknown: str | None = None,
        hazmat: bool | str | None = None,
    ) -> Vehicle:
        """Fill the dimensions that a request leaves out from the profile's rule.

        Where it leaves out what to think of `unknown` limits, rule `unknown_limits` tells.

        Raises
        ------
        BadParameter
            Networks of this kind have no limit of a dimension that is given.
        """
        _check_sizes(kind, sizes)
        rule = get_rule(rules, rules_of(kind).vehicle, profile.vehicle) if profile.vehicle else None
        default = rule.value.model_dump(exclude_none=True) if rule else {}
        values = [float(sizes.get(name, default.get(name, np.nan))) for name in kind.sizes]
        cargo = read_cargo(True if profile.hazmat and not hazmat else hazmat)
        given = tuple(n for n in kind.sizes if n in sizes)
        wary = unknown or _wary(kind, rules, values, cargo)
        return cls(kind.sizes, tuple(values), given, rule, wary, cargo, profile.access)

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """Names of the dimensions that are tested."""
        return tuple(n for n, v in zip(self.names, self.sizes, strict=True) if np.isfinite(v))

    @cached_property
    def described(self) -> dict[str, float]:
        """The tested dimensions by name."""
        return {n: v for n, v in zip(self.names, self.sizes, strict=True) if np.isfinite(v)}

    @cached_property
    def unlimited(self) -> bool:
        """Whether no edge can refuse the vehicle."""
        free = self.cargo is None and self.unknown == "allow" and not self.zones
        return free and not self.tested

    def broken(self, edges: Edges, keys: Ints) -> Bools:
        """Return (keys, limits): where a known limit is lower than the vehicle."""
        if not self.tested:
            return np.zeros((len(keys), edges.limits.shape[1]), np.bool_)
        return np.asarray(self.limits(edges, keys) < np.array(self.sizes), np.bool_)

    def limits(self, edges: Edges, keys: Ints) -> Floats:
        """Return (keys, limits): the limits of the vehicle; 0 is one that nobody could read."""
        found = edges.limits[keys >> 1]
        if not edges.own_limits:
            return np.asarray(found, np.float64)
        own = self._own_limits(edges)
        return np.asarray(np.fmin(found, own[2 * edges.access.codes[keys >> 1] + (keys & 1)]))

    def _own_limits(self, edges: Edges) -> Floats:
        """Return what access tables limit, two rows for each: forward and backward; (.., limits).

        The last two, and those before them, are of no table.
        """
        own = np.full((2 * len(edges.access.values) + 2, len(self.sizes)), np.nan)
        for code, told in edges.own_limits.items():
            for way, direction in enumerate(DIRECTIONS):
                for column, limit in self.own(edges.kind, told, direction):
                    value = 0.0 if isinstance(limit, str) else limit
                    row = 2 * code + way
                    own[row, column] = np.fmin(own[row, column], value)
        return own

    def limit(self, edges: Edges, key: int, column: int) -> float | str:
        """Return a limit that an edge sets to the vehicle: a number, or an unreadable text."""
        told = edges.own_limits.get(int(edges.access.codes[key >> 1]), {})
        own = self.own(edges.kind, told, DIRECTIONS[key & 1])
        unread = [said for at, said in own if at == column and isinstance(said, str)]
        return unread[0] if unread else float(self.limits(edges, np.array([key]))[0, column])

    def own(
        self, kind: NetworkKind, told: Mapping[str, float | str], direction: str
    ) -> Iterator[tuple[int, float | str]]:
        """Yield column and value of those limits of an access table that bind the vehicle.

        Those of some hours are bans, see `routing.cost.limit_hours`; what only says when nobody
        can read counts always.
        """
        for name, value in told.items():
            named, _, condition = name.partition("@")
            if self.binds(kind, named, direction) and (not condition or not at_hours(condition)):
                yield kind.columns.index(named.split(":")[1]), value

    def binds(self, kind: NetworkKind, name: str, direction: str) -> bool:
        """Tell whether a limit of an access table speaks of the vehicle in a direction."""
        _, column, *rest = name.split(":")
        return column in kind.columns and {*rest} <= {*self.keys, direction}

    def shut_out(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return which of some edges the cargo may not pass (by chosen edge)."""
        if self.cargo is None:
            return np.zeros(len(edges.limits[chosen]), np.bool_)
        return np.asarray(closed(self.cargo, edges.hazmat)[chosen], np.bool_)

    def unsure(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return of which chosen edges a limit that matters is not known; of no vehicle, any."""
        if not self.tested:
            return np.asarray(~edges.limits_known[chosen], np.bool_)
        tested = np.isfinite(np.array(self.sizes))
        missing = np.isnan(edges.limits[chosen][:, tested]).any(axis=1)
        missing &= ~edges.limits_known[chosen]
        if self.cargo is not None:
            missing |= unsaid(edges.hazmat, edges.structure)[chosen]
        return np.asarray(missing, np.bool_)

    def to_check(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return which chosen edges are bridges or tunnels with an unknown limit that matters."""
        return self.unsure(edges, chosen) & edges.structure.at(chosen).mask(STRUCTURES)

    def doubted(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return which chosen edges refuse the vehicle for a limit that is unknown."""
        if self.unknown == "allow":
            return np.zeros(len(edges.limits[chosen]), np.bool_)
        if self.unknown == "tunnels":
            return unsaid(edges.hazmat, edges.structure)[chosen]
        look = self.unsure if self.unknown == "refuse" else self.to_check
        return look(edges, chosen)

    def refused(self, edges: Edges, keys: Ints) -> Bools:
        """Return which keys refuse the vehicle, for whatever reason."""
        stop = self.broken(edges, keys).any(axis=1) | self.shut_out(edges, keys >> 1)
        for zone in self.zones:
            if zone.week is None:
                stop |= zone.edges[keys >> 1]
        return np.asarray(stop | self.doubted(edges, keys >> 1), np.bool_)

    def all_refused(self, edges: Edges) -> Bools:
        """Return (by key) where the network refuses the vehicle."""
        forward = 2 * np.arange(len(edges))
        ways = [self.refused(edges, forward)]
        one_way = any(":forward" in name or ":backward" in name
                      for told in edges.own_limits.values() for name in told)  # fmt: skip
        ways.append(self.refused(edges, forward + 1) if one_way else ways[0])
        return np.column_stack(ways).ravel()


def _check_sizes(kind: NetworkKind, sizes: Mapping[str, float]) -> None:
    for name in sizes:
        if name not in kind.sizes:
            known = ", ".join(kind.sizes)
            raise BadParameter(
                f"No limit of a {kind.en} is about {name}; known: {known}",
                f"{kind.zh}没有针对 {name} 的限制；可用：{known}",
            )


def _wary(kind: NetworkKind, rules: Rules, sizes: Sequence[float], cargo: str | None) -> str:
    """Return which edges with unknown limits refuse a vehicle unless it is said."""
    rule = find_rule(rules, rules_of(kind).unknown_limits)
    if rule is None:
        return "allow"
    general = rule.value.general
    if any(size > general.get(name, np.inf) for name, size in zip(kind.sizes, sizes, strict=True)):
        return "structures"
    return "tunnels" if cargo is not None and rule.value.hazmat else "allow"


UNLIMITED = Vehicle((), (), (), None)
"""A vehicle of any kind of network that no edge refuses."""
