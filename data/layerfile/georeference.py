"""Where the rows of a layer file lie: their own geometry, columns, stakes or admin codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import psycopg
import shapely
from psycopg.rows import dict_row

from data.layerfile.mapping import LayerMapping
from data.layerfile.read import Row, Shapes, Table
from spatial.errors import BadCoordinate, BadParameter, ConfigError, SigangError
from spatial.geo import quality
from spatial.geo.admin_units import AdminUnits
from spatial.geo.antimeridian import crosses, split
from spatial.geo.carriageway_rows import CARRIAGEWAY_SQL, STAKE_SQL, CarriagewayRow, StakeRow
from spatial.geo.codes import parse_angle, parse_lonlat
from spatial.geo.crs import BD09, CRS84, GCJ02, Crs, parse_crs, transform_geometry
from spatial.geo.linear_reference import LinearReference, Side
from spatial.geo.topology import Mask
from spatial.json_types import JsonObject

Refuse = Callable[[int, str, str], None]  # row index, reason, detail

_SIDES: dict[str, Side] = {
    "上行": "up", "下行": "down", "上": "up", "下": "down", "up": "up", "down": "down",
}  # fmt: skip


class Placer:
    """Gives each row a geometry in WGS 84 degrees, or refuses it with the reason."""

    def __init__(self, conn: psycopg.Connection, mapping: LayerMapping, units: AdminUnits) -> None:
        self.mapping = mapping
        self.placed: dict[int, JsonObject] = {}
        self.cut: set[int] = set()
        self._units = units
        self._reference: LinearReference | None = None
        if mapping.place.way == "stake":
            self._reference = _reference(conn)

    def place(self, table: Table, refuse: Refuse) -> Shapes:
        """Return the geometries of all rows; refused ones are None."""
        way = self.mapping.place.way
        shapes = table.geometry
        for number, why in table.broken.items():
            refuse(number - 1, "bad-geometry" if shapes is not None else "bad-row", why)
        if way:
            shapes = self._from_columns(table.rows, refuse)
        if shapes is None:
            raise ConfigError(
                "the file has no geometry and the mapping no [place]",
                "文件没有几何，映射也没有 [place]",
            )
        if way in {"stake", "admin_code"}:
            return shapes
        return self._to_wgs84(shapes, self._crs(table), refuse)

    def _from_columns(self, rows: list[Row], refuse: Refuse) -> Shapes:
        shapes = np.empty(len(rows), dtype=object)
        readers = {
            "columns": self._columns,
            "pair": self._pair,
            "wkt": self._wkt,
            "stake": self._stake,
            "admin_code": self._admin,
        }
        read = readers[self.mapping.place.way]
        for i, row in enumerate(rows):
            try:
                shapes[i] = read(i, row)
            except SigangError as error:
                refuse(i, "no-place", f"{error.zh} / {error.en}")
            except shapely.GEOSException as error:
                refuse(i, "bad-geometry", str(error))
        return shapes

    def _columns(self, _: int, row: Row) -> shapely.Geometry:
        place = self.mapping.place
        x, y = _number(_cell(row, place.lon)), _number(_cell(row, place.lat))
        return shapely.points(x, y)

    def _pair(self, _: int, row: Row) -> shapely.Geometry:
        return shapely.Point(parse_lonlat(str(_cell(row, self.mapping.place.pair))))

    def _wkt(self, _: int, row: Row) -> shapely.Geometry:
        return shapely.from_wkt(str(_cell(row, self.mapping.place.wkt)))

    def _stake(self, i: int, row: Row) -> shapely.Geometry:
        place, reference = self.mapping.place, self._reference
        if reference is None:
            raise ConfigError("no carriageways are loaded", "未装载路线里程")
        route, stake = str(_cell(row, place.route)), str(_cell(row, place.stake))
        side = _side(row.get(place.side or ""))
        fix = reference.locate(route, stake, side)[0]
        text = f"{route} {stake}"
        shape = shapely.Point(fix.lon, fix.lat)
        if place.stake_to and row.get(place.stake_to) not in (None, ""):
            until = str(row[place.stake_to])
            lines = reference.sub_lines(route, stake, until, side)
            shape = shapely.line_merge(lines[fix.side])
            text = f"{text}–{until}"
        self.placed[i] = {
            "by": "stake",
            "text": text,
            "calibrated": fix.calibrated,
            "accuracy_m": fix.accuracy_m,
        }
        return shape

    def _admin(self, i: int, row: Row) -> shapely.Geometry:
        code = _code(_cell(row, self.mapping.place.admin_code))
        centre = self._units.centre(code)
        if centre is None:
            raise BadParameter(f"no unit {code} is loaded", f"未装载行政区 {code}")
        self.placed[i] = {"by": "admin_code", "text": code}
        return shapely.Point(centre)

    def _crs(self, table: Table) -> Crs:
        """Return how the coordinates are to be read: the declared datum rules the file's CRS."""
        named = self.mapping.crs or table.crs
        crs = parse_crs(named) if named else CRS84
        if self.mapping.datum not in {"GCJ02", "BD09"}:
            return crs if crs.projected else CRS84
        if crs.projected:
            raise ConfigError(
                f"{self.mapping.datum} has no projected coordinates; the file says {named}",
                f"{self.mapping.datum} 没有投影坐标，文件却是 {named}",
            )
        return GCJ02 if self.mapping.datum == "GCJ02" else BD09

    def _to_wgs84(self, shapes: Shapes, crs: Crs, refuse: Refuse) -> Shapes:
        shapes = shapely.force_2d(np.asarray(shapes, dtype=object))
        for i in np.flatnonzero(quality.not_finite(shapes)):
            refuse(int(i), "not-finite", "a coordinate is not a finite number / 坐标不是有限数")
            shapes[i] = None
        if not crs.projected:
            detail = "坐标顺序应为 [经度, 纬度] / order must be [longitude, latitude]"
            shapes = _drop(shapes, quality.swapped_axes(shapes), refuse, "swapped-axes", detail)
        present = np.flatnonzero(~shapely.is_missing(shapes))
        if len(present):
            shapes[present] = transform_geometry(shapes[present], crs, CRS84)
        detail = "坐标超出范围 / out of range"
        shapes = _drop(shapes, quality.not_finite(shapes), refuse, "out-of-range", detail)
        for row, (number, x, y) in quality.off_map(shapes).items():
            refuse(row, "out-of-range", f"顶点 {number} / vertex {number}: [{x:.6g}, {y:.6g}]")
            shapes[row] = None
        return self._cut(shapes, refuse)

    def _cut(self, shapes: Shapes, refuse: Refuse) -> Shapes:
        """Cut the shapes that cross ±180° there; note which these are."""
        for i in np.flatnonzero(crosses(shapes) & ~shapely.is_missing(shapes)).tolist():
            try:
                shapes[i] = split(shapes[i])
                self.cut.add(i)
            except BadCoordinate as error:
                refuse(i, "out-of-range", f"{error.zh} / {error.en}")
                shapes[i] = None
        return shapes


def _drop(shapes: Shapes, bad: Mask, refuse: Refuse, reason: str, detail: str) -> Shapes:
    """Refuse the marked rows and take their geometry away."""
    for i in np.flatnonzero(bad):
        refuse(int(i), reason, detail)
        shapes[i] = None
    return shapes


def _cell(row: Row, column: str | None) -> object:
    value = row.get(str(column))
    if value in (None, ""):
        raise BadParameter(f"{column} is empty", f"{column} 为空")
    return value


def _number(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(str(value))
    except ValueError:
        return parse_angle(str(value))[0]


def _side(value: object) -> Side | None:
    if value in (None, ""):
        return None
    side = _SIDES.get(str(value).strip().lower())
    if side is None:
        raise BadParameter(f"not a side: {value!r}", f"不是上下行：{value!r}")
    return side


def _code(value: object) -> str:
    return str(int(value)) if isinstance(value, float) else str(value).strip()


def _reference(conn: psycopg.Connection) -> LinearReference:
    with conn.cursor(row_factory=dict_row) as cursor:
        carriageways = cursor.execute(CARRIAGEWAY_SQL).fetchall()
        stakes = cursor.execute(STAKE_SQL).fetchall()
    return LinearReference.from_rows(
        cast(list[CarriagewayRow], carriageways), cast(list[StakeRow], stakes)
    )
