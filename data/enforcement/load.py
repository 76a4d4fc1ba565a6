"""Load a delivery of enforcement: `sigang load enforcement FILE --map M.toml`.

A delivery adds: a record is known by source and key, so that a file may be loaded again, what
stands otherwise in a later one corrects, and a row marked as withdrawn takes back. Bad rows go to
quarantine with their reason and number; one statement writes the others, so that the cube of heat
counts them together.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import orjson
import psycopg
import shapely

from data.enforcement.mapping import CODES, RecordKind, RecordMapping, read_record_mapping
from data.enforcement.record_rows import put, withdraw
from data.layerfile.georeference import Placer
from data.layerfile.load import Progress
from data.layerfile.read import read_table
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
from spatial.geo.carriageway_rows import ROUTES_SQL, unknown_route
from spatial.geo.crs import WGS84
from spatial.geo.zorder import keys_of
from spatial.ids import record_id
from spatial.postgres.ingest import LoadReport, Run, loading, trying
from spatial.schema.cells import as_bool
from spatial.schema.heat_tables import when_refused

MOST = 1_000_000
"""The most that one record counts."""


def load_records(
    conn: psycopg.Connection,
    file: Path,
    mapping: Path,
    progress: Progress,
    *,
    dry_run: bool = False,
    bad_rows: Path | None = None,
) -> LoadReport:
    """Add the records of a file to those of its source.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    file
        CSV, Parquet, GeoJSON or another file that layers are loaded from.
    mapping
        TOML file, see docs/loading.md.
    progress
        Receives one line per step.
    dry_run
        Do all of it and undo it.
    bad_rows
        File for the rows that a dry run refuses; those of a load are in quarantine.

    Raises
    ------
    Quarantined
        The file cannot be used; nothing was changed.
    """
    declared, what = read_record_mapping(mapping)
    source, name = declared.source_info, what.kind.name
    options = {"kind": name, "mapping": declared.model_dump(mode="json")}
    tried = trying(conn, source, bad_rows) if dry_run else None
    with tried or loading(conn, source, file, name, options) as run:
        _load(run, file, what, declared, progress)
    return run.report()


def _load(
    run: Run, file: Path, what: RecordKind, mapping: RecordMapping, progress: Progress
) -> None:
    table, units = read_table(file, mapping), AdminUnits.load(run.conn)
    progress(f"{len(table.rows)} rows read")
    if not table.rows:
        raise Quarantined(f"{file.name} has no row", f"{file.name} 没有数据行")
    maker = RowMaker(what.kind, mapping)
    header = {name for row in table.rows for name in row}
    maker.check_file(header)
    if mapping.withdrawn and mapping.withdrawn not in header:
        raise ConfigError(
            f"the file has no column {mapping.withdrawn}", f"文件没有列 {mapping.withdrawn}"
        )
    stage, placer = Stage(table, np.empty(0, dtype=object), {}), Placer(run.conn, mapping, units)
    stage.shapes = placer.place(table, stage.refuse)
    fit_shape(stage, "point")
    codes = admin_codes(stage, mapping, units)
    made = convert(stage, maker, placer)
    judge(stage, mapping, codes, units)
    known = {str(row[0]) for row in run.conn.execute(ROUTES_SQL).fetchall()}
    _judge_records(stage, what, made, codes, units, known)
    gone = _withdrawn(stage, mapping)
    check_share(run, file, stage, mapping.quality)
    rows = [i for i in stage.good() if i not in gone]
    _merge(run, what, mapping, stage, made, codes, rows, sorted(gone.values()))
    quarantine(run, stage)
    progress(f"{len(stage.good())} rows good, {len(stage.bad)} refused")


def _withdrawn(stage: Stage, mapping: RecordMapping) -> dict[int, str]:
    """Return the keys of rows that take back; these need nothing but their key."""
    keys, found = Keys(mapping), {}
    for i, row in enumerate(stage.table.rows):
        key = keys.key_of(row)
        if key is None:
            stage.refuse(i, "no-key", f"{mapping.key} 为空 / is empty")
            continue
        cell = row.get(mapping.withdrawn) if mapping.withdrawn else None
        try:
            if cell not in (None, "") and as_bool(cell):
                stage.bad.pop(i, None)
                found[i] = key
        except ValueError:
            stage.refuse(
                i, "bad-value", f"{mapping.withdrawn}: {cell!r} 不是是或否 / not yes or no"
            )
    return found


def _judge_records(
    stage: Stage, what: RecordKind, made: dict[int, Made], codes: list[str | None],
    units: AdminUnits, routes: Collection[str],
) -> None:  # fmt: skip
    for i in stage.good():
        values, props = made[i]
        at, n, closed = values[what.at], values.get("n", 1), values.get("closed_at")
        if codes[i] is None and units.units:
            stage.refuse(i, "no-unit", "不在任何行政区内 / lies in no administrative unit")
        elif isinstance(at, datetime) and (why := when_refused(at)):
            stage.refuse(i, "no-time", f"{what.at}：{why[1]} / {what.at} {why[0]}")
        elif unknown := _unknown_code(values):
            stage.refuse(i, "bad-value", unknown)
        elif off := unknown_route(props.get("route_id"), routes):
            stage.refuse(i, "bad-value", f"props.route_id：{off[1]} / {off[0]}")
        elif isinstance(closed, datetime) and isinstance(at, datetime) and closed < at:
            stage.refuse(i, "bad-value", f"closed_at 早于 {what.at} / is before {what.at}")
        elif not isinstance(n, int) or not 0 < n <= MOST:
            stage.refuse(i, "bad-value", f"n：须为 1 至 {MOST:,} / must be 1 to {MOST:,}")
        elif int(str(props.get("hits", 0))) > int(str(props.get("inspected", MOST))):
            stage.refuse(i, "bad-value", "props.hits：查获多于检查 / more hits than inspected")


def _unknown_code(values: Mapping[str, object]) -> str | None:
    """Return what is wrong with the codes and the amount of a case; None where nothing is."""
    for name, known in CODES.items():
        if values.get(name) is not None and values[name] not in known:
            told = (
                f"{values[name]!r} 须为 {'、'.join(known)} 之一 / must be one of {', '.join(known)}"
            )
            return f"{name}：{told}"
    amount = values.get("amount_cny")
    if isinstance(amount, int | float | Decimal) and not 0 <= amount < math.inf:
        return f"amount_cny：{amount} 不是金额 / is no amount"
    return None


def _merge(
    run: Run, what: RecordKind, mapping: RecordMapping, stage: Stage, made: dict[int, Made],
    codes: list[str | None], rows: list[int], gone: list[str],
) -> None:  # fmt: skip
    keys, shapes = Keys(mapping), stage.shapes[rows]
    z_keys = keys_of(shapely.get_x(shapes), shapely.get_y(shapes)).tolist()
    wkb = shapely.to_wkb(shapely.set_srid(shapes, WGS84), hex=True, include_srid=True)
    head = {
        "kind": what.kind.name, "unit_id": mapping.unit_id, "visibility": mapping.visibility,
        "origin": mapping.origin, "source_id": run.source_id,
    }  # fmt: skip
    given = []
    for number, i in enumerate(rows):
        values, props = made[i]
        key = str(keys.key_of(stage.table.rows[i]))
        own = {**head, "admin_code": codes[i], "z_key": z_keys[number], **values}
        if what.kind.table == "exposure":
            own["key"] = key
        else:
            own |= {
                "id": record_id(run.source_id, what.kind.name, key), "geom": wkb[number],
                "props": orjson.dumps(props).decode(), "valid_from": values[what.at],
            }  # fmt: skip
        given.append(own)
    put(run, what, given)
    withdraw(run, what, gone)
    run.told["unchanged"] = len(given) - run.told["added"] - run.told["corrected"]
