"""Carriageways and their stakes, as SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypedDict

import shapely


class CarriagewayRow(TypedDict):
    """A row of `CARRIAGEWAY_SQL`."""

    route_id: str
    side: Literal["up", "down"]
    part: int
    calibrated: bool
    accuracy_m: float | None
    source_id: str
    geom: bytes | shapely.LineString


class StakeRow(TypedDict):
    """A row of `STAKE_SQL`: stake and chainage in metres."""

    route_id: str
    side: str
    part: int
    k_m: float
    chainage_m: float
    accuracy_m: float | None


CARRIAGEWAY_SQL = (
    "SELECT route_id, side, part, calibrated, accuracy_m, source_id, ST_AsBinary(geom) AS geom"
    " FROM sigang.carriageway"
)
STAKE_SQL = "SELECT route_id, side, part, k_m, chainage_m, accuracy_m FROM sigang.stake"
TOWARDS_SQL = (
    "SELECT DISTINCT route_id, side, towards_zh, towards_en FROM sigang.carriageway"
    " WHERE $1::text IS NULL OR route_id = $1 ORDER BY route_id, side"
)
ROUTES_SQL = "SELECT DISTINCT route_id FROM sigang.carriageway ORDER BY route_id"
MOST_NAMED = 40


def unknown_route(given: object, known: Collection[str]) -> tuple[str, str] | None:
    """Return why a record cannot name a route, English and Chinese; None where it can.

    Letters of either case and blanks around are the same; where no route is loaded all may be.
    """
    if given is None or not known or str(given).strip().upper() in known:
        return None
    some, name = sorted(known)[:MOST_NAMED], str(given)[:40]
    more = ("", "") if len(some) == len(known) else (f" of {len(known)}", f" 等 {len(known)} 条")
    return (
        f"no route {name!r}; there are: {', '.join(some)}{more[0]}",
        f"没有路线 {name!r}；现有：{'、'.join(some)}{more[1]}",
    )
