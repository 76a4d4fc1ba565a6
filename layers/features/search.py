"""Search: one box for names, codes, stakes on routes, grid cells and coordinates.

What the text says exactly comes first (a coordinate, a cell, a stake); then named things, ranked by
how like their names it is and by their kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import asyncpg

from layers.features.gazetteer import Gazetteer
from layers.features.search_hit import Hit
from layers.features.search_named import Asked, Kinds, Place, rank, read_text
from layers.features.search_rows import BY_KIND, BY_PIECES
from layers.features.search_stakes import Stakes
from layers.offload import offload
from layers.query.row_scope import visible_sql
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.geo import beidou_grid
from spatial.geo.carriageway_rows import CARRIAGEWAY_SQL, STAKE_SQL, TOWARDS_SQL
from spatial.geo.codes import parse_lonlat
from spatial.geo.crs import axes_swapped, distance_m
from spatial.geo.linear_reference import LinearReference
from spatial.json_types import Document
from spatial.names.fold import fold
from spatial.names.forms import grams_of_query
from spatial.postgres.db import Database

MAX_LENGTH = 120
SURE = 84.0
"""Beside a stake, cell or coordinate only what is at least that like its name is an answer too."""
_CELL = re.compile(r"[NS]\d\d[A-V](?:[0-9A-E]{2,16})?", re.I)
_NUMBERS = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Found:
    """What a text means, best first, and why a stake that it names is not among it."""

    hits: list[Hit]
    note: dict[str, str] | None = None


class Search:
    """The search of one serving process; it keeps the routes' stakes and public names in memory."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: tuple[Stakes, Gazetteer] | None = None

    def forget_stakes(self) -> None:
        """Read carriageways and names anew at the next question."""
        self._known = None

    async def find(
        self,
        actor: Actor,
        text: str,
        limit: int,
        layers: Mapping[str, Sequence[str]] | Sequence[str],
        near: Place | None = None,
    ) -> Found:
        """Return what a text means to an actor; named things of the given layers only.

        Parameters
        ----------
        actor, text, limit
            Who asks what, and how many answers at most.
        layers
            The layers that the actor may read, with the words for what they hold.
        near
            Longitude and latitude; of equal answers the nearest comes first.

        Raises
        ------
        BadParameter
            The text is empty, too long or no text, or a coordinate has its axes swapped.
        """
        asked = check_text(text)
        stakes, names = await self._read()
        words = layers if isinstance(layers, Mapping) else dict.fromkeys(layers, ())
        found, note = _find_stake(stakes, asked)
        exact = [*find_coordinate(asked), *find_cell(asked), *found]
        if near is not None:
            away = [float(distance_m(*near, *hit.center)) for hit in exact]
            exact = [replace(hit, distance_m=far) for hit, far in zip(exact, away, strict=True)]
        read = read_text(asked, Kinds(words), names)
        rows = await self._rows(actor, asked, read, list(words), near) if fold(asked) else []
        named = rank(rows, read, names, near)
        hits = [hit for like, hit in named if not exact or like >= SURE]
        return Found([*exact, *hits][:limit], note)

    async def _rows(
        self, actor: Actor, asked: str, read: Asked, layers: list[str], near: Place | None
    ) -> list[asyncpg.Record]:
        """Return the entries that a text may mean, by its pieces and by the kind that it names."""
        scope, params = visible_sql(actor, "s", 3)
        of_kind, of_kind_params = visible_sql(actor, "s", 5)
        kinds = [layer for layer in layers if layer in read.kinds]
        async with self._db.session(actor) as conn:
            rows: list[asyncpg.Record] = await conn.fetch(
                BY_PIECES.format(visible=scope), grams_of_query(asked), layers, *params
            )
            if kinds and (read.rest is None or read.area is not None):
                rows += await conn.fetch(
                    BY_KIND.format(visible=of_kind), kinds, read.area, *(near or (None, None)),
                    *of_kind_params,
                )  # fmt: skip
        return rows

    async def _read(self) -> tuple[Stakes, Gazetteer]:
        if self._known is None:
            async with self._db.public.acquire() as conn:
                rows = await conn.fetch(CARRIAGEWAY_SQL)
                marks = await conn.fetch(STAKE_SQL)
                towards = await conn.fetch(TOWARDS_SQL, None)
            names = await Gazetteer.read(self._db)
            reference = await offload(LinearReference.from_rows, rows, marks)
            self._known = (Stakes(reference, towards, names), names)
        return self._known


def check_text(text: str) -> str:
    """Return what was typed without blanks around.

    Raises
    ------
    BadParameter
        It is empty, too long, or holds characters that are no text.
    """
    asked = text.strip()
    if not asked or len(asked) > MAX_LENGTH:
        raise BadParameter(
            f"q must have 1 to {MAX_LENGTH} characters", f"q 须为 1 至 {MAX_LENGTH} 个字符"
        )
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in asked):
        raise BadParameter("q holds characters that are no text", "q 含有不是文字的字符")
    return asked


def _find_stake(stakes: Stakes, asked: str) -> tuple[list[Hit], dict[str, str] | None]:
    """Return the places of a stake, or what is wrong with it."""
    try:
        return stakes.find(asked), None
    except (BadParameter, NotFound) as error:
        zh, en = f"{error.zh}。{error.mend_zh}", f"{error.en}. {error.mend_en}".rstrip()
        return [], {"zh": zh, "en": en[0].upper() + en[1:]}


def find_coordinate(asked: str) -> Iterable[Hit]:
    """Return the place of a written coordinate; a swapped pair is put right and says so."""
    numbers = _NUMBERS.fullmatch(asked)
    swapped = bool(numbers) and axes_swapped(float(numbers[1]), float(numbers[2]))  # type: ignore[index]
    try:
        if swapped:
            lat, lon = (float(part) for part in numbers.groups())  # type: ignore[union-attr]
        else:
            lon, lat = parse_lonlat(asked)
    except BadParameter:
        return []
    text = f"{lon:.6f}, {lat:.6f}"
    note: Document = {
        "note": {"zh": "已按 [经度, 纬度] 交换", "en": "axes put in the order [lon, lat]"}
    }
    label = {"zh": text, "en": text}
    return [Hit(None, None, label, None, (lon, lat), "coordinate", extra=note if swapped else {})]


def find_cell(asked: str) -> Iterable[Hit]:
    """Return the BeiDou grid cell of a code."""
    if not _CELL.fullmatch(asked):
        return []
    try:
        cell = beidou_grid.decode(asked)
    except BadParameter:
        return []
    bbox = [cell.west, cell.south, cell.east, cell.north]
    label = {"zh": f"北斗网格 {asked.upper()}", "en": f"BeiDou cell {asked.upper()}"}
    return [Hit(None, None, label, None, cell.centre, "cell", asked.upper(), bbox)]
