"""Read layer files: GeoJSON, GeoPackage, zipped Shapefile, CSV, Excel, GeoParquet → rows."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow
import pyarrow.parquet
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from data.layerfile.mapping import LayerMapping
from spatial.errors import Quarantined

Row = dict[str, object]
Shapes = NDArray[np.object_]

# What the readers' libraries raise on damaged files; XML errors are syntax errors.
DAMAGE = (
    DataSourceError,
    DataLayerError,
    pyarrow.ArrowException,
    shapely.GEOSException,
    zipfile.BadZipFile,
    zlib.error,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Table:
    """Rows of a file as it has them; geometry None where the file holds none.

    `broken` tells per row number (from 1) why its geometry could not be read. `crs` is what the
    file itself says, an authority name or None.
    """

    rows: list[Row]
    geometry: Shapes | None
    crs: str | None
    broken: dict[int, str]


def refuse(path: Path, why: str, zh: str = "") -> Quarantined:
    """Return the error of a file that cannot be used at all."""
    return Quarantined(
        f"{path.name}: {why}",
        f"{path.name}：{zh or why}",
        mend_en="Nothing was changed.",
        mend_zh="数据未改动。",
    )


def read_table(path: Path, mapping: LayerMapping) -> Table:
    """Read a file by its ending."""
    readers: dict[str, Callable[[Path, LayerMapping], Table]] = {
        ".geojson": _read_geojson,
        ".json": _read_geojson,
        ".gpkg": _read_ogr,
        ".zip": _read_shapefile,
        ".csv": _read_csv,
        ".xlsx": _read_xlsx,
        ".parquet": _read_parquet,
        ".geoparquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise refuse(path, f"cannot read {path.suffix}; use one of {', '.join(readers)}")
    if not path.is_file():
        raise refuse(path, "no such file", "没有这个文件")
    try:
        return reader(path, mapping)
    except DAMAGE as error:
        raise refuse(path, f"cannot be read: {error}", f"无法读取：{error}") from error


def _read_geojson(path: Path, mapping: LayerMapping) -> Table:
    content = json.loads(path.read_text(mapping.encoding or "utf-8-sig"))
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise refuse(path, "is not a GeoJSON FeatureCollection")
    rows, shapes, broken = [], [], {}
    for number, feature in enumerate(content["features"], 1):
        rows.append(dict(feature.get("properties") or {}))
        if "id" in feature:
            rows[-1].setdefault("id", feature["id"])
        shape, why = _shape(feature.get("geometry"))
        shapes.append(shape)
        if why:
            broken[number] = why
    name = (content.get("crs") or {}).get("properties", {}).get("name")
    return Table(rows, _array(shapes), name, broken)


def _shape(geometry: object) -> tuple[shapely.Geometry | None, str | None]:
    if geometry is None:
        return None, None
    try:
        return shapely.from_geojson(json.dumps(geometry, allow_nan=False)), None
    except (shapely.GEOSException, TypeError):
        return None, "the geometry is not GeoJSON"
    except ValueError:
        return _point_of_nan(geometry), None


def _point_of_nan(geometry: object) -> shapely.Point | None:
    """Return a not-finite point for a geometry with NaN, so that the rule for those sees it."""
    return shapely.points(np.nan, np.nan) if geometry else None


def _array(shapes: list[shapely.Geometry | None]) -> Shapes:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def _read_ogr(path: Path, mapping: LayerMapping) -> Table:
    return _read_layer(str(path), mapping.layer, mapping.encoding)


def _read_layer(name: str, layer: str | None, encoding: str | None) -> Table:
    meta, _, wkb, fields = pyogrio.raw.read(name, layer=layer, encoding=encoding)
    shapes, broken = _array([None] * len(wkb)), {}
    for i, one in enumerate(wkb):
        try:
            shapes[i] = None if one is None else shapely.from_wkb(one)
        except shapely.GEOSException as error:
            broken[i + 1] = str(error)
    names = [str(field) for field in meta["fields"]]
    columns = [[_plain(value) for value in field] for field in fields]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return Table(rows or [{} for _ in wkb], shapes, meta["crs"], broken)


def _plain(value: object) -> object:
    """Return a Python value of a NumPy one; dates as ISO text, missing as None."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


def _read_shapefile(path: Path, mapping: LayerMapping) -> Table:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        shapes = [n for n in names if n.lower().endswith(".shp")]
        if mapping.layer:
            shapes = [n for n in shapes if Path(n).stem == mapping.layer]
        if len(shapes) != 1:
            raise refuse(path, f"holds {len(shapes)} shapefiles; name one as layer")
        stem = shapes[0][:-4]
        encoding = mapping.encoding or _dbf_encoding(archive, names, stem)
    inner = f"/vsizip/{{{path.resolve()}}}/{shapes[0]}"
    return _read_layer(inner, None, encoding)


def _dbf_encoding(archive: zipfile.ZipFile, names: list[str], stem: str) -> str | None:
    """Return the encoding of the .dbf: the .cpg's if there is one, UTF-8 if it fits, else GBK."""
    by_name = {name.lower(): name for name in names}
    if f"{stem}.cpg".lower() in by_name:
        return None
    table = by_name.get(f"{stem}.dbf".lower())
    if table is None:
        return None
    with archive.open(table) as file:
        head = file.read(32)
        file.seek(int.from_bytes(head[8:10], "little"))
        return _encoding_of(file.read(4_000_000))


def _encoding_of(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:
            return "GB18030"
    return "UTF-8"


def _text(path: Path, encoding: str | None) -> str:
    data = path.read_bytes()
    found = encoding or _encoding_of(data)
    return data.decode("utf-8-sig" if found.upper() in {"UTF-8", "UTF8"} else found)


def _read_csv(path: Path, mapping: LayerMapping) -> Table:
    text = _text(path, mapping.encoding)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return _tabular(path, (list[object](line) for line in reader))
    except csv.Error as error:
        raise refuse(path, f"line {reader.line_num}: {error}") from error


def _read_xlsx(path: Path, mapping: LayerMapping) -> Table:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[mapping.layer] if mapping.layer else book.worksheets[0]
        return _tabular(path, (list(row) for row in sheet.iter_rows(values_only=True)))
    finally:
        book.close()


def _tabular(path: Path, lines: Iterator[list[object]]) -> Table:
    header = [str(cell).strip() if cell is not None else "" for cell in next(lines, [])]
    if not any(header):
        raise refuse(path, "has no header line", "缺少表头")
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise refuse(path, f"has columns twice: {', '.join(sorted(twice))}")
    rows, broken = [], {}
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() if isinstance(cell, str) else cell for cell in line]
        if any(cell not in (None, "") for cell in cells[len(header) :]):
            broken[number] = "the row has more cells than the header"
        cells += [None] * (len(header) - len(cells))
        rows.append({k: v for k, v in zip(header, cells, strict=False) if k})
    while rows and not any(value not in (None, "") for value in rows[-1].values()):
        broken.pop(len(rows), None)
        rows.pop()
    return Table(rows, None, None, broken)


def _read_parquet(path: Path, mapping: LayerMapping) -> Table:
    table = pyarrow.parquet.read_table(path)
    meta = (table.schema.metadata or {}).get(b"geo")
    if meta is None:
        return Table(table.to_pylist(), None, None, {})
    geo = json.loads(meta)
    column = geo["columns"][geo["primary_column"]]
    if column["encoding"] != "WKB":
        raise refuse(path, f"geometry encoding {column['encoding']} is not WKB")
    shapes = shapely.from_wkb(table.column(geo["primary_column"]).to_pylist(), on_invalid="warn")
    others = [name for name in geo["columns"] if name in table.column_names]
    rows = table.drop_columns(others).to_pylist() or [{} for _ in shapes]
    return Table(rows, _array(list(shapes)), _parquet_crs(column), {})


def _parquet_crs(column: Mapping[str, Any]) -> str | None:
    named = (column.get("crs") or {}).get("id")
    return f"{named['authority']}:{named['code']}" if named else None
