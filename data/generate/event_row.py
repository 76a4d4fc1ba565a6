"""Rows of `event` as the parts of the synthetic day write them, and where they lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import psycopg
import shapely

from data.generate.world import SOURCE, Indices, Lines, Spots, generated_id, stake_text
from spatial.postgres.bulk import copy_rows

COLUMNS = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "valid_from",
    "valid_to", "props", "rule_version", "title_zh", "title_en", "severity", "colour", "cause",
    "direction", "certainty", "state", "route_id", "k_from", "created_by", "geom",
]  # fmt: skip
_STEP = 37  # edges of one county that are taken in turn lie apart


@dataclass(frozen=True, slots=True)
class EventRow:
    """One generated event; its id follows from `key`."""

    key: str
    kind: str
    code: str
    desk: str
    seen_by: str
    valid: tuple[datetime, datetime | None]
    titles: tuple[str, str]
    severity: str
    cause: str
    point: shapely.Geometry
    state: str = "open"
    colour: str | None = None
    direction: str | None = None
    rule: str | None = None
    route: tuple[str | None, float | None] = (None, None)
    props: Mapping[str, object] = field(default_factory=dict)

    @property
    def cells(self) -> list[object]:
        """Return the values of `COLUMNS`."""
        zh, en = self.titles
        return [
            generated_id(self.key), self.kind, self.code, f"{self.code}-{self.desk}", self.seen_by,
            "synthetic", SOURCE, *self.valid, self.props, self.rule, zh.strip(), en.strip(),
            self.severity, self.colour, self.cause, self.direction, "probable", self.state,
            *self.route, "generator", self.point,
        ]  # fmt: skip


def write_rows(conn: psycopg.Connection, rows: Iterable[EventRow]) -> int:
    """Write events by COPY and return how many."""
    return copy_rows(conn, "event", COLUMNS, (row.cells for row in rows))


def place_of(roads: Lines, spots: Spots, i: int) -> str:
    """Return route and stake of a spot, nothing where it lies on no numbered route."""
    route = roads.routes[spots.edges[i]]
    return f"{route} {stake_text(float(spots.k[i]))}" if route else ""


def route_of(roads: Lines, spots: Spots, i: int) -> tuple[str | None, float | None]:
    """Return the route of a spot and its stake (metres)."""
    route = roads.routes[spots.edges[i]]
    return (route, round(float(spots.k[i]), 1)) if route else (None, None)


def edges_in(roads: Lines, main: Indices, codes: Sequence[str]) -> Indices:
    """Return an edge of each county in turn, another one where a county is named again."""
    taken: Counter[str] = Counter()
    found = []
    for code in codes:
        here = main[roads.admin[main] == code]
        found.append(here[taken[code] * _STEP % len(here)])
        taken[code] += 1
    return np.array(found, dtype=np.int64)
