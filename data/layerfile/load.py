"""Load a layer file: `sigang load layer FILE --kind K --map M.toml`.

The file is staged in memory, every row is placed, converted and judged, and the good rows replace
those of the same source in one transaction. Bad rows go to quarantine with their reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from data.layerfile.georeference import Placer
from data.layerfile.mapping import LayerMapping, read_mapping
from data.layerfile.read import read_table, refuse
from data.layerfile.rows import Keys, RowMaker
from data.layerfile.stage import (
    Made,
    Stage,
    admin_codes,
    check_share,
    convert,
    fit_shape,
    judge,
    quarantine,
)
from spatial.errors import ConfigError, Quarantined
from spatial.geo.admin_units import AdminUnits
from spatial.geo.crs import lengths_m
from spatial.geo.topology import SNAP_DEGREES, build_network
from spatial.ids import stable_uuid7
from spatial.postgres.ingest import LoadReport, Run, loading
from spatial.schema.kinds import KINDS, Kind, get_kind

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
    stage = Stage(table, np.empty(0, dtype=object), {})
    placer = Placer(run.conn, mapping, units)
    stage.shapes = placer.place(table, stage.refuse)
    for i in sorted(placer.cut if kind.shape == "line" else ()):
        stage.add_parts(i, shapely.get_parts(stage.shapes[i]))
    fit_shape(stage, kind.shape)
    codes = admin_codes(stage, mapping, units)
    rows = convert(stage, maker, placer)
    judge(stage, mapping, codes, units)
    check_share(run, file, stage, mapping.quality)
    swap = partial(_swap, run, kind, mapping, stage, rows, codes)
    while not _swapped(run, file, kind, stage, swap):
        check_share(run, file, stage, mapping.quality)
    quarantine(run, stage)
    progress(f"{len(stage.good())} rows good, {len(stage.bad)} refused")


def _swapped(run: Run, file: Path, kind: Kind, stage: Stage, swap: Callable[[], None]) -> bool:
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


def _swap(
    run: Run,
    kind: Kind,
    mapping: LayerMapping,
    stage: Stage,
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
