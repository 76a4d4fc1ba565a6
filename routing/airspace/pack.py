"""The offline pack: all that a verdict at a place stands on, in one signed file of limited time.

`pack_reader` reads it. The file is `MAGIC`, an Ed25519 signature of 64 bytes over `MAGIC` and what
follows, and that: JSON as xz. Coordinates are degrees, times seconds since 1970, heights metres.
"""

from __future__ import annotations

import base64
import lzma
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

import numpy as np
import orjson
import shapely
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routing.airspace.coverage import CATEGORIES, County
from routing.airspace.judge import Judge, may_be_exempt, weight_of
from routing.airspace.zones import Limit, Zone
from spatial.airspace_rules import Accuracy, FilingClocks
from spatial.geo.datum import Floats
from spatial.geo.geoid import Geoid
from spatial.geo.terrain import STEPS_PER_M, Grid, Terrain
from spatial.json_types import Document

MAGIC = b"SGAIRPK1"
MOST_BYTES = 2_000_000
BUCKETS_PER_DEGREE = 5
NODES_PER_DEGREE = 4
"""Nodes of the geoid: 15′."""
NOWHERE = -32768
NEVER_S = 1e15
_XZ = ({"id": lzma.FILTER_DELTA, "dist": 2}, {"id": lzma.FILTER_LZMA2, "preset": 6})
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Term:
    """From when to when a pack holds, and how far (s) a reader's clock may be off."""

    begins: datetime
    expires: datetime
    skew_s: float


@dataclass(frozen=True)
class Contents:
    """What a pack is made of beside the judge: what its answers name and are told with."""

    judge: Judge
    clocks: FilingClocks
    accuracy: Accuracy
    said: Document
    """Facts for people: versions, sources, notes."""


def make_pack(contents: Contents, term: Term, key: Ed25519PrivateKey) -> bytes:
    """Return a signed pack; terrain that would make it larger than `MOST_BYTES` is left out."""
    facts = _facts(contents, term)
    body = _packed(facts)
    if len(body) > MOST_BYTES - 100:
        body = _packed({**facts, "terrain": {"steps_per_m": STEPS_PER_M, "tiles": {}}})
    return MAGIC + key.sign(MAGIC + body) + body


def _packed(facts: Document) -> bytes:
    return lzma.compress(orjson.dumps(facts), preset=6)


def _facts(contents: Contents, term: Term) -> Document:
    air = contents.judge.air
    counties = air.coverage.counties
    held = [(zone, window) for zone in air.zones.all for window in _windows(zone, term)]
    terrain, geoid = air.joins.terrain, air.joins.geoid
    boxes = {
        "zones": [_box(zone.shape, 0.001) for zone, _ in held],
        "counties": [_box(county.shape) for county in counties],
    }
    return {
        **contents.said,
        "begins": term.begins.timestamp(), "expires": term.expires.timestamp(),
        "skew_s": term.skew_s,
        "zones": [_zone(zone, window) for zone, window in held],
        "counties": [_county(county) for county in counties],
        "buckets_per_degree": BUCKETS_PER_DEGREE,
        "near": {kind: _buckets(found) for kind, found in boxes.items()},
        "ceilings_m": air.ceilings.model_dump(),
        "tasks": {name: [clock.exempt_to_agl_m, clock.own_zone_only]
                  for name, clock in contents.clocks.root.items()},
        "slacks_m": {
            "AMSL": 0.0, "AGL": _terrain_slack_m(terrain),
            "W84": geoid.accuracy_m if geoid else 0.0, "STD": contents.accuracy.qnh_m,
        },
        "terrain": {"steps_per_m": STEPS_PER_M, "tiles": _tiles(terrain)},
        "geoid": _nodes(geoid, boxes["counties"] + boxes["zones"]),
    }  # fmt: skip


def _windows(zone: Zone, term: Term) -> Iterator[tuple[float, float]]:
    """Yield the times in which a zone holds: a zone with daily hours is as many of the pack."""
    begin, end = _epoch(zone.begin, -NEVER_S), _epoch(zone.end, NEVER_S)
    if zone.timetable is None:
        yield begin, end
        return
    skew = timedelta(seconds=term.skew_s)
    for one in zone.timetable.windows(term.begins - skew, term.expires + skew):
        first, last = max(begin, one.begin.timestamp()), min(end, one.end.timestamp())
        if first < last:
            yield first, last


def _zone(zone: Zone, window: tuple[float, float]) -> Document:
    circle = zone.circle
    return {
        "id": zone.id, "name_zh": zone.name_zh, "name_en": zone.name_en, "sort": zone.sort,
        "level": zone.level, "legal_text": zone.legal_text, "authority": zone.authority,
        "origin": zone.origin, "weight": int(weight_of(zone)), "exempt": may_be_exempt(zone),
        "uncertain": zone.uncertain,
        "floor": _limit(zone.floor, floor=True), "ceiling": _limit(zone.ceiling, floor=False),
        "begin": window[0], "end": window[1],
        "circle": None if circle is None else [*circle.centre, circle.radius_m],
        "rings": [] if circle else _rings(zone.shape),
    }  # fmt: skip


def _county(county: County) -> Document:
    return {
        "admin_code": county.admin_code, "name_zh": county.name_zh, "name_en": county.name_en,
        "ground": {name: county.status_of(name) for name in CATEGORIES},
        "circle": None, "rings": _rings(county.shape),
    }  # fmt: skip


def _limit(limit: Limit | None, *, floor: bool) -> list[object] | None:
    """Return value (m), datum and whether the height exactly at the limit belongs below it."""
    return None if limit is None else [limit.value_m, limit.datum, limit.included != floor]


def _epoch(moment: datetime | None, never: float) -> float:
    return never if moment is None else moment.timestamp()


def _rings(shape: shapely.Geometry) -> list[list[list[float]]]:
    parts = shapely.get_parts(shape)
    return [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(parts)]


def _box(shape: shapely.Geometry, wider: float = 0.0) -> Box:
    west, south, east, north = shape.bounds
    return west - wider, south - wider, east + wider, north + wider


def _buckets(boxes: Sequence[Box]) -> dict[str, list[int]]:
    """Return which boxes lie over each bucket of a grid, by its column and row."""
    found: dict[str, list[int]] = {}
    for number, box in enumerate(boxes):
        west, south, east, north = (floor(side * BUCKETS_PER_DEGREE) for side in box)
        for x in range(west, east + 1):
            for y in range(south, north + 1):
                found.setdefault(f"{x},{y}", []).append(number)
    return found


def _terrain_slack_m(terrain: Terrain | None) -> float:
    """Return how far the ground may be wrong, and the pack's from the server's."""
    if terrain is None:
        return 0.0
    grids = terrain.tiles.values()
    exact = all(np.array_equal(_ground(grid), grid, equal_nan=True) for grid in grids)
    return terrain.accuracy_m + (0.0 if exact else 0.5 / STEPS_PER_M)


def _steps(grid: Grid) -> Floats:
    return np.asarray(np.rint(np.asarray(grid, float) * STEPS_PER_M))


def _ground(grid: Grid) -> Grid:
    """Return a tile as the reader will have it."""
    return (_steps(grid) / STEPS_PER_M).astype(np.float32)


def _tiles(terrain: Terrain | None) -> Mapping[str, Document]:
    tiles = {} if terrain is None else terrain.tiles
    return {
        f"{lon},{lat}": {
            "cells": len(grid),
            "xz": base64.b64encode(
                lzma.compress(
                    np.nan_to_num(_steps(grid), nan=NOWHERE).astype("<i2").tobytes(),
                    filters=list(_XZ),
                )
            ).decode("ascii"),
        }
        for (lon, lat), grid in tiles.items()
    }


def _nodes(geoid: Geoid | None, boxes: Sequence[Box]) -> list[object]:
    """Return the geoid around boxes: west, south, nodes per degree, undulations from the south."""
    if geoid is None or not boxes:
        return [0.0, 0.0, NODES_PER_DEGREE, [[]]]
    edges = np.array(boxes)
    west, south = np.floor(edges[:, :2].min(axis=0) * NODES_PER_DEGREE).astype(int)
    east, north = np.ceil(edges[:, 2:].max(axis=0) * NODES_PER_DEGREE).astype(int)
    lon, lat = np.meshgrid(
        np.arange(west, east + 1) / NODES_PER_DEGREE, np.arange(south, north + 1) / NODES_PER_DEGREE
    )
    rows = geoid.undulations_m(lon, lat).tolist()
    return [float(lon[0, 0]), float(lat[0, 0]), NODES_PER_DEGREE, rows]
