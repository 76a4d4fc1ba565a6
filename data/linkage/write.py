"""A timetable in the database: what a feed brought before is replaced by its good rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from data.linkage.judge import Hubs, find_hub
from data.linkage.stage import Stage
from data.linkage.tables import (
    AgencyRow,
    CalendarDateRow,
    CalendarRow,
    ClosureRow,
    RouteRow,
    StopRow,
    StopTimeRow,
    TransferRow,
    TripRow,
)
from spatial.geo.admin_units import AdminUnits
from spatial.postgres.ingest import Run

_HUBS = "SELECT id, un_locodes FROM sigang.linkage_hub WHERE source_id <> %s"
_PUT_HUB = """
INSERT INTO sigang.linkage_hub AS h (id, kind, name_zh, name_en, admin_code, un_locodes, by_road,
  source_id, origin, geom)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name_zh = excluded.name_zh,
  name_en = excluded.name_en, admin_code = excluded.admin_code, un_locodes = excluded.un_locodes,
  by_road = excluded.by_road, source_id = excluded.source_id, origin = excluded.origin,
  geom = excluded.geom"""
_DROP_HUBS = """
DELETE FROM sigang.linkage_hub h WHERE source_id = %s AND NOT id = ANY(%s)
  AND NOT EXISTS (SELECT 1 FROM sigang.linkage_call c WHERE c.hub_id = h.id)"""
_AT_SHORE = ("sea", "river")
_OWN = ("linkage_call", "linkage_trip", "linkage_service", "linkage_transfer", "linkage_closing")
_SERVICE = (
    "id", "mode", "carrier", "name_zh", "name_en", "cargo", "most_t", "source_id", "origin",
)  # fmt: skip
_TRIP = (
    "id", "service_id", "capacity_teu", "weekdays", "since", "until", "added", "removed",
    "source_id",
)  # fmt: skip
_TRANSFER = (
    "hub_id", "from_mode", "to_mode", "handling_s", "information_s", "cny_per_teu", "g_per_teu",
    "source_id",
)  # fmt: skip
_CLOSING = ("hub_id", "since", "until", "reason", "source_id")
_CALL = (
    "trip_id", "number", "hub_id", "arrive_s", "depart_s", "gate_in_s", "documents_s",
    "distance_m", "cny_per_teu", "cny_per_t", "lift_cny_per_teu", "boards", "alights", "source_id",
)  # fmt: skip


def read_hubs(run: Run) -> dict[str, str]:
    """Return the hubs that other feeds have, by id and by UN/LOCODE."""
    known: dict[str, str] = {}
    for identity, codes in run.conn.execute(_HUBS, [run.source_id]).fetchall():
        known |= {**dict.fromkeys(codes, identity), identity: identity}
    return known


def write(run: Run, stage: Stage, hubs: Hubs, origin: str, units: AdminUnits) -> None:
    """Replace what the source had by the good rows of a timetable."""
    run.clear(*_OWN)
    _write_hubs(run, stage, origin, units)
    carriers = {given.row.agency_id: given.row.agency_name for given in stage.of(AgencyRow)}
    run.copy("linkage_service", _SERVICE, (
        (row.route_id, row.mode, carriers[row.agency_id], row.route_long_name, row.route_name_en,
         list(row.cargo), row.most_t, run.source_id, origin)
        for row in (given.row for given in stage.of(RouteRow))
    ))  # fmt: skip
    run.copy("linkage_trip", _TRIP, _trips(run, stage))
    run.copy("linkage_call", _CALL, _calls(run, stage, hubs))
    run.copy("linkage_transfer", _TRANSFER, (
        (find_hub(hubs, row.stop_id), row.from_mode, row.to_mode, row.handling_min * 60,
         row.information_min * 60, row.cny_per_teu, row.kg_per_teu * 1000, run.source_id)
        for row in (given.row for given in stage.of(TransferRow))
    ))  # fmt: skip
    run.copy("linkage_closing", _CLOSING, (
        (find_hub(hubs, row.stop_id), row.since, row.until, row.reason, run.source_id)
        for row in (given.row for given in stage.of(ClosureRow))
    ))  # fmt: skip


def _write_hubs(run: Run, stage: Stage, origin: str, units: AdminUnits) -> None:
    rows = [given.row for given in stage.of(StopRow)]
    lon, lat = [row.stop_lon for row in rows], [row.stop_lat for row in rows]
    at_shore = [row.hub_kind in _AT_SHORE for row in rows]
    codes = units.codes_of(lon, lat, at_shore)
    with run.conn.cursor() as cursor:
        cursor.executemany(_PUT_HUB, [
            (row.stop_id, row.hub_kind, row.stop_name, row.stop_name_en, code,
             list(row.un_locodes), row.by_road, run.source_id, origin, row.stop_lon, row.stop_lat)
            for row, code in zip(rows, codes, strict=True)
        ])  # fmt: skip
    run.rows["linkage_hub"] += len(rows)
    run.conn.execute(_DROP_HUBS, [run.source_id, [row.stop_id for row in rows]])


def _trips(run: Run, stage: Stage) -> Iterator[tuple[object, ...]]:
    """Yield trips with the days on which they run; without a weekly pattern, added days alone."""
    weekly = {given.row.service_id: given.row for given in stage.of(CalendarRow)}
    dates = defaultdict[str, dict[str, list[date]]](lambda: {"1": [], "2": []})
    for one in stage.of(CalendarDateRow):
        dates[one.row.service_id][one.row.exception_type].append(one.row.date)
    for row in (given.row for given in stage.of(TripRow)):
        week, own = weekly.get(row.service_id), dates[row.service_id]
        days = [week.start_date, week.end_date] if week else own["1"] + own["2"]
        yield (
            row.trip_id, row.route_id, row.capacity_teu, week.weekdays if week else 0,
            min(days), max(days), own["1"], own["2"], run.source_id,
        )  # fmt: skip


def _calls(run: Run, stage: Stage, hubs: Hubs) -> Iterator[tuple[object, ...]]:
    last = {one.row.trip_id: one.row.stop_sequence for one in stage.of(StopTimeRow)}
    number = dict.fromkeys(last, 0)
    for row in (given.row for given in stage.of(StopTimeRow)):
        place = number[row.trip_id]
        number[row.trip_id] += 1
        priced = row.cny_per_teu is not None or row.cny_per_t is not None
        prices = (row.cny_per_teu or 0.0, row.cny_per_t or 0.0) if priced else (None, None)
        yield (
            row.trip_id, place, find_hub(hubs, row.stop_id), row.arrival_time, row.departure_time,
            row.gate_in_min * 60, row.documents_min * 60, (row.distance_km or 0.0) * 1000,
            *prices, row.lift_cny_per_teu,
            row.pickup_type == "0" and row.stop_sequence != last[row.trip_id],
            row.drop_off_type == "0" and place > 0, run.source_id,
        )  # fmt: skip
