"""Function layers in hexagons, BeiDou cells and counties: what is counted, drawn and coloured."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import shapely

from api.network.rule_models import RuleBook, read_rules
from layers.declare.catalog import Catalog
from layers.functions.catalogue import read_functions
from layers.functions.cell_tile import make_tile
from layers.functions.cells import h3_cells
from layers.functions.counties import counties_of
from layers.functions.items import features
from layers.functions.polygons import on_the_web_map
from layers.functions.question import read_question
from layers.functions.raster import EMPTY, class_grid
from layers.heat.cube_rows import rows_of
from layers.heat.held_cube import HeldCube
from layers.heat.narrowed import Narrowed
from spatial.errors import BadParameter
from spatial.geo.zorder import bounds_of, keys_of
from spatial.rule_files import FOLDER
from tests.layers.test_function_cells import NOW, columns, series
from tests.mvt import decode_tile, tile_of

SQUARE = shapely.box(119, 28, 120, 29)
KNOWN = counties_of([
    ("330102", shapely.to_wkb(shapely.MultiPolygon([
        SQUARE.difference(shapely.box(119.4, 28.4, 119.6, 28.6)),
        shapely.box(120.5, 27, 120.6, 27.1),
    ]))),
    ("330203", shapely.to_wkb(shapely.box(120, 28, 121, 30))),
])  # fmt: skip
"""A county with a hole and two parts, and another one beside it."""


@pytest.fixture(scope="module")
def cube():
    return HeldCube(1, series(), rows_of(*columns(1)), rows_of(*columns(2, 500)))


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), NOW).at(NOW)


@pytest.fixture(scope="module")
def function():
    return Catalog.load(FOLDER, read_functions).part(read_functions)["heat"]


@pytest.mark.parametrize("cells", ["h3", "beidou"])
def test_a_thousand_places_have_one_colour_in_cells_of_any_shape(function, rules, cells):
    """A place has the colour of the cell that holds it, and cells are the same at any zoom."""
    if cells == "h3":
        pytest.importorskip("h3")
    dice = np.random.default_rng(6)
    size = 4_000 if cells == "h3" else 1_500
    cell, *rest = columns(8, size)
    if cells == "h3":  # small ones: near each other, so that tiles are few
        cell = keys_of(dice.uniform(119.8, 120.7, size), dice.uniform(28.8, 29.6, size), 16)
    few = HeldCube(1, series(), rows_of(cell, *rest), rows_of(*np.zeros((5, 0))))
    given = {"cells": cells, "events": "case", "exposure": "passage"}
    asked = read_question(function.layer, function.engine.parameters, given)
    found = function.engine.compute(function.layer, asked.inputs, rules, few)
    tiles, seen = {}, set()
    at = dice.choice(len(found), 1000, replace=len(found) < 1000)
    lon, lat = found.kind.middles(found.keys[at])
    for x, y, cell in zip(lon, lat, at, strict=True):
        told = set()
        for z in range(5, 15):
            zxy = z, *tile_of(x, y, z)
            if zxy not in tiles:
                cut = decode_tile(make_tile(function.layer, found, zxy, None).plain())["heat"]
                grid = class_grid(found, zxy, None) if z in (8, 11, 13) else None
                tiles[zxy] = {one["id"]: one for one in cut}, grid
            drawn, grid = tiles[zxy]
            one = drawn[int(found.keys[cell])]["properties"]
            told.add((one["state"], one.get("colour"), one["exposure"]))
            if z in (8, 11, 13):  # the pixel of the place has its colour
                world = on_the_web_map(np.array([[x, y]]))[0] * (1 << z) - zxy[1:]
                column, row = (world * 256).astype(int)
                assert grid[row, column] == one.get("colour", EMPTY - found.state[cell])
        assert len(told) == 1
        seen |= told
    assert len({colour for _, colour, _ in seen}) >= 4


def test_hexagons_hold_the_cells_that_are_counted_in_them():
    h3 = pytest.importorskip("h3")
    dice = np.random.default_rng(4)
    cells = keys_of(dice.uniform(104, 123, 400), dice.uniform(22, 41, 400), 16)
    west, south, east, north = bounds_of(cells, 16)
    kind = h3_cells(7)
    keys = kind.grouping(cells)
    rings = kind.rings(keys)
    middles = shapely.points((west + east) / 2, (south + north) / 2)
    assert shapely.contains(shapely.polygons(rings), middles).all()
    assert kind.titles(keys[:1])[0] == h3.latlng_to_cell(middles[0].y, middles[0].x, 7)
    drawn = kind.polygons(keys)
    assert set(np.diff(drawn.rings)) <= {6, 7, 8} and rings.shape[1] == np.diff(drawn.rings).max()
    assert not shapely.is_ccw(shapely.linearrings(drawn.points[: drawn.rings[1]]))


def test_counties_are_counted_by_what_records_state(function, rules, cube):
    def computed(**given):
        asked = read_question(function.layer, function.engine.parameters, given)
        return function.engine.compute(function.layer, asked.inputs, rules, cube, KNOWN)

    given = {"events": "case", "exposure": "passage", "since": "2026-02-01", "until": "2026-05-01"}
    found, squares = computed(cells="county", **given), computed(**given)
    assert found.keys.tolist() == [330102, 330203]
    assert found.exposure.sum() == squares.exposure.sum()
    assert found.events.sum() == squares.events.sum()
    own = computed(cells="county", units="b", **given)
    assert own.keys.tolist() == [330203] and own.exposure[0] == found.exposure[1]
    few = frozenset(id for id, at in cube.series.at.items() if at >= 5)
    asked = function.engine.counted(read_question(
        function.layer, function.engine.parameters, given
    ).inputs)[0]  # fmt: skip
    assert Narrowed(cube, few).sum_by_county(asked).keys.tolist() == [330203]
    with pytest.raises(BadParameter, match="by cell, not by county"):
        Narrowed(cube, few, {}).sum_by_county(asked)
    with pytest.raises(BadParameter, match="one size"):
        computed(cells="county", surface="kde")
    first, second = features(found, np.arange(2), found.kind.units(cube, []))
    assert first["id"] == "330102" and second["properties"]["admin_code"] == "330203"
    assert shapely.geometry.shape(first["geometry"]).area == pytest.approx(0.97)


def in_tile(zxy, places):
    return (on_the_web_map(places) * (1 << zxy[0]) - zxy[1:]) * 4096


def test_counties_are_drawn_whole_and_cut_at_edges_of_tiles(function, rules, cube):
    asked = read_question(function.layer, function.engine.parameters, {"cells": "county"})
    found = function.engine.compute(function.layer, asked.inputs, rules, cube, KNOWN)
    for z, (x, y) in ((5, (120, 28.9)), (11, (119.41, 28.41)), (14, (119.99, 28.5))):
        zxy = z, *tile_of(x, y, z)
        tile = decode_tile(make_tile(function.layer, found, zxy, None).plain())["heat"]
        for one in tile:
            rings = [shapely.LinearRing(part) for part in one["parts"]]
            area = sum(shapely.Polygon(ring).area * (1 if ring.is_ccw else -1) for ring in rings)
            (shape,) = found.kind.shapes(np.array([one["id"]]))
            exact = shapely.transform(shape, partial(in_tile, zxy))
            wanted = shapely.clip_by_rect(exact, -64, -64, 4160, 4160).area
            assert area == pytest.approx(wanted, rel=0.02 if z > 5 else 0.1)
        grid = class_grid(found, zxy, None)
        assert {*np.unique(grid)} - {EMPTY} == {*found.colour[np.isin(found.keys, [
            one["id"] for one in tile
        ])]}  # fmt: skip
