"""Load a layer file: `sigang load layer FILE --kind K --map M.toml`.

The file is staged in memory, every row is placed, converted and judged, and the good rows replace
those of the same source in one transaction. Bad rows go to quarantine with their reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from data.layerfile.georeference import Placer
from data.layerfile.mapping import LayerMapping, Quality, read_mapping
from data.layerfile.read import Row, Table, read_table, refuse
from data.layerfile.rows import Keys, RowMaker, admin_code, check_texts
from spatial.errors import BadParameter, ConfigError, Quarantined
from spatial.geo import quality
from spatial.geo.admin_units import AdminUnits
from spatial.geo.crs import lengths_m
from spatial.geo.topology import SNAP_DEGREES, Mask, build_network
from spatial.ids import stable_uuid7
from spatial.json_types import JsonObject
from spatial.postgres.ingest import BadRow, LoadReport, Run, loading
from spatial.schema.kinds import KINDS, Kind, Shape, get_kind

Progress = Callable[[str], None]
MOST_REFUSED = 100
"""After so many rows that only the database found bad, the file is refused."""
_LINE = re.compile(r"COPY (\w+), line (\d+)")

_COMMON = (
    "id",
    "kind",
    "admin_code",
    "unit_id",
    "visibility",
    "origin",
    "source_id",
    "props",
    "geom",
)
_NODE_COLUMNS = (
    "id",
    "kind",
    "admin_code",
    "visibility",
    "unit_id",
    "origin",
    "source_id",
    "modes",
    "geom",
)
_DIMENSION: dict[Shape, int] = {"point": 0, "line": 1, "polygon": 2}


Made = tuple[dict[str, object], JsonObject]
"""The columns of a row, and its props."""


@dataclass
class _Stage:
    """All rows of a file on their way in."""

    table: Table
    shapes: NDArray[np.object_]
    bad: dict[int, tuple[str, str]]
    parts: list[int] = field(default_factory=list)
    """Rows whose further parts stand behind the rows of the file, part by part."""

    @property
    def read(self) -> int:
        """Number of rows that the file has."""
        return len(self.table.rows) - len(self.parts)

    def row_of(self, index: int) -> int:
        """Return the row of the file that a row is, or is a part of."""
        return index if index < self.read else self.parts[index - self.read]

    def add_parts(self, index: int, shapes: Sequence[shapely.Geometry]) -> None:
        """Let a row stand for the first of its parts, and further rows for the others."""
        self.shapes[index] = shapes[0]
        more = len(shapes) - 1
        self.table.rows.extend(dict(self.table.rows[index]) for _ in range(more))
        self.parts.extend([index] * more)
        self.shapes = np.append(self.shapes, np.array([*shapes[1:], None], dtype=object)[:-1])

    def refuse(self, index: int, reason: str, detail: str) -> None:
        """Mark a row bad; the first reason stays."""
        self.bad.setdefault(index, (reason, detail))

    def refuse_all(self, mask: Mask, reason: str, detail: str) -> None:
        """Mark many rows bad."""
        for index in np.flatnonzero(mask):
            self.refuse(int(index), reason, detail)

    def good(self) -> list[int]:
        """Return the indices of rows that are still good."""
        return [i for i in range(len(self.table.rows)) if i not in self.bad]


def load_layer(
    conn: psycopg.Connection,
    file: Path,
    kind: str | None,
    mapping: Path,
    progress: Progress,
    kinds: Mapping[str, Kind] = KINDS,
) -> LoadReport:
    """Replace the rows of the mapping's source by those of a file.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    file
        GeoJSON, GeoPackage, zipped Shapefile, CSV, .xlsx or GeoParquet.
    kind
        What the features are; None takes the mapping's `kind`.
    mapping
        TOML file, see docs/loading.md.
    progress
        Receives one line per step.
    kinds
        All kinds by name, those of layer files too.

    Raises
    ------
    Quarantined
        The file cannot be used; nothing was changed. Its bad rows are kept with the load.
    """
    declared = read_mapping(mapping)
    if not (name := kind or declared.kind):
        raise ConfigError(f"{mapping.name}: no kind is named", f"{mapping.name}：未写明类别 kind")
    what = get_kind(name, declared.table, kinds)
    if not file.is_file():
        raise refuse(file, "no such file", "没有这个文件")
    options = {"kind": what.name, "mapping": declared.model_dump(mode="json")}
    with loading(conn, declared.source_info, file, what.name, options) as run:
        _load(run, file, what, declared, progress)
    return run.report()


def _load(run: Run, file: Path, kind: Kind, mapping: LayerMapping, progress: Progress) -> None:
    units = AdminUnits.load(run.conn)
    maker = RowMaker(kind, mapping)
    table = read_table(file, mapping)
    progress(f"{len(table.rows)} rows read")
    if not table.rows:
        raise Quarantined(f"{file.name} has no row", f"{file.name} 没有数据行")
    maker.check_file({name for row in table.rows for name in row})
    stage = _Stage(table, np.empty(0, dtype=object), {})
    placer = Placer(run.conn, mapping, units)
    stage.shapes = placer.place(table, stage.refuse)
    for i in sorted(placer.cut if kind.shape == "line" else ()):
        stage.add_parts(i, shapely.get_parts(stage.shapes[i]))
    _fit_shape(stage, kind.shape)
    codes = _admin_codes(stage, mapping, units)
    rows = _convert(stage, maker, placer)
    _judge(stage, mapping, codes, units)
    _check_share(run, file, stage, mapping.quality)
    swap = partial(_swap, run, kind, mapping, stage, rows, codes)
    while not _swapped(run, file, kind, stage, swap):
        _check_share(run, file, stage, mapping.quality)
    _quarantine(run, stage)
    progress(f"{len(stage.good())} rows good, {len(stage.bad)} refused")


def _swapped(run: Run, file: Path, kind: Kind, stage: _Stage, swap: Callable[[], None]) -> bool:
    """Swap the rows in; False where the database refused one, which is now marked bad."""
    before = dict(run.rows)
    try:
        with run.conn.transaction():
            swap()
    except (psycopg.IntegrityError, psycopg.DataError, psycopg.InternalError) as error:
        why = error.diag.message_primary or str(error)
        named = _LINE.match(error.diag.context or "")
        line = int(named[2]) - 1 if named and named[1] == kind.table else -1
        good = stage.good()
        refused = sum(reason == "refused-value" for reason, _ in stage.bad.values())
        if not 0 <= line < len(good) or refused >= MOST_REFUSED:
            raise refuse(file, f"the database refuses a row: {why}") from error
        stage.refuse(good[line], "refused-value", why)
        run.rows.clear()
        run.rows.update(before)
        return False
    return True


def _fit_shape(stage: _Stage, shape: Shape) -> None:
    """Refuse rows without geometry or of the wrong dimension; single parts stand for multi."""
    stage.refuse_all(quality.missing(stage.shapes), "no-geometry", "几何为空 / no geometry")
    stage.refuse_all(quality.zero_length(stage.shapes), "bad-geometry", "线长为零 / no length")
    wanted = _DIMENSION.get(shape)
    for i in stage.good():
        geometry = stage.shapes[i]
        if shape in {"line", "point"} and shapely.get_num_geometries(geometry) == 1:
            geometry = shapely.get_geometry(geometry, 0)
        if shape == "polygon" and geometry.geom_type == "Polygon":
            geometry = shapely.multipolygons([geometry])
        single = shape not in {"line", "point"} or not geometry.geom_type.startswith("Multi")
        right = wanted is None or shapely.get_dimensions(geometry) == wanted
        if right and single and geometry.geom_type != "GeometryCollection":
            stage.shapes[i] = geometry
        else:
            stage.refuse(i, "bad-geometry", f"{geometry.geom_type} is not one {shape}")


def _admin_codes(stage: _Stage, mapping: LayerMapping, units: AdminUnits) -> list[str | None]:
    """Return each row's declared code, else that of the unit in which it lies."""
    codes: list[str | None] = [None] * len(stage.table.rows)
    column = mapping.admin_code or mapping.place.admin_code
    good = stage.good()
    if good:
        middle = shapely.point_on_surface(stage.shapes[good])
        found = units.codes_of(shapely.get_x(middle), shapely.get_y(middle))
        for i, code in zip(good, found, strict=True):
            codes[i] = code
    for i in good if column else []:
        try:
            codes[i] = admin_code(stage.table.rows[i].get(str(column))) or codes[i]
        except BadParameter as error:
            stage.refuse(i, "bad-value", f"{error.zh} / {error.en}")
    return codes


def _convert(stage: _Stage, maker: RowMaker, placer: Placer) -> dict[int, Made]:
    made = {}
    for i in stage.good():
        row = stage.table.rows[i]
        try:
            check_texts(row)
            made[i] = maker.values(row), maker.props(row, placer.placed.get(i))
        except BadParameter as error:
            reason = "bad-props" if error.en.startswith("props.") else "bad-value"
            stage.refuse(i, reason, f"{error.zh} / {error.en}")
    return made


def _judge(
    stage: _Stage, mapping: LayerMapping, codes: list[str | None], units: AdminUnits
) -> None:
    rules, keys = mapping.quality, Keys(mapping)
    if rules.duplicate_id:
        names = [keys.key_of(row) for row in stage.table.rows[: stage.read]]
        names += [None] * len(stage.parts)
        stage.refuse_all(quality.duplicate_ids(names), "duplicate-id", "编号重复 / duplicate id")
    if rules.self_intersection:
        mask = quality.self_intersecting(stage.shapes)
        stage.refuse_all(mask, "self-intersection", "几何自相交 / the shape crosses itself")
    if rules.outside_unit and (mapping.admin_code or mapping.place.admin_code):
        mask = quality.outside_unit(stage.shapes, codes, units.units, rules.outside_tolerance_m)
        stage.refuse_all(mask, "outside-unit", "不在所填行政区内 / outside its declared unit")
    if rules.dangling_edge:
        mask = quality.dangling(_left(stage))
        stage.refuse_all(mask, "dangling-edge", "悬挂边 / an end joins nothing")
    if rules.least_component:
        mask = quality.small_component(_left(stage), rules.least_component)
        stage.refuse_all(mask, "small-component", "孤立小路网 / a small part on its own")


def _left(stage: _Stage) -> NDArray[np.object_]:
    """Return the geometries with None in place of rows that are already refused."""
    shapes = stage.shapes.copy()
    shapes[list(stage.bad)] = None
    return shapes


def _quarantine(run: Run, stage: _Stage) -> None:
    raw = stage.table.geometry
    for i, (reason, detail) in sorted(stage.bad.items()):
        row: Row = dict(stage.table.rows[i])
        number = stage.row_of(i)
        if raw is not None and raw[number] is not None:
            row["geometry"] = shapely.geometry.mapping(raw[number])
        run.refuse(BadRow(number + 1, reason, detail, row))


def _check_share(run: Run, file: Path, stage: _Stage, rules: Quality) -> None:
    """Refuse the file when no row is good, or too few are."""
    total = len(stage.table.rows)
    if not stage.good() or len(stage.bad) / total > rules.max_bad_share:
        _quarantine(run, stage)
        reasons = Counter(reason for reason, _ in stage.bad.values())
        text = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        first = [f"row {stage.row_of(i) + 1}: {stage.bad[i][1]}" for i in sorted(stage.bad)[:1]]
        told = "; ".join((text, *first))
        raise Quarantined(
            f"{file.name}: {len(stage.bad)} of {total} rows are bad ({told}); nothing was changed",
            f"{file.name}：{total} 行中 {len(stage.bad)} 行不合格（{told}），数据未改动",
            load_id=str(run.load_id),
        )


def _swap(
    run: Run,
    kind: Kind,
    mapping: LayerMapping,
    stage: _Stage,
    made: dict[int, Made],
    codes: list[str | None],
) -> None:
    keys, good = Keys(mapping), stage.good()
    names = list(made[good[0]][0])
    shared = (mapping.unit_id, mapping.visibility, mapping.origin, run.source_id)
    edges = _Ends(mapping, stage.shapes[good]) if kind.table == "edge" else None
    rows = []
    for at, i in enumerate(good):
        values, props = made[i]
        own = keys.id_of(stage.table.rows[i], stage.shapes[i])
        common = (own, kind.name, codes[i], *shared, props, stage.shapes[i])
        rows.append((*common, *values.values(), *(edges.of(at, kind.name) if edges else ())))
    columns = [*_COMMON, *names, *(_Ends.COLUMNS if edges else ())]
    run.clear(kind.table, *(("node",) if edges else ()))
    run.copy(kind.table, columns, rows)
    if edges:
        run.copy("node", _NODE_COLUMNS, edges.nodes(kind.name, codes, good, shared))
        run.raise_topology([kind.name])


class _Ends:
    """The nodes at the ends of loaded edges, with ids that hold over loads."""

    COLUMNS = ("mode", "from_node", "to_node", "length_m")

    def __init__(self, mapping: LayerMapping, lines: NDArray[np.object_]) -> None:
        self._network = build_network(lines)
        self._lengths = lengths_m(lines)
        grid = np.round(self._network.xy / SNAP_DEGREES).astype(np.int64)
        source = mapping.source.id
        self._ids = [stable_uuid7(source, f"node/{x}/{y}") for x, y in grid.tolist()]

    def of(self, at: int, mode: str) -> tuple[object, ...]:
        """Return mode, ends and length (m) of an edge."""
        tail, head = self._network.tail[at], self._network.head[at]
        return mode, self._ids[tail], self._ids[head], float(self._lengths[at])

    def nodes(
        self, mode: str, codes: list[str | None], good: list[int], shared: tuple[object, ...]
    ) -> list[tuple[object, ...]]:
        """Return the rows of all nodes; a node takes the admin code of an edge at it."""
        code_of: dict[int, str | None] = {}
        for ends in (self._network.tail, self._network.head):
            for node, i in zip(ends.tolist(), good, strict=True):
                code_of.setdefault(node, codes[i])
        unit, visibility, origin, source = shared
        points = shapely.points(self._network.xy)
        return [
            (self._ids[n], "junction", code_of[n], visibility, unit, origin, source, [mode], point)
            for n, point in enumerate(points)
        ]
