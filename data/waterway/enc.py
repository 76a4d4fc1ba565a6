"""Load a chart cell: `sigang load enc CELL.000`.

Depth areas, soundings, marks, bridges and lock basins become rows of the chart; axes of waterways
and recommended tracks become reaches, cut beside what spans them. A reach that depth areas cover
wholly has the least of their depths, one that they do not cover has none; so do waterways of other
sources that lie in the cell.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
import shapely
from shapely.ops import substring

from data.layerfile.load import Progress
from data.waterway.enc_file import Cell, Depth, Overhead, Thing, read_cell
from data.waterway.records import Area, Delivery, Junction, Limit, Names, Opening, Reach, Site
from data.waterway.write import Terms, write
from spatial.geo.admin_units import AdminUnits
from spatial.geo.topology import build_network
from spatial.json_types import JsonObject
from spatial.networks.waterway import KIND
from spatial.postgres.ingest import LoadReport, Run, SourceInfo, loading, trying

BESIDE_DEG = 0.0005  # about 50 m: how far beside what spans it an axis is cut
_COVERED = 1e-6  # share of a line that may lie outside of all areas by rounding
_LATERAL = {"1": "lateral_port", "2": "lateral_starboard", "3": "preferred_starboard",
            "4": "preferred_port"}  # fmt: skip
_CARDINAL = {"1": "cardinal_north", "2": "cardinal_east", "3": "cardinal_south",
             "4": "cardinal_west"}  # fmt: skip
_MARKS = {"ISD": "isolated_danger", "SAW": "safe_water", "SPP": "special"}
_OTHERS = f"""
SELECT id, ST_AsBinary(geom) FROM sigang.edge WHERE mode = {KIND.mode!r} AND source_id <> %s
  AND origin IN ('real', 'derived') AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
ORDER BY id"""  # noqa: S608


@dataclass(frozen=True)
class Chart:
    """What a cell is a version of, and under which terms it may be used."""

    source: str
    license: str = "unknown"
    attribution: str = ""


def load_enc(
    conn: psycopg.Connection, file: Path, chart: Chart, progress: Progress, *, dry_run: bool = False
) -> LoadReport:
    """Replace the rows of a chart by those of a cell.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    file
        An S-57 cell, `*.000`; updates that lie beside it are applied.
    chart
        The source that it becomes, `enc:<source>`, and its terms.
    progress
        Receives one line per step.
    dry_run
        Do all of it and undo it.

    Raises
    ------
    Quarantined
        It is no cell that can be used; nothing was changed.
    """
    cell = read_cell(file)
    source = SourceInfo(
        id=f"enc:{chart.source}",
        title_zh=f"电子海图 {chart.source}",
        title_en=f"Electronic chart {chart.source}",
        license=chart.license,
        attribution=chart.attribution or chart.source,
        version=f"{cell.edition} {cell.issued}",
        props={"origin": "real", "cell": cell.name},
    )
    tried = trying(conn, source) if dry_run else None
    with tried or loading(conn, source, file, "enc", {"source": chart.source}) as run:
        _load(run, cell, progress)
    return run.report()


def _load(run: Run, cell: Cell, progress: Progress) -> None:
    delivery = _deliver(cell)
    _add_depths(run, cell, delivery)
    write(run, delivery, Terms("real"), AdminUnits.load(run.conn))
    run.told.update({f"left out: {reason}": count for reason, count in cell.ignored.items()})
    progress(f"{len(cell.depths)} depth areas, {len(cell.soundings)} soundings")


def _deliver(cell: Cell) -> Delivery:
    """Return the records of a cell without the depths of its reaches."""
    delivery = Delivery(
        areas=[_area(depth) for depth in cell.depths],
        sites=[*map(_sounding, cell.soundings), *map(_mark, cell.marks), *map(_lock, cell.locks)],
    )
    under = _add_reaches(delivery, cell)
    for overhead in cell.overheads:
        _add_overhead(delivery, overhead, tuple(under[overhead.key]))
    return delivery


def _area(depth: Depth) -> Area:
    props: JsonObject = {"least_m": depth.least_m, "datum": depth.datum}
    if depth.most_m is not None:
        props["most_m"] = depth.most_m
    if depth.dredged:
        props["dredged"] = True
    return Area(f"depth/{depth.key}", "depth_area", depth.shape, props=props)


def _sounding(depth: Depth) -> Site:
    props: JsonObject = {"depth_m": depth.least_m, "datum": depth.datum}
    return Site(f"sounding/{depth.key}", "sounding", depth.shape, props=props)


def _mark(mark: Thing) -> Site:
    said = mark.attributes
    category = (
        _LATERAL.get(said.get("CATLAM", ""))
        or _CARDINAL.get(said.get("CATCAM", ""))
        or _MARKS.get(mark.kind[3:])
        or {"NOTMRK": "notice", "LIGHTS": "light"}.get(mark.kind, "other")
    )
    props: JsonObject = {
        "category": category, "floating": mark.kind.startswith("BOY"), "attributes": dict(said),
    }  # fmt: skip
    return Site(f"mark/{mark.key}", "navmark", mark.shape, Names(en=mark.name), props=props)


def _lock(lock: Thing) -> Site:
    sizes = {"chamber_length_m": "HORLEN", "chamber_width_m": "HORWID"}
    props: JsonObject = {
        ours: float(lock.attributes[theirs])
        for ours, theirs in sizes.items()
        if theirs in lock.attributes
    }
    return Site(f"lock/{lock.key}", "lock", lock.shape, Names(en=lock.name), props=props)


def _add_overhead(delivery: Delivery, one: Overhead, reaches: tuple[str, ...]) -> None:
    """Add a bridge, cable or pipe with one opening: its clear height when closed, and its width."""
    site = f"overhead/{one.key}"
    kind = "bridge" if one.kind == "BRIDGE" else "cable"
    props = {"clear_height_m": one.height_m, "clear_width_m": one.width_m}
    delivery.sites.append(
        Site(
            site,
            kind,
            one.shape,
            Names(en=one.name),
            reaches,
            props={name: value for name, value in props.items() if value is not None},
        )
    )
    delivery.openings.append(Opening(site, 1, "opening"))
    delivery.limits.append(Limit("clearance", one.height_m, site=site, opening=1, datum=one.datum))
    if one.width_m is not None:
        delivery.limits.append(Limit("width", one.width_m, site=site, opening=1))


def _add_reaches(delivery: Delivery, cell: Cell) -> dict[str, list[str]]:
    """Add the axes as reaches, cut beside what spans them; return the reaches under each of it."""
    under: dict[str, list[str]] = defaultdict(list)
    pieces: list[tuple[Thing, int, shapely.LineString]] = []
    for axis in cell.axes:
        if axis.shape.geom_type != "LineString":
            cell.ignored[f"{axis.kind}: no line"] += 1
            continue
        for number, (line, spans) in enumerate(_cut(axis.shape, cell.overheads)):
            pieces.append((axis, number, line))
            for span in spans:
                under[span.key].append(f"axis/{axis.key}/{number}")
    if not pieces:
        return under
    network = build_network(np.array([line for _, _, line in pieces], dtype=object))
    names = [f"at/{x:.7f},{y:.7f}" for x, y in network.xy]
    delivery.junctions = [
        Junction(name, shapely.Point(xy)) for name, xy in zip(names, network.xy, strict=True)
    ]
    for (axis, number, line), tail, head in zip(pieces, network.tail, network.head, strict=True):
        delivery.reaches.append(
            Reach(
                f"axis/{axis.key}/{number}",
                names[tail],
                names[head],
                line,
                names=Names(en=axis.name),
                props={"attributes": dict(axis.attributes)},
            )
        )
    return under


def _cut(
    line: shapely.LineString, overheads: list[Overhead]
) -> Iterator[tuple[shapely.LineString, list[Overhead]]]:
    """Yield the pieces of a line, and what spans each: pieces end beside what spans the line."""
    spans = [
        (line.project(line.intersection(one.shape).centroid), one)
        for one in overheads
        if line.intersects(one.shape)
    ]
    ends = {0.0, line.length}
    for at, _ in spans:
        ends |= {max(at - BESIDE_DEG, 0.0), min(at + BESIDE_DEG, line.length)}
    stops = sorted(ends)
    for first, last in itertools.pairwise(stops):
        inside = [one for at, one in spans if first <= at <= last]
        yield substring(line, first, last), inside


def _add_depths(run: Run, cell: Cell, delivery: Delivery) -> None:
    """Add the depth of each reach, and of each waterway of another source, that areas cover."""
    if not cell.depths:
        return
    tree = shapely.STRtree([depth.shape for depth in cell.depths])
    told: Counter[str] = Counter()
    lines: list[tuple[str | UUID, shapely.LineString]] = [
        (reach.key, reach.line) for reach in delivery.reaches
    ]
    bounds = shapely.total_bounds([depth.shape for depth in cell.depths]).tolist()
    for edge, wkb in run.conn.execute(_OTHERS, [run.source_id, *bounds]).fetchall():
        lines.append((edge, shapely.from_wkb(bytes(wkb))))
    for key, line in lines:
        found = _depth_of(line, cell.depths, tree)
        own = isinstance(key, str)
        told[
            f"{'reaches' if own else 'other waterways'} {'with' if found else 'without'} depth"
        ] += 1
        if found:
            limit = Limit("depth", found.least_m, datum=found.datum, note=f"DRVAL1 {found.key}")
            limit.reach, limit.edge = (key, None) if isinstance(key, str) else (None, key)
            delivery.limits.append(limit)
    run.told.update(told)


def _depth_of(line: shapely.LineString, depths: list[Depth], tree: shapely.STRtree) -> Depth | None:
    """Return the area of the least depth along a line, None where areas do not cover all of it."""
    near = [depths[i] for i in tree.query(line, predicate="intersects").tolist()]
    along = [one for one in near if line.intersection(one.shape).length > 0]
    if not along or len({one.datum for one in along}) > 1:
        return None
    left = line.difference(shapely.union_all([one.shape for one in along])).length
    return min(along, key=lambda one: one.least_m) if left <= _COVERED * line.length else None
