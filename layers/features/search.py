"""Search: one box for names, codes, stakes on routes, grid cells and coordinates.

What the text says exactly comes first (a coordinate, a cell, a stake); then named things, ranked
exact, prefix, contained, similar, and within that by their own rank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import asyncpg

from layers.features.search_rows import FIND
from layers.query.row_scope import visible_sql
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.geo import beidou_grid
from spatial.geo.carriageway_rows import CARRIAGEWAY_SQL, STAKE_SQL, TOWARDS_SQL
from spatial.geo.codes import parse_lonlat
from spatial.geo.crs import axes_swapped
from spatial.geo.linear_reference import LinearReference, Side, StakeFix
from spatial.geo.stake_text import StakeText, find_side, find_stake_text
from spatial.json_types import Document
from spatial.postgres.db import Database

MAX_LENGTH = 120
_CELL = re.compile(r"[NS]\d\d[A-V](?:[0-9A-E]{2,16})?", re.I)
_NUMBERS = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d+(?:\.\d+)?)\s*")
SIDE_TITLES = {"up": {"zh": "上行", "en": "up"}, "down": {"zh": "下行", "en": "down"}}


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search; `center` and `bbox` in degrees."""

    layer: str | None
    id: str | None
    label: dict[str, str]
    origin: str | None
    center: tuple[float, float]
    action: str
    codes: str = ""
    bbox: list[float] | None = None
    extra: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a text means, best first, and why a stake that it names is not among it."""

    hits: list[Hit]
    note: dict[str, str] | None = None


class Search:
    """The search of one serving process; it keeps the routes' stakes in memory."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stakes: LinearReference | None = None
        self._towards: list[asyncpg.Record] = []

    def forget_stakes(self) -> None:
        """Read the carriageways anew at the next question about a stake."""
        self._stakes = None

    async def find(self, actor: Actor, text: str, limit: int, layers: Sequence[str]) -> Found:
        """Return what a text means to an actor; named things of the given layers only.

        Raises
        ------
        BadParameter
            The text is empty or too long, or a coordinate has its axes swapped.
        """
        asked = text.strip()
        if not asked or len(asked) > MAX_LENGTH:
            raise BadParameter(
                f"q must have 1 to {MAX_LENGTH} characters", f"q 须为 1 至 {MAX_LENGTH} 个字符"
            )
        stakes, note = await self._find_stake(asked)
        exact = [*find_coordinate(asked), *find_cell(asked), *stakes]
        named = await self._find_named(actor, asked, limit - len(exact), layers)
        return Found([*exact, *named][:limit], note)

    async def _find_named(
        self, actor: Actor, asked: str, limit: int, layers: Sequence[str]
    ) -> list[Hit]:
        if limit <= 0:
            return []
        needle = " ".join(asked.lower().split())
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", needle) + "%"
        condition, params = visible_sql(actor, "s", 6)
        similar = needle.isascii() and len(needle) >= 4
        async with self._db.session(actor) as conn:
            rows = await conn.fetch(
                FIND.format(visible=condition), needle, pattern, similar, limit, layers, *params
            )
        return [_named(row) for row in rows]

    async def _find_stake(self, asked: str) -> tuple[list[Hit], dict[str, str] | None]:
        """Return the places of a stake on each side that is meant, or what is wrong with it."""
        try:
            named = find_stake_text(asked)
            if named is None:
                return [], None
            reference = await self._reference()
            side, rows = None, [row for row in self._towards if row["route_id"] == named.route]
            if named.side is not None:
                side = find_side(named.route, named.side, rows)
            fixes = reference.locate(named.route, named.k_from, side)
            shown = [_stake(fix, named, rows) for fix in fixes]
            if named.k_to is None:
                return shown, None
            lines = reference.sub_lines(named.route, named.k_from, named.k_to, side)
        except (BadParameter, NotFound) as error:
            zh, en = f"{error.zh}。{error.mend_zh}", f"{error.en}. {error.mend_en}".rstrip()
            return [], {"zh": zh, "en": en[0].upper() + en[1:]}
        return [
            replace(hit, bbox=list(lines[cast(Side, hit.extra["side"])].bounds)) for hit in shown
        ], None

    async def _reference(self) -> LinearReference:
        if self._stakes is None:
            async with self._db.public.acquire() as conn:
                rows = await conn.fetch(CARRIAGEWAY_SQL)
                stakes = await conn.fetch(STAKE_SQL)
                self._towards = await conn.fetch(TOWARDS_SQL, None)
            self._stakes = LinearReference.from_rows(rows, stakes)
        return self._stakes


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


def _stake(fix: StakeFix, named: StakeText, rows: Iterable[asyncpg.Record]) -> Hit:
    """Describe one side's place, named by where it leads to, and by the lanes that were named."""
    lead = next((row for row in rows if row["side"] == fix.side), None)
    lanes = "、".join(map(str, named.lanes))
    label = {}
    for lang, to, tail in (("zh", "往", f" {lanes}车道"), ("en", "towards ", f", lanes {lanes}")):
        towards = lead[f"towards_{lang}"] if lead else None
        side = f"{to}{towards}" if towards else SIDE_TITLES[fix.side][lang]
        label[lang] = f"{fix.route_id} {named.stakes} {side}{tail if lanes else ''}"
    extra: Document = {
        "route": fix.route_id, "side": fix.side, "k_m": round(fix.k_m, 3), "k_to_m": named.k_to,
        "lanes": list(named.lanes), "calibrated": fix.calibrated, "accuracy_m": fix.accuracy_m,
        "source": fix.source_id,
    }  # fmt: skip
    return Hit("stakes", None, label, "derived", (fix.lon, fix.lat), "stake", extra=extra)


def _named(row: asyncpg.Record) -> Hit:
    zh, en = row["label_zh"] or row["label_en"], row["label_en"] or row["label_zh"]
    return Hit(
        row["layer"], row["feature_id"], {"zh": zh, "en": en}, row["origin"],
        (row["lon"], row["lat"]), "feature", row["codes"], row["bbox"],
    )  # fmt: skip
