"""A timetable out of the database, as files that `load timetable` takes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import cast

import psycopg
from psycopg.rows import dict_row

from data.linkage.tables import DAYS, ROWS
from spatial.errors import NotFound

_FEED = """
SELECT id AS feed_id, title_zh AS feed_publisher_name, license AS feed_license,
  (SELECT min(origin) FROM sigang.linkage_service s WHERE s.source_id = c.id) AS feed_origin,
  version AS feed_version, url AS feed_publisher_url FROM sigang.source c WHERE id = %s"""
_STOPS = """
SELECT id AS stop_id, name_zh AS stop_name, name_en AS stop_name_en, ST_Y(geom) AS stop_lat,
  ST_X(geom) AS stop_lon, kind AS hub_kind, array_to_string(un_locodes, ' ') AS un_locodes,
  by_road::int AS by_road FROM sigang.linkage_hub WHERE source_id = %s ORDER BY id"""
_AGENCIES = """
SELECT DISTINCT carrier AS agency_id, carrier AS agency_name,
  'Asia/Shanghai' AS agency_timezone FROM sigang.linkage_service
WHERE source_id = %s ORDER BY 1"""
_ROUTES = """
SELECT id AS route_id, carrier AS agency_id, name_zh AS route_long_name, name_en AS route_name_en,
  mode, array_to_string(cargo, ' ') AS cargo, most_t FROM sigang.linkage_service
WHERE source_id = %s ORDER BY id"""
_TRIPS = """
SELECT id AS trip_id, service_id AS route_id, id AS service_id, capacity_teu, weekdays, since,
  until, added, removed FROM sigang.linkage_trip WHERE source_id = %s ORDER BY id"""
_CALLS = """
SELECT trip_id, number AS stop_sequence, hub_id AS stop_id, arrive_s AS arrival_time,
  depart_s AS departure_time, gate_in_s / 60 AS gate_in_min, documents_s / 60 AS documents_min,
  distance_m / 1000 AS distance_km, cny_per_teu, cny_per_t, lift_cny_per_teu,
  CASE WHEN boards THEN 0 ELSE 1 END AS pickup_type,
  CASE WHEN alights THEN 0 ELSE 1 END AS drop_off_type
FROM sigang.linkage_call WHERE source_id = %s ORDER BY trip_id, number"""
_TRANSFERS = """
SELECT hub_id AS stop_id, from_mode, to_mode, handling_s / 60 AS handling_min,
  information_s / 60 AS information_min, cny_per_teu, g_per_teu / 1000 AS kg_per_teu
FROM sigang.linkage_transfer WHERE source_id = %s ORDER BY hub_id, from_mode, to_mode"""
_CLOSURES = """
SELECT hub_id AS stop_id, since, until, reason FROM sigang.linkage_closing WHERE source_id = %s
ORDER BY hub_id, since"""
Row = Mapping[str, object]


def export_timetable(conn: psycopg.Connection, feed: str, folder: Path) -> dict[str, int]:
    """Write the services of a feed into a folder; return the number of rows by file.

    Every trip has a calendar of its own.

    Raises
    ------
    NotFound
        There is no such feed.
    """

    def read(text: str) -> list[Row]:
        with conn.cursor(row_factory=dict_row) as cursor:
            return list(cursor.execute(text, [feed]).fetchall())

    feeds, trips = read(_FEED), read(_TRIPS)
    if not feeds or not trips:
        raise NotFound(f"no timetable of a feed {feed}", f"没有班期来源 {feed}")
    files = {
        "feed_info.txt": feeds, "stops.txt": read(_STOPS), "agency.txt": read(_AGENCIES),
        "routes.txt": read(_ROUTES), "trips.txt": trips,
        "calendar.txt": [_calendar(trip) for trip in trips if trip["weekdays"]],
        "calendar_dates.txt": [row for trip in trips for row in _dates(trip)],
        "stop_times.txt": [_clocked(call) for call in read(_CALLS)],
        "transfers.txt": read(_TRANSFERS),
        "closures.txt": [_offset(row) for row in read(_CLOSURES)],
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ROWS:
        _write(folder / kind.FILE, list(kind.model_fields), files[kind.FILE])
    return {name: len(rows) for name, rows in files.items()}


def _write(path: Path, columns: list[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _calendar(trip: Row) -> Row:
    bits = int(str(trip["weekdays"]))
    days = {day: bits >> bit & 1 for bit, day in enumerate(DAYS)}
    ends = {"start_date": f"{trip['since']:%Y%m%d}", "end_date": f"{trip['until']:%Y%m%d}"}
    return {"service_id": trip["trip_id"], **days, **ends}


def _dates(trip: Row) -> list[Row]:
    return [
        {"service_id": trip["trip_id"], "date": f"{day:%Y%m%d}", "exception_type": kind}
        for kind, name in (("1", "added"), ("2", "removed"))
        for day in cast(list[date], trip[name])
    ]


def _clocked(call: Row) -> Row:
    clocks = {}
    for name in ("arrival_time", "departure_time"):
        seconds = int(str(call[name]))
        clocks[name] = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return {**call, **clocks}


def _offset(row: Row) -> Row:
    ends = {name: cast(datetime, row[name]).isoformat() for name in ("since", "until")}
    return {**row, **ends}
