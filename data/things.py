"""What the loaders of zones, facilities and generated things share: sources, rows, placing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
import shapely
from psycopg import sql

from data.facts import read_facts
from spatial.errors import SetupError
from spatial.geo.admin_units import AdminUnits
from spatial.geo.crs import GEOD
from spatial.ids import stable_uuid7
from spatial.postgres.bulk import copy_rows
from spatial.postgres.ingest import SourceInfo, save_source

PROVINCE = "330000"


@dataclass(slots=True)
class Thing:
    """A row of `facility`; its id follows from source and key."""

    key: str
    kind: str
    origin: str
    source_id: str
    geom: shapely.Geometry
    name_zh: str | None = None
    name_en: str | None = None
    admin_code: str | None = None
    unit_id: str | None = None
    visibility: str = "public"
    un_locode: str | None = None
    iata: str | None = None
    icao: str | None = None
    codes: Mapping[str, object] = field(default_factory=dict)
    capacity: float | None = None
    capacity_unit: str | None = None
    elevation_m: float | None = None
    props: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """Return the id that the row keeps over loads."""
        return stable_uuid7(self.source_id, self.key)


def write_things(conn: psycopg.Connection, things: Sequence[Thing]) -> int:
    """Write facilities by COPY and return how many."""
    columns = [f.name for f in fields(Thing) if f.name != "key"]
    rows = ([thing.id, *(getattr(thing, name) for name in columns)] for thing in things)
    return copy_rows(conn, "facility", ["id", *columns], rows)


def write_sources(conn: psycopg.Connection, *ids: str) -> None:
    """Insert or refresh sources of thing_sources.toml; all of them without `ids`."""
    for source in read_facts("thing_sources")["source"]:
        if ids and source["id"] not in ids:
            continue
        save_source(conn, SourceInfo(**source))


def clear(conn: psycopg.Connection, sources: Iterable[str], *tables: str) -> None:
    """Delete the rows of these sources from these tables."""
    own = list(sources)
    for table in tables:
        conn.execute(
            sql.SQL("DELETE FROM {} WHERE source_id = ANY(%s)").format(
                sql.Identifier("sigang", table)
            ),
            [own],
        )


def package_folder(name: str) -> Path:
    """Return the folder of an installed package without importing it; raise `SetupError`."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SetupError(
            f"the Python package {name} is missing",
            f"缺少 Python 软件包 {name}",
            mend_en="run ./sigang up again",
            mend_zh="请重新运行 ./sigang up",
        )
    return Path(spec.origin).parent


class Places:
    """Which county holds a point; near the coast, where polygons are coarse, the nearest one."""

    def __init__(self, conn: psycopg.Connection) -> None:
        units = AdminUnits.load(conn).units
        self.units = {c: s for c, s in units.items() if c.startswith("33") and c[2:] != "0000"}
        self._fine = [code for code in self.units if not code.endswith("00")]
        self._shapes = [self.units[code] for code in self._fine]
        self._tree = shapely.STRtree(self._shapes)

    def codes_of(
        self, points: Sequence[shapely.Geometry], within_deg: float = 0.0
    ) -> list[str | None]:
        """Return each point's county code, looking `within_deg` around it, or None."""
        found: list[str | None] = [None] * len(points)
        if not self._fine:
            return found
        which, unit = self._tree.query_nearest(
            np.array(points, dtype=object), max_distance=max(within_deg, 1e-9), all_matches=False
        )
        for at, number in zip(which.tolist(), unit.tolist(), strict=True):
            found[at] = self._fine[number]
        return found

    def off_m(self, code: str, lon: float, lat: float) -> float:
        """Return how far (metres) a point lies outside a unit; 0 inside it."""
        point, shape = shapely.Point(lon, lat), self.units[code]
        if shape.covers(point):
            return 0.0
        near = shapely.shortest_line(point, shape)
        return float(GEOD.geometry_length(near))
