"""The document of a frozen report: all that its pages, maps and tables are drawn from.

There is one for each audience: everybody, told what anybody is told, and who sees the whole
province. Its numbers are decimal strings, so that it has one canonical text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from layers.cql.types import DAY_ZONE
from layers.declare.base import Text
from layers.indicators.catalog import definition
from layers.indicators.index import IndexValue
from layers.indicators.model import Index, Indicator
from layers.indicators.numbers import Number, Numbers
from layers.indicators.periods import Period
from layers.indicators.ranking import rank_units
from layers.indicators.units import Unit
from layers.indicators.values import reads_rows
from layers.reports.definitions import Definitions, rules_of
from layers.reports.model import Item
from layers.reports.seal import Frozen, Told, digits
from routing.statistics.rates import rate_interval
from routing.statistics.rule_models import INTERVALS
from spatial.actor import ANONYMOUS, Actor
from spatial.rules import get_rule

Audience = Literal["public", "province"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
INTERVAL_DIGITS = 6
FORM = 1
"""Number of the form of documents; what draws an older one stays as it is."""


@dataclass(frozen=True)
class Version:
    """One version of a report's period.

    Parameters
    ----------
    period, number
        Which.
    cutoff
        The time as of which it was frozen.
    frozen_at
        When that was done.
    retroactive
        Whether that was long after it was due.
    reason
        Why an earlier version was corrected.
    """

    period: Period
    number: int
    cutoff: datetime
    frozen_at: datetime
    retroactive: bool
    reason: str | None = None


@dataclass(frozen=True)
class Beside:
    """What stands in a document beside its numbers.

    Parameters
    ----------
    sources
        Title, licence and attribution of each source of the rows and outlines, by id.
    outlines
        Digest of the outlines that maps are drawn with.
    review_number
        The approved number of the map (审图号).
    before
        The document of the period before.
    lists
        Rows of computed layers, as they stood.
    """

    sources: Mapping[str, Mapping[str, str]]
    outlines: str
    review_number: str | None
    before: Told | None = None
    lists: Sequence[Told] = ()


def audience_actor(audience: Audience, home: Unit) -> Actor:
    """Return as whom an edition is told its numbers."""
    return ANONYMOUS if audience == "public" else Actor("system", "admin", home.code)


def told_items(definitions: Definitions, period: Period, actor: Actor) -> list[Item]:
    """Return the numbers of a report that an actor is told for a period."""
    return [
        item
        for item in definitions.report.items
        if may_be_told(definitions, item.indicator, period, actor)
    ]


def may_be_told(definitions: Definitions, key: str, period: Period, actor: Actor) -> bool:
    """Tell whether an actor may be told a number; small ones of persons by month only."""
    declared = definitions.indicators
    if not declared.may_count(key, actor):
        return False
    leaves = [declared.populations[leaf] for leaf in declared.stands_on[key]]
    return period.kind == "month" or all(reads_rows(leaf, actor) for leaf in leaves)


def document(
    definitions: Definitions, numbers: Numbers, audience: Audience, version: Version, beside: Beside
) -> Told:
    """Return the document of an edition."""
    home = definitions.units.home
    assert home is not None  # noqa: S101
    actor, report = audience_actor(audience, home), definitions.report
    items = told_items(definitions, version.period, actor)
    shown = [_item(definitions, numbers, item, home, beside.before) for item in items]
    origins = sorted({origin for one in [*shown, *beside.lists] for origin in one["origins"]})
    lists = {"lists": list(beside.lists)} if beside.lists else {}
    return lists | {
        "form": FORM,
        "report": report.id,
        "title": _text(report.title),
        "description": _text(report.description) if report.description else None,
        "audience": audience,
        "period": version.period.id,
        "kind": version.period.kind,
        "start": stamp(version.period.start),
        "end": stamp(version.period.end),
        "version": version.number,
        "cutoff": stamp(version.cutoff),
        "frozen_at": stamp(version.frozen_at),
        "retroactive": version.retroactive,
        "reason": version.reason,
        "level": report.level,
        "unit": _unit(home),
        "units": [_unit(one) for one in definitions.units.within(home, report.level)],
        "withheld": len(report.items) - len(items),
        "origins": origins,
        "items": shown,
        "names": _names(definitions, [item.indicator for item in items]),
        "rules": _rules(definitions, [item.indicator for item in items]),
        "sources": [{"id": key, **beside.sources[key]} for key in sorted(beside.sources)],
        "outlines": beside.outlines,
        "review_number": beside.review_number,
        "before": _before(beside.before),
    }


def line_of(number: Number, unit: Unit) -> Told:
    """Return a number of a unit as documents have it, apart from ranks and earlier periods."""
    return _line(number, unit, None, {})


def stamp(moment: datetime) -> str:
    """Return a time as documents have it: RFC 3339 in Asia/Shanghai."""
    return moment.astimezone(DAY_ZONE).isoformat(timespec="seconds")


def values_of(shown: Sequence[Told]) -> list[list[str | None]]:
    """Return indicator, unit and both sides of each number of some items, as a manifest has them.

    An index has its value in place of the sides; what is not told has neither.
    """
    found: list[list[str | None]] = []
    for item in shown:
        for line in (item["total"], *item["units"]):
            sides = [line["numerator"], line["denominator"]]
            if item["kind"] == "index":
                sides = [line["value"], None]
            found.append([item["id"], line["unit"], *sides])
    return found


def _item(
    definitions: Definitions, numbers: Numbers, item: Item, home: Unit,
    before: Told | None,
) -> Told:  # fmt: skip
    one = definitions.indicators.get(item.indicator)
    declared, key = definition(one), item.indicator
    units = definitions.units.within(home, definitions.report.level)
    own = {unit.code: numbers.of(key, unit) for unit in [home, *units]}
    ranks = rank_units(numbers, key, units).ranks
    lines = _earlier(before, key, declared.digest)
    rest = numbers.tallies[key][-1].of(None) if key in numbers.tallies else None
    found: Told = {
        "id": key,
        "kind": "index" if isinstance(declared, Index) else "indicator",
        "title": _text(declared.title),
        "description": _text(declared.description) if declared.description else None,
        "unit": _text(declared.unit),
        "digits": declared.digits,
        "better": declared.better,
        "digest": declared.digest,
        "rule": declared.rule,
        "parts": dict(declared.parts) if isinstance(declared, Index) else None,
        "map": item.map,
        "ranking": item.ranking,
        "top": item.top,
        "origins": sorted(own[home.code].origins),
        "total": _line(own[home.code], home, None, lines),
        "units": [_line(own[unit.code], unit, ranks.get(unit.code), lines) for unit in units],
        "no_unit": _line(numbers.number(key, rest), None, None, {}) if rest else None,
    }
    if item.interval and isinstance(declared, Indicator):
        level = get_rule(definitions.rules, INTERVALS).value.level
        found["interval"] = digits(level)
        for line in (found["total"], *found["units"]):
            line["interval"] = _interval(own[line["unit"]], declared, level)
    return found


def _interval(number: Number, indicator: Indicator, level: float) -> list[str | None] | None:
    """Return both ends of the interval of a rate, as it is scaled; None where none is told."""
    if number.numerator is None or not number.denominator:
        return None
    ends = rate_interval(float(number.numerator), float(number.denominator), level)
    return [digits(round(end * indicator.scale, INTERVAL_DIGITS)) for end in ends]


def _line(
    number: Number, unit: Unit | None, place: int | None, before: Mapping[str, str | None]
) -> Told:
    code = unit.code if unit else None
    return {
        "unit": code,
        "value": digits(number.value),
        "numerator": digits(number.numerator),
        "denominator": digits(number.denominator),
        "suppressed": number.suppressed,
        "rank": place,
        "before": before.get(code) if code else None,
        "index": _index(number.index) if number.index else None,
    }


def _index(index: IndexValue) -> Told:
    """Return what an index is made of: parts, their sum, and what caps it."""
    return {
        "raw": digits(index.raw),
        "parts": [
            {
                "name": part.name,
                "of": part.of,
                "score": digits(part.score),
                "weight": digits(part.weight),
                "gives": digits(part.gives),
            }
            for part in index.parts
        ],
        "vetoes": [
            {
                "indicator": held.veto.indicator,
                "above": digits(held.veto.above),
                "cap": digits(held.veto.cap),
                "value": digits(held.value),
            }
            for held in index.vetoes
        ],
    }


def _earlier(before: Told | None, key: str, digest: str) -> dict[str, str | None]:
    """Return the values of the period before by unit; another definition begins anew."""
    for item in before["items"] if before else ():
        if item["id"] == key and item["digest"] == digest:
            return {line["unit"]: line["value"] for line in (item["total"], *item["units"])}
    return {}


def _before(before: Told | None) -> Told | None:
    return {"period": before["period"], "version": before["version"]} if before else None


def _names(definitions: Definitions, keys: Sequence[str]) -> Told:
    """Return the titles of some numbers and of all that they are made of."""
    declared = definitions.indicators
    return {key: _text(definition(declared.get(key)).title) for key in _made_of(definitions, keys)}


def _rules(definitions: Definitions, keys: Sequence[str]) -> list[Told]:
    """Return the rules that some numbers were made and ranked by."""
    declared = definitions.indicators
    named = {definition(declared.get(key)).rule for key in _made_of(definitions, keys)}
    named |= rules_of(definitions.report)
    return [
        {
            "key": row.key,
            "version": row.version,
            "origin": row.origin,
            "source": row.source,
            "legal_text": row.legal_text,
        }
        for row in definitions.rule_rows
        if row.key in named
    ]


def _made_of(definitions: Definitions, keys: Sequence[str]) -> list[str]:
    """Return some numbers with all that indices among them stand on."""
    declared, found, left = definitions.indicators, set[str](), list(keys)
    while left:
        key = left.pop()
        index = declared.indices.get(key)
        if key not in found and index is not None:
            left += [*index.parts.values(), *declared.stands_on[key]]
        found.add(key)
    return sorted(found)


def _text(text: Text) -> dict[str, Frozen]:
    return {"zh": text.zh, "en": text.en}


def _unit(unit: Unit) -> dict[str, Frozen]:
    return {"code": unit.code, "level": unit.level, "title": _text(unit.title)}
