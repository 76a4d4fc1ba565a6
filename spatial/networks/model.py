"""What a kind of network declares, and the kinds that there are.

Whoever loads, keeps or searches a network takes its kind as an argument and asks it; nothing else
knows the names of modes, limits and rules of one kind.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, get_args

import spatial.networks
from spatial.errors import ConfigError


@dataclass(frozen=True)
class Limit:
    """A limit of edges: no vehicle may pass whose size is larger than what the column holds.

    `size` names the vehicle's dimension (unit in the name), `column` the column of the edges, null
    where it is not known; `most` is the largest size that a vehicle is believed to have.
    """

    size: str
    column: str
    most: float


@dataclass(frozen=True)
class Traffic:
    """Who moves on a network of their own: the modes of its edges.

    `active` traffic is on foot or by bicycle: every edge has arcs both ways, its profiles say
    which of them are open.
    """

    name: str
    modes: tuple[str, ...]
    active: bool = False

    @property
    def sql(self) -> str:
        """The modes as a list for `IN`; they are declared, never given by a request."""
        return "({})".format(", ".join(f"'{mode}'" for mode in self.modes))


@dataclass(frozen=True)
class NetworkKind:
    """One kind of network.

    Attributes
    ----------
    name
        As in `network_version`; profiles of the kind stand in `routing/profiles/<name>/`.
    zh, en
        What one of its edges is called in messages, in the singular.
    modes
        Modes of its edges, the usual one first; a load of one of them makes the network anew.
    traffics
        Networks in memory, the first one opened at the start; none where it is not searched.
    limits
        What edges refuse a vehicle for, in the order of the limits in memory.
    classes
        A `Literal` of the classes of its edges, None where it is not searched.
    usual_class
        The class whose speed counts for classes that no rule names.
    rule_prefix
        Its rules are `<rule_prefix>.snap`, `<rule_prefix>.class_speed_kmh` and so on.
    vehicle_rules
        Keys of the rules of usual sizes of vehicles, `*` for any name.
    source
        Relation of the schema `sigang` that its edges are read from, with the columns of `edge`.
    """

    name: str
    zh: str
    en: str
    modes: tuple[str, ...]
    traffics: tuple[Traffic, ...] = ()
    limits: tuple[Limit, ...] = ()
    classes: Any = field(default=None, hash=False)
    usual_class: str = ""
    rule_prefix: str = ""
    vehicle_rules: str = ""
    source: str = "edge"

    @property
    def mode(self) -> str:
        """The usual mode of its edges."""
        return self.modes[0]

    @property
    def traffic(self) -> Traffic:
        """The traffic whose network is opened at the start."""
        return self.traffics[0]

    @property
    def sizes(self) -> tuple[str, ...]:
        """Names of the dimensions that its limits are about, in their order."""
        return tuple(limit.size for limit in self.limits)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold its limits, in their order."""
        return tuple(limit.column for limit in self.limits)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes of its edges."""
        return get_args(self.classes)


@cache
def network_kinds() -> Mapping[str, NetworkKind]:
    """Return the kinds by name: `KIND` of each module of `spatial.networks` that has one.

    Raises
    ------
    ConfigError
        Two kinds have one name, or claim one mode.
    """
    found: dict[str, NetworkKind] = {}
    modes: dict[str, str] = {}
    for module in pkgutil.iter_modules(spatial.networks.__path__, "spatial.networks."):
        kind = getattr(import_module(module.name), "KIND", None)
        if kind is None:
            continue
        taken = [modes[mode] for mode in kind.modes if mode in modes]
        if kind.name in found or taken:
            other = taken[0] if taken else kind.name
            raise ConfigError(
                f"Network kinds {kind.name} and {other} claim the same",
                f"路网类型 {kind.name} 与 {other} 重复",
            )
        found[kind.name] = kind
        modes |= dict.fromkeys(kind.modes, kind.name)
    return found


def searched_kinds() -> list[NetworkKind]:
    """Return the kinds that paths are asked on."""
    return [kind for kind in network_kinds().values() if kind.traffics]


def networks_of(modes: Any) -> list[str]:
    """Return the names of the networks that edges of some modes belong to, sorted."""
    wanted = set(modes)
    return sorted(k.name for k in network_kinds().values() if wanted & set(k.modes))
