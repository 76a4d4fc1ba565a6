"""Container terminals of the sample with berths, calls, gate requests and depots; all made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import psycopg
import shapely

from data.facts import Facts, read_facts
from data.things import Thing, clear, write_things
from spatial.geo.crs import GEOD
from spatial.ids import record_id, stable_uuid7
from spatial.postgres.bulk import copy_rows
from spatial.postgres.ingest import SourceInfo, save_source

Point = tuple[float, float]
HOUR = timedelta(hours=1)
UNIT = "330000-dispatch"
DAYS = 2
"""Days of gate requests."""
_CALL = (
    "id", "source_id", "key", "terminal_id", "vessel", "length_m", "draught_m", "draught_out_m",
    "eta", "due", "moves", "cranes", "weight", "late_weight", "berth", "from_m", "berthed_at",
    "state", "admin_code", "unit_id", "visibility", "origin",
)  # fmt: skip
_REQUEST = (
    "id", "source_id", "key", "terminal_id", "since", "until", "moves", "admin_code", "unit_id",
    "visibility", "origin",
)  # fmt: skip


@dataclass(frozen=True)
class _Maker:
    facts: Facts
    source: str
    anchor: datetime
    rng: np.random.Generator

    def calls(self, terminal: Facts, key: UUID) -> Iterator[tuple[object, ...]]:
        """Yield the calls of a terminal; who is too long for its berths comes to another."""
        own, longest = self.facts["calls"], max(length for length, _ in terminal["berths"])
        kinds = [one for one in self.facts["vessel"] if one["length_m"][0] < longest]
        shares = np.array([one["share"] for one in kinds])
        for number in range(terminal["calls"]):
            kind = kinds[int(self.rng.choice(len(kinds), p=shares / shares.sum()))]
            low, high = kind["length_m"]
            length = round(float(self.rng.uniform(low, min(high, longest))), 1)
            draught = round(float(self.rng.uniform(*kind["draught_m"])), 1)
            lies = number < own["berthed"]
            hours = -6.0 if lies else float(self.rng.uniform(own["since_h"] + 18, own["until_h"]))
            eta = (self.anchor + hours * HOUR).replace(second=0, microsecond=0)
            moves = int(self.rng.integers(*kind["moves"]))
            name = f"{terminal['key']}-{number:02d}"
            at = (f"{terminal['key']}-b1", 0.0, eta + HOUR, "berthed") if lies else (
                None, None, None, "expected")  # fmt: skip
            yield (
                record_id(self.source, "call", name), self.source, name, key,
                f"合成轮 {number:02d}", length, draught, round(draught * 0.9, 1), eta,
                eta + 48 * HOUR, moves, kind["cranes"], kind["weight"], 1, *at, terminal["unit"],
                UNIT, "unit", "synthetic",
            )  # fmt: skip

    def requests(self, terminal: Facts, key: UUID) -> Iterator[tuple[object, ...]]:
        """Yield what trucks ask of a gate, most of them about the same hours of a day."""
        gate = self.facts["gate"]
        for number in range(DAYS * terminal["requests"]):
            day, name = number // terminal["requests"], f"{terminal['key']}-{number:03d}"
            peak = float(self.rng.choice(gate["peaks_h"]))
            hour = float(np.clip(self.rng.normal(peak, gate["spread_h"]), 6.0, 21.0))
            since = self.anchor + timedelta(days=day, minutes=30 * round(2 * hour))
            moves = 1 + int(self.rng.random() < gate["two_moves"])
            yield (
                record_id(self.source, "gate-request", name), self.source, name, key, since,
                since + timedelta(minutes=gate["window_min"]), moves, terminal["unit"], UNIT,
                "unit", "synthetic",
            )  # fmt: skip


def load_terminals(conn: psycopg.Connection, anchor: datetime) -> int:
    """Replace terminals, calls and requests around a day; return the calls; the caller commits."""
    facts = read_facts("terminals")
    source = facts["source"]
    save_source(conn, SourceInfo(
        source["id"], source["zh"], source["en"], source["license"], "Sigang sample facts",
        version="facts/terminals.toml", props={"synthetic": True},
    ))  # fmt: skip
    clear(conn, [source["id"]], "vessel_call", "gate_request", "facility")
    write_things(conn, list(_things(facts)))
    maker = _Maker(facts, source["id"], anchor, np.random.default_rng(facts["seed"]))
    count = 0
    for terminal in facts["terminal"]:
        key = stable_uuid7(source["id"], terminal["key"])
        count += copy_rows(conn, "vessel_call", _CALL, maker.calls(terminal, key))
        copy_rows(conn, "gate_request", _REQUEST, maker.requests(terminal, key))
    return count


def _things(facts: Facts) -> Iterator[Thing]:
    source = facts["source"]["id"]
    for one in facts["terminal"]:
        length = sum(metres for metres, _ in one["berths"])
        ends = _ahead(one["from"], one["bearing"], 0), _ahead(one["from"], one["bearing"], length)
        inland = [_ahead(end, one["bearing"] - 90, one["inland_m"]) for end in ends]
        yield Thing(
            one["key"], "container_terminal", "synthetic", source,
            shapely.Polygon([*ends, *reversed(inland)]), one["zh"], one["en"], one["unit"],
            props={"source_key": one["key"], **{name: one[name] for name in (
                "hub", "channel_depth_m", "gate_lanes", "queue_most", "gate_hours")}},
        )  # fmt: skip
        along = 0.0
        for number, (metres, depth) in enumerate(one["berths"], 1):
            line = [_ahead(one["from"], one["bearing"], along + m) for m in (0, metres)]
            key = f"{one['key']}-b{number}"
            yield Thing(
                key, "berth", "synthetic", source, shapely.LineString(line),
                f"{one['zh'].split('集')[0]} {number} 号泊位（合成）",
                f"{one['en'].split(' ')[0]} berth {number} (synthetic)", one["unit"],
                props={"source_key": key, "terminal": one["key"], "length_m": metres,
                       "depth_m": depth, "from_m": along},
            )  # fmt: skip
            along += metres
    for one in facts["depot"]:
        (room_20, room_40), (stock_20, stock_40) = one["room"], one["stock"]
        yield Thing(
            one["key"], "container_depot", "synthetic", source, shapely.Point(one["at"]),
            one["zh"], one["en"], one["unit"],
            props={"source_key": one["key"], "accepts": one["accepts"],
                   "opening_hours": one["hours"], "room_20": room_20, "room_40": room_40,
                   "stock_20": stock_20, "stock_40": stock_40},
        )  # fmt: skip


def _ahead(at: Point, bearing: float, metres: float) -> Point:
    lon, lat, _ = GEOD.fwd(*at, bearing, metres)
    return round(lon, 7), round(lat, 7)
