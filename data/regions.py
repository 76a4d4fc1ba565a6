"""The regions loaded from OpenStreetMap: listed and removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from data.osm.load import REGION, clear_region
from spatial.errors import NotFound
from spatial.networks.road import KIND as ROAD
from spatial.postgres.ingest import Run, find_source, loading

_REGIONS = """
SELECT substr(s.id, length(%(begin)s) + 1) AS name, l.file, l.finished_at AS loaded_at, e.edges,
  e.km, s.license
FROM sigang.source s
JOIN (SELECT source_id, count(*) AS edges, sum(length_m) / 1000 AS km
      FROM sigang.edge WHERE starts_with(source_id, %(begin)s) GROUP BY source_id) e
  ON e.source_id = s.id
LEFT JOIN LATERAL (SELECT file, finished_at FROM sigang.load_run
  WHERE source_id = s.id AND state = 'done' AND kind = 'osm'
  ORDER BY finished_at DESC LIMIT 1) l ON true
ORDER BY name"""
_MODES = """
SELECT DISTINCT mode FROM sigang.edge WHERE source_id = %s"""
_END_STATES = f"""
UPDATE sigang.edge_state s SET version_to = v.version, recorded_to = v.changed_at
FROM sigang.network_version v, sigang.edge e
WHERE v.network = {ROAD.name!r} AND e.id = s.edge_id AND e.source_id = %s AND s.version_to IS NULL
RETURNING s.event_id"""  # noqa: S608
_END_EVENTS = """
UPDATE sigang.event v SET valid_to = greatest(now(), v.valid_from + interval '1 millisecond')
WHERE v.id = ANY (%s) AND v.state = 'open' AND (v.valid_to IS NULL OR v.valid_to > now())
  AND NOT EXISTS (SELECT 1 FROM sigang.edge_state s
    WHERE s.event_id = v.id AND s.version_to IS NULL)"""


@dataclass(frozen=True)
class Region:
    """A loaded region; `km` is the length of its edges, `file` and time those of its last load."""

    name: str
    file: str | None
    loaded_at: datetime | None
    edges: int
    km: float
    license: str


def list_regions(conn: psycopg.Connection) -> list[Region]:
    """Return the regions that have edges, by name."""
    with conn.cursor(row_factory=class_row(Region)) as cursor:
        return cursor.execute(_REGIONS, {"begin": REGION}).fetchall()


def remove_region(conn: psycopg.Connection, name: str) -> dict[str, int]:
    """Delete the rows of a region and return how many by table; the removal commits.

    Closures and speeds of its edges end with them. An event that acted on nothing else ends too:
    the server closes it as it does those whose time is over.

    Raises
    ------
    NotFound
        There is no such region.
    """
    source = find_source(conn, REGION + name)
    if source is None or name not in [region.name for region in list_regions(conn)]:
        raise NotFound(
            f"No region {name!r} is loaded", f"没有已加载的地区 {name!r}",
            mend_en="./sigang regions lists them.", mend_zh="./sigang regions 列出各地区。",
        )  # fmt: skip
    with loading(conn, source, None, "remove", {"region": name}) as run:
        modes = [mode for (mode,) in conn.execute(_MODES, [run.source_id])]
        run.raise_topology(modes)
        _end_events(run)
        return clear_region(run)


def _end_events(run: Run) -> None:
    """End what holds on the run's edges, as of the version that the removal makes."""
    acted = {event for (event,) in run.conn.execute(_END_STATES, [run.source_id])}
    run.conn.execute(_END_EVENTS, [list(acted)])
