"""What a kind of network declares, and the kinds that there are.

Whoever loads, keeps or searches a network takes its kind as an argument and asks it; nothing else
knows the names of modes, limits and rules of one kind.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args

import spatial.networks
from spatial.errors import BadParameter, ConfigError
from spatial.faults import wrong_file

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Limit:
    """A limit of edges: no vehicle may pass whose size is larger than what the column holds.

    `size` names the vehicle's dimension (unit in the name), `column` the column of the edges, null
    where it is not known; `most` is the largest size that a vehicle is believed to have. `kinds`
    are those of the rows of `waterway_limit` that are about it as well; what these admit rises with
    the level of the water where `rises` is 1, and falls where it is -1.
    """

    size: str
    column: str
    most: float
    kinds: tuple[str, ...] = ()
    rises: Literal[-1, 0, 1] = 0


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
class Ranks:
    """Which edges are larger than others: of two that meet, the one with the lower number.

    `sizes` are by class, `none` is that of classes not named, to which nobody gives way; `ring` is
    that of roundabouts. Up to `main` an edge is a main one. Those of the classes `ramps` merge into
    edges up to `merged` by a lane of their own. To turn left across the traffic of an edge up to
    `crossed` one waits for it.
    """

    sizes: Mapping[str, float]
    main: float
    crossed: float
    ramps: tuple[str, ...]
    merged: float
    ring: float = -1.0
    none: float = 100.0


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
    ranks
        Which of its edges have priority over others where they meet, None where none has.
    contraflow
        Classes of edges on which rule `<rule_prefix>.contraflow` may open one-way streets.
    order
        Place among the kinds, low numbers first: the first one is that of profiles nobody knows.
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
    ranks: Ranks | None = field(default=None, hash=False)
    contraflow: tuple[str, ...] = ()
    order: int = 100
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
    def levelled(self) -> bool:
        """Whether its limits have rows of their own, and depend on the level of the water."""
        return any(limit.kinds for limit in self.limits)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes of its edges."""
        return get_args(self.classes)


@cache
def network_kinds() -> Mapping[str, NetworkKind]:
    """Return the kinds by name, in their order: `KIND` of each module of `spatial.networks`.

    Raises
    ------
    ConfigError
        A module cannot be imported, declares what cannot be, or claims what another one has; names
        its file.
    """
    found: dict[str, NetworkKind] = {}
    taken: dict[str, str] = {}
    for module in pkgutil.iter_modules(spatial.networks.__path__, "spatial.networks."):
        kind = _declared(module.name)
        if kind is None:
            continue
        for fault in _faults(kind):
            raise _wrong(module.name, fault)
        for claim in _claims(kind):
            if taken.setdefault(claim, kind.name) != kind.name or kind.name in found:
                raise _wrong(module.name, f"{claim} is that of {taken[claim]}")
        found[kind.name] = kind
    return dict(sorted(found.items(), key=lambda one: (one[1].order, one[0])))


def _declared(module: str) -> NetworkKind | None:
    try:
        kind = getattr(import_module(module), "KIND", None)
    except Exception as error:  # whatever a file does when it is imported, its name is told
        raise _wrong(module, f"{type(error).__name__}: {error}") from error
    if kind is not None and not isinstance(kind, NetworkKind):
        raise _wrong(module, f"KIND is no NetworkKind but {type(kind).__name__}")
    return kind


def _claims(kind: NetworkKind) -> Iterator[str]:
    """Yield what no two kinds may have."""
    yield f"name {kind.name!r}"
    yield from (f"mode {mode!r}" for mode in kind.modes)
    if kind.rule_prefix:
        yield f"rule_prefix {kind.rule_prefix!r}"


def _faults(kind: NetworkKind) -> Iterator[str]:
    """Yield what is wrong with a kind, each with the member that is."""
    names = {"name": [kind.name], "modes": kind.modes, "limits": [*kind.sizes, *kind.columns]}
    for member, given in names.items():
        if isinstance(given, str) or not all(_NAME.fullmatch(name) for name in given):
            yield f"{member}: {given!r} is not of lower case, digits and _"
        elif len(set(given)) < len(given):
            yield f"{member}: one stands twice"
    if not kind.modes:
        yield "modes: there is none"
    for traffic in kind.traffics:
        if not traffic.modes or not set(traffic.modes) <= set(kind.modes):
            yield f"traffics: {traffic.name} has modes {traffic.modes}; the kind has {kind.modes}"
    if len({traffic.name for traffic in kind.traffics}) < len(kind.traffics):
        yield "traffics: one stands twice"
    if kind.traffics:
        yield from _unsearchable(kind)


def _unsearchable(kind: NetworkKind) -> Iterator[str]:
    """Yield what a kind that is searched lacks."""
    if kind.usual_class not in kind.class_names:
        yield f"usual_class: {kind.usual_class!r} is none of {', '.join(kind.class_names)}"
    if not _NAME.fullmatch(kind.rule_prefix):
        yield f"rule_prefix: {kind.rule_prefix!r} is not of lower case, digits and _"
    if len(kind.vehicle_rules.split(".")) < 2:
        yield f"vehicle_rules: {kind.vehicle_rules!r} is no key, as '{kind.name}.vehicle.*'"


def _wrong(module: str, why: str) -> ConfigError:
    return wrong_file(
        f"{module.replace('.', '/')}.py", why,
        mend_en="docs/add-a-network-kind.md says what a kind declares.",
        mend_zh="docs/add-a-network-kind.md 说明路网类型的声明。",
    )  # fmt: skip


def searched_kinds() -> list[NetworkKind]:
    """Return the kinds that paths are asked on."""
    return [kind for kind in network_kinds().values() if kind.traffics]


def get_searched(name: str) -> NetworkKind:
    """Return a kind that paths are asked on.

    Raises
    ------
    BadParameter
        There is none of this name.
    """
    known = {kind.name: kind for kind in searched_kinds()}
    if name not in known:
        raise BadParameter(
            f"No paths go over networks of kind {name!r}; known: {', '.join(known)}",
            f"没有可通行的 {name!r} 类路网；可用：{'、'.join(known)}",
            parameter="network",
        )
    return known[name]


def networks_of(modes: Any) -> list[str]:
    """Return the names of the networks that edges of some modes belong to, sorted."""
    wanted = set(modes)
    return sorted(k.name for k in network_kinds().values() if wanted & set(k.modes))
