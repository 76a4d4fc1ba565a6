"""Vehicles: their dimensions and cargo, and the edges that refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from routing.cost.hazmat import closed, read_cargo, unsaid
from routing.cost.network_rules import rules_of
from routing.cost.profile import Profile
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
    (`refuse`). `keys` are the access keys that speak of it.
    """

    names: tuple[str, ...]
    sizes: tuple[float, ...]
    given: tuple[str, ...]
    rule: Rule[RuleModel] | None
    unknown: str = "allow"
    cargo: str | None = None
    keys: tuple[str, ...] = ()

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
        return not self.tested and self.cargo is None and self.unknown == "allow"

    def broken(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return (edges, limits): where a known limit is lower than the vehicle."""
        if not self.tested:
            return np.zeros_like(edges.limits[chosen], np.bool_)
        return np.asarray(self.limits(edges, chosen) < np.array(self.sizes), np.bool_)

    def limits(self, edges: Edges, chosen: Ints | slice) -> Floats:
        """Return (edges, limits): the limits of the vehicle; 0 is one that nobody could read."""
        if not edges.own_limits:
            return np.asarray(edges.limits[chosen], np.float64)
        own = np.full((len(edges.access.values) + 1, len(self.sizes)), np.nan)
        for code, told in edges.own_limits.items():
            for column, limit in self._own(edges.kind, told):
                value = 0.0 if isinstance(limit, str) else limit
                own[code, column] = np.fmin(own[code, column], value)
        return np.asarray(np.fmin(edges.limits[chosen], own[edges.access.codes[chosen]]))

    def limit(self, edges: Edges, edge: int, column: int) -> float | str:
        """Return a limit that an edge sets to the vehicle: a number, or an unreadable text."""
        told = edges.own_limits.get(int(edges.access.codes[edge]), {})
        texts = [said for at, said in self._own(edges.kind, told) if at == column]
        unread = [said for said in texts if isinstance(said, str)]
        return unread[0] if unread else float(self.limits(edges, slice(edge, edge + 1))[0, column])

    def _own(
        self, kind: NetworkKind, told: Mapping[str, float | str]
    ) -> Iterator[tuple[int, float | str]]:
        """Yield column and value of those limits of an access table that bind the vehicle."""
        for name, value in told.items():
            _, column, *keys = name.split(":")
            if column in kind.columns and (not keys or keys[0] in self.keys):
                yield kind.columns.index(column), value

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

    def refused(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return which chosen edges refuse the vehicle, for whatever reason."""
        stop = self.broken(edges, chosen).any(axis=1) | self.shut_out(edges, chosen)
        return np.asarray(stop | self.doubted(edges, chosen), np.bool_)


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
