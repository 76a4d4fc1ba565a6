"""BeiDou grid codes of GB/T 39409-2020: 2D and 3D, levels 1 to 10, exact.

All arithmetic is on integers: a degree is 7 372 800 units of 1/2048 arc second, the smallest
cell. Cells are half-open away from the equator and the Greenwich meridian, where the standard
mirrors its quadrants. Coordinates are CGCS2000 degrees, heights ellipsoidal metres. Points at
|latitude| ≥ 88° follow another scheme of the standard and are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from math import expm1, log1p, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.errors import BadCoordinate, BadParameter

UNITS_PER_DEGREE = 3600 * 2048
_R0_M = 6_378_137.0
_THETA0 = pi / 180.0
_NUDGE = 1e-6  # of a unit (15 nm): binary floats of decimal degrees fall this close to an edge
_MAX_LAT_UNITS = 88 * UNITS_PER_DEGREE
_HEX = "0123456789ABCDEF"
_SYMBOLS = np.array(list(_HEX))

# Each level below the first: columns, rows, and whether the pair is one Z-order digit.
_SPLITS = (
    (12, 8, False),
    (2, 3, True),
    (15, 10, False),
    (15, 15, False),
    (2, 2, True),
    (8, 8, False),
    (8, 8, False),
    (8, 8, False),
    (8, 8, False),
)
_LENGTHS = (4, 6, 7, 9, 11, 12, 14, 16, 18, 20)
_HEIGHT_BITS = (6, 3, 1, 4, 4, 1, 3, 3, 3, 3)  # GB/T 39409-2020: per level, after the sign bit


def _sizes() -> tuple[tuple[int, int], ...]:
    sizes = [(6 * UNITS_PER_DEGREE, 4 * UNITS_PER_DEGREE)]
    for columns, rows, _ in _SPLITS:
        sizes.append((sizes[-1][0] // columns, sizes[-1][1] // rows))
    return tuple(sizes)


CELL_UNITS = _sizes()  # (width, height) of a cell per level, level 1 first


@dataclass(frozen=True)
class Cell:
    """A decoded cell: bounds in degrees, and in metres of ellipsoidal height when 3D."""

    level: int
    west: float
    south: float
    east: float
    north: float
    floor_m: float | None = None
    ceiling_m: float | None = None

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle of the cell, degrees."""
        return (self.west + self.east) / 2.0, (self.south + self.north) / 2.0


def to_units(degrees: float | str | Decimal) -> int:
    """Return exact 1/2048″ units of a magnitude in degrees, rounded towards zero.

    Raises
    ------
    BadCoordinate
        It is not finite.
    """
    value = degrees if isinstance(degrees, Decimal) else Decimal(str(degrees))
    if not value.is_finite():
        raise BadCoordinate(f"coordinate is not finite: {degrees}", f"坐标不是有限数：{degrees}")
    return int((abs(value) * UNITS_PER_DEGREE).to_integral_value(ROUND_FLOOR))


def _check_level(level: int) -> None:
    if not 1 <= level <= 10:
        raise BadParameter(f"grid level {level} is not in 1-10", f"网格级别 {level} 不在 1–10")


def _check_range(lon_units: int, lat_units: int) -> None:
    if lat_units >= _MAX_LAT_UNITS:
        raise BadCoordinate(
            "BeiDou polar cells (|latitude| >= 88°) are not supported",
            "不支持两极区域（|纬度| ≥ 88°）的北斗网格",
        )
    if lon_units > 180 * UNITS_PER_DEGREE:
        raise BadCoordinate("longitude is beyond 180°", "经度超过 180°")


def _parts(lon: float | str | Decimal, lat: float | str | Decimal) -> tuple[str, int, int, int]:
    """Return hemisphere letter, level-1 column, and units of |lon| and |lat|."""
    x, y = to_units(lon), to_units(lat)
    _check_range(x, y)
    x = min(x, 180 * UNITS_PER_DEGREE - 1)
    west, south = _negative(lon), _negative(lat)
    zone = x // CELL_UNITS[0][0]
    return "S" if south else "N", 30 - zone if west else 31 + zone, x, y


def _negative(value: float | str | Decimal) -> bool:
    return Decimal(str(value)) < 0


def encode(lon: float | str | Decimal, lat: float | str | Decimal, level: int = 10) -> str:
    """Return the 2D code of a point; decimal strings and floats give the same exact cell."""
    _check_level(level)
    hemisphere, column, x, y = _parts(lon, lat)
    groups = [f"{hemisphere}{column:02d}{chr(65 + y // CELL_UNITS[0][1])}"]
    groups += _groups(x, y, level)
    return "".join(groups)


def _groups(x: int, y: int, level: int) -> list[str]:
    groups = []
    for depth in range(1, level):
        columns, _, single = _SPLITS[depth - 1]
        x, y = x % CELL_UNITS[depth - 1][0], y % CELL_UNITS[depth - 1][1]
        i, j = x // CELL_UNITS[depth][0], y // CELL_UNITS[depth][1]
        groups.append(str(j * columns + i) if single else _HEX[i] + _HEX[j])
    return groups


def encode_many(lon: ArrayLike, lat: ArrayLike, level: int = 10) -> NDArray[np.str_]:
    """Return the 2D codes of arrays of degrees; equal to `encode` to nine decimals and beyond.

    Raises
    ------
    BadCoordinate
        One is not finite.
    """
    _check_level(level)
    head, groups = _plane_many(lon, lat, level)
    return _joined(head, groups)


def encode_3d_many(
    lon: ArrayLike, lat: ArrayLike, height_m: ArrayLike, level: int = 10
) -> NDArray[np.str_]:
    """Return the 3D codes of arrays of degrees and ellipsoidal heights (m), as `encode_3d` does.

    Raises
    ------
    BadCoordinate
        One is not finite.
    BadParameter
        A height lies outside what the code reaches.
    """
    _check_level(level)
    head, plane = _plane_many(lon, lat, level)
    heights = np.broadcast_to(np.asarray(height_m, float), head.shape)
    if not (np.isfinite(heights).all() and (heights > -_R0_M).all()):
        raise BadParameter("a height is not possible", "高度不可能")
    exact = UNITS_PER_DEGREE * np.log1p(np.abs(heights) / _R0_M) / log1p(_THETA0)
    n, below = (exact + _NUDGE).astype(np.int64), sum(_HEIGHT_BITS)
    if (n >> below).any():
        raise BadParameter("a height is too large", "高度过大")
    groups: list[NDArray[np.str_]] = []
    for depth, bits in enumerate(_HEIGHT_BITS[:level]):
        below -= bits
        digit = (n >> below) & ((1 << bits) - 1)
        text = np.strings.zfill(digit.astype(np.str_), 2) if depth == 0 else _SYMBOLS[digit]
        groups += [plane[depth], text]
    return _joined(np.strings.add(head, np.where(heights < 0, "1", "0")), groups)


def _joined(head: NDArray[np.str_], groups: list[NDArray[np.str_]]) -> NDArray[np.str_]:
    code = head
    for group in groups:
        code = np.strings.add(code, group)
    return np.asarray(code)


def _plane_many(
    lon: ArrayLike, lat: ArrayLike, level: int
) -> tuple[NDArray[np.str_], list[NDArray[np.str_]]]:
    """Return hemispheres, and the groups of signs level by level."""
    lon_a, lat_a = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
    if not (np.isfinite(lon_a).all() and np.isfinite(lat_a).all()):
        raise BadCoordinate("coordinate is not finite", "坐标不是有限数")
    x = np.floor(np.abs(lon_a) * UNITS_PER_DEGREE + _NUDGE).astype(np.int64)
    y = np.floor(np.abs(lat_a) * UNITS_PER_DEGREE + _NUDGE).astype(np.int64)
    if x.size:
        _check_range(int(x.max()), int(y.max()))
    x = np.minimum(x, 180 * UNITS_PER_DEGREE - 1)
    zone = x // CELL_UNITS[0][0]
    column = np.where(lon_a < 0, 30 - zone, 31 + zone)
    letters = np.array([chr(65 + i) for i in range(22)])
    head = np.where(lat_a < 0, "S", "N")
    sheet = np.strings.add(
        np.strings.zfill(column.astype(np.str_), 2), letters[y // CELL_UNITS[0][1]]
    )
    groups = [sheet]
    for depth in range(1, level):
        columns, _, single = _SPLITS[depth - 1]
        x, y = x % CELL_UNITS[depth - 1][0], y % CELL_UNITS[depth - 1][1]
        i, j = x // CELL_UNITS[depth][0], y // CELL_UNITS[depth][1]
        pair = _SYMBOLS[j * columns + i] if single else np.strings.add(_SYMBOLS[i], _SYMBOLS[j])
        groups.append(pair)
    return head, groups


def _bad_code(code: str) -> BadParameter:
    return BadParameter(f"not a BeiDou grid code: {code!r}", f"不是北斗网格码：{code!r}")


def decode(code: str) -> Cell:
    """Return the cell of a 2D code of any level.

    Raises
    ------
    BadParameter
        It is no code.
    """
    text = code.strip().upper()
    if len(text) not in _LENGTHS or not re.fullmatch(r"[NS]\d\d[A-V][0-9A-E]*", text):
        raise _bad_code(code)
    level = _LENGTHS.index(len(text)) + 1
    return _cell(code, text[:4], text[4:], level)


def _cell(code: str, sheet: str, tail: str, level: int) -> Cell:
    """Return the cell of a sheet such as N51H and the digits below it."""
    column, row, head = int(sheet[1:3]), ord(sheet[3]) - 65, sheet[0]
    if not 1 <= column <= 60:
        raise _bad_code(code)
    west, south = column < 31, head == "S"
    x = (30 - column if west else column - 31) * CELL_UNITS[0][0]
    y = row * CELL_UNITS[0][1]
    at = 0
    for depth in range(1, level):
        columns, rows, single = _SPLITS[depth - 1]
        if single:
            j, i = divmod(_HEX.index(tail[at]), columns)
        else:
            i, j = _HEX.index(tail[at]), _HEX.index(tail[at + 1])
        at += 1 if single else 2
        if i >= columns or j >= rows:
            raise _bad_code(code)
        x, y = x + i * CELL_UNITS[depth][0], y + j * CELL_UNITS[depth][1]
    width, height = CELL_UNITS[level - 1]
    xs = sorted(v / UNITS_PER_DEGREE * (-1 if west else 1) for v in (x, x + width))
    ys = sorted(v / UNITS_PER_DEGREE * (-1 if south else 1) for v in (y, y + height))
    return Cell(level, xs[0], ys[0], xs[1], ys[1])


def height_index(height_m: float) -> int:
    """Return the layer number n of an ellipsoidal height; negative below the ellipsoid.

    Raises
    ------
    BadParameter
        The height (m) lies outside what the code reaches.
    """
    if not height_m > -_R0_M:
        raise BadParameter(f"height {height_m} m is not possible", f"高度 {height_m} m 不可能")
    exact = UNITS_PER_DEGREE * log1p(abs(height_m) / _R0_M) / log1p(_THETA0)
    n = int(exact + _NUDGE)
    return -n if height_m < 0 else n


def height_of(n: int) -> float:
    """Return the height (m) at which layer `n` begins, counted away from the ellipsoid."""
    height = _R0_M * expm1(abs(n) / UNITS_PER_DEGREE * log1p(_THETA0))
    return -height if n < 0 else height


def encode_height(height_m: float, level: int = 10) -> str:
    """Return the height digits: the sign, then one group per level down to `level`."""
    return _height_sign(height_m) + "".join(_height_groups(height_m, level))


def _height_sign(height_m: float) -> str:
    return "1" if height_m < 0 else "0"


def _height_groups(height_m: float, level: int) -> list[str]:
    _check_level(level)
    n, groups, below = abs(height_index(height_m)), [], sum(_HEIGHT_BITS)
    if n >> below:
        raise BadParameter(f"height {height_m} m is too large", f"高度 {height_m} m 过大")
    for depth, bits in enumerate(_HEIGHT_BITS[:level]):
        below -= bits
        digit = (n >> below) & ((1 << bits) - 1)
        groups.append(f"{digit:02d}" if depth == 0 else _HEX[digit])
    return groups


def encode_3d(
    lon: float | str | Decimal, lat: float | str | Decimal, height_m: float, level: int = 10
) -> str:
    """Return the 3D code: 2D and height groups interleaved level by level, 32 signs at level 10."""
    _check_level(level)
    hemisphere, column, x, y = _parts(lon, lat)
    heights = _height_groups(height_m, level)
    head = f"{column:02d}{chr(65 + y // CELL_UNITS[0][1])}"
    plane = [head, *_groups(x, y, level)]
    body = "".join(a + b for a, b in zip(plane, heights, strict=True))
    return hemisphere + _height_sign(height_m) + body


_LENGTHS_3D = tuple(length + 2 + depth + 1 for depth, length in enumerate(_LENGTHS))


def decode_3d(code: str) -> Cell:
    """Return the cell of a 3D code of any level, with its floor and ceiling.

    Raises
    ------
    BadParameter
        It is no code with a height.
    """
    text = code.strip().upper()
    shape = r"[NS][01]\d\d[A-V]\d\d[0-9A-F]*"
    if len(text) not in _LENGTHS_3D or not re.fullmatch(shape, text):
        raise _bad_code(code)
    level = _LENGTHS_3D.index(len(text)) + 1
    n, tail, at = int(text[5:7]), "", 7
    for depth in range(1, level):
        width = 1 if _SPLITS[depth - 1][2] else 2
        tail += text[at : at + width]
        digit = _HEX.index(text[at + width])
        if digit >> _HEIGHT_BITS[depth]:
            raise _bad_code(code)
        n, at = (n << _HEIGHT_BITS[depth]) + digit, at + width + 1
    if int(text[5:7]) >> _HEIGHT_BITS[0]:
        raise _bad_code(code)
    flat = _cell(code, text[0] + text[2:5], tail, level)
    unit = 1 << sum(_HEIGHT_BITS[level:])
    low, high = height_of(n * unit), height_of((n + 1) * unit)
    floor_m, ceiling_m = (-high, -low) if text[1] == "1" else (low, high)
    return Cell(level, flat.west, flat.south, flat.east, flat.north, floor_m, ceiling_m)
