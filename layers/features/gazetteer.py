"""Names that the search keeps in memory: areas, towns, and what stands for a route.

All of it is public; it is read anew when routes change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import asyncpg

from layers.features.search_rows import AREAS, ROUTE_NAMES, TOWNS
from spatial.names.fold import fold, is_han, plain
from spatial.names.forms import forms_of
from spatial.postgres.db import Database

LONGEST_NAME = 40
_NUMBERED = re.compile(r"([GS])(\d{3})$")


@dataclass(frozen=True, slots=True)
class NamedRoutes:
    """Routes that a name stands for; `near` (degrees) is where a structure lies on them."""

    routes: tuple[str, ...]
    near: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """A place that a direction may name, in degrees."""

    lon: float
    lat: float
    title: dict[str, str]


@dataclass(slots=True)
class Gazetteer:
    """Names, folded, and what they stand for."""

    areas: dict[str, str] = field(default_factory=dict)
    """Administrative code by name."""
    titles: dict[str, dict[str, str]] = field(default_factory=dict)
    """Chinese and English names by administrative code."""
    towns: dict[str, Town] = field(default_factory=dict)
    routes: dict[str, NamedRoutes] = field(default_factory=dict)

    @classmethod
    async def read(cls, db: Database) -> Gazetteer:
        """Read it from the public rows."""
        async with db.public.acquire() as conn:
            areas, towns = await conn.fetch(AREAS), await conn.fetch(TOWNS)
            routes = await conn.fetch(ROUTE_NAMES)
        made = cls()
        for row in areas:
            made._add_area(row)
        for row in towns:
            town = Town(row["lon"], row["lat"], _title(row["label_zh"], row["label_en"]))
            for name in _spoken(_names(row)):
                made.towns.setdefault(name, town)
        for row in routes:
            made._add_route(row)
        return made

    def _add_area(self, row: asyncpg.Record) -> None:
        title = _title(row["name_zh"], row["name_en"])
        self.titles[row["admin_code"]] = title
        for name in _spoken(title.values()):
            self.areas.setdefault(name, row["admin_code"])

    def _add_route(self, row: asyncpg.Record) -> None:
        near = None if row["lon"] is None else (row["lon"], row["lat"])
        named = NamedRoutes(tuple(row["routes"]), near)
        names = _names(row)
        numbered = _NUMBERED.match(named.routes[0]) if near is None else None
        if numbered:
            kind = {"G": "国道", "S": "省道"}[numbered[1]]
            names += [f"{numbered[2]}{kind}", f"{kind}{numbered[2]}", f"{numbered[0]}{kind}"]
        for name in _spoken(names):
            if len(name) > 1 and not name.isdigit():
                self.routes.setdefault(name, named)

    def area_of(self, text: str) -> str | None:
        """Return the begin of the codes of an area's units, None where there is no such area."""
        code = self.areas.get(fold(text))
        return None if code is None else re.sub(r"(00)+$", "", code)

    def area_title(self, code: str | None) -> dict[str, str] | None:
        """Return the name of the unit of a code, else of what it lies in."""
        for known in (code, code and code[:4] + "00", code and code[:2] + "0000"):
            if known in self.titles:
                return self.titles[known]
        return None

    def town_of(self, text: str) -> Town | None:
        """Return the town of a name, whole or as it is spoken."""
        forms = forms_of(text)
        return next((self.towns[f.text] for f in forms if f.text in self.towns), None)

    def find_route(self, text: str) -> tuple[NamedRoutes, str] | None:
        """Return the routes that a text names at most length, and the text without the name."""
        simple = plain(text)
        signs = [(at, sign) for at, sign in enumerate(simple) if sign.isalnum()]
        folded = "".join(sign for _, sign in signs)
        best: tuple[int, int, NamedRoutes] | None = None
        for start in range(len(folded)):
            if start and _inside_a_word(folded, start):
                continue
            for end in range(min(len(folded), start + LONGEST_NAME), start + 1, -1):
                named = self.routes.get(folded[start:end])
                if named and (best is None or end - start > best[1] - best[0]):
                    best = (start, end, named)
                    break
        if best is None:
            return None
        first, last = signs[best[0]][0], signs[best[1] - 1][0]
        return best[2], f"{simple[:first]} {simple[last + 1 :]}"


def _title(zh: str | None, en: str | None) -> dict[str, str]:
    return {"zh": zh or en or "", "en": en or zh or ""}


def _inside_a_word(folded: str, at: int) -> bool:
    return folded[at - 1].isascii() and folded[at].isascii()


def _names(row: Mapping[str, list[str]] | asyncpg.Record) -> list[str]:
    return [name for name in (row["label_zh"], row["label_en"], *row["aliases"]) if name]


def _spoken(names: Iterable[str]) -> list[str]:
    """Return the folded forms of names and the readings of the Chinese ones."""
    forms = [form for name in names for form in forms_of(name)]
    return [form.text for form in forms] + [f.pinyin for f in forms if is_han(f.text)]
