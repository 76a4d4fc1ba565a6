"""Profiles: who may pass an edge and at what cost. Data in TOML, numbers from rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from routing.cost import profile_files
from routing.cost.contraflow import against_oneway
from routing.cost.delays import Waits, compile_delays
from routing.cost.hazmat import read_cargo
from routing.cost.network_rules import rules_of
from routing.cost.open_ways import open_ways
from routing.cost.posted_speeds import (
    Driver,
    SpeedHours,
    post_speeds,
    spread_by_class,
)
from routing.cost.profile_files import read_documents, wrong_profile
from routing.cost.rule_models import FUEL, TOLL
from routing.cost.time_bans import Bans, compile_bans
from routing.cost.tolls import Tolls, compile_tolls, fuel_kg_km
from routing.cost.turn_hours import TurnHours, spared_classes
from routing.cost.u_turns import TurningRound, compile_u_turns
from routing.cost.weight_kernels import MS_PER_M_AT_1_KMH, weigh
from routing.graph.enclaves import Core, Used, find_core
from routing.graph.graph import Arcs, Edges, Graph
from routing.graph.weights import INFINITE, LARGEST, Bools, Fixed, Floats, Ints, Signed, Weights
from spatial.errors import BadParameter
from spatial.faults import list_faults
from spatial.networks.model import NetworkKind, searched_kinds
from spatial.rules import Rules, find_rule, get_rule

COST_RULES = (TOLL.key, FUEL.key)


class Title(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str


class Profile(BaseModel):
    """One kind of vehicle, as declared in `profiles/<network>/*.toml`.

    Speeds, dimensions, bans, tolls and fuel are named by the keys of their rules.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    group: Literal["private", "freight", "service", "active"]
    order: int
    modes: tuple[str, ...] = Field(min_length=1)
    access: tuple[str, ...] = Field(min_length=1)  # keys of an access table, general ones first
    refused: tuple[str, ...]
    destination: tuple[str, ...] = ()  # values that let it in at the ends of a path only
    closed_classes: tuple[str, ...] = ()  # shut unless an access key of the vehicle opens them
    oneway: Literal["obeyed", "ignored"] = "obeyed"
    class_speed: str
    posted: Literal["speed", "cap"] = "speed"  # what a posted limit says of the vehicle's speed
    speed_cap: str | None = None
    vehicle: str | None = None
    hazmat: bool = False
    with_hazmat: str | None = None  # the profile that it becomes with dangerous goods on board
    bans: str | None = None
    permit: bool = False  # goes by a permit that names the units passed
    toll_class: str | None = None
    fuel: str | None = None
    u_turn: str  # what it is to the rule of turning round
    delay: str | None = None  # what it is to the rule of turn costs

    @property
    def rules(self) -> tuple[str, ...]:
        """Keys of the rules without which the profile cannot be used."""
        named = (self.class_speed, self.speed_cap, self.vehicle, self.bans)
        return tuple(key for key in named if key)

    @property
    def cost_rules(self) -> tuple[str, ...]:
        """Keys of the rules that its costs are made of."""
        named = (self.class_speed, self.speed_cap, self.bans)
        return tuple(key for key in (*named, *COST_RULES) if key)


def load_profiles(kind: NetworkKind, folder: Path | None = None) -> dict[str, Profile]:
    """Read the profiles of a kind of network, those in the folder of its name.

    Raises
    ------
    ConfigError
        A file has a wrong or missing key; names file and key.
    """
    found = {}
    for path, document in read_documents((folder or profile_files.PROFILES) / kind.name):
        try:
            profile = Profile.model_validate(document)
        except ValidationError as error:
            key, why = list_faults(error, Profile, document)[0]
            raise wrong_profile(path, f"{key}: {why}") from error
        if profile.id != path.stem:
            raise wrong_profile(path, f"id: the file must be called {profile.id}.toml")
        for fault in _unfit(profile, kind):
            raise wrong_profile(path, fault)
        found[profile.id] = profile
    for profile in found.values():
        other = found.get(profile.with_hazmat or profile.id)
        if other is None or (profile.with_hazmat and not other.hazmat):
            path = profile_files.PROFILES / kind.name / f"{profile.id}.toml"
            raise wrong_profile(path, f"with_hazmat: {profile.with_hazmat!r} carries none")
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def list_profiles() -> dict[str, dict[str, Profile]]:
    """Return the profiles of all kinds of network, by kind and id.

    Raises
    ------
    ConfigError
        A file is wrong, a folder is no kind's, or two kinds have profiles of one name.
    """
    kinds = {kind.name: kind for kind in searched_kinds()}
    for folder in sorted(path for path in profile_files.PROFILES.iterdir() if path.is_dir()):
        if folder.name not in kinds:
            raise wrong_profile(folder / "*.toml", f"networks are of kinds {', '.join(kinds)}")
    found = {name: load_profiles(kind) for name, kind in kinds.items()}
    home: dict[str, str] = {}
    for network, profiles in found.items():
        for name in profiles:
            if home.setdefault(name, network) != network:
                path = profile_files.PROFILES / network / f"{name}.toml"
                raise wrong_profile(path, f"id: {name!r} is a profile of {home[name]}")
    return found


def _unfit(profile: Profile, kind: NetworkKind) -> Iterator[str]:
    """Yield what a profile says that its kind of network does not have."""
    named = {"modes": (profile.modes, kind.modes),
             "closed_classes": (profile.closed_classes, kind.class_names)}  # fmt: skip
    for key, (given, known) in named.items():
        for one in sorted(set(given) - set(known)):
            yield f"{key}: {one!r} is none of {', '.join(known)}"
    active = profile.group == "active"
    if not any(active is traffic.active for traffic in kind.traffics):
        yield f"group: nothing on a {kind.en} moves as {profile.group!r} does"
    rules = rules_of(kind)
    for key, name, registered in (
        ("class_speed", profile.class_speed, (rules.class_speed, rules.class_speeds)),
        ("speed_cap", profile.speed_cap, (rules.speed_cap,)),
        ("bans", profile.bans, (rules.time_ban,)),
        ("vehicle", profile.vehicle, (rules.vehicle,)),
    ):
        if name is not None and not any(one.fits(name) for one in registered):
            yield f"{key}: {name!r} is no key as {' or '.join(one.key for one in registered)}"


def usable_profiles(
    profiles: Mapping[str, Profile], rules: Rules, *, active: bool = False
) -> dict[str, Profile]:
    """Return the motor profiles, or those on foot and bicycle, whose rules are all there.

    A database loaded by an older version lacks the rules of newer profiles.
    """
    return {
        name: profile
        for name, profile in profiles.items()
        if (profile.group == "active") is active and all(key in rules for key in profile.rules)
    }


def loaded_as(profiles: Mapping[str, Profile], name: str, hazmat: bool | str | None) -> str:
    """Return the profile whose rules hold for a vehicle with or without dangerous goods.

    Raises
    ------
    BadParameter
        The profile is unknown, or does not carry dangerous goods.
    """
    if name not in profiles:
        known = ", ".join(profiles)
        raise BadParameter(
            f"Unknown profile {name!r}; known: {known}", f"未知车型 {name!r}；可用：{known}"
        )
    profile = profiles[name]
    if read_cargo(hazmat) is None or profile.hazmat:
        return name
    if profile.with_hazmat not in profiles:
        carriers = ", ".join(n for n, p in profiles.items() if p.hazmat or p.with_hazmat)
        raise BadParameter(
            f"Profile {name!r} does not carry dangerous goods; these do: {carriers}",
            f"车型 {name!r} 不得装载危险货物；可用：{carriers}",
        )
    return str(profile.with_hazmat)


@dataclass(frozen=True)
class Costs:
    """What a profile makes of the edges; arrays by edge or, where said, by key.

    `passable` (by key `2 * edge + direction`) tells where the vehicle may drive at all and
    `ends_only` of which keys only to get somewhere on them; `against` of which edges a rule opens
    the direction against one-way traffic; `speed_kmh` and `basis` (a number of
    `BASES`) are by key too, `speed_hours` what changes them by the clock; `factor` weighs what is
    not preferred;
    `bans` closes by the clock; `co2_kg_km` is NaN where no rule tells. `waits` are what passing
    junctions costs, and `fixed` what of the weights of arcs is paid so, turning round included.
    `back_ms` is by arc what it costs more right after the same edge, `INFINITE` where one may not
    turn round.
    """

    profile: Profile
    passable: Bools
    ends_only: Bools
    against: Bools
    speed_kmh: Floats
    basis: NDArray[np.uint8]
    speed_hours: SpeedHours
    factor: Floats
    length_m: Floats
    bans: Bans
    tolls: Tolls | None
    co2_kg_km: float
    turning: TurningRound
    turn_hours: TurnHours
    waits: Waits
    fixed: Fixed
    core: Core
    back_ms: Signed

    def duration_ms(self, keys: Ints, cap_kmh: NDArray[np.float32]) -> Floats:
        """Return the driving time along whole keys, each with a speed cap (NaN: none)."""
        speed = np.fmin(self.speed_kmh[keys], cap_kmh)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.length_m[keys >> 1] * MS_PER_M_AT_1_KMH / speed, np.float64)

    def weights(
        self, arcs: Arcs, chosen: Ints, shut: Bools, cap_kmh: NDArray[np.float32]
    ) -> Weights:
        """Return the search weights (ms) of chosen arcs.

        `shut` and `cap_kmh` hold closed keys and speed caps (NaN: none) by key.
        """
        return self._weigh(arcs, chosen, shut | self.ends_only, cap_kmh, at_ends=False)

    def weights_at_ends(
        self, arcs: Arcs, chosen: Ints, shut: Bools, cap_kmh: NDArray[np.float32]
    ) -> Weights | None:
        """Return the weights (ms) that hold at the ends of paths, None where all are `weights`."""
        if self.core.enclaves is None:
            return None
        weights = self._weigh(arcs, chosen, shut, cap_kmh, at_ends=True)
        weights[self.core.enclaves.idle[chosen]] = INFINITE
        return weights

    def _weigh(
        self, arcs: Arcs, chosen: Ints, shut: Bools, cap_kmh: NDArray[np.float32], *, at_ends: bool
    ) -> Weights:
        spared = _spared(self.profile, arcs, self.turn_hours, at_ends=at_ends)
        return weigh(
            chosen, arcs.key, arcs.exempt.codes, spared, arcs.turn, self.turning.by_row,
            self.waits.end, self.waits.enter, self.passable, shut, cap_kmh, self.length_m,
            self.speed_kmh, self.factor, LARGEST,
        )  # fmt: skip

    def shutting_turns(self, hours: frozenset[str]) -> Costs:
        """Return the costs where the restrictions of some hours hold."""
        return replace(self, turn_hours=replace(self.turn_hours, shut=hours))

    def slowing(self, holding: frozenset[str]) -> Costs:
        """Return the costs where the speeds of some conditions hold."""
        speed_kmh = self.speed_kmh.copy()
        speed_kmh[self.speed_hours.keys] = self.speed_hours.speeds(holding)
        hours = replace(self.speed_hours, holding=holding)
        return replace(self, speed_kmh=speed_kmh, speed_hours=hours)


def _spared(profile: Profile, arcs: Arcs, hours: TurnHours, *, at_ends: bool) -> Bools:
    return spared_classes(profile, arcs.exempt, hours.shut, at_ends=at_ends)


def _admitted(
    profile: Profile, passable: Bools, arcs: Arcs, hours: TurnHours, *, at_ends: bool
) -> Bools:
    """Return the arcs that the vehicle may use on an open network, of the keys that it may."""
    spared = _spared(profile, arcs, hours, at_ends=at_ends)[arcs.exempt.codes]
    return np.asarray(passable[arcs.key] & spared, np.bool_)


def compile_costs(profile: Profile, graph: Graph, rules: Rules) -> Costs:
    """Apply a profile to a network."""
    edges = graph.edges
    kinds = rules_of(edges.kind)
    usual = profile.class_speed == kinds.class_speed.key
    named = kinds.class_speed if usual else kinds.class_speeds
    assumed = spread_by_class(edges, get_rule(rules, named, profile.class_speed).value.root)
    ways = open_ways(profile, edges)
    against, against_kmh = against_oneway(profile.id, edges, rules)
    against &= ~ways[:, 4]  # a sign that lets it through slows nobody
    cap = np.repeat(np.full(len(edges), np.nan), 2)
    if profile.speed_cap:
        legal = get_rule(rules, kinds.speed_cap, profile.speed_cap).value.root
        cap = np.repeat(spread_by_class(edges, legal), 2)
    cap[1::2][against] = np.fmin(cap[1::2][against], against_kmh)
    speeds = post_speeds(_driver(profile, edges, rules), edges, assumed, cap)
    drivable = edges.mode.mask(profile.modes) & np.isfinite(assumed)
    passable = np.zeros(2 * len(edges), np.bool_)
    passable[0::2] = drivable & ways[:, 0]
    passable[1::2] = drivable & ways[:, 1] & (~edges.legal_oneway | ways[:, 4] | against)
    ends_only = passable & ways[:, 2:4].ravel()
    declared = get_rule(rules, kinds.time_ban, profile.bans).value.root if profile.bans else ()
    obeyed = profile.oneway == "obeyed"
    closed = edges.edge_class.mask(profile.closed_classes)
    bans = compile_bans(edges, profile, closed, declared, oneway=obeyed)
    tolls = compile_tolls(profile.toll_class, edges, rules)
    fuel = fuel_kg_km(profile.fuel, rules)
    hours = TurnHours.of(graph.arcs.exempt)
    waits = compile_delays(profile.delay, graph, rules)
    turning, core, back_ms = _find_core(profile, graph, rules, passable, ends_only, hours, waits)
    return Costs(
        profile, passable, ends_only, against, speeds.kmh, speeds.basis, speeds.hours,
        np.ones(len(edges)),
        edges.length_m, bans, tolls, fuel, turning, hours, waits,
        _fixed(graph.arcs, waits, turning), core, back_ms,
    )  # fmt: skip


def _driver(profile: Profile, edges: Edges, rules: Rules) -> Driver:
    """Return what signs of speeds ask of a profile."""
    sizes: Mapping[str, float] = {}
    if profile.vehicle:
        usual = get_rule(rules, rules_of(edges.kind).vehicle, profile.vehicle).value
        sizes = usual.model_dump(exclude_none=True)
    return Driver(profile.access, sizes, profile.posted == "cap")


def _find_core(
    profile: Profile,
    graph: Graph,
    rules: Rules,
    passable: Bools,
    ends_only: Bools,
    hours: TurnHours,
    waits: Waits,
) -> tuple[TurningRound, Core, Signed]:
    """Return what turning round costs, the core, and by arc the cost of turning onto it."""
    arcs = graph.arcs
    through = _admitted(profile, passable & ~ends_only, arcs, hours, at_ends=False)
    at_ends = _admitted(profile, passable, arcs, hours, at_ends=True)
    turning = compile_u_turns(profile.u_turn, graph, through, at_ends, rules)
    lawful, back_ms = turning.lawful(arcs), turning.by_arc(graph, through, at_ends, waits)
    used = Used(passable[arcs.key], at_ends & lawful, through & lawful)
    snap = find_rule(rules, rules_of(graph.edges.kind).snap)
    least = snap.value.island_nodes if snap else 1
    return turning, find_core(graph, used, least, back_ms), back_ms


def _fixed(arcs: Arcs, waits: Waits, turning: TurningRound) -> Fixed:
    begin, turns = waits.enter.astype(np.uint32), arcs.turn >= 0
    back = turning.by_row[arcs.turn[turns]]
    begin[turns] += np.where(back < INFINITE, back, 0).astype(np.uint32)
    return Fixed(begin, waits.end[arcs.key].astype(np.uint32))
