"""GET /board: the numbers of several indicators at once, as columns, all tiles in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import asyncpg
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.negotiate import language
from api.http.problems import problem_document, translate
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.indicator_asking import (
    LevelText,
    PeriodText,
    UnitText,
    ask,
    note,
    period_of,
    unit_of,
)
from api.ogc.indicator_text import Telling, plain, show_period, show_unit
from api.services import services
from layers.indicators.catalog import definition, shown_id
from layers.indicators.model import Index
from layers.indicators.numbers import Numbers
from layers.indicators.population import Population
from layers.indicators.ranking import rank_units
from layers.indicators.units import Level, Unit, parse_level
from layers.offload import offload
from spatial.errors import BadParameter, SigangError
from spatial.json_types import Document

routes = Routes("indicators")
MOST_AT_ONCE = 60
TILE_PROBLEMS = (SigangError, asyncpg.PostgresError)
"""What leaves one tile without a number, and the others as they are."""


@routes.get("/api/board")
async def get_board(
    request: Request,
    indicators: Annotated[str, Query(max_length=4000, description="Ids with commas.")],
    period: PeriodText = None,
    level: LevelText = None,
    unit: UnitText = None,
) -> Response:
    """Return the numbers of several indicators: each the total of a unit, and columns by level.

    `units` names the units of all columns, with the CQL2 condition that a link to rows takes by
    `AND` for the rows of one unit. A tile that has no number tells the problem instead.
    """
    served, actor = services(request), actor_of(request)
    chosen = served.indicators.declared.get_several(indicators, actor)
    if len(chosen) > MOST_AT_ONCE:
        raise BadParameter(
            f"A board has at most {MOST_AT_ONCE} indicators", f"看板最多 {MOST_AT_ONCE} 个指标",
            parameter="indicators",
        )  # fmt: skip
    asked, keys = period_of(period), [shown_id(one) for one in chosen]
    wholes = await _wholes(request, chosen, unit)
    levels = {key: _levels(level, whole) for key, whole in wholes.items()}
    numbers = await ask(request, keys, [asked.previous, asked])
    board = _Board(request, numbers, language(request))
    tiles = await offload(
        lambda: [board.tile(one, wholes[shown_id(one)], levels[shown_id(one)]) for one in chosen]
    )
    note(request, ",".join(keys), wholes[keys[0]], asked)
    return conditional(
        request, {"period": show_period(asked), "units": board.units, "tiles": tiles}
    )


async def _wholes(
    request: Request, chosen: Sequence[Population | Index], unit: str | None
) -> Mapping[str, Unit]:
    """Return the unit of which each is told."""
    return {shown_id(one): await unit_of(request, one, unit) for one in chosen}


def _levels(text: str | None, whole: Unit) -> list[Level]:
    names = [None] if text is None else text.split(",")
    return list(dict.fromkeys(parse_level(name, whole) for name in names))


class _Board:
    """The tiles of one answer, and the units that they name."""

    def __init__(self, request: Request, numbers: Numbers, lang: str) -> None:
        self._request, self._numbers, self._lang = request, numbers, lang
        self._actor = actor_of(request)
        self.units: dict[str, Document] = {}

    def tile(self, one: Population | Index, whole: Unit, levels: Sequence[Level]) -> Document:
        """Return a tile; what one cannot be told for does not stop others."""
        declared = definition(one)
        head: Document = {
            "indicator": declared.id,
            "title": declared.title.model_dump(),
            "unit": declared.unit.model_dump(),
            "digits": declared.digits,
            "better": declared.better,
            "digest": declared.digest,
        }
        try:
            return head | self._told(one, whole, levels)
        except TILE_PROBLEMS as error:
            return head | {"problem": problem_document(translate(error), self._lang)}

    def _told(self, one: Population | Index, whole: Unit, levels: Sequence[Level]) -> Document:
        numbers, key = self._numbers, definition(one).id
        tellings = [
            Telling(self._request, self._actor, one, numbers, whole, level) for level in levels
        ]
        first = tellings[0]
        return {
            "period": show_period(numbers.periods[-1]),
            "rule": first.rule(),
            "as_of": numbers.periods[-1].cutoff(numbers.as_of(key)),
            "total": first.value(whole),
            "opens": first.opens(),
            "columns": {telling.level: self._columns(telling) for telling in tellings},
        }

    def _columns(self, telling: Telling) -> Document:
        """Return the numbers of the units of a level: one list for each property of a number."""
        numbers, key = self._numbers, telling.declared.id
        units = telling.units()
        found = [numbers.of(key, unit) for unit in units]
        before = [numbers.of(key, unit, -2) for unit in units]
        for unit in units:
            if unit.code not in self.units:
                self.units[unit.code] = show_unit(unit) | {"place": numbers.units.place(unit)}
        values = [one.value for one in found]
        codes = [unit.code for unit in units]
        ranks = rank_units(numbers, key, units).ranks
        return {
            "code": codes,
            "value": values,
            "numerator": [plain(one.numerator) for one in found],
            "denominator": [plain(one.denominator) for one in found],
            "previous": [one.value for one in before],
            "rank": [ranks.get(code) for code in codes],
            "suppressed": [
                unit.code for unit, one in zip(units, found, strict=True) if one.suppressed
            ],
        }
