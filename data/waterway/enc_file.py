"""Read a cell of an electronic navigational chart (IHO S-57, inland ENC too) by GDAL's S57 driver.

A depth or a height means nothing without its datum: each value is given the datum of its own
object (`VERDAT`), else that of the cell, soundings `SDAT` and heights `VDAT` of `DSPM`. What has
neither is left out and counted; so is each class of objects that is not read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.raw
import shapely

from data.layerfile.read import DAMAGE, refuse
from spatial.toml_file import parse_toml, read_bytes

DATUMS: Mapping[str, str] = parse_toml(read_bytes(Path(__file__).parent / "vertical_datums.toml"))[
    "datum"
]
"""Names of vertical datums by their code."""

_METRES = 1  # DUNI, HUNI
_AREAS = ("DEPARE", "DRGARE")
_BRIDGES = ("BRIDGE", "CBLOHD", "PIPOHD")
_MARKS = (
    "BOYLAT", "BOYCAR", "BOYISD", "BOYSAW", "BOYSPP", "BCNLAT", "BCNCAR", "BCNISD", "BCNSAW",
    "BCNSPP", "NOTMRK", "LIGHTS",
)  # fmt: skip
_AXES = ("WTWAXS", "RCRTCL", "DWRTCL")
_LOCKS = ("LOKBSN",)
_NUMBERS_OF_THE_FILE = frozenset({
    "RCID", "PRIM", "GRUP", "OBJL", "RVER", "AGEN", "FIDN", "FIDS", "LNAM", "OBJNAM",
})  # fmt: skip
Attribute = float | int | str | None
Attributes = Mapping[str, Attribute]
_KNOWN = {*_AREAS, *_BRIDGES, *_MARKS, *_AXES, *_LOCKS, "SOUNDG"}


@dataclass(frozen=True)
class Depth:
    """An area of depths, or a sounding: least and greatest depth (m) below a datum."""

    key: str
    shape: shapely.Geometry
    least_m: float
    most_m: float | None
    datum: str
    dredged: bool = False


@dataclass(frozen=True)
class Overhead:
    """What spans the water: clear height (m) above a datum, clear width (m); None is not known."""

    key: str
    kind: str
    shape: shapely.Geometry
    name: str | None
    height_m: float | None
    width_m: float | None
    datum: str | None


@dataclass(frozen=True)
class Thing:
    """A mark, an axis or a lock basin: its class, shape, name, and attributes by acronym."""

    key: str
    kind: str
    shape: shapely.Geometry
    name: str | None
    attributes: Mapping[str, str]


@dataclass
class Cell:
    """What a cell holds of what is read, and how many objects were left out by reason."""

    name: str
    edition: str
    issued: str
    depths: list[Depth] = field(default_factory=list)
    soundings: list[Depth] = field(default_factory=list)
    overheads: list[Overhead] = field(default_factory=list)
    marks: list[Thing] = field(default_factory=list)
    axes: list[Thing] = field(default_factory=list)
    locks: list[Thing] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def read_cell(path: Path) -> Cell:
    """Read a cell, `*.000`, with its updates where they lie beside it.

    Raises
    ------
    Quarantined
        It is no S-57, holds no object that is read, or counts in other units than metres.
    """
    if not path.is_file():
        raise refuse(path, "no such file", "没有这个文件")
    try:
        return _read(path)
    except DAMAGE as error:
        raise refuse(path, f"is no S-57 cell: {error}", f"不是 S-57 海图单元：{error}") from error


def _read(path: Path) -> Cell:
    layers = {str(name) for name, _ in pyogrio.list_layers(path)}
    ((_, said),) = _rows(path, "DSID")
    if said["DSPM_DUNI"] != _METRES or said["DSPM_HUNI"] != _METRES:
        raise refuse(path, "depths or heights are not in metres", "深度或高度不以米为单位")
    cell = Cell(str(said["DSID_DSNM"]), str(said["DSID_EDTN"]), str(said["DSID_ISDT"]))
    below, above = _datum(said["DSPM_SDAT"]), _datum(said["DSPM_VDAT"])
    for layer in sorted(layers - {"DSID"}):
        name = layer.upper()
        if name not in _KNOWN:
            cell.ignored[f"class {layer}"] += sum(1 for _ in _rows(path, layer))
            continue
        for shape, row in _rows(path, layer, soundings=name == "SOUNDG"):
            datum = _datum(row.get("VERDAT") or row.get("verdat"))
            if shape is None or shape.is_empty:
                cell.ignored[f"{name}: no geometry"] += 1
            elif name in _BRIDGES:
                _take_overhead(cell, name, shape, row, datum or above)
            elif name in (*_AREAS, "SOUNDG"):
                _take_depth(cell, name, shape, row, datum or below)
            else:
                _take_thing(cell, name, shape, row)
    if not (cell.depths or cell.soundings or cell.overheads or cell.marks or cell.axes):
        raise refuse(path, "holds nothing of a waterway", "不含航道要素")
    return cell


def _take_thing(cell: Cell, name: str, shape: shapely.Geometry, row: Attributes) -> None:
    """Take a mark, an axis or a lock basin, with what it says of itself."""
    said = {
        key: str(value)
        for key, value in row.items()
        if key not in _NUMBERS_OF_THE_FILE and value not in (None, "")
    }
    thing = Thing(str(row["LNAM"]), name, shape, _text(row.get("OBJNAM")), said)
    target = cell.axes if name in _AXES else cell.locks if name in _LOCKS else cell.marks
    target.append(thing)


def _take_depth(
    cell: Cell, name: str, shape: shapely.Geometry, row: Attributes, datum: str | None
) -> None:
    """Take an area of depths or a sounding; one without datum or depth is left out."""
    key = str(row["LNAM"])
    if name == "SOUNDG":
        x, y, least = shapely.get_coordinates(shape, include_z=True)[0].tolist()
        taken = Depth(f"{key}/{x:.7f},{y:.7f}", shapely.Point(x, y), least, None, datum or "")
    else:
        low = _number(row, "DRVAL1")
        if shape.geom_type not in {"Polygon", "MultiPolygon"} or low is None:
            cell.ignored[f"{name}: no {'area' if low is not None else 'DRVAL1'}"] += 1
            return
        dredged = name == "DRGARE"
        taken = Depth(key, shape, low, _number(row, "DRVAL2"), datum or "", dredged)
    if datum is None:
        cell.ignored[f"{name}: no datum"] += 1
    else:
        (cell.soundings if name == "SOUNDG" else cell.depths).append(taken)


def _take_overhead(
    cell: Cell, name: str, shape: shapely.Geometry, row: Attributes, datum: str | None
) -> None:
    """Take what spans the water; a clear height without datum is not known."""
    heights = (_number(row, key) for key in ("VERCSA", "VERCLR", "VERCCL"))
    height = next((value for value in heights if value is not None), None)
    if height is not None and datum is None:
        cell.ignored[f"{name}: no datum"] += 1
        height = None
    cell.overheads.append(
        Overhead(
            str(row["LNAM"]), name, shape, _text(row.get("OBJNAM")), height,
            _number(row, "HORCLR"), datum,
        )
    )  # fmt: skip


def _rows(
    path: Path, layer: str, *, soundings: bool = False
) -> Iterator[tuple[shapely.Geometry | None, Attributes]]:
    """Yield shape and attributes of each object of a class; missing ones are None."""
    more = {"SPLIT_MULTIPOINT": "ON", "ADD_SOUNDG_DEPTH": "ON"} if soundings else {}
    meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer, **more)
    names = [str(name) for name in meta["fields"]]
    for i in range(len(columns[0]) if columns else 0):
        row = {name: _plain(column[i]) for name, column in zip(names, columns, strict=True)}
        wkb = None if shapes is None else shapes[i]
        yield (None if wkb is None else shapely.from_wkb(wkb)), row


def _plain(value: object) -> Attribute:
    if isinstance(value, np.ndarray):
        return ",".join(map(str, value.tolist()))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if isinstance(value, int | float | str) else None


def _number(row: Attributes, name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None


def _datum(code: Attribute) -> str | None:
    """Return the name of a datum by its code; a code that is not known has none."""
    return DATUMS.get(str(int(code))) if isinstance(code, int | float) and code else None


def _text(value: Attribute) -> str | None:
    return str(value).strip() or None if value is not None else None
