"""All indicators and indices of a folder of areas, read with its layers or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from layers.declare.catalog import Declared, may_read
from layers.declare.reading import checked, wrong
from layers.indicators.model import Index, Indicator
from layers.indicators.population import Population, WrongKey, check_codes, resolve
from layers.indicators.rule_models import INDEX, IndexRule
from spatial.actor import Actor
from spatial.errors import BadParameter, ConfigError, NotFound
from spatial.rule_files import list_declared, read_rules
from spatial.rules import type_rule

PATTERN = "*/*.indicator.toml"
DOCS = "indicators"
_wrong = partial(wrong, docs=DOCS)


@dataclass(frozen=True, slots=True)
class Indicators:
    """The indicators and indices of a catalogue, each by id in the order of areas."""

    populations: Mapping[str, Population]
    indices: Mapping[str, Index]
    stands_on: Mapping[str, frozenset[str]]
    """The indicators of which each is made; of an index also those that its rule names."""

    def get(self, key: str, actor: Actor | None = None) -> Population | Index:
        """Return an indicator or index; for an actor only one that it may be told.

        Raises
        ------
        NotFound
            No such one, or none for this actor: both look the same.
        """
        found = self.populations.get(key) or self.indices.get(key)
        if found is None or not (actor is None or self.may_count(key, actor)):
            raise NotFound(
                f"No indicator {key[:80]!r}", f"没有指标 {key[:80]!r}",
                mend_en="/api/indicators lists those that you may read; some need a sign-in.",
                mend_zh="/api/indicators 列出可读指标；部分指标需要登录。",
            )  # fmt: skip
        return found

    def get_several(self, text: str, actor: Actor) -> list[Population | Index]:
        """Return what a list of ids with commas names.

        Raises
        ------
        BadParameter
            It names one that there is not, or not for this actor; those that may be read are told.
        """
        names = [name for name in dict.fromkeys(text.split(",")) if name]
        known = {shown_id(one) for one in self.list_all(actor)}
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            named = ", ".join(name[:40] for name in unknown) or "none"
            raise BadParameter(
                f"Unknown indicator: {named}", f"未知指标：{named}",
                mend_en=f"Known: {', '.join(sorted(known))}.",
                mend_zh=f"可用指标：{'、'.join(sorted(known))}。",
                parameter="indicators",
            )  # fmt: skip
        return [self.get(name) for name in names]

    def list_all(self, actor: Actor | None = None) -> list[Population | Index]:
        """Return all, or those that an actor may be told, indicators first."""
        every: list[Population | Index] = [*self.populations.values(), *self.indices.values()]
        return [one for one in every if actor is None or self.may_count(shown_id(one), actor)]

    def may_count(self, key: str, actor: Actor) -> bool:
        """Tell whether an actor may be told a number: of an index, all that it stands on."""
        layers = [self.populations[one].relation.layer for one in self.stands_on[key]]
        return all(may_read(layer, actor) or layer.access.sensitive for layer in layers)

    def tells_all_units(self, key: str, actor: Actor) -> bool:
        """Tell whether an actor is told a number of every unit, whatever its scope.

        So it is where all layers are public, or tell it numbers over their public rows only.
        """
        layers = [self.populations[one].relation.layer for one in self.stands_on[key]]
        return all(layer.access.public or not may_read(layer, actor) for layer in layers)


def shown_id(one: Population | Index) -> str:
    """Return the id of an indicator or index."""
    return definition(one).id


def definition(one: Population | Index) -> Indicator | Index:
    """Return an indicator or index as declared."""
    return one.indicator if isinstance(one, Population) else one


def read_indicators(declared: Declared) -> Indicators:
    """Read the indicators of a folder: a part of the catalogue.

    Raises
    ------
    ConfigError
        A declaration is wrong; names file and key.
    """
    return _Read(declared).finish()


class _Read:
    """What was read so far, and the file that each came from."""

    def __init__(self, declared: Declared) -> None:
        self._all = declared
        self._rules = list_declared(declared.reading.folder)
        self._populations: dict[str, Population] = {}
        self._indices: dict[str, Index] = {}
        self._named: dict[str, set[str]] = {}
        self._files: dict[str, Path] = {}
        for path in sorted(declared.reading.folder.glob(PATTERN)):
            self._file(path)

    def _file(self, path: Path) -> None:
        area = path.parent.name
        if area not in self._all.areas:
            raise _wrong(path.parent / "area.toml", "title", "the area has no area.toml")
        document = self._all.reading.document(path)
        if unknown := sorted(set(document) - {"indicator", "index"}):
            raise _wrong(path, unknown[0], "is not known; known: indicator, index")
        if not document:
            raise _wrong(path, "indicator", "the file declares none")
        for name, model in (("indicator", Indicator), ("index", Index)):
            given = document.get(name, [])
            if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
                raise _wrong(path, name, f"is written as [[{name}]]")
            for number, one in enumerate(given):
                self._declared(path, f"{name}.{one.get('id', number)}.", model, one)

    def _declared(
        self, path: Path, head: str, model: type[Indicator | Index], one: dict[str, object]
    ) -> None:
        if "area" in one:
            raise _wrong(path, f"{head}area", "the folder is the area")
        made = checked(model, path, {**one, "area": path.parent.name}, DOCS, head)
        if made.id in self._files:
            raise _wrong(path, f"{head}id", f"{made.id} is declared twice")
        self._files[made.id] = path
        if made.rule is not None and made.rule not in self._rules:
            raise _wrong(path, f"{head}rule", f"no file declares the rule {made.rule}")
        if isinstance(made, Index):
            self._indices[made.id] = made
            return
        relation = self._all.relations.get(made.layer)
        if relation is None:
            raise _wrong(path, f"{head}layer", f"no layer {made.layer!r}")
        try:
            self._populations[made.id] = resolve(made, relation)
            check_codes(made, relation)
        except WrongKey as error:
            raise _wrong(path, head + error.key, error.why) from error

    def finish(self) -> Indicators:
        """Check what stands on others, and return all in the order of areas."""
        self._check_sensitive()
        for index in self._indices.values():
            self._check_parts(index)
            self._check_cycle(index, ())
            self._named[index.id] = self._check_rule(index)
        populations = {
            key: self._populations[key] for key in sorted(self._populations, key=self._at)
        }
        indices = {key: self._indices[key] for key in sorted(self._indices, key=self._at)}
        stands_on = {key: frozenset(self._leaves(key)) for key in [*populations, *indices]}
        for index in indices.values():
            self._check_by(index, stands_on[index.id])
        return Indicators(
            MappingProxyType(populations), MappingProxyType(indices), MappingProxyType(stands_on)
        )

    def _check_sensitive(self) -> None:
        """Refuse a second number of a sensitive layer that would be told by unit."""
        by_unit: dict[str, str] = {}
        for key, population in self._populations.items():
            layer = population.relation.layer
            if not layer.access.sensitive or population.indicator.whole_only:
                continue
            other = by_unit.setdefault(layer.id, key)
            if other != key:
                why = f"with {other} of the same layer its units could be bounded: say true"
                raise _wrong(self._files[key], f"indicator.{key}.whole_only", why)

    def _at(self, key: str) -> tuple[int, int, str]:
        one = self._indices.get(key) or self._populations[key].indicator
        return list(self._all.areas).index(one.area), one.order, one.id

    def _leaves(self, key: str) -> set[str]:
        if key in self._populations:
            return {key}
        parts = [self._leaves(part) for part in self._indices[key].parts.values()]
        return self._named[key].union(*parts)

    def _refuse(self, index: Index, key: str, why: str) -> ConfigError:
        return _wrong(self._files[index.id], f"index.{index.id}.{key}", why)

    def _check_parts(self, index: Index) -> None:
        for name, part in index.parts.items():
            found = self._populations.get(part)
            if found is None and part not in self._indices:
                raise self._refuse(index, f"parts.{name}", f"no indicator {part!r}")
            if found is not None and not found.indicator.is_share:
                why = f"{part} is no share: it needs a denominator and scale = 100"
                raise self._refuse(index, f"parts.{name}", why)

    def _check_by(self, index: Index, leaves: frozenset[str]) -> None:
        for column in index.by:
            without = [k for k in leaves if column not in self._populations[k].indicator.by]
            if without:
                raise self._refuse(index, "by", f"{min(without)} is not split by {column!r}")

    def _check_cycle(self, index: Index, above: tuple[str, ...]) -> None:
        if index.id in above:
            circle = " → ".join([*above, index.id])
            raise self._refuse(index, "parts", f"the index stands on itself: {circle}")
        for part in index.parts.values():
            if part in self._indices:
                self._check_cycle(self._indices[part], (*above, index.id))

    def _check_rule(self, index: Index) -> set[str]:
        """Return the indicators that the versions of an index's rule name."""
        found: set[str] = set()
        for period in read_rules(self._all.reading.folder, only=index.rule):
            rule = type_rule(period).value
            if not isinstance(rule, IndexRule):
                raise self._refuse(
                    index, "rule", f"{index.rule} is no rule of an index ({INDEX.key})"
                )
            version = f"version {period.version} of {index.rule}"
            if set(rule.weights) != set(index.parts):
                raise self._refuse(index, "rule", f"{version} weighs other parts")
            named = [*(veto.indicator for veto in rule.vetoes), *filter(None, [rule.rollup])]
            for name in named:
                if name not in self._populations:
                    raise self._refuse(index, "rule", f"{version} names no indicator: {name!r}")
            found.update(named)
        return found
