"""What a decision acts on: target → edges of all bundles, each with its direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np
import shapely

from api.events.stretches import Stretch, find_stretch
from api.events.target_rows import BUNDLES, CARRIAGEWAY, CARRIED, FACILITY, INSIDE, SPAN
from layers.offload import offload_write
from spatial.actor import Actor, scope_prefix
from spatial.desk_rules import LASTING
from spatial.errors import BadParameter, NotFound, OutOfScope
from spatial.networks.model import NetworkKind, networks_of, searched_kinds
from spatial.networks.road import KIND as ROAD
from spatial.rules import Rules, get_rule

MOST_EDGES = 50_000
PROVINCE_DIGITS, PREFECTURE_DIGITS = 2, 4


@dataclass(frozen=True)
class Road:
    """What an edge is: its class, its lanes in one direction and its speed, where recorded."""

    road_class: str
    lanes: int | None
    speed_kmh: float | None


@dataclass(frozen=True)
class Target:
    """Edges with the direction that is meant, and what the event says about them."""

    edges: list[tuple[UUID, str]]
    geometry: shapely.Geometry
    codes: list[str]
    names: Mapping[str, str | None]
    facility_id: UUID | None = None
    span: tuple[str, float, float] | None = None
    roads: Mapping[UUID, Road] = field(default_factory=dict)
    uncoded: int = 0
    """Parts that lie in no known unit."""
    networks: Sequence[str] = (ROAD.name,)
    """Kinds of the networks that its edges are of."""
    side: str | None = None
    """The side of the route that is meant alone, `up` or `down`."""
    stretch: Stretch | None = None
    """What lies between the stakes, where those are lines."""

    @property
    def admin_code(self) -> str | None:
        """The smallest unit that holds all of it, None where a part lies in no known one."""
        return None if self.uncoded else common_code(self.codes)


def check_interval(begin: datetime, end: datetime, cause: str, rules: Rules) -> None:
    """Refuse an interval that is over, ends before it begins, or lasts longer than the rule says.

    Raises
    ------
    BadParameter
    """
    if end <= begin or end <= datetime.now(UTC):
        raise BadParameter(
            "valid_to must lie in the future and after valid_from",
            "结束时间须晚于现在和开始时间",
            parameter="valid_to",
        )
    rule = get_rule(rules, LASTING)
    days = rule.value.of_cause(cause)
    if end - begin > timedelta(days=days):
        raise BadParameter(
            f"An event may last {days} days at most ({rule.key}); this ends {end:%Y-%m-%d}",
            f"事件最长 {days} 天（规则 {rule.key}），所给结束日期为 {end:%Y-%m-%d}",
            mend_en="Check the year; enter a further event when this one ends.",
            mend_zh="请核对年份；到期后可续报。",
            parameter="valid_to",
            latest=(begin + timedelta(days=days)).isoformat(),
        )


def common_code(codes: Iterable[str]) -> str | None:
    """Return the smallest administrative unit that holds all of the given ones."""
    found = list(codes)
    if not found:
        return None
    for digits in (6, PREFECTURE_DIGITS, PROVINCE_DIGITS):
        prefixes = {code[:digits] for code in found}
        if len(prefixes) == 1:
            return prefixes.pop().ljust(6, "0")
    return None


def check_scope(actor: Actor, target: Target) -> None:
    """Refuse a target that is not wholly in the actor's area.

    A part without a known unit, such as a bridge over the sea, is the province's.

    Raises
    ------
    OutOfScope
        Some of it belongs to others, named by code, or to nobody known.
    """
    foreign = sorted({code for code in target.codes if not actor.covers(code)})
    nowhere = target.uncoded or not target.codes
    if not foreign and (actor.provincial or not nowhere):
        return
    named = foreign + (["no unit known"] if nowhere else [])
    named_zh = foreign + (["行政区未知"] if nowhere else [])
    prefix = scope_prefix(actor.scope)
    raise OutOfScope(
        f"The decision reaches outside {prefix}: {', '.join(named)}",
        f"处置范围超出辖区 {prefix}：{'、'.join(named_zh)}",
        mend_en="Ask the provincial dispatcher to decide it.",
        mend_zh="请由省调度中心处置。",
        admin_codes=foreign,
        parts_without_code=target.uncoded,
    )


async def of_facility(conn: asyncpg.Connection, facility: UUID, direction: str) -> Target:
    """Find the edges that a structure carries; forward is along its own line."""
    row = await conn.fetchrow(FACILITY, facility)
    if row is None:
        raise NotFound(f"No facility {facility}", f"没有设施 {facility}")
    base = [r["edge_id"] for r in await conn.fetch(CARRIED, facility)]
    rows = await _bundles(conn, base)
    if not rows:
        raise BadParameter(
            "This facility carries nothing that paths go over",
            "该设施不承载可通行路段，无法封闭",
            mend_en="Name a bridge, a tunnel or an edge.",
            mend_zh="请选择桥梁、隧道或路段。",
        )
    shape = shapely.from_wkb(row["geom"])
    along = shape if shape.geom_type == "LineString" else None
    names = {"zh": row["name_zh"], "en": row["name_en"]}
    edges = await _directed(conn, rows, direction, along)
    codes = [*(row["admin_codes"] or []), *([row["admin_code"]] if row["admin_code"] else [])]
    return await offload_write(_target, rows, edges, names, facility_id=facility, codes=codes)


async def of_edge(conn: asyncpg.Connection, edge: UUID, direction: str) -> Target:
    """Find an edge and its bundle; forward is along the edge."""
    rows = await _bundles(conn, [edge])
    own = next((row for row in rows if row["id"] == edge), None)
    if own is None:
        raise NotFound(f"No edge {edge} that paths go over", f"没有可通行路段 {edge}")
    names = {"zh": own["name_zh"] or own["ref"], "en": own["name_en"] or own["ref"]}
    edges = await _directed(conn, rows, direction, shapely.from_wkb(own["geom"]))
    return await offload_write(_target, rows, edges, names)


async def of_span(
    conn: asyncpg.Connection, span: tuple[str, float, float], side: str | None, direction: str
) -> Target:
    """Find the edges between two stakes (m) of a route; one side only where it is named."""
    route, k_from, k_to = span
    base = [r["id"] for r in await conn.fetch(SPAN, route, side, k_from, k_to)]
    if not base:
        raise NotFound(
            f"No edge of {route} between the stakes", f"{route} 在该桩号区间没有路段",
            mend_en="Check route, side and stakes.", mend_zh="请核对路线、方向与桩号。",
        )  # fmt: skip
    rows = await _bundles(conn, base)
    name = f"{route} {_stake(k_from)}–{_stake(k_to)}"
    wanted = side if side and direction == "both" else direction
    edges = await _directed(conn, rows, wanted, None)
    only = wanted if wanted in ("up", "down") else None
    stretch = await find_stretch(conn, span, only)
    target = _target(rows, edges, {"zh": name, "en": name}, span=span)
    shape = stretch.lines if stretch else target.geometry
    return replace(target, geometry=shape, side=only, stretch=stretch)


async def of_polygon(
    conn: asyncpg.Connection,
    polygon: shapely.Geometry,
    direction: str,
    kind: NetworkKind = ROAD,
) -> Target:
    """Find the edges of a kind that a polygon touches, and their bundles."""
    if direction != "both":
        raise BadParameter(
            "An area is closed in both directions", "面状封闭只能双向", parameter="direction"
        )
    text = shapely.to_geojson(polygon)
    base = [r["id"] for r in await conn.fetch(INSIDE, text, MOST_EDGES + 1, kind.traffic.modes)]
    if not base or len(base) > MOST_EDGES:
        raise BadParameter(
            f"The polygon touches {'no' if not base else f'more than {MOST_EDGES}'} {kind.en}s",
            f"多边形内没有{kind.zh}" if not base else f"多边形内路段超过 {MOST_EDGES} 条",
            parameter="target",
        )
    rows = await _bundles(conn, base)
    names = {"zh": "绘制区域", "en": "Drawn area"}

    def target() -> Target:
        return _target(rows, [(row["id"], "both") for row in rows], names, shape=polygon)

    return await offload_write(target)


async def _bundles(
    conn: asyncpg.Connection, base: Iterable[UUID | str]
) -> Sequence[asyncpg.Record]:
    """Return edges that paths go over, and their bundles.

    Their ids go as one text, which takes the loop no time.
    """
    modes = [mode for kind in searched_kinds() for mode in kind.traffic.modes]
    found: Sequence[asyncpg.Record] = await conn.fetch(BUNDLES, ",".join(map(str, base)), modes)
    return found


def _stake(k_m: float) -> str:
    return f"K{int(k_m // 1000)}+{int(k_m % 1000):03d}"


def _target(
    rows: Sequence[asyncpg.Record],
    edges: list[tuple[UUID, str]],
    names: Mapping[str, str | None],
    *,
    facility_id: UUID | None = None,
    span: tuple[str, float, float] | None = None,
    codes: Sequence[str] = (),
    shape: shapely.Geometry | None = None,
) -> Target:
    """Return a target of edges; its shape is that of the edges where none is given."""
    shut = {edge for edge, _ in edges}
    if not shut:
        raise BadParameter(
            "Nothing may be driven there in this direction", "该方向本来就不通行",
            parameter="direction",
        )  # fmt: skip
    if shape is None:
        lines = shapely.from_wkb([row["geom"] for row in rows if row["id"] in shut])
        shape = shapely.multilinestrings(lines)
    found = [row["admin_code"] for row in rows if row["id"] in shut]
    own = {code for code in found if code}
    roads = {row["id"]: _road(row) for row in rows}
    every = sorted(own | set(codes))
    networks = networks_of(row["mode"] for row in rows if row["id"] in shut)
    return Target(edges, shape, every, names, facility_id, span, roads, found.count(None), networks)


def _road(row: asyncpg.Record) -> Road:
    """Describe an edge; lanes of a two-way road are shared by both directions."""
    lanes = row["lanes"]
    if lanes and not row["oneway"]:
        lanes = max(lanes // 2, 1)
    return Road(row["class"], lanes, row["speed_kmh"])


async def _directed(
    conn: asyncpg.Connection,
    rows: Sequence[asyncpg.Record],
    direction: str,
    along: shapely.Geometry,
) -> list[tuple[UUID, str]]:
    """Return each edge with the direction that is shut; one-way edges against it stay open."""
    if direction == "both":
        return [(row["id"], "both") for row in rows]
    if direction in ("up", "down"):
        along = await _upward(conn, rows)
    return await offload_write(_chosen, rows, direction, along)


def _chosen(
    rows: Sequence[asyncpg.Record], direction: str, along: shapely.Geometry
) -> list[tuple[UUID, str]]:
    """Return the edges that may be driven in a direction, seen along a line."""
    shapes = shapely.from_wkb([row["geom"] for row in rows])
    ways = dict(zip((row["id"] for row in rows), shapes, strict=True))
    along = along or max(ways.values(), key=lambda way: way.length)
    chosen = []
    for row in rows:
        if row["side"] in ("up", "down") and direction in ("up", "down"):
            shut = "forward" if row["side"] == direction else "backward"
        else:
            same = _aligned(ways[row["id"]], along) == (direction in ("forward", "up"))
            shut = "forward" if same else "backward"
        if not (row["oneway"] and shut == "backward"):
            chosen.append((row["id"], shut))
    return chosen


async def _upward(conn: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> shapely.Geometry:
    """Return the line of rising stakes beside the edges, None where all edges name their side."""
    if all(row["side"] in ("up", "down") for row in rows):
        return None
    routes = [row["route_id"] for row in rows if row["route_id"]]
    parts = await conn.fetch(CARRIAGEWAY, routes[0]) if routes else []
    if not parts:
        raise BadParameter(
            "Up and down need a road with stakes", "上行、下行仅适用于有桩号的路线",
            parameter="direction",
        )  # fmt: skip
    middle = shapely.from_wkb(rows[0]["geom"]).centroid
    lines = [shapely.from_wkb(part["geom"]) for part in parts]
    line = min(lines, key=lambda part: part.distance(middle))
    at = line.project(middle)
    span = shapely.from_wkb(rows[0]["geom"]).length
    return shapely.LineString([line.interpolate(max(at - span, 0)), line.interpolate(at + span)])


def _aligned(way: shapely.Geometry, along: shapely.Geometry) -> bool:
    """Tell whether a line runs with another rather than against it."""
    (ax, ay), (bx, by) = (np.subtract(g.coords[-1], g.coords[0]) for g in (way, along))
    shrink = np.cos(np.radians(along.coords[0][1])) ** 2
    return bool(ax * bx * shrink + ay * by >= 0)
