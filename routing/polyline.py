"""Encoded polylines with six decimals: a network's strips coded once, a path joined from them.

The code (Google's "Encoded Polyline Algorithm Format", here at 1e-6 degrees, latitude first) holds
differences. Every vertex is rounded by itself, so the difference of two vertices is the same in
every path, and the text of a path is that of its edges end to end, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from routing.graph import Floats, Graph, Ints
from routing.legs import Leg, line

SCALE = 1e6
CHUNK = 100_000
_SHIFTS = np.arange(0, 35, 5)
_CONTINUED, _OFFSET = 32, 63
_LAST = _OFFSET + _CONTINUED  # a byte below it ends a number

Bytes = NDArray[np.uint8]


def encode(points: Floats) -> bytes:
    """Return the text of (n, 2) longitudes and latitudes."""
    whole = _whole(points)
    first = np.zeros((min(len(whole), 1), 2), np.int64)
    return _digits(np.diff(whole, axis=0, prepend=first).ravel())[0].tobytes()


def decode(text: bytes) -> Floats:
    """Return the (n, 2) longitudes and latitudes of a text.

    Raises
    ------
    ValueError
        The text ends inside a number or a pair, or holds a byte that the code does not have.
    """
    digits = np.frombuffer(text, np.uint8).astype(np.int64) - _OFFSET
    ends = np.flatnonzero(digits < _CONTINUED)
    if len(digits) and (digits.min() < 0 or digits.max() >= 2 * _CONTINUED):
        raise ValueError("the text holds a byte that the code does not have")
    if len(ends) % 2 or (len(digits) and (not len(ends) or ends[-1] != len(digits) - 1)):
        raise ValueError("the text ends inside a number or a pair")
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)[: len(ends)]
    place = np.arange(len(digits)) - np.repeat(starts, ends - starts + 1)
    parts = (digits & (_CONTINUED - 1)) << (5 * place)
    zigzag = np.add.reduceat(parts, starts) if len(starts) else parts
    values = (zigzag >> 1) ^ -(zigzag & 1)
    return np.asarray(np.cumsum(values.reshape(-1, 2), axis=0)[:, ::-1] / SCALE, np.float64)


def _whole(points: Floats) -> Ints:
    """Return latitude and longitude in millionths of a degree."""
    return np.rint(points[:, ::-1] * SCALE).astype(np.int64)


def _digits(values: Ints) -> tuple[Bytes, Ints]:
    """Return the code of some numbers, and how many bytes each one takes."""
    zigzag = (values << 1) ^ (values >> 63)
    shifted = zigzag[:, None] >> _SHIFTS
    used = shifted > 0
    used[:, 0] = True
    digits = (shifted & (_CONTINUED - 1)) + _OFFSET
    digits[:, :-1] += _CONTINUED * used[:, 1:]
    return digits[used].astype(np.uint8), used.sum(axis=1)


def _number(value: int) -> bytes:
    """Return the code of one number."""
    rest, digits = (value << 1) ^ (value >> 63), bytearray()
    while rest >= _CONTINUED:
        digits.append((rest & (_CONTINUED - 1)) + _LAST)
        rest >>= 5
    digits.append(rest + _OFFSET)
    return bytes(digits)


class Strips:
    """The code of every edge in both directions, from its first vertex to its last one.

    About six bytes a vertex and direction; made in a second per million vertices.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        shape, start = graph.edges.shape, graph.edges.shape_start
        forward = _strips(shape, start)
        backward = _strips(shape[::-1], (start[-1] - start)[::-1])
        self._texts, self._starts = (forward[0], backward[0]), (forward[1], backward[1])
        self._last = len(start) - 2

    def text(self, legs: Sequence[Leg]) -> bytes:
        """Return the text of legs, each of which begins where the one before it ended."""
        lat, lon = _at(legs[0].source.lon, legs[0].source.lat)
        parts = [_number(lat), _number(lon)]
        for leg in legs:
            if len(leg.keys) == 1:
                parts.append(_relative(line(self._graph, leg)))
            else:
                self._add(parts, leg)
        return b"".join(parts)

    def _add(self, parts: list[bytes], leg: Leg) -> None:
        keys = leg.keys
        first, last = int(keys[0]), int(keys[-1])
        source, target = leg.source, leg.target
        ahead = self._passed(source.vertex, first) + 1
        parts.append(self._step(_at(source.lon, source.lat), self._vertex(first, ahead)))
        parts.append(_skip(self._strip(first), ahead))
        parts.extend(self._whole(keys[1:-1]))
        behind = self._passed(target.vertex, last)
        parts.append(_keep(self._strip(last), behind))
        parts.append(self._step(self._vertex(last, behind), _at(target.lon, target.lat)))

    def _whole(self, keys: Ints) -> list[bytes]:
        """Return the strips of whole edges driven one after another."""
        forward, backward = self._texts
        back = (keys & 1).astype(np.bool_)
        row = np.where(back, self._last - (keys >> 1), keys >> 1)
        low = np.where(back, self._starts[1][row], self._starts[0][row])
        high = np.where(back, self._starts[1][row + 1], self._starts[0][row + 1])
        spans = zip(back.tolist(), low.tolist(), high.tolist(), strict=True)
        return [backward[a:b] if turned else forward[a:b] for turned, a, b in spans]

    def _strip(self, key: int) -> bytes:
        side, edge = key & 1, key >> 1
        row = self._last - edge if side else edge
        starts = self._starts[side]
        return self._texts[side][int(starts[row]) : int(starts[row + 1])]

    def _passed(self, vertex: int, key: int) -> int:
        """Return the number, in driving order, of the vertex last passed before a spot.

        A spot lies after shape vertex `vertex` in the edge's own direction.
        """
        start = self._graph.edges.shape_start
        if key & 1:
            return int(start[(key >> 1) + 1]) - 2 - vertex
        return vertex - int(start[key >> 1])

    def _vertex(self, key: int, number: int) -> tuple[int, int]:
        """Return the vertex of an edge with a number in driving order."""
        start = self._graph.edges.shape_start
        row = int(start[(key >> 1) + 1]) - 1 - number if key & 1 else int(start[key >> 1]) + number
        lon, lat = self._graph.edges.shape[row].tolist()
        return _at(lon, lat)

    @staticmethod
    def _step(here: tuple[int, int], there: tuple[int, int]) -> bytes:
        return _number(there[0] - here[0]) + _number(there[1] - here[1])


def _at(lon: float, lat: float) -> tuple[int, int]:
    return round(lat * SCALE), round(lon * SCALE)


def _relative(points: Floats) -> bytes:
    """Return the text of points after the first one, which has been written."""
    return _digits(np.diff(_whole(points), axis=0).ravel())[0].tobytes()


def _ends(strip: bytes) -> Ints:
    """Return the place after each number of a strip."""
    return np.flatnonzero(np.frombuffer(strip, np.uint8) < _LAST) + 1


def _skip(strip: bytes, vertices: int) -> bytes:
    return strip[int(_ends(strip)[2 * vertices - 1]) :] if vertices else strip


def _keep(strip: bytes, vertices: int) -> bytes:
    return strip[: int(_ends(strip)[2 * vertices - 1])] if vertices else b""


def _strips(shape: Floats, start: Ints) -> tuple[bytes, Ints]:
    """Return the code of the edges of a shape end to end, and where each edge's begins."""
    begins = np.zeros(len(shape), np.bool_)
    begins[start[:-1]] = True
    texts: list[bytes] = []
    sizes = np.zeros(len(shape), np.int64)  # bytes of the step that leads to each vertex
    for low in range(0, len(shape), CHUNK):
        inner = np.flatnonzero(~begins[low : low + CHUNK]) + low
        whole = _whole(shape[max(low - 1, 0) : low + CHUNK])
        steps = np.diff(whole, axis=0, prepend=whole[:1])[inner - max(low - 1, 0)]
        digits, counts = _digits(steps.ravel())
        texts.append(digits.tobytes())
        sizes[inner] = counts.reshape(-1, 2).sum(axis=1)
    return b"".join(texts), np.concatenate([[0], np.cumsum(sizes)])[start]
