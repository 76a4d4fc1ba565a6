"""Rows as one file; a long one is written by a process of its own.

The libraries that write files keep the interpreter to themselves for as long as that takes, so
that a server process that wrote a long one would answer nothing meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson

from spatial.errors import SigangError
from spatial.geo import crs
from spatial.settings import PROJECT

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

HERE = 1_000
"""Rows that are written in the process that has them."""
BATCH = 1_000
NICENESS = 10
_DRIVERS = {"fgb": "FlatGeobuf", "gpkg": "GPKG"}

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True)
class Table:
    """What a file is made of beside its rows; with a shape the last value of each is WKB."""

    layer: str
    kind: str
    names: tuple[str, ...]
    types: Mapping[str, str]
    shaped: bool
    licence: str


async def make_file(table: Table, rows: Rows, folder: Path | None = None) -> BinaryIO:
    """Return rows as a FlatGeobuf, GeoParquet or GeoPackage file that goes when it is closed."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / f"{table.layer}.{table.kind}"
        if len(rows) <= HERE:
            await asyncio.to_thread(write_file, table, rows, path)
        else:
            await _write_apart(table, rows, path)
        return path.open("rb")


async def _write_apart(table: Table, rows: Rows, path: Path) -> None:
    """Have a process write a file; it ends with whoever waits for it.

    Raises
    ------
    SigangError
        It failed.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "layers.features.export_table", str(path), stdin=PIPE, cwd=PROJECT
    )
    assert child.stdin is not None  # noqa: S101
    try:
        with suppress(ConnectionError):
            child.stdin.write(pickle.dumps(table))
            for first in range(0, len(rows), BATCH):
                batch = [tuple(row) for row in rows[first : first + BATCH]]
                child.stdin.write(pickle.dumps(batch))
                await child.stdin.drain()
            child.stdin.write(pickle.dumps(None))
            child.stdin.close()
        code = await child.wait()
    finally:
        with suppress(ProcessLookupError):
            child.kill()
    if code:
        raise SigangError(f"The process that writes a file ended with {code}", "导出进程异常退出")


def write_file(table: Table, rows: Rows, path: Path) -> None:
    """Write rows as a file."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    columns = {
        name: _series([row[i] for row in rows], table.types.get(name, "text"))
        for i, name in enumerate(table.names)
    }
    columns["attribution"] = pd.Series([table.licence] * len(rows), dtype="string")
    shapes: NDArray[np.object_] | list[None] = [None] * len(rows)
    if table.shaped:
        shapes = _placed(shapely.from_wkb([row[len(table.names)] for row in rows]))
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs.WGS84)
    if table.kind == "parquet":
        frame.to_parquet(path, schema_version="1.1.0", compression="zstd")
    else:
        options = {"SPATIAL_INDEX": "NO"} if table.kind == "fgb" and _lacks_shapes(frame) else {}
        frame.to_file(
            path, driver=_DRIVERS[table.kind], layer=table.layer, engine="pyogrio", **options
        )


def _placed(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes, None for those with a place that is not finite."""
    import numpy as np
    import shapely

    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    shapes[owner[~np.isfinite(xy).all(axis=1)]] = None
    return shapes


def _lacks_shapes(frame: gpd.GeoDataFrame) -> bool:
    """Tell whether a row has no place: an index of FlatGeobuf would need one of each."""
    return bool((frame.geometry.isna() | frame.geometry.is_empty).any())


def _series(values: list[object], type_: str) -> pd.Series:
    import pandas as pd

    kinds = {"int": "Int64", "number": "float64", "bool": "boolean"}
    if type_ in kinds:
        found = pd.Series(values, dtype=kinds[type_])
        return found if type_ != "number" else found.where(found.abs() != float("inf"))
    if type_ == "datetime":
        return pd.Series(pd.to_datetime(cast(list[str], values), utc=True))
    texts = [None if value is None else _plain(value) for value in values]
    return pd.Series(texts, dtype="string")


def _plain(value: object) -> str:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else str(value)


def _received(pipe: BinaryIO) -> tuple[Table, Rows]:
    """Return what the process that started this one hands over."""
    table = pickle.load(pipe)  # noqa: S301
    rows: list[Sequence[object]] = []
    while (batch := pickle.load(pipe)) is not None:  # noqa: S301
        rows += batch
    return table, rows


def main() -> None:
    """Write one file with the rows of standard input."""
    os.nice(NICENESS)
    write_file(*_received(sys.stdin.buffer), Path(sys.argv[1]))


if __name__ == "__main__":
    main()
