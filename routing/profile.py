"""Profiles: who may pass an edge and at what cost. Data in TOML, numbers from rules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from routing.engine import INFINITE, LARGEST
from routing.graph import LIMITS, Arcs, Bools, Edges, Floats, Ints, Weights
from spatial.errors import ConfigError

FOLDER = Path(__file__).parent / "profiles"
BASES = ("measured", "posted", "assumed")
MS_PER_M_AT_1_KMH = 3600.0


class Title(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str


class Profile(BaseModel):
    """One kind of vehicle, as declared in `profiles/*.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: Title
    modes: tuple[str, ...]
    access: tuple[str, ...]
    refused: tuple[str, ...]
    destination: tuple[str, ...]
    destination_factor: float
    class_speed: str
    speed_cap: str | None = None
    vehicle: str | None = None


@dataclass(frozen=True)
class Rule:
    """A value that law or choice sets, with where it comes from."""

    key: str
    version: str
    value: Any
    source: str
    legal_text: str | None = None


Rules = Mapping[str, Rule]


def load_profiles(folder: Path = FOLDER) -> dict[str, Profile]:
    """Read all profiles of a folder.

    Raises
    ------
    ConfigError
        A file has a wrong or missing key.
    """
    found = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            profile = Profile.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (ValidationError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path.name}: {error}", f"{path.name}：{error}") from error
        found[profile.id] = profile
    return found


def get_rule(rules: Rules, key: str) -> Rule:
    """Return a rule.

    Raises
    ------
    ConfigError
        There is none.
    """
    if key not in rules:
        raise ConfigError(
            f"Rule {key} is missing",
            f"缺少规则 {key}",
            mend_en="Load the sample or the rules.",
            mend_zh="请加载样例或规则。",
        )
    return rules[key]


@dataclass(frozen=True)
class Costs:
    """What a profile makes of the edges; arrays by edge or, where said, by key.

    `open_` (by key `2 * edge + direction`) tells where the vehicle may drive at all;
    `factor` weighs streets that are for residents only.
    """

    profile: Profile
    open_: Bools
    speed_kmh: Floats
    basis: NDArray[np.uint8]
    factor: Floats
    length_m: Floats

    def duration_ms(self, edges: Ints, cap_kmh: NDArray[np.float32]) -> Floats:
        """Return the driving time of whole edges, each with a speed cap (NaN: none)."""
        speed = np.fmin(self.speed_kmh[edges], cap_kmh)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.length_m[edges] * MS_PER_M_AT_1_KMH / speed, np.float64)

    def weights(
        self, arcs: Arcs, chosen: Ints, shut: Bools, cap_kmh: NDArray[np.float32]
    ) -> Weights:
        """Return the search weights (ms) of chosen arcs.

        `shut` and `cap_kmh` hold closed keys and speed caps (NaN: none) by key.
        """
        keys = arcs.key[chosen]
        edges = keys >> 1
        weight = self.duration_ms(edges, cap_kmh[keys]) * self.factor[edges]
        pass_ = self.open_[keys] & ~shut[keys] & np.isfinite(weight)
        pass_ &= (arcs.exempt.codes[chosen] < 0) | self._exempt(arcs)[arcs.exempt.codes[chosen]]
        whole = np.clip(np.rint(np.where(pass_, weight, 0)), 1, LARGEST)
        return np.where(pass_, whole, INFINITE).astype(np.uint32)

    def _exempt(self, arcs: Arcs) -> Bools:
        own = set(self.profile.access)
        spared = [bool(own & set(text.split(","))) for text in arcs.exempt.values]
        return np.array([*spared, True], np.bool_)


def compile_costs(profile: Profile, edges: Edges, rules: Rules) -> Costs:
    """Apply a profile to a network."""
    by_class = {k: float(v) for k, v in get_rule(rules, profile.class_speed).value.items()}
    known = np.isfinite(edges.speed_kmh) & (edges.speed_kmh > 0)
    speed = np.where(known, edges.speed_kmh, edges.klass.spread(by_class))
    if profile.speed_cap:
        cap = edges.klass.spread(get_rule(rules, profile.speed_cap).value)
        speed = np.fmin(speed, cap)
    drivable = edges.mode.mask(profile.modes) & np.isfinite(edges.klass.spread(by_class))
    forward, backward, destination = _access(profile, edges)
    open_ = np.zeros(2 * len(edges), np.bool_)
    open_[0::2] = drivable & forward
    open_[1::2] = drivable & backward & ~edges.oneway
    basis = np.full(len(edges), BASES.index("assumed"), np.uint8)
    for code, name in enumerate(BASES):
        basis[known & edges.speed_basis.mask([name])] = code
    factor = np.where(destination, profile.destination_factor, 1.0)
    return Costs(profile, open_, speed, basis, factor, edges.length_m)


def _access(profile: Profile, edges: Edges) -> tuple[Bools, Bools, Bools]:
    """Return where the edges' access tables admit the vehicle: forward, backward, only as goal."""
    rows = [_verdict(profile, orjson.loads(text)) for text in edges.access.values]
    table = np.array([*rows, (True, True, False)], np.bool_).reshape(-1, 3)
    found = table[edges.access.codes]
    return found[:, 0], found[:, 1], found[:, 2]


def _verdict(profile: Profile, access: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    ways = []
    for direction in ("forward", "backward"):
        value = "yes"
        for key in profile.access:
            value = str(access.get(key, value))
            value = str(access.get(f"{key}:{direction}", value))
        ways.append(value)
    goal = any(value in profile.destination for value in ways)
    return ways[0] not in profile.refused, ways[1] not in profile.refused, goal


@dataclass(frozen=True)
class Vehicle:
    """Dimensions that a path must admit, in the order of `LIMITS`; NaN is not tested.

    `given` names those that the request gave; the others are the rule's.
    """

    sizes: tuple[float, ...]
    given: tuple[str, ...]
    rule: Rule | None
    unknown: str = "allow"

    @classmethod
    def of(
        cls, profile: Profile, rules: Rules, sizes: Mapping[str, float], unknown: str = "allow"
    ) -> Vehicle:
        """Fill the dimensions that a request leaves out from the profile's rule."""
        rule = get_rule(rules, profile.vehicle) if profile.vehicle else None
        default: Mapping[str, float] = rule.value if rule else {}
        values = [float(sizes.get(name, default.get(name, np.nan))) for name in LIMITS]
        return cls(tuple(values), tuple(n for n in LIMITS if n in sizes), rule, unknown)

    @property
    def tested(self) -> tuple[str, ...]:
        """Names of the dimensions that are tested."""
        return tuple(n for n, v in zip(LIMITS, self.sizes, strict=True) if np.isfinite(v))

    @property
    def described(self) -> dict[str, float]:
        """The tested dimensions by name."""
        return {n: v for n, v in zip(LIMITS, self.sizes, strict=True) if np.isfinite(v)}

    def broken(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return (edges, 5): where a known limit is lower than the vehicle."""
        return np.asarray(edges.limits[chosen] < np.array(self.sizes), np.bool_)

    def unsure(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return where a limit that matters is not known; for no vehicle, where any is not."""
        tested = np.isfinite(np.array(self.sizes))
        if not tested.any():
            return np.asarray(~edges.limits_known[chosen], np.bool_)
        missing = np.isnan(edges.limits[chosen][:, tested]).any(axis=1)
        return np.asarray(missing & ~edges.limits_known[chosen], np.bool_)

    def refused(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return where the vehicle may not drive."""
        stop = self.broken(edges, chosen).any(axis=1)
        unsure = self.unsure(edges, chosen)
        return np.asarray(stop | unsure if self.unknown == "refuse" else stop, np.bool_)


UNLIMITED = Vehicle((np.nan,) * len(LIMITS), (), None)
