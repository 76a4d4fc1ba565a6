"""What could not be drawn: rows, cells and layers set aside with their error, tried again later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, cast

import psycopg

from layers.tiles.level_tables import Cell, disjoint, up

FIRST_WAIT_S, LONGEST_WAIT_S = 10, 900
ERROR_LENGTH = 300
WHOLE: Cell = (0, 0, 0)

_OF_LAYER = """
SELECT z, x, y, feature, error, since, tries, next_try <= clock_timestamp()
FROM sigang_tiles.set_aside WHERE layer = %s"""
_DROP = """
DELETE FROM sigang_tiles.set_aside
WHERE layer = %s AND z = %s AND x = %s AND y = %s AND feature = %s"""
_PUT = """
INSERT INTO sigang_tiles.set_aside (layer, z, x, y, feature, error, since, tries, next_try)
VALUES (%(layer)s, %(z)s, %(x)s, %(y)s, %(feature)s, %(error)s,
  coalesce(%(since)s, clock_timestamp()), %(tries)s,
  clock_timestamp() + least(%(most)s, %(first)s * 2 ^ least(%(tries)s - 1, 20)) * interval '1 s')
ON CONFLICT (layer, z, x, y, feature) DO UPDATE SET error = excluded.error,
  since = least(set_aside.since, excluded.since), tries = set_aside.tries + 1,
  next_try = excluded.next_try"""
_DUE = """
SELECT DISTINCT layer FROM sigang_tiles.set_aside WHERE next_try <= clock_timestamp()"""
_LISTED = """
SELECT layer, z, x, y, feature, error, since, tries FROM sigang_tiles.set_aside
ORDER BY since, layer LIMIT %s"""
STANDING = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - least(
    (SELECT min(at) FROM sigang.tile_change), min(since) FILTER (WHERE feature = ''))), 0)::float8
    AS lag_s,
  coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8 AS oldest_s,
  count(DISTINCT layer) FILTER (WHERE feature = '') AS layers,
  count(*) FILTER (WHERE feature <> '') AS rows,
  coalesce(bool_or(next_try <= clock_timestamp()), false) OR EXISTS (SELECT 1
    FROM sigang.tile_change WHERE at < clock_timestamp() - interval '10 s') AS wake
FROM sigang_tiles.set_aside"""
"""How far the tiles lag behind the rows, what is set aside, and whether there is work to do.

Every role may ask it.
"""

Conn = psycopg.Connection


@dataclass(frozen=True, slots=True)
class Aside:
    """One thing set aside: a feature, or a cell where `feature` is empty; `since` None is now."""

    cell: Cell
    feature: str
    error: str
    since: datetime | None
    tries: int
    due: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rebuild has to do.

    Parameters
    ----------
    cells
        To rebuild: those asked for, without what waits for its next try, and what is tried again.
    shut
        Whether some that were asked for wait.
    again
        Entries that are tried again; they are no longer listed.
    waiting
        Features that stay aside.
    """

    cells: list[Cell]
    shut: bool
    again: list[Aside]
    waiting: list[str]


def take(conn: Conn, layer: str, cells: Iterable[Cell]) -> Taken:
    """Return what to do about changed cells, and about what is due, of a layer."""
    rows = conn.execute(_OF_LAYER, [layer]).fetchall()
    known = [Aside((z, x, y), *rest) for z, x, y, *rest in rows]
    asked = list(cells)
    closed = {one.cell for one in known if not one.feature and not one.due}
    wanted = outside(asked, closed)
    again = [
        one
        for one in known
        if one.due or (one.cell not in closed and any(_overlap(one.cell, c) for c in wanted))
    ]
    for one in again:
        conn.execute(_DROP, [layer, *one.cell, one.feature])
    waiting = [one.feature for one in known if one.feature and one not in again]
    todo = disjoint([*wanted, *(one.cell for one in again)])
    return Taken(todo, len(wanted) < len(asked), again, waiting)


def put(conn: Conn, layer: str, one: Aside) -> None:
    """Set a thing aside; its next try comes the later, the more there were."""
    z, x, y = one.cell
    error = " ".join(one.error.split())[:ERROR_LENGTH].replace("\x00", "")
    values = {
        "layer": layer, "z": z, "x": x, "y": y, "feature": one.feature, "error": error,
        "since": one.since, "tries": one.tries, "first": FIRST_WAIT_S, "most": LONGEST_WAIT_S,
    }  # fmt: skip
    conn.execute(_PUT, values)


def due(conn: Conn) -> list[str]:
    """Return the layers of which something is due for its next try."""
    return [layer for (layer,) in conn.execute(_DUE).fetchall()]


def release(conn: Conn, layer: str) -> None:
    """Let all that is set aside of a layer be tried again at once."""
    conn.execute(
        "UPDATE sigang_tiles.set_aside SET next_try = clock_timestamp() WHERE layer = %s", [layer]
    )


def forget(conn: Conn, layers: Iterable[str]) -> None:
    """Forget what belongs to layers that are no more."""
    conn.execute("DELETE FROM sigang_tiles.set_aside WHERE layer = ANY(%s)", [list(layers)])


class SetAside(TypedDict):
    """A row, a cell or a layer whose tiles are set aside, and why."""

    layer: str
    feature: str | None
    z: int | None
    x: int | None
    y: int | None
    since: datetime
    error: str
    tries: int


def listed(conn: Conn, most: int) -> list[SetAside]:
    """Return what is set aside, the oldest first."""
    rows = conn.execute(_LISTED, [most])
    names = [column.name for column in rows.description or ()]
    return [cast(SetAside, dict(zip(names, row, strict=True))) for row in rows.fetchall()]


def outside(cells: Sequence[Cell], failed: Iterable[Cell]) -> list[Cell]:
    """Return the cells that lie in none of the failed ones."""
    shut = set(failed)
    return [cell for cell in cells if not within(cell, shut)]


def within(cell: Cell, cells: set[Cell]) -> bool:
    """Tell whether a cell lies in one of others."""
    return bool(cells) and any(up(cell, zoom) in cells for zoom in range(cell[0] + 1))


def _overlap(one: Cell, other: Cell) -> bool:
    zoom = min(one[0], other[0])
    return up(one, zoom) == up(other, zoom)
