"""Stakes and stretches as people say them: number or name of the route, kilometre, direction.

`沈海高速 K300`, `G60 沪昆 123`, `G92 往宁波 K100`, `杭州湾大桥 K130`, `G92 K100–K104 往宁波`. A
direction may be an end of the carriageway, up or down, or any town that the route leads to: then
the stake of the place beside the town tells the side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import asyncpg
import shapely

from layers.features.gazetteer import Gazetteer, NamedRoutes, Town
from layers.features.search_hit import Hit
from spatial.errors import BadParameter, NotFound
from spatial.geo.crs import distance_m, length_m
from spatial.geo.linear_reference import LinearReference, Side, StakeFix
from spatial.geo.stake_text import StakeText, find_side, find_stake_text
from spatial.json_types import Document
from spatial.names.fold import fold, plain

SIDE_TITLES = {"up": {"zh": "上行", "en": "up"}, "down": {"zh": "下行", "en": "down"}}
TOWN_REACH_M = 60_000.0
"""How far from a route a town may lie that names a direction of it."""
_BEHIND = re.compile(r"(.*\d.*)[,;]\s*([^,;]*)", re.S)
RING_CLOSES_M = 3_000.0
DRAWN_DEGREES = 1e-5
"""How far the line of a stretch may lie off its carriageway in an answer: about a metre."""
_CODE = re.compile(r"(?<![A-Z0-9])([A-JL-Z]\d{1,5}(?:[A-JL-Z](?![A-Z0-9]))?)(?![0-9])", re.I)
_STAKE = re.compile(r"k\s*\d", re.I)
_BARE = re.compile(
    r"(?<![\w+.])(?:桩号\s*)?(\d{1,4}(?:\s*\+\s*\d{1,3}|\.\d{1,3})?)\s*(?:km|公里|千米)?"
    r"(?:\s*(?:[-–—~]|至|到|\bto\b)\s*(\d{1,4}(?:\s*\+\s*\d{1,3}|\.\d{1,3})?)\s*(?:km|公里|千米)?)?"
    r"(?:\s*处)?(?![\w+.]|\s*(?:号|车道|lane))",
    re.I | re.A,
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A stake text of each route that is meant; `bare` where no K was written.

    `rest` is what stands behind a comma and is no part of the place, as in `G92 K100, 追尾`.
    """

    texts: tuple[StakeText, ...]
    near: tuple[float, float] | None
    bare: bool
    rest: str = ""


class Stakes:
    """The stakes of all routes, and the names that stand for routes and directions."""

    def __init__(
        self,
        reference: LinearReference,
        towards: Sequence[asyncpg.Record],
        names: Gazetteer,
    ) -> None:
        self._reference, self._names = reference, names
        self._towards = towards
        self._routes = set(reference.routes())

    def find(self, asked: str) -> list[Hit]:
        """Return the places of a stake or stretch on each side that is meant; none is no answer.

        Raises
        ------
        BadParameter, NotFound
            A stake is named, but not on such a route, in such a direction, or it cannot be read.
        """
        place = self._read(asked)
        if place is None:
            return []
        hits: list[Hit] = []
        wrong: BadParameter | NotFound | None = None
        for named in place.texts:
            try:
                hits += self._hits(named)
            except (BadParameter, NotFound) as error:
                wrong = wrong or error
        if wrong is not None and not hits and not place.bare:
            raise wrong
        if place.near is not None:
            away = [float(distance_m(*place.near, *hit.center)) for hit in hits]
            hits = [hit for _, hit in sorted(zip(away, hits, strict=True), key=lambda far: far[0])]
        return [replace(hit, extra={**hit.extra, "rest": place.rest}) for hit in hits]

    def _read(self, asked: str) -> _Place | None:
        """Return what a text says with the route's number put first, None where it is no stake."""
        if not any(sign.isdigit() for sign in asked):
            return None
        routes, rest = self._route_of(asked)
        if routes is None:
            return None
        bare = _STAKE.search(rest) is None
        if bare:
            number = _BARE.search(rest)
            if number is None:
                return None
            stakes = f"K{number[1]}" + (f"-K{number[2]}" if number[2] else "")
            rest = f" {stakes} {rest[: number.start()]} {rest[number.end() :]}"
        try:
            texts, said = _read_stakes(routes.routes, rest)
        except BadParameter:
            if bare:
                return None
            raise
        return _Place(texts, routes.near, bare, said)

    def _route_of(self, asked: str) -> tuple[NamedRoutes | None, str]:
        """Return the routes that a text names, by number before name, and the rest of it."""
        simple = plain(asked)
        code = _CODE.search(simple)
        if code is not None and (code.start() == 0 or code[1].upper() in self._routes):
            rest = f"{simple[: code.start()]} {simple[code.end() :]}"
            named = self._names.find_route(rest)
            if named is not None and code[1].upper() in named[0].routes:
                rest = named[1]
            return NamedRoutes((code[1].upper(),)), rest
        found = self._names.find_route(asked)
        return (None, "") if found is None else found

    def _hits(self, named: StakeText) -> list[Hit]:
        rows = [row for row in self._towards if row["route_id"] == named.route]
        side, town = self._side(named, rows)
        fixes = self._reference.locate(named.route, named.k_from, side)
        if named.k_to is None:
            return [_stake(fix, named, rows, town) for fix in fixes]
        lines = self._reference.sub_lines(named.route, named.k_from, named.k_to, side)
        ends = {fix.side: fix for fix in self._reference.locate(named.route, named.k_to, side)}
        return [
            _span(fix, named, rows, town, lines[fix.side])
            for fix in fixes
            if fix.side in ends and fix.side in lines
        ]

    def _side(
        self, named: StakeText, rows: Sequence[asyncpg.Record]
    ) -> tuple[Side | None, Town | None]:
        """Return the side that is meant, and the town that named it where that is no end."""
        if named.side is None:
            return None, None
        ends = {fold(row[key] or "") for row in rows for key in ("towards_zh", "towards_en")}
        if fold(named.side) not in ends:
            town = self._names.town_of(named.side)
            side = None if town is None else self._towards_town(named, town)
            if side is not None:
                return side, town
        return find_side(named.route, named.side, rows), None

    def _towards_town(self, named: StakeText, town: Town) -> Side | None:
        """Return the side that leads from a stake to a town beside the route; the short way round.

        None where the town is far from the route, or the stake is beside the town itself.
        """
        beside = self._reference.stake_of(town.lon, town.lat, TOWN_REACH_M, named.route)
        if not beside:
            return None
        middle = (named.k_from + (named.k_from if named.k_to is None else named.k_to)) / 2
        ahead = beside[0].k_m - middle
        lengths = [piece.length_m for piece in self._reference.carriageways(named.route)]
        if abs(ahead) > max(lengths) / 2 and self._is_ring(named.route):
            ahead = -ahead
        if abs(ahead) < 1.0:
            return None
        return "up" if ahead > 0 else "down"

    def _is_ring(self, route: str) -> bool:
        pieces = self._reference.carriageways(route, "up")
        first, last = pieces[0].xy[0], pieces[-1].xy[-1]
        return bool(distance_m(*first, *last) < RING_CLOSES_M)


def _read_stakes(routes: Sequence[str], rest: str) -> tuple[tuple[StakeText, ...], str]:
    """Return what a text says of each route, and what stands behind a comma and is no part of it.

    Raises
    ------
    BadParameter
        It cannot be read, with or without what stands behind commas.
    """
    place, said = rest, ""
    while True:
        try:
            texts = [find_stake_text(f"{route} {place}") for route in routes]
            return tuple(text for text in texts if text), said
        except BadParameter:
            found = _BEHIND.fullmatch(place)
            if found is None:
                raise
            place = found[1]
            said = f"{found[2].strip()}, {said}" if said else found[2].strip()


def _label(
    fix: StakeFix, named: StakeText, rows: Iterable[asyncpg.Record], town: Town | None
) -> dict[str, str]:
    """Name a place by where its side leads to, and by the lanes that were named."""
    lead = next((row for row in rows if row["side"] == fix.side), None)
    label = {}
    for lang, to, comma, tail in (
        ("zh", "往", "、", " {}车道"),
        ("en", "towards ", ", ", ", lanes {}"),
    ):
        lanes = tail.format(comma.join(map(str, named.lanes))) if named.lanes else ""
        towards = town.title[lang] if town else (lead[f"towards_{lang}"] if lead else None)
        side = f"{to}{towards}" if towards else SIDE_TITLES[fix.side][lang]
        label[lang] = f"{fix.route_id} {named.stakes} {side}{lanes}"
    return label


def _told(fix: StakeFix, named: StakeText) -> Document:
    return {
        "route": fix.route_id, "side": fix.side,
        "carriageway": f"{fix.route_id}/{fix.side}/{fix.part}",
        "k_m": round(fix.k_m, 3), "k_to_m": named.k_to, "lanes": list(named.lanes),
        "calibrated": fix.calibrated, "accuracy_m": fix.accuracy_m, "source": fix.source_id,
    }  # fmt: skip


def _stake(
    fix: StakeFix, named: StakeText, rows: Iterable[asyncpg.Record], town: Town | None
) -> Hit:
    label = _label(fix, named, rows, town)
    centre = (fix.lon, fix.lat)
    return Hit("stakes", None, label, "derived", centre, "stake", extra=_told(fix, named))


def _span(
    fix: StakeFix,
    named: StakeText,
    rows: Iterable[asyncpg.Record],
    town: Town | None,
    line: shapely.MultiLineString,
) -> Hit:
    """Describe a stretch of one side; its ends are in metres from the route's zero, low first."""
    low, high = sorted((named.k_from, cast(float, named.k_to)))
    extra = _told(fix, named) | {
        "from_m": low, "to_m": high, "length_m": round(length_m(line), 1),
        "geometry": json.loads(shapely.to_geojson(line.simplify(DRAWN_DEGREES))),
    }  # fmt: skip
    centre = line.interpolate(0.5, normalized=True)
    return Hit(
        "stakes", None, _label(fix, named, rows, town), "derived", (centre.x, centre.y), "span",
        bbox=list(line.bounds), extra=extra,
    )  # fmt: skip
