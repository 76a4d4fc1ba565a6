"""The part of a route between two stakes, cut as exactly as the calibration allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import numpy as np
import shapely

from layers.offload import offload_write
from spatial.geo.carriageway_rows import CARRIAGEWAY_SQL, STAKE_SQL
from spatial.geo.linear_reference import Carriageway
from spatial.json_types import Document

_WHERE = " WHERE route_id = $1 AND ($2::text IS NULL OR side = $2) ORDER BY side, part"
METRE_DECIMALS = 7


@dataclass(frozen=True)
class Stretch:
    """Lines (EPSG:4326) in driving direction, and how well their ends are known."""

    lines: shapely.Geometry
    calibrated: bool
    accuracy_m: float | None

    @property
    def told(self) -> Document:
        """What an event keeps of it."""
        return {"calibrated": self.calibrated, "accuracy_m": self.accuracy_m}


async def find_stretch(
    conn: asyncpg.Connection, span: tuple[str, float, float], side: str | None
) -> Stretch | None:
    """Return a part of a route between two stakes (m), of both sides where none is named.

    None where the route has no line there, or the stakes are one.
    """
    route, k_from, k_to = span
    rows = await conn.fetch(CARRIAGEWAY_SQL + _WHERE, route, side)
    stakes = await conn.fetch(STAKE_SQL + _WHERE, route, side) if rows else []
    return await offload_write(_stretch, rows, stakes, k_from, k_to)


def _stretch(
    rows: Sequence[asyncpg.Record], stakes: Sequence[asyncpg.Record], k_from: float, k_to: float
) -> Stretch | None:
    lines, kept = [], []
    for row in rows:
        own = [s for s in stakes if (s["side"], s["part"]) == (row["side"], row["part"])]
        piece = Carriageway(row, own)
        cuts = [
            cut for cut in piece.cut(k_from, k_to) if len(cut) > 1 and np.ptp(cut, axis=0).any()
        ]
        lines += [cut if _drives_on(piece, row["side"]) else cut[::-1] for cut in cuts]
        kept += [row] * bool(cuts)
    if not lines:
        return None
    accuracies = [row["accuracy_m"] for row in kept if row["accuracy_m"] is not None]
    shape = shapely.multilinestrings(
        [shapely.linestrings(np.round(x, METRE_DECIMALS)) for x in lines]
    )
    known = all(row["calibrated"] for row in kept)
    return Stretch(shape, known, max(accuracies, default=None))


def _drives_on(piece: Carriageway, side: str) -> bool:
    """Tell whether the line of a side runs the way its traffic drives: up with rising stakes."""
    stakes = piece.stakes_at(piece.chainage)
    known = stakes[np.isfinite(stakes)]
    return bool(known[0] <= known[-1]) == (side == "up") if len(known) > 1 else True
