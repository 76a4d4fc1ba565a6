"""Hubs and services of the four-port linkage: corridors as facts, timetables drawn by a seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import psycopg

from data.facts import Facts, read_facts
from data.linkage.load import put, source_of
from data.linkage.stage import Cells, stage_files
from spatial.geo.crs import distance_m
from spatial.postgres.ingest import NO_LOAD, Run, save_source
from spatial.transport_modes import HAULAGE

Progress = Callable[[str], None]
Rng = np.random.Generator
CARRIER = "sample-linkage"
BEFORE, AFTER = timedelta(days=60), timedelta(days=730)
"""How long before and after the anchor of the sample trips run."""
_AIRPORTS = """
SELECT iata, name_zh, name_en, ST_X(p), ST_Y(p) FROM sigang.facility,
  LATERAL (SELECT ST_PointOnSurface(geom) AS p) at WHERE iata = ANY(%s) ORDER BY iata"""


def load_linkage(conn: psycopg.Connection, anchor: datetime, progress: Progress) -> None:
    """Replace hubs and services of the sample; the caller commits."""
    facts = read_facts("linkage")
    stage = stage_files(make_files(facts, _airports(conn, facts), anchor))
    source = source_of(stage)
    save_source(conn, source)
    put(Run(conn, NO_LOAD, source.id), stage, progress)


def _airports(conn: psycopg.Connection, facts: Facts) -> list[Cells]:
    ids = facts["air"]["ids"]
    rows = conn.execute(_AIRPORTS, [list(ids)]).fetchall()
    return [_stop(ids[iata], "air", zh, en, (lon, lat), ()) for iata, zh, en, lon, lat in rows]


def make_files(facts: Facts, airports: list[Cells], anchor: datetime) -> dict[str, list[Cells]]:
    """Return the rows of the sample's timetable, as files have them; the same for the same seed."""
    rng = np.random.default_rng(facts["feed"]["seed"])
    stops = {stop["stop_id"]: stop for stop in [*_hubs(), *airports]}
    services = [one for one in facts["service"] if set(one["hubs"]) <= set(stops)]
    feed = facts["feed"]
    files: dict[str, list[Cells]] = {
        "feed_info.txt": [{
            "feed_id": feed["id"], "feed_publisher_name": feed["zh"],
            "feed_license": feed["license"], "feed_origin": "synthetic",
            "feed_version": "facts/linkage.toml",
        }],
        "stops.txt": list(stops.values()),
        "agency.txt": [{"agency_id": CARRIER, "agency_name": feed["zh"]}],
        "calendar.txt": [{
            "service_id": "daily", **dict.fromkeys(_DAYS, "1"),
            "start_date": f"{anchor - BEFORE:%Y%m%d}", "end_date": f"{anchor + AFTER:%Y%m%d}",
        }],
        "routes.txt": [], "trips.txt": [], "stop_times.txt": [],
    }  # fmt: skip
    for service in services:
        _add_service(files, service, facts["modes"][service["mode"]], stops, rng)
    files["transfers.txt"] = _transfers(facts["transfers"], services, stops, rng)
    return files


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _hubs() -> list[Cells]:
    same = {key: place.get("same", []) for key, place in read_facts("unlocode")["place"].items()}
    found: list[Cells] = []
    for hub in read_facts("hubs")["hub"]:
        code = hub.get("unlocode")
        codes = (code, *same.get(code, [])) if code else ()
        stop = _stop(hub["id"], hub["kind"], hub["zh"], hub["en"], hub["at"], codes)
        found.append({**stop, "by_road": "0" if hub.get("water_only") else "1"})
    return found


def _stop(
    identity: str, kind: str, zh: str, en: str | None, at: tuple[float, float],
    codes: tuple[str, ...],
) -> Cells:  # fmt: skip
    cells = {
        "stop_id": identity, "stop_name": zh, "hub_kind": kind, "stop_lon": str(at[0]),
        "stop_lat": str(at[1]),
    }  # fmt: skip
    return (
        cells
        | ({"stop_name_en": en} if en else {})
        | ({"un_locodes": " ".join(codes)} if codes else {})
    )


def _add_service(
    files: dict[str, list[Cells]], service: Facts, mode: Facts, stops: dict[str, Cells], rng: Rng
) -> None:
    """Add a service with its trips in both directions."""
    cargo = "air container" if service["mode"] == "air" else "container cold dangerous"
    files["routes.txt"].append({
        "route_id": service["id"], "agency_id": CARRIER, "route_long_name": service["zh"],
        "route_name_en": service["en"], "mode": service["mode"], "cargo": cargo,
    })  # fmt: skip
    price = rng.uniform(*mode["cny_per_teu_km"])
    for way, hubs in (("out", service["hubs"]), ("back", service["hubs"][::-1])):
        first = int(rng.integers(0, 24 * 4)) * 15
        for run in range(service["daily"]):
            begins = (first + run * 24 * 60 // service["daily"]) % (24 * 60)
            trip = f"{service['id']}-{way}-{run + 1}"
            files["trips.txt"].append({
                "trip_id": trip, "route_id": service["id"], "service_id": "daily",
                "capacity_teu": str(service.get("teu", mode["teu"])),
            })  # fmt: skip
            files["stop_times.txt"] += _calls(trip, hubs, begins, service, mode, stops, price, rng)


def _calls(
    trip: str, hubs: list[str], begins: int, service: Facts, mode: Facts, stops: dict[str, Cells],
    price: float, rng: Rng,
) -> list[Cells]:  # fmt: skip
    km = [0.0, *(_km(stops[a], stops[b]) * mode["detour"] for a, b in pairwise(hubs))]
    minutes = [each / mode["speed_kmh"] * 60 for each in km]
    if "hours" in service:
        minutes = [each * service["hours"] * 60 / sum(minutes) for each in minutes]
    found: list[Cells] = []
    at = float(begins)
    for number, hub in enumerate(hubs):
        at += minutes[number]
        leaves = at + (60 if 0 < number < len(hubs) - 1 else 0)
        cells = {
            "trip_id": trip, "stop_sequence": str(number), "stop_id": hub,
            "arrival_time": _clock(at), "departure_time": _clock(leaves),
            "gate_in_min": _drawn(rng, mode["gate_in_min"], 15),
            "documents_min": _drawn(rng, mode["documents_min"], 15),
            "distance_km": f"{km[number]:.1f}",
        }  # fmt: skip
        if not service.get("unpriced"):
            cells["cny_per_teu"] = str(round(price * km[number]))
            cells["lift_cny_per_teu"] = _drawn(rng, mode["lift_cny"], 10)
        found.append(cells)
        at = leaves
    return found


def _transfers(
    ranges: Facts, services: list[Facts], stops: dict[str, Cells], rng: Rng
) -> list[Cells]:
    """Return what changing takes at each hub between the ways that lead to it and from it."""
    found: list[Cells] = []
    for hub in sorted(stops):
        ways = sorted({one["mode"] for one in services if hub in one["hubs"]})
        for come in ["place", HAULAGE, *ways]:
            for leave in ["place", HAULAGE, *ways]:
                if come == "place" == leave:
                    continue
                found.append({
                    "stop_id": hub, "from_mode": come, "to_mode": leave,
                    "handling_min": _drawn(rng, ranges["handling_min"], 15),
                    "information_min": _drawn(rng, ranges["information_min"], 30),
                    "cny_per_teu": _drawn(rng, ranges["cny_per_teu"], 5),
                    "kg_per_teu": _drawn(rng, ranges["kg_per_teu"], 1),
                })  # fmt: skip
    return found


def _drawn(rng: Rng, ends: list[int], step: int) -> str:
    return str(int(rng.integers(ends[0] // step, ends[1] // step + 1)) * step)


def _km(one: Cells, other: Cells) -> float:
    here, there = ((float(stop["stop_lon"]), float(stop["stop_lat"])) for stop in (one, other))
    return float(distance_m(*here, [there[0]], [there[1]])[0]) / 1000


def _clock(minutes: float) -> str:
    whole = round(minutes)
    return f"{whole // 60:02d}:{whole % 60:02d}"
