"""Rules: every threshold, class table, limit, factor and fine, typed by the engine that reads it.

An engine registers a model for the keys that it reads (`register`). What is stored is a number of
periods: a version of a rule is in force from a time until another one; a version never changes its
value. `RuleBook` holds all periods, `RuleSet` what is in force at one time. A question takes one
`RuleSet` and asks nothing else, so that it never mixes two versions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from itertools import groupby, pairwise
from typing import Generic, TypeVar, cast

import orjson
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from spatial.errors import ConfigError, RuleMissing
from spatial.faults import list_faults
from spatial.json_types import Json

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

M = TypeVar("M", bound=BaseModel)
M_co = TypeVar("M_co", bound=BaseModel, covariant=True)
V = TypeVar("V")


class RuleModel(BaseModel):
    """The value of a rule with named members; a member that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class RuleTable(RootModel[V], Generic[V]):
    """The value of a rule that is one number, a list or a table by class."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class RuleKind(Generic[M_co]):
    """What an engine knows of a rule: its key, the model of its value, its title.

    A part `*` of the key stands for any name that is among `only()`. Without a rule that is
    `required` the engine answers nothing at all.
    """

    key: str
    model: type[M_co]
    zh: str
    en: str
    required: bool = False
    only: Callable[[], Collection[str]] | None = None

    def covers(self, key: str) -> bool:
        """Tell whether a key is that of such a rule."""
        if key == self.key:
            return True
        return self.only is not None and key in self.only() and self.fits(key)

    def fits(self, key: str) -> bool:
        """Tell whether a key has the form of this one, `*` standing for any part."""
        mine, its = self.key.split("."), key.split(".")
        return len(mine) == len(its) and all(m in ("*", k) for m, k in zip(mine, its, strict=True))


_kinds: dict[str, RuleKind[BaseModel]] = {}


def register(
    key: str,
    model: type[M],
    *,
    zh: str,
    en: str,
    required: bool = False,
    only: Callable[[], Collection[str]] | None = None,
) -> RuleKind[M]:
    """Register the model of a rule; what is returned reads the rule (`get_rule`).

    Parameters
    ----------
    key
        Key of the rule; a part `*` stands for the names that `only` returns whole keys with.
    model
        What the value must be: units in the names of its fields, ranges in the fields.
    zh, en
        Title.
    required
        Whether rules are refused among which there is none.
    only
        Returns the keys that somebody reads.

    Raises
    ------
    ConfigError
        The key is registered already.
    """
    if key in _kinds:
        raise ConfigError(f"rule {key} is registered twice", f"规则 {key} 重复注册")
    made = RuleKind(key, model, zh, en, required, only)
    _kinds[key] = made
    return made


def find_kind(key: str) -> RuleKind[BaseModel] | None:
    """Return what is registered for a key, None where no engine reads it."""
    return _kinds.get(key) or next((kind for kind in _kinds.values() if kind.covers(key)), None)


def list_kinds() -> list[RuleKind[BaseModel]]:
    """Return all that is registered."""
    return list(_kinds.values())


@dataclass(frozen=True)
class Period:
    """A time in which one version of a rule is in force, from `valid_from` until `valid_to`."""

    key: str
    version: str
    value: Json
    source: str
    origin: str
    legal_text: str | None
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def end(self) -> datetime:
        """Its end, that of all time where it is open."""
        return self.valid_to or NEVER

    @property
    def empty(self) -> bool:
        """Whether it was never in force: another version took its place from its beginning."""
        return self.end <= self.valid_from

    def holds(self, at: datetime) -> bool:
        """Tell whether it is in force at a time."""
        return self.valid_from <= at < self.end


@dataclass(frozen=True)
class Rule(Generic[M_co]):
    """One version of a rule with its value as the engine reads it; `given` is as declared."""

    key: str
    version: str
    value: M_co
    source: str
    legal_text: str | None = None
    given: Json = None

    @cached_property
    def stamp(self) -> bytes:
        """What distinguishes it from another rule or version."""
        body = [self.key, self.version, self.given, self.source, self.legal_text]
        return blake2b(orjson.dumps(body), digest_size=16).digest()


Rules = Mapping[str, Rule[BaseModel]]


class RuleSet(Mapping[str, Rule[BaseModel]]):
    """The rules in force from `since` until `until`; never changed. `digest` stands for them."""

    def __init__(
        self, rules: Iterable[Rule[BaseModel]], since: datetime = ALWAYS, until: datetime = NEVER
    ) -> None:
        self._rules = {rule.key: rule for rule in rules}
        self.since, self.until = since, until
        stamps = b"".join(self._rules[key].stamp for key in sorted(self._rules))
        self.digest = blake2b(stamps, digest_size=8).hexdigest()

    def __getitem__(self, key: str) -> Rule[BaseModel]:
        return self._rules[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


class NotedRules(Mapping[str, Rule[BaseModel]]):
    """Rules that note which of them were read, for a decision that names all it rests on."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._read: set[str] = set()

    def __getitem__(self, key: str) -> Rule[BaseModel]:
        rule = self._rules[key]
        self._read.add(f"{key}@{rule.version}")
        return rule

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def read(self) -> str | None:
        """Each that was read as `key@version`, by key; None where none was."""
        return ", ".join(sorted(self._read)) or None


def find_rule(rules: Rules, kind: RuleKind[M], key: str | None = None) -> Rule[M] | None:
    """Return a rule, None where there is none in force.

    Raises
    ------
    ConfigError
        The key names a rule of another kind.
    """
    rule = rules.get(key or kind.key)
    if rule is not None and not isinstance(rule.value, kind.model):
        raise ConfigError(
            f"Rule {rule.key} is no {kind.en}", f"规则 {rule.key} 不是{kind.zh}",
            mend_en="Name a rule of that kind.", mend_zh="请引用该类规则。",
        )  # fmt: skip
    return cast(Rule[M], rule)


def get_rule(rules: Rules, kind: RuleKind[M], key: str | None = None) -> Rule[M]:
    """Return a rule of a kind; `key` names it where the kind is that of several rules.

    Raises
    ------
    RuleMissing
        There is none in force.
    """
    found = find_rule(rules, kind, key)
    if found is None:
        raise RuleMissing(
            f"No rule {key or kind.key} is in force",
            f"规则 {key or kind.key} 没有现行版本",
            mend_en="Declare it in a *.rule.toml and run ./sigang migrate.",
            mend_zh="请在 *.rule.toml 中声明，并运行 ./sigang migrate。",
            rule=key or kind.key,
        )
    return found


class RuleFaults(ValueError):
    """What is wrong with a value: one text per fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def type_rule(period: Period) -> Rule[BaseModel]:
    """Return a stored or declared version as its engine reads it.

    Raises
    ------
    RuleFaults
        No engine reads the key, or the value is not as its model says.
    """
    kind = find_kind(period.key)
    if kind is None:
        raise RuleFaults(["no engine reads a rule of this key"])
    try:
        value = kind.model.model_validate_json(orjson.dumps(period.value))
    except ValidationError as error:
        told = list_faults(error, kind.model, period.value)
        raise RuleFaults([f"{_member(key)}: {why}" for key, why in told]) from error
    return Rule(period.key, period.version, value, period.source, period.legal_text, period.value)


def _member(key: str) -> str:
    return f"value.{key}" if key else "value"


@dataclass(frozen=True, eq=False)
class RuleBook:
    """All periods of all rules, by key and time; those that end in the future are typed."""

    periods: Sequence[Period]
    rules: Mapping[int, Rule[BaseModel]]
    _sets: dict[tuple[datetime, bool], RuleSet] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, periods: Iterable[Period], now: datetime) -> RuleBook:
        """Check periods and type their values.

        What has ended is history: where its value is not as today's model says, or no engine reads
        it any more, it is kept as it is and never in a `RuleSet`.

        Raises
        ------
        ConfigError
            A value is wrong or two versions are in force at once; names all of them.
        """
        ordered = sorted(periods, key=lambda p: (p.key, p.valid_from, p.version))
        wrong = list_overlaps(ordered)
        rules: dict[int, Rule[BaseModel]] = {}
        for number, period in enumerate(ordered):
            try:
                rules[number] = type_rule(period)
            except RuleFaults as error:
                if period.end > now and not period.empty:
                    wrong.append(f"{period.key} {period.version}: {error}")
        if wrong:
            text = "; ".join(wrong)
            raise ConfigError(
                f"Rules in the database: {text}", f"数据库中的规则：{text}",
                mend_en="Mend the *.rule.toml with a new version and run ./sigang migrate.",
                mend_zh="请在 *.rule.toml 中以新版本更正，并运行 ./sigang migrate。",
            )  # fmt: skip
        return cls(ordered, rules)

    @cached_property
    def _changes(self) -> list[datetime]:
        """The times at which something begins or ends to be in force."""
        whole = [period for period in self.periods if not period.empty]
        ends = {period.end for period in whole} | {period.valid_from for period in whole}
        return sorted(ends | {ALWAYS, NEVER})

    def at(self, moment: datetime, *, early: bool = False) -> RuleSet:
        """Return what is in force at a time.

        With `early` the first version of a rule counts before its beginning too: for facts that
        are older than the rules.
        """
        changes = self._changes
        since = max(time for time in changes if time <= moment)
        if (since, early) not in self._sets:
            until = next((time for time in changes if time > moment), NEVER)
            chosen = {}
            for number, rule in self.rules.items():
                period = self.periods[number]
                too_early = early and rule.key not in chosen and moment < period.valid_from
                if period.holds(moment) or (too_early and self._is_first(number)):
                    chosen[rule.key] = rule
            self._sets[since, early] = RuleSet(chosen.values(), since, until)
        return self._sets[since, early]

    def _is_first(self, number: int) -> bool:
        before = self.periods[:number]
        key = self.periods[number].key
        return not self.periods[number].empty and all(p.key != key or p.empty for p in before)

    def versions(self, key: str) -> list[Period]:
        """Return the periods of a rule, the oldest first; none where there is no such rule."""
        return [period for period in self.periods if period.key == key]

    @cached_property
    def keys(self) -> list[str]:
        """The keys of all rules, those that are history among them."""
        return list(dict.fromkeys(period.key for period in self.periods))


def list_overlaps(ordered: Sequence[Period]) -> list[str]:
    """Return where two versions are in force at once, from periods ordered by key and time."""
    found = []
    for key, group in groupby(ordered, lambda period: period.key):
        for first, second in pairwise(period for period in group if not period.empty):
            if first.end > second.valid_from:
                begins = second.valid_from.isoformat()
                found.append(
                    f"{key}: versions {first.version} and {second.version} are both in force"
                    f" at {begins}"
                )
    return found
