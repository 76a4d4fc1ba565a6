"""Administrative units that numbers are told of: which there are, and which an actor may ask."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import asyncpg
from sqlalchemy import ARRAY, TEXT, ColumnElement, and_, case, func, literal, select

from layers.cql.types import Expression
from layers.declare.base import Text
from layers.declare.relation import constant
from layers.features.features import Statement, compile_statement
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.postgres.db import Database
from spatial.schema.tables import zone

Level = Literal["county", "prefecture", "province"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The finest first."""
_DIGITS: dict[Level, int] = {"county": 6, "prefecture": 4, "province": 2}
KEEP_S = 30.0
SIMPLER_DEG, DIGITS = 0.002, 4
"""How far the outlines of units that numbers are drawn on may be off, and their decimal places."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A county, prefecture or province by its GB/T 2260 code."""

    code: str
    level: Level
    title: Text

    @property
    def prefix(self) -> str:
        """Return what the codes of its rows begin with."""
        return self.code[: _DIGITS[self.level]]

    @property
    def place(self) -> str:
        """Return the CQL2 condition of its rows."""
        if self.level == "county":
            return f"admin_code = '{self.code}'"
        return f"admin_code LIKE '{self.prefix}%'"


class Units:
    """All units that are loaded."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = {unit.code: unit for unit in sorted(units, key=lambda unit: unit.code)}
        self._by_level = {
            level: [unit for unit in self._units.values() if unit.level == level]
            for level in LEVELS
        }
        provinces = [unit for unit in self._units.values() if unit.level == "province"]
        self.home = provinces[0] if len(provinces) == 1 else None
        """The province to which rows without a unit belong; None where there are several."""

    def get(self, code: str, actor: Actor, *, public: bool) -> Unit:
        """Return a unit by its code, with or without the zeros at its end.

        Raises
        ------
        BadParameter
            It is no code.
        NotFound
            There is no such unit, or it is out of the actor's scope: both look the same.
        """
        if not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6)):
            raise BadParameter(
                f"No unit {code[:20]!r}", f"没有行政区划 {code[:20]!r}",
                mend_en="Write a GB/T 2260 code: 33, 3302, 330203 or 330200.",
                mend_zh="请写 GB/T 2260 代码：33、3302、330203 或 330200。",
                parameter="unit",
            )  # fmt: skip
        found = self._units.get(code.ljust(6, "0"))
        if found is None or not self.sees(found, actor, public=public):
            raise NotFound(
                f"No unit {code!r}", f"没有行政区划 {code!r}",
                mend_en="Leave `unit` out for all that you may read.",
                mend_zh="不写 unit 即得全部可读单位。",
            )  # fmt: skip
        return found

    def sees(self, unit: Unit, actor: Actor, *, public: bool) -> bool:
        """Tell whether an actor may ask for a unit: public for each, else its own and above."""
        if public:
            return True
        own = actor.prefix
        return bool(own) and (unit.prefix.startswith(own) or own.startswith(unit.prefix))

    def top(self, actor: Actor, *, public: bool) -> Unit:
        """Return the unit that is told of when none is asked for.

        Raises
        ------
        NotFound
            No unit is loaded that the actor may ask for.
        """
        seen = [u for u in self._units.values() if self.sees(u, actor, public=public)]
        if not seen:
            raise NotFound("No unit is loaded", "没有加载行政区划")
        return max(seen, key=lambda unit: (LEVELS.index(unit.level), unit is self.home))

    def within(self, unit: Unit, level: Level) -> list[Unit]:
        """Return the units of a level in a unit, by code; a unit is within itself."""
        return [one for one in self._by_level[level] if one.prefix.startswith(unit.prefix)]

    def all(self) -> list[Unit]:
        """Return all units, by code."""
        return list(self._units.values())

    def of_level(self, level: Level) -> list[Unit]:
        """Return all units of a level, by code."""
        return self._by_level[level]

    def wholes(self) -> list[tuple[str, list[str | None]]]:
        """Return the prefix of each unit that has parts, with those of its parts.

        None among them stands for the rows without a unit.
        """
        found: list[tuple[str, list[str | None]]] = []
        for whole in self._units.values():
            below = LEVELS.index(whole.level) - 1
            parts: list[str | None] = []
            if below >= 0:
                parts = [unit.prefix for unit in self.within(whole, LEVELS[below])]
            if parts:
                found.append((whole.prefix, [*parts, None] if whole is self.home else parts))
        return found

    def rest_place(self, unit: Unit, units: Sequence[Unit]) -> str:
        """Return the CQL2 condition of a unit's rows that lie in none of those of one level."""
        known = self.place(unit)
        if not units:
            return known
        inside = " OR ".join(one.place for one in units)
        if units[0].level == "county":
            inside = f"admin_code IN ({', '.join(repr(one.code) for one in units)})"
        return f"{known} AND (admin_code IS NULL OR NOT ({inside}))"

    def place(self, unit: Unit) -> str:
        """Return the CQL2 condition of a unit's rows; those without a unit are the province's."""
        if unit == self.home:
            return f"({unit.place} OR admin_code IS NULL)"
        return unit.place


def parse_level(text: str | None, unit: Unit) -> Level:
    """Return the level asked for, that below a unit when none is.

    Raises
    ------
    BadParameter
        There is no such level, or it is above the unit.
    """
    at = LEVELS.index(unit.level)
    if text is None:
        return LEVELS[max(at - 1, 0)]
    for level in LEVELS[: at + 1]:
        if text == level:
            return level
    allowed = ", ".join(LEVELS[: at + 1])
    raise BadParameter(
        f"No level {text[:20]!r} in a {unit.level}", f"{unit.level} 中没有级别 {text[:20]!r}",
        mend_en=f"Use one of: {allowed}.", mend_zh=f"可用：{allowed}。",
        parameter="level",
    )  # fmt: skip


class UnitReader:
    """The units as the database has them, read again after a while."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._units = Units([])
        self._until = 0.0

    async def units(self) -> Units:
        """Return the units."""
        if time.monotonic() >= self._until:
            statement = units_statement()
            rows = await self._db.public.fetch(statement.sql, *statement.arguments({}))
            self._units, self._until = units_of(rows), time.monotonic() + KEEP_S
        return self._units

    async def shapes(self, units: Iterable[Unit]) -> dict[str, str]:
        """Return the outline of each unit by code, as GeoJSON text in degrees, simplified."""
        statement = shapes_statement([unit.code for unit in units])
        rows = await self._db.public.fetch(statement.sql, *statement.arguments({}))
        return {row[0]: row[1] for row in rows}


_LEVEL: Expression = case((zone.c.kind == constant("admin"), zone.c.level), else_=zone.c.kind)


def _placed() -> ColumnElement[bool]:
    return and_(zone.c.admin_code.is_not(None), _LEVEL.in_([constant(one) for one in LEVELS]))


def units_statement() -> Statement:
    """Return the statement that reads what `units_of` takes: each code once."""
    names = func.min(zone.c.name_zh), func.min(zone.c.name_en)
    return compile_statement(
        select(zone.c.admin_code, func.min(_LEVEL), *names)
        .where(_placed())
        .group_by(zone.c.admin_code)
        .order_by(zone.c.admin_code)
    )


def shapes_statement(codes: list[str]) -> Statement:
    """Return the statement that reads the outline of each unit as GeoJSON text, by code."""
    simple = func.ST_SimplifyPreserveTopology(zone.c.geom, SIMPLER_DEG)
    return compile_statement(
        select(zone.c.admin_code, func.min(func.ST_AsGeoJSON(simple, DIGITS)))
        .where(_placed(), zone.c.admin_code == func.any(literal(codes, ARRAY(TEXT))))
        .group_by(zone.c.admin_code)
    )


def units_of(rows: Iterable[asyncpg.Record]) -> Units:
    """Return units from rows of code, level, and the names in both languages.

    A province of which nothing but its outline is loaded is a neighbour, no unit.
    """
    found = [
        Unit(row[0], row[1], Text(zh=row[2] or row[0], en=row[3] or row[2] or row[0]))
        for row in rows
    ]
    own = {unit.code[:2] for unit in found if unit.level != "province"}
    return Units(u for u in found if not own or u.code[:2] in own)
