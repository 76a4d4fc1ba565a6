"""Load an OpenStreetMap extract: `sigang load osm FILE.osm.pbf --region NAME`.

Two passes over the file. The first counts node references on disk and keeps restriction relations;
the second streams ways, split at graph nodes, straight into COPY. A load replaces all rows of its
region in one transaction; loading the same file twice gives the same rows with the same ids.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import osmium
import psycopg
import shapely
from psycopg.types.json import Jsonb

from data.osm import edges as osm_edges
from data.osm import facilities, ignored, turns
from data.osm.delays import DelayNodes
from data.osm.edges import EdgeBuilder, Way
from data.osm.limits import COLUMNS as LIMITS
from data.osm.limits import NODE_KEYS as LIMIT_KEYS
from data.osm.limits import lower
from data.osm.merged_nodes import merge_nodes
from data.osm.nodes import MODES, NodeTable, References, TagStore
from data.osm.tags import BARRAGES, KEYS, is_lock, names, way_kind
from data.osm.turns import Relation
from spatial.errors import BadCoordinate, BadParameter, NotFound, Quarantined
from spatial.geo import quality
from spatial.geo.admin_units import AdminUnits
from spatial.geo.antimeridian import split
from spatial.networks.waterway import KIND as WATERWAY
from spatial.postgres.ingest import BadRow, LoadReport, Run, SourceInfo, loading

Progress = Callable[[str], None]

REGION = "osm:"
"""What the source of a region begins with."""
_CHUNK = 2_000
_NODE_KEYS = ("barrier", "highway", "waterway", "railway", "aeroway", "amenity", *LIMIT_KEYS)
_NODE_HIGHWAYS = frozenset({"crossing", "traffic_signals", "motorway_junction", "mini_roundabout"})
_NODE_COLUMNS = (
    "id", "kind", "admin_code", "visibility", "origin", "source_id", "props", "name_zh", "name_en",
    "modes", "geom",
)  # fmt: skip
_TABLES = ("turn_restriction", "facility", "edge", "node")


@dataclass
class _Extract:
    """What the first pass found."""

    references: References
    store: TagStore
    delays: DelayNodes
    relations: list[Relation] = field(default_factory=list)
    places: list[tuple[str, dict[str, str], str, shapely.Geometry]] = field(default_factory=list)
    barrages: set[int] = field(default_factory=set)
    chambers: set[int] = field(default_factory=set)
    ways: int = 0
    barring_nothing: dict[str, list[int]] = field(default_factory=dict)
    zones: dict[str, list[int]] = field(default_factory=dict)

    def bar(self, refs: Iterable[int]) -> None:
        """Let waterways end at nodes of a barrage."""
        for ref in refs:
            self.barrages.add(ref)
            self.references.add_node(ref)


def load_osm(conn: psycopg.Connection, path: Path, region: str, progress: Progress) -> LoadReport:
    """Replace a region's network by the contents of an OpenStreetMap file.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    path
        A .osm.pbf, .osm, .osm.bz2 or any file that libosmium reads, nodes before ways.
    region
        Name of the extract; its rows have the source `osm:<region>`.
    progress
        Receives one line per step.

    Raises
    ------
    Quarantined
        The file cannot be read or holds no network; nothing was changed.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", region):
        raise BadParameter(f"not a region name: {region!r}", f"不是地区名：{region!r}")
    if not path.is_file():
        raise NotFound(f"no file {path}", f"没有文件 {path}")
    source = _source(region, path)
    with (
        tempfile.TemporaryDirectory(prefix="sigang-osm-") as folder,
        loading(conn, source, path, "osm", {"region": region}) as run,
    ):
        _load(run, path, Path(folder), progress)
    return run.report()


def _source(region: str, path: Path) -> SourceInfo:
    return SourceInfo(
        id=f"{REGION}{region}",
        title_zh=f"OpenStreetMap：{region}",
        title_en=f"OpenStreetMap: {region}",
        license="ODbL-1.0",
        license_url="https://opendatacommons.org/licenses/odbl/1-0/",
        attribution="© OpenStreetMap contributors",
        url="https://www.openstreetmap.org/copyright",
        version=_timestamp(path),
        props={"origin": "real"},
    )


def _timestamp(path: Path) -> str | None:
    try:
        header = osmium.FileProcessor(str(path)).header
    except (RuntimeError, ValueError, OSError) as error:
        raise _unreadable(path, error) from error
    stamp = header.get("osmosis_replication_timestamp", "") or header.get("timestamp", "")
    return str(stamp) or None


def _unreadable(path: Path, error: Exception) -> Quarantined:
    return Quarantined(
        f"{path.name} cannot be read as OpenStreetMap data: {error}",
        f"{path.name} 不能作为 OpenStreetMap 数据读取：{error}",
        mend_en="Download it again; nothing was changed.",
        mend_zh="请重新下载；数据未改动。",
    )


def _load(run: Run, path: Path, folder: Path, progress: Progress) -> None:
    units = AdminUnits.load(run.conn)
    store = TagStore(folder)
    try:
        extract = _first_pass(path, folder, store)
        progress(f"{extract.ways} ways, {len(extract.relations)} turn restrictions")
        nodes = extract.references.finish()
        _flag_barriers(nodes, store)
        clear_region(run)
        named = {way for relation in extract.relations for way in relation.ways}
        builder = EdgeBuilder(
            run.source_id, nodes, store, extract.delays.finish(), units, named,
            extract.barrages - extract.chambers, run.refuse,
        )  # fmt: skip
        edges = _second_pass(path, folder, builder, extract)
        sent = run.copy("edge", osm_edges.COLUMNS, edges)
        if not sent:
            raise _unreadable(path, ValueError("it holds no roads, rails or waterways"))
        progress(f"{sent} edges")
        run.copy("node", _NODE_COLUMNS, _node_rows(builder, nodes, store, units))
        _finish(run, extract, builder, units)
        for title, found in (
            (ignored.SHUT, builder.not_understood),
            (ignored.NODES, ignored.nodes_not_read(store)),
            (ignored.PASSED_OVER, builder.passed_over),
            (ignored.NO_TURN, extract.barring_nothing),
            (ignored.NO_ZONE, extract.zones),
        ):
            for line in ignored.lines(title, found):
                progress(line)
        progress(", ".join(f"{table}: {count}" for table, count in sorted(run.rows.items())))
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise _unreadable(path, ValueError(error.diag.message_primary)) from error
    finally:
        store.close()


def _items(path: Path, reader: osmium.FileProcessor) -> Iterator[Any]:
    """Yield what a reader reads; damage anywhere in the file refuses it."""
    try:
        yield from reader
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as error:
        raise _unreadable(path, error) from error


def _first_pass(path: Path, folder: Path, store: TagStore) -> _Extract:
    extract = _Extract(References(folder), store, DelayNodes(folder))
    reader = osmium.FileProcessor(str(path)).with_filter(
        osmium.filter.KeyFilter(*KEYS, *_NODE_KEYS, "type", "boundary")
    )
    for item in _items(path, reader):
        for said in ignored.zones_not_read(item):
            extract.zones.setdefault(said, []).append(item.id)
        if item.is_node():
            _see_node(item, extract)
        elif item.is_way():
            tags = dict(item.tags)
            if tags.get("waterway") in BARRAGES:
                extract.bar(node.ref for node in item.nodes)
            if way_kind(tags) and len(item.nodes) > 1:
                extract.ways += 1
                if is_lock(tags):
                    extract.chambers.update(node.ref for node in item.nodes)
                extract.references.add_way([node.ref for node in item.nodes])
        elif item.is_relation():
            relation = turns.read_relation(item)
            if relation is not None:
                extract.relations.append(relation)
    return extract


def _see_node(node: osmium.osm.Node, extract: _Extract) -> None:
    tags = dict(node.tags)
    extract.delays.add(node.id, tags)
    if _acts(tags) or tags.get("waterway") == "lock_gate":
        extract.store.add(node.id, tags)
        extract.references.add_node(node.id)
    elif tags.get("highway") in _NODE_HIGHWAYS or "railway" in tags:
        extract.store.add(node.id, tags)
    if tags.get("waterway") in BARRAGES:
        extract.bar([node.id])
    kind = facilities.place_kind(tags)
    if kind and node.location.valid():
        point = shapely.Point(node.location.x / 1e7, node.location.y / 1e7)
        extract.places.append((f"node/{node.id}", tags, kind, point))


def _acts(tags: dict[str, str]) -> bool:
    """Tell whether a node on a road stops or limits who passes it."""
    return not tags.keys().isdisjoint(("barrier", *LIMIT_KEYS))


def _flag_barriers(nodes: NodeTable, store: TagStore) -> None:
    ids = [node for node, tags in store.ids() if _acts(tags)]
    at = nodes.index(np.array(ids, dtype=np.int64))
    nodes.barrier[at[at >= 0]] = 1


def clear_region(run: Run) -> dict[str, int]:
    """Delete the rows of a run's region; return how many by table."""
    run.conn.execute(
        "DELETE FROM sigang.edge_structure"
        " WHERE edge_id IN (SELECT id FROM sigang.edge WHERE source_id = %s)"
        " OR facility_id IN (SELECT id FROM sigang.facility WHERE source_id = %s)",
        [run.source_id, run.source_id],
    )
    return run.clear(*_TABLES)


def _second_pass(
    path: Path, folder: Path, builder: EdgeBuilder, extract: _Extract
) -> Iterator[tuple[object, ...]]:
    reader = (
        osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
        .with_locations(f"sparse_file_array,{folder / 'locations'}")
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter(*KEYS, *facilities.KEYS))
    )
    chunk: list[Way] = []
    for item in _items(path, reader):
        way = _copy_way(item)
        kind = facilities.place_kind(way.tags)
        shape = facilities.way_shape(way.x, way.y, kind) if kind else None
        if kind and shape is not None:
            extract.places.append((f"way/{way.id}", dict(way.tags), kind, shape))
        if len(way.refs) > 1 and way_kind(way.tags):
            chunk.append(way)
        if len(chunk) >= _CHUNK:
            yield from builder.rows(chunk)
            chunk = []
    yield from builder.rows(chunk)


def _copy_way(way: osmium.osm.Way) -> Way:
    nodes = [(node.ref, node.location.x, node.location.y) for node in way.nodes]
    refs, x, y = (list(column) for column in zip(*nodes, strict=True)) if nodes else ([], [], [])
    return Way(way.id, dict(way.tags), refs, x, y)


def _node_rows(
    builder: EdgeBuilder, nodes: NodeTable, store: TagStore, units: AdminUnits
) -> Iterator[tuple[object, ...]]:
    for at in nodes.used():
        ids, lon, lat = nodes.ids[at], nodes.x[at] / 1e7, nodes.y[at] / 1e7
        tagged = store.between(int(ids[0]), int(ids[-1]))
        codes, points = units.codes_of(lon, lat), shapely.points(lon, lat)
        for i, ref in enumerate(ids.tolist()):
            tags = tagged.get(ref, {})
            name_zh, name_en = names(tags)
            mask = int(nodes.modes[at[i]])
            yield (
                builder.node_id(ref), _node_kind(tags), codes[i], "public", "real",
                builder.source_id, {**tags, "osm_node": ref}, name_zh, name_en,
                [mode for bit, mode in enumerate(MODES) if mask >> bit & 1], points[i],
            )  # fmt: skip
    for crossing in builder.crossings:
        yield (
            builder.node_id(crossing.ref), "junction", None, "public", "real", builder.source_id,
            {}, None, None, [crossing.mode], shapely.Point(180.0, crossing.lat),
        )  # fmt: skip
    codes = units.codes_of(*shapely.get_coordinates([point for *_, point in builder.barred]).T)
    for (own, ref, point), code in zip(builder.barred, codes, strict=True):
        yield (
            own, "barrage", code, "public", "real", builder.source_id, {"osm_node": ref}, None,
            None, [WATERWAY.mode], point,
        )  # fmt: skip


def _node_kind(tags: dict[str, str]) -> str:
    if "barrier" in tags:
        return "barrier"
    if tags.get("waterway") == "lock_gate":
        return "lock_gate"
    return tags["railway"] if tags.get("railway") in {"level_crossing", "switch"} else "junction"


def _finish(run: Run, extract: _Extract, builder: EdgeBuilder, units: AdminUnits) -> None:
    """Write what needs the edges: turn restrictions, barriers, facilities, the new version."""
    merged = merge_nodes(run, builder, extract.store)

    def node_id(ref: int) -> UUID:
        return builder.node_id(merged.get(ref, ref))

    run.copy("turn_restriction", turns.COLUMNS, _turns(run, extract, builder, node_id))
    run.copy("facility", facilities.COLUMNS, _places(run, extract, units))
    facilities.add_structures(run, units)
    _limit_edges(run, extract.store)
    run.raise_topology(builder.modes)


def _limit_edges(run: Run, store: TagStore) -> None:
    """Limit the edges beside crossings and barriers as these are limited."""
    limited = turns.limited_edges(store)
    own = [edge for edge, limits in limited.items() if limits.own]
    said = run.conn.execute("SELECT id::text, access FROM sigang.edge WHERE id = ANY(%s)", [own])
    for edge, access in said.fetchall():
        limits = limited[edge]
        limited[edge] = limits._replace(own=lower(limits.own, access))
    lowest = ", ".join(f"{name} = least(e.{name}, l.{name})" for name in LIMITS)
    run.conn.execute(
        f"UPDATE sigang.edge e SET {lowest}, access = e.access || l.own"  # noqa: S608
        f" FROM unnest(%s::uuid[], %s::jsonb[], {', '.join(['%s::real[]'] * len(LIMITS))})"
        f" AS l (edge, own, {', '.join(LIMITS)}) WHERE e.id = l.edge",
        [
            list(limited),
            [Jsonb(limits.own) for limits in limited.values()],
            *([limits.columns[i] for limits in limited.values()] for i in range(len(LIMITS))),
        ],
    )


def _places(run: Run, extract: _Extract, units: AdminUnits) -> Iterator[tuple[object, ...]]:
    """Yield the rows of facilities; those that no map can show go to quarantine."""
    for key, tags, kind, shape in extract.places:
        try:
            for _, (_, x, y) in quality.off_map([shape]).items():
                raise BadCoordinate(f"[{x:.6g}, {y:.6g}]")
            within = split(shape)
        except BadCoordinate as error:
            run.refuse(BadRow(None, "out-of-range", f"{key}: {error.en}", {"osm": key}))
            continue
        yield facilities.place_row(run.source_id, key, tags, kind, within, units)


def _turns(
    run: Run, extract: _Extract, builder: EdgeBuilder, node_id: Callable[[int], UUID]
) -> Iterable[tuple[object, ...]]:
    for relation in extract.relations:
        rows = turns.turn_rows(relation, builder.segments, node_id, run.source_id)
        if not rows:
            said = relation.tags.get("restriction", relation.tags["type"])
            extract.barring_nothing.setdefault(said, []).append(relation.id)
        yield from rows
    yield from turns.barrier_rows(extract.store, node_id, run.source_id)
