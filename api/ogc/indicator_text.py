"""Numbers as the API tells them: value, both sides, rank, and the links that open the rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import quote_plus

from starlette.requests import Request

from api.http.links import Link, api, link
from api.http.media_types import GEOJSON, JSON
from api.services import services
from layers.indicators.by_code import split_index
from layers.indicators.catalog import definition, shown_id
from layers.indicators.index import IndexValue
from layers.indicators.model import Index, Indicator
from layers.indicators.numbers import Number, Numbers
from layers.indicators.periods import Period
from layers.indicators.population import Part, Population
from layers.indicators.ranking import rank_units, ranking_rule
from layers.indicators.rollup import Ranking
from layers.indicators.units import Level, Unit
from layers.indicators.values import reads_rows
from spatial.actor import Actor
from spatial.json_types import Document


class Opening(Link):
    """A link to rows, and the column that is summed up; None where they are counted."""

    sum: str | None


PARTS: tuple[Part, ...] = ("numerator", "denominator")


def describe(request: Request, one: Population | Index, actor: Actor) -> Document:
    """Return what an indicator or index is."""
    declared, here = definition(one), ("indicators", shown_id(one))
    found: Document = {
        "id": declared.id,
        "kind": "index" if isinstance(declared, Index) else "indicator",
        "area": declared.area,
        "title": declared.title.model_dump(),
        "description": declared.description.model_dump() if declared.description else None,
        "unit": declared.unit.model_dump(),
        "digits": declared.digits,
        "better": declared.better,
        "digest": declared.digest,
        "rule": declared.rule,
        "links": [
            link(api(request, *here), "self", JSON),
            link(api(request, *here, "values"), "values", JSON),
            link(api(request, *here, "series"), "series", JSON),
        ],
    }
    if isinstance(one, Population):
        found |= _counted(one, actor)
    else:
        found["parts"] = dict(one.parts)
        found["stands_on"] = sorted(services(request).indicators.declared.stands_on[one.id])
    return found


def _counted(population: Population, actor: Actor) -> Document:
    indicator = population.indicator
    kept = {"layer", "where", "time", "numerator", "denominator", "by", "scale", "k"}
    told = indicator.model_dump(include=kept, exclude_none=True)
    return told | {"opens": reads_rows(population, actor)}


def show_period(period: Period) -> Document:
    """Return a period with its bounds."""
    return {"id": period.id, "kind": period.kind, "start": period.start, "end": period.end}


def show_unit(unit: Unit) -> Document:
    """Return a unit."""
    return {"code": unit.code, "level": unit.level, "title": unit.title.model_dump()}


def plain(number: Decimal | None) -> int | float | None:
    """Return an exact number as JSON has it."""
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _holds(column: str, code: str | None) -> str:
    """Return the CQL2 condition of the rows that have a code in a column."""
    if code is None:
        return f"{column} IS NULL"
    quoted = code.replace("'", "''")
    return f"{column} = '{quoted}'"


@dataclass(frozen=True)
class Telling:
    """One indicator or index told to one actor, for a unit and the units of a level within it.

    `numbers` are of the period asked for and, before it, others that it is compared with.
    """

    request: Request
    actor: Actor
    one: Population | Index
    numbers: Numbers
    unit: Unit
    level: Level
    by: str | None = None
    _heads: dict[str, list[Opening]] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)

    @property
    def declared(self) -> Indicator | Index:
        """What is told, as declared."""
        return definition(self.one)

    def units(self) -> list[Unit]:
        """Return the units that are told of."""
        within = self.numbers.units.within(self.unit, self.level)
        every = self.numbers.indicators.tells_all_units(self.declared.id, self.actor)
        return [u for u in within if self.numbers.units.sees(u, self.actor, public=every)]

    def whole(self) -> Document:
        """Return the answer: the unit's number, those within, who is first."""
        told = self.units()
        ranking = self.ranking(told)
        found: Document = {
            "indicator": self.declared.id,
            "digest": self.declared.digest,
            "rule": self.rule(),
            "period": show_period(self.numbers.periods[-1]),
            "as_of": self.numbers.periods[-1].cutoff(self.numbers.as_of(self.declared.id)),
            "level": self.level,
            "total": self.value(self.unit),
            "values": [self.value(unit, ranking.ranks.get(unit.code)) for unit in told],
            "ranking": {
                "order": ranking.order,
                "unranked": ranking.unranked,
                "rule": ranking_rule(self.numbers),
            },
        }
        rest = self._rest()
        return found | ({"no_unit": rest} if rest else {})

    def ranking(self, told: Iterable[Unit]) -> Ranking:
        """Rank units by their numbers."""
        return rank_units(self.numbers, self.declared.id, told)

    def value(self, unit: Unit, place: int | None = None) -> Document:
        """Return the number of a unit with its links."""
        number = self.numbers.of(self.declared.id, unit)
        found: Document = {
            "unit": show_unit(unit),
            **self.sides(number),
            "rank": place,
            "previous": self._previous(unit),
            "links": self.links(self.numbers.units.place(unit)),
        }
        if number.index is not None:
            found["index"] = self._index(number.index, self.numbers.units.place(unit))
        if self.by is not None and isinstance(self.one, Population):
            found["by"] = {"column": self.by, "codes": self._split(self.one, self.by, unit)}
        elif self.by is not None and isinstance(self.one, Index):
            found["by"] = {"column": self.by, "codes": self._lines(self.one, self.by, unit)}
        return found

    def sides(self, number: Number) -> Document:
        """Return a number with both sides."""
        return {
            "value": number.value,
            "numerator": plain(number.numerator),
            "denominator": plain(number.denominator),
            "origins": sorted(number.origins),
            "suppressed": number.suppressed,
        }

    def links(self, place: str, population: Population | None = None) -> list[Opening]:
        """Return the links that open the rows of both sides at a place."""
        population = population or (self.one if isinstance(self.one, Population) else None)
        if population is None:
            return []
        key = population.indicator.id
        if key not in self._heads:
            self._heads[key] = self._links_of_all(population)
        if place not in self._places:
            self._places[place] = quote_plus(f" AND {place}")
        at = self._places[place]
        return [Opening(**{**one, "href": one["href"] + at}) for one in self._heads[key]]

    def opens(self) -> list[Opening]:
        """Return the links that open the rows of both sides in all units."""
        return self._links_of_all(self.one) if isinstance(self.one, Population) else []

    def _links_of_all(self, population: Population) -> list[Opening]:
        """Return the links that open the rows of both sides wherever they lie."""
        if not reads_rows(population, self.actor):
            return []
        layer = population.relation.layer.id
        period = self.numbers.periods[-1]
        now = self.numbers.as_of(population.indicator.id)
        found: list[Opening] = []
        for part in PARTS:
            measure = population.measure(part)
            if measure is not None:
                text = population.rows_filter(part, period, now)
                href = api(self.request, "collections", layer, "items", filter=text)
                found.append(Opening(**link(href, part, GEOJSON), sum=measure.sum))
        return found

    def _previous(self, unit: Unit) -> float | None:
        if len(self.numbers.periods) < 2:
            return None
        return self.numbers.of(self.declared.id, unit, -2).value

    def rule(self) -> Document | None:
        """Return the rule by which the number is made, as it was in force."""
        rule = self.numbers.rule(self.declared.id)
        if rule is None:
            return None
        return {
            "key": rule.key,
            "version": rule.version,
            "source": rule.source,
            "legal_text": rule.legal_text,
            "links": [link(api(self.request, "rules", rule.key), "item", JSON)],
        }

    def _rest(self) -> Document | None:
        """Return what lies in none of the units that are told, where the rows may be read.

        So the units and this make the total, also for who sees public rows of units of others.
        """
        if not isinstance(self.one, Population) or self.unit.level == self.level:
            return None
        if not reads_rows(self.one, self.actor):
            return None
        key, units, told = self.declared.id, self.numbers.units, self.units()
        prefixes = [unit.prefix for unit in told]
        tally = self.numbers.tallies[key][-1].rest(self.unit.prefix, prefixes)
        number = self.numbers.number(key, tally)
        return {
            **self.sides(number),
            "links": self.links(units.rest_place(self.unit, told)),
        }

    def _split(self, population: Population, by: str, unit: Unit) -> list[Document]:
        indicator, layer = population.indicator, population.relation.layer
        titles = layer.by_name[by].values or {}
        tallies = self.numbers.tallies[indicator.id][-1]
        place = self.numbers.units.place(unit)
        found = []
        for code, tally in tallies.split(unit.prefix, indicator.by.index(by)).items():
            text = _holds(by, code)
            title = titles.get(code or "")
            found.append(
                {
                    "code": code,
                    "title": title.model_dump() if title else None,
                    **self.sides(self.numbers.number(indicator.id, tally)),
                    "links": self.links(f"{place} AND {text}"),
                }
            )
        return found

    def _lines(self, index: Index, by: str, unit: Unit) -> list[Document]:
        """Return an index by the codes of a column, each with its decomposition."""
        leaf = min(self.numbers.indicators.stands_on[index.id])
        population = self.numbers.indicators.populations[leaf]
        titles = population.relation.layer.by_name[by].values or {}
        place, found = self.numbers.units.place(unit), list[Document]()
        for code, number in split_index(self.numbers, index, unit, by).items():
            text = _holds(by, code)
            title = titles.get(code or "")
            made: Document = {"code": code, "title": title.model_dump() if title else None}
            made |= self.sides(number)
            if number.index is not None:
                made["index"] = self._index(number.index, f"{place} AND {text}")
            found.append(made)
        return found

    def _index(self, index: IndexValue, place: str) -> Document:
        populations = self.numbers.indicators.populations
        return {
            "raw": index.raw,
            "parts": [
                {
                    "name": part.name,
                    "indicator": part.of,
                    "score": part.score,
                    "weight": part.weight,
                    "gives": part.gives,
                    "links": self.links(place, populations.get(part.of))
                    if part.of in populations
                    else [],
                }
                for part in index.parts
            ],
            "vetoes": [
                {
                    "indicator": held.veto.indicator,
                    "title": populations[held.veto.indicator].indicator.title.model_dump(),
                    "value": held.value,
                    "above": held.veto.above,
                    "cap": held.veto.cap,
                    "links": self.links(place, populations[held.veto.indicator]),
                }
                for held in index.vetoes
            ],
        }
