"""Synthetic places beside the roads, sensors on the named structures, and works projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import psycopg
import shapely
from shapely.ops import substring

from data.facts import read_facts
from data.generate.world import (
    SOURCE,
    TRUNK,
    Lines,
    Rng,
    Spots,
    generated_id,
    rng_of,
    settings,
    stake_text,
)
from data.things import Places, Thing, write_things
from spatial.geo.zorder import keys_of
from spatial.networks.road import KIND as ROAD
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.rule_models import BRIDGE_LEVELS, Levels
from spatial.truths import read_truths

WIM = "sample-wim"
CELL_LEVEL = 15  # tile level of the cell key of positions, about 1 km
_QUANTITIES = (  # quantity, unit, design value, usual share of it
    ("wind_speed", "m/s", 30.0, 0.3),
    ("strain", "µε", 400.0, 0.35),
    ("displacement", "mm", 250.0, 0.25),
    ("acceleration_rms", "m/s²", 0.5, 0.3),
    ("temperature", "°C", 60.0, 0.2),
    ("cable_force", "kN", 5000.0, 0.45),
)
_ASSET = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "props",
    "name_zh", "name_en", "class", "identifiers", "home_id",
]  # fmt: skip
_OBSERVATION = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "asset_id",
    "facility_id", "quantity", "value", "unit", "quality", "phenomenon_time", "window_s",
]  # fmt: skip
_LATEST = [
    "asset_id", "cell_key", "fix_time", "lon", "lat", "admin_code", "unit_id", "visibility",
    "origin", "kind",
]  # fmt: skip
_DAY_S = 86_400
_HEARD_DAYS, _HEARD_H = 60, 30  # before and after the start of the sample's day
_LONGEST_M = 25_000.0  # of a project's stretch


def write_sites(conn: psycopg.Connection, roads: Lines, anchor: datetime) -> None:
    """Write the places, the sensors with their last day, and the projects."""
    rng = rng_of(3)
    plan = settings()["sites"]
    things = [
        *_announced_wim(conn, roads),
        *_along(rng, roads, "wim_site", plan["wim"], ("trunk", "primary")),
        *_along(rng, roads, "checkpoint", plan["checkpoints"], TRUNK),
        *_along(rng, roads, "service_area", plan["service_areas"], ("motorway",)),
        *_rescue(rng, roads, plan["rescue_extra"]),
    ]
    write_things(conn, things)
    _write_sensors(conn, rng, anchor)
    _write_projects(conn, rng, anchor)


def _announced_wim(conn: psycopg.Connection, roads: Lines) -> Iterator[Thing]:
    facts = read_facts("wim")
    for site in facts["site"]:
        here = roads.where((roads.routes == site["route"]) & (roads.admin == site["unit"]))
        if len(here):
            middle = here[len(here) // 2 : len(here) // 2 + 1]
            point, placed = roads.at(middle, np.array([0.5])).points[0], "on its route"
        else:
            point, placed = shapely.Point(_seat(site["unit"])), "county seat"
        label = f"{site['route']} {site['stake']}"
        yield Thing(
            site["id"], "wim_site", "schematic", WIM, point, f"{label} 超限检测点",
            f"{label} weigh-in-motion", site["unit"], f"{site['unit']}-law",
            codes={"route": site["route"], "stake": site["stake"]},
            props={"placed": placed, "notice": facts["source"]},
        )  # fmt: skip


def _seat(code: str) -> list[float]:
    seat: list[float] = read_facts("admin")["county"][code]["seat"]
    return seat


_TITLES = {
    "wim_site": ("超限检测点", "weigh-in-motion", "law"),
    "checkpoint": ("卡口", "checkpoint", "law"),
    "service_area": ("服务区", "service area", ROAD.name),
    "rescue_base": ("救援站", "rescue base", "rescue"),
}


def _along(
    rng: Rng, roads: Lines, kind: str, count: int, classes: tuple[str, ...]
) -> Iterator[Thing]:
    named = np.array([route is not None for route in roads.routes])
    spots = roads.draw(rng, count, roads.where(named & np.isin(roads.classes, classes)))
    capacity = rng.integers(40, 240, count)
    for i in range(count):
        thing = _site(roads, spots, i, kind, stake_text(float(spots.k[i])))
        if kind == "service_area":
            thing.capacity, thing.capacity_unit = float(capacity[i]), "bays"
        yield thing


def _rescue(rng: Rng, roads: Lines, extra: int) -> Iterator[Thing]:
    """Yield one base in each county and a few more."""
    main = np.isin(roads.classes, TRUNK)
    codes = list(read_facts("admin")["county"])
    known = [code for code in codes if (main & (roads.admin == code)).any()]
    chosen = [*known, *rng.choice(known, len(codes) + extra - len(known)).tolist()]
    edges = np.array([rng.choice(roads.where(main & (roads.admin == c))) for c in chosen])
    spots = roads.at(edges, rng.random(len(edges)))
    for i, crew in enumerate(rng.integers(20, 80, len(edges)).tolist()):
        thing = _site(roads, spots, i, "rescue_base", f"{i + 1:02d}")
        thing.capacity, thing.capacity_unit = float(crew), "crew"
        yield thing


def _site(roads: Lines, spots: Spots, i: int, kind: str, label: str) -> Thing:
    zh, en, desk = _TITLES[kind]
    edge = spots.edges[i]
    code, route = roads.admin[edge], roads.routes[edge]
    prefix = f"{route} " if route and kind != "rescue_base" else f"{code} "
    return Thing(
        f"{kind}:{i}", kind, "synthetic", SOURCE, spots.points[i], f"{prefix}{label} {zh}(合成)",
        f"{prefix}{label} {en} (synthetic)", code, f"{code}-{desk}",
        "public" if kind == "service_area" else "unit",
        codes={"route": route} if route else {},
        props={"edge_id": str(roads.ids[edge]), "k_m": None if not route else float(spots.k[i])},
    )  # fmt: skip


def _write_sensors(conn: psycopg.Connection, rng: Rng, anchor: datetime) -> None:
    structures = conn.execute(
        "SELECT id, name_zh, name_en, admin_code, ST_AsBinary(geom) FROM sigang.facility"
        " WHERE kind IN ('bridge', 'tunnel') AND codes ? 'structure' AND admin_code IS NOT NULL"
        " ORDER BY id"
    ).fetchall()
    each = settings()["sites"]["sensors_per_structure"]
    silent = read_truths()["outages"].planted["silent_h"]
    sensors = [
        _Sensor(structure, number, each, silent)
        for structure in structures
        for number in range(each)
    ]
    copy_rows(conn, "asset", _ASSET, (sensor.asset() for sensor in sensors))
    copy_rows(conn, "latest_position", _LATEST, (sensor.latest(anchor) for sensor in sensors))
    levels = read_rule(BRIDGE_LEVELS).value
    step = settings()["sites"]["sensor_step_s"]
    rows = (row for s in sensors for row in s.day(rng, anchor, step, levels))
    copy_rows(conn, "observation", _OBSERVATION, rows)
    runs = (run for s in sensors for run in s.heard(anchor))
    copy_rows(conn, "asset_uptime", ["asset_id", "first_seen", "last_seen"], runs)


class _Sensor:
    """One sensor on a structure: where it sits and what it measures."""

    def __init__(
        self,
        structure: tuple[UUID, str, str, str, bytes],
        number: int,
        each: int,
        silent: Mapping[str, tuple[float, float]],
    ) -> None:
        self.home, zh, en, self.code, shape = structure
        self.quantity, self.unit, self.design, self.share = _QUANTITIES[number % len(_QUANTITIES)]
        line = shapely.from_wkb(bytes(shape))
        along = (number + 0.5) / each
        line_like = line.geom_type in ("LineString", "MultiLineString")
        self.point = (
            shapely.line_interpolate_point(shapely.get_geometry(line, 0), along, normalized=True)
            if line_like
            else line.centroid
        )
        self.names = (f"{zh} {self.quantity} {number + 1}", f"{en} {self.quantity} {number + 1}")
        self.silent = silent.get(self.names[0])
        self.key = f"sensor:{self.home}:{number}"
        self.id: UUID = generated_id(self.key)

    def _common(self) -> list[object]:
        return [self.code, f"{self.code}-works", "unit", "synthetic", SOURCE]

    def asset(self) -> list[object]:
        """Return the row of `asset`."""
        props = {"design_value": self.design, "unit": self.unit, "quantity": self.quantity}
        return [
            self.id, "sensor", *self._common(), props, *self.names, self.quantity, {}, self.home,
        ]  # fmt: skip

    def latest(self, anchor: datetime) -> list[object]:
        """Return the row of `latest_position`: a sensor stays where it is."""
        key = int(keys_of([self.point.x], [self.point.y], CELL_LEVEL)[0])
        return [
            self.id, key, anchor, self.point.x, self.point.y, self.code, f"{self.code}-works",
            "unit", "synthetic", "sensor",
        ]  # fmt: skip

    def heard(self, anchor: datetime) -> Iterator[list[object]]:
        """Yield the runs of heartbeats: through the sample's day, but for planted silence."""
        first, last = anchor - timedelta(days=_HEARD_DAYS), anchor + timedelta(hours=_HEARD_H)
        if self.silent is None:
            yield [self.id, first, last]
            return
        fell, rose = (anchor + timedelta(hours=hours) for hours in self.silent)
        yield [self.id, first, fell]
        if rose < last:
            yield [self.id, rose, last]

    def day(self, rng: Rng, anchor: datetime, step: int, levels: Levels) -> Iterator[list[object]]:
        """Yield the means of the day before the anchor, none of the time of planted silence."""
        count = _DAY_S // step
        phase = np.linspace(0, 2 * np.pi, count)
        values = self.design * (self.share + 0.08 * np.sin(phase) + rng.normal(0, 0.03, count))
        fell, rose = (anchor + timedelta(hours=hours) for hours in self.silent or (0, 0))
        for i in range(count):
            at = anchor - timedelta(seconds=_DAY_S - i * step)
            if fell < at < rose:
                continue
            value = round(abs(float(values[i])), 3)
            share = value / self.design
            level = levels.of(share)
            yield [
                generated_id(f"{self.key}:{i}"), "bridge_monitoring", *self._common(), self.id,
                self.home, self.quantity, value, self.unit, level, at, float(step),
            ]  # fmt: skip


_PROJECT = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "props",
    "name_zh", "name_en", "state", "budget_cny", "planned_start", "planned_end", "geom",
]  # fmt: skip
_SECTION = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "name_zh",
    "name_en", "project_id", "route_id", "k_from", "k_to", "pv_cny", "ev_cny", "ac_cny", "score",
    "geom",
]  # fmt: skip


def _write_projects(conn: psycopg.Connection, rng: Rng, anchor: datetime) -> None:
    """Write projects on stretches of numbered routes, each of three to five sections by stake."""
    routes = conn.execute(
        "SELECT route_id, length_m, ST_AsBinary(geom) FROM sigang.carriageway"
        " WHERE side = 'up' AND part = 0 AND length_m > 30000 ORDER BY route_id"
    ).fetchall()
    wanted = settings()["sites"]["projects"] if routes else 0
    places = Places(conn)
    projects: list[list[object]] = []
    sections: list[list[object]] = []
    while len(projects) < wanted:
        route, length, shape = routes[int(rng.integers(len(routes)))]
        line = shapely.from_wkb(bytes(shape))
        first = float(rng.uniform(0, length - _LONGEST_M))
        code = places.codes_of([line.interpolate(first / length, normalized=True)])[0]
        if code is not None:  # a route may lead out of the province
            stretch = _Stretch(route, length, line, first, code, f"project:{len(projects)}")
            row, parts = stretch.project(rng, anchor)
            projects.append(row)
            sections.extend(parts)
    copy_rows(conn, "project", _PROJECT, projects)
    copy_rows(conn, "project_section", _SECTION, sections)


@dataclass(frozen=True)
class _Stretch:
    """Where a project lies: its route as a line, and the stake (metres) where it begins."""

    route: str
    length_m: float
    line: shapely.Geometry
    first: float
    code: str
    key: str

    def project(self, rng: Rng, anchor: datetime) -> tuple[list[object], list[list[object]]]:
        """Return the row of the project and those of its sections."""
        parts, step = int(rng.integers(3, 6)), float(rng.integers(2000, 5000))
        begun = anchor - timedelta(days=int(rng.integers(60, 700)))
        ends = anchor + timedelta(days=int(rng.integers(60, 900)))
        due = (anchor - begun) / (ends - begun)
        budget = round(float(rng.uniform(2e7, 9e7)) * step / 1000, -4)
        sections = [self._section(rng, part, step, budget * due) for part in range(parts)]
        name, piece = self._piece(0, parts * step)
        row = [
            generated_id(self.key), "works", *self._common(), {"due_share": round(due, 3)},
            f"{name} 改扩建工程(合成)", f"{name} widening (synthetic)", "building",
            budget * parts, begun, ends, piece,
        ]  # fmt: skip
        return row, sections

    def _section(self, rng: Rng, part: int, step: float, planned: float) -> list[object]:
        earned = planned * float(rng.uniform(0.75, 1.1))
        spent = earned * float(rng.uniform(0.9, 1.15))
        name, piece = self._piece(part * step, (part + 1) * step)
        return [
            generated_id(f"{self.key}:{part}"), "section", *self._common(), name, name,
            generated_id(self.key), self.route, self.first + part * step,
            self.first + (part + 1) * step, round(planned, -4), round(earned, -4),
            round(spent, -4), round(float(rng.uniform(70, 99)), 1), piece,
        ]  # fmt: skip

    def _common(self) -> list[object]:
        return [self.code, f"{self.code}-works", "unit", "synthetic", SOURCE]

    def _piece(self, begin: float, end: float) -> tuple[str, shapely.Geometry]:
        """Return name and line of a stretch between two distances (metres) from its begin."""
        k = (self.first + begin, self.first + end)
        shares = (at / self.length_m for at in k)
        label = f"{self.route} {stake_text(k[0])}–{stake_text(k[1])}"
        return label, substring(self.line, *shares, normalized=True)
