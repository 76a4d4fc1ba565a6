"""Segments of routes by stake, with events and exposure of each slice of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layers.processes.law.route_places import OnRoutes
from layers.processes.readers.route_rows import Records
from routing.graph.weights import Floats, Ints
from spatial.common_units import common_numbers
from spatial.geo.admin_units import AdminUnits
from spatial.geo.linear_reference import Carriageway

_LEAST_M = 1e-6


@dataclass(frozen=True)
class Segments:
    """Parallel columns; `run` numbers what lies in one row: carriageway, no jump, one county.

    `admin_codes` are the counties in which they lie, whoever has records there.
    """

    way: Ints
    from_m: Floats
    to_m: Floats
    k_from: Floats
    k_to: Floats
    admin_codes: Sequence[str | None]
    run: Ints

    def __len__(self) -> int:
        return len(self.way)


@dataclass(frozen=True)
class Counts:
    """Events and exposure, (slices, segments that have any record); `at` numbers these segments.

    `units` are the smallest ones that have all records of a segment, as numbers.
    """

    at: Ints
    events: Floats
    exposure: Floats
    units: Ints


def cut_segments(
    ways: Sequence[Carriageway], counted: Sequence[int], length_m: float, counties: AdminUnits
) -> Segments:
    """Cut carriageways at whole multiples of a length in stakes, and at jumps of the numbers.

    A segment belongs to the county in which its middle lies.
    """
    labels, ends, stakes = [np.zeros((0, 2), np.int64)], [np.zeros((0, 2))], [np.zeros((0, 2))]
    for number in counted:
        for piece_number, piece in enumerate(ways[number].pieces):
            low, high = piece.k_range()
            inner = np.arange(np.floor(low / length_m) + 1, np.ceil(high / length_m)) * length_m
            k = np.concatenate([[low], inner, [high]])
            chainage = piece.chainages_at(k)
            if chainage[-1] < chainage[0]:
                chainage, k = chainage[::-1], k[::-1]
            labels.append(np.tile(np.array([number, piece_number]), (len(k) - 1, 1)))
            ends.append(np.stack([chainage[:-1], chainage[1:]], axis=1))
            stakes.append(np.stack([k[:-1], k[1:]], axis=1))
    label, end, k = np.concatenate(labels), np.concatenate(ends), np.concatenate(stakes)
    way = label[:, 0]
    codes = _counties(ways, way, end.mean(axis=1), counties)
    return Segments(
        way, end[:, 0], end[:, 1], k.min(axis=1), k.max(axis=1), codes, _runs(label, codes)
    )


def _counties(
    ways: Sequence[Carriageway], way: Ints, middle_m: Floats, counties: AdminUnits
) -> list[str | None]:
    points = np.zeros((len(way), 2))
    for number in np.unique(way):
        points[way == number] = ways[number].points_at(middle_m[way == number])
    return counties.codes_of(points[:, 0], points[:, 1])


def _runs(label: Ints, codes: Sequence[str | None]) -> Ints:
    """Number the runs: a new one begins with another carriageway, piece or county."""
    names = np.array([code or "" for code in codes], dtype=str)
    new = (label[1:] != label[:-1]).any(axis=1) | (names[1:] != names[:-1])
    return np.concatenate([np.zeros(min(len(names), 1), np.int64), np.cumsum(new)])


def count(
    segments: Segments, placed: OnRoutes, records: Records, slices: Ints, how_many: int
) -> Counts:
    """Count records by segment and slice; `slices` is that of each record, -1 for none."""
    at = _segment_of(segments, placed)[records.place]
    kept = (at >= 0) & (slices >= 0)
    seen, number = np.unique(at[kept], return_inverse=True)
    cell = slices[kept] * len(seen) + number
    size = how_many * len(seen)
    events, exposure = (
        np.bincount(cell, column[kept], size).astype(np.float64).reshape(how_many, len(seen))
        for column in (records.events, records.exposure)
    )
    told = (records.events + records.exposure)[kept] > 0
    units = common_numbers(records.units[kept][told], number[told], len(seen))
    return Counts(seen, events, exposure, units)


def _segment_of(segments: Segments, placed: OnRoutes) -> Ints:
    """Return the segment of each place, -1 beyond the stakes; a bound belongs to the one after."""
    out = np.full(len(placed.way), -1, np.int64)
    for number in np.unique(placed.way[placed.way >= 0]):
        mine = np.flatnonzero(segments.way == number)
        if not len(mine):
            continue
        order = mine[np.argsort(segments.from_m[mine], kind="stable")]
        places = np.flatnonzero(placed.way == number)
        chainage = placed.chainage_m[places]
        at = np.searchsorted(segments.from_m[order], chainage + _LEAST_M, side="right") - 1
        found = order[np.maximum(at, 0)]
        inside = (at >= 0) & (chainage <= segments.to_m[found] + _LEAST_M)
        out[places] = np.where(inside, found, -1)
    return out
