"""Function layers without a server: sums of a held cube, cells, tiles, colours."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import numpy as np
import pytest
import rasterio
import rasterio.warp
from PIL import Image

from api.network.rule_models import RuleBook, read_rules
from layers.declare.catalog import Catalog
from layers.functions.catalogue import read_functions
from layers.functions.cell_tile import cells_in_tile, make_tile
from layers.functions.cells import beidou_cells, zorder_cells
from layers.functions.items import Page, cells_of_page, features
from layers.functions.legend import legend_of
from layers.functions.question import read_question
from layers.functions.raster import EMPTY, class_grid, geotiff, png_tile
from layers.functions.surface import (
    NO_STATISTIC,
    NOT_INSPECTED,
    ONE_PERIOD,
    RATED,
    SHORT,
)
from layers.heat.counted import Counted
from layers.heat.cube_rows import EPOCH, Series, rows_of
from layers.heat.cubes import _followed
from layers.heat.held_cube import HeldCube
from spatial.geo.beidou_grid import encode
from spatial.geo.zorder import bounds_of, keys_of
from spatial.rule_files import FOLDER
from tests.mvt import decode_tile, tile_of

UNSEEN, LACKING = EMPTY - NOT_INSPECTED, EMPTY - SHORT
NOW = datetime(2026, 11, 29, tzinfo=UTC)
MEASURES = [("case", "overload"), ("case", "hazmat"), ("hit", "inspection"),
            ("exposure", "inspection"), ("exposure", "passage")]  # fmt: skip
SIZE = 40_000


def series():
    ids = [10 * i + 3 for i in range(10)]
    measures, kinds = zip(*MEASURES * 2, strict=True)
    return Series(
        dict(zip(ids, range(10), strict=True)), np.array(measures), np.array(kinds),
        ["330102"] * 5 + ["330203"] * 5, np.array(["a"] * 5 + ["b"] * 5),
    )  # fmt: skip


def columns(seed, size=SIZE):
    dice = np.random.default_rng(seed)
    cell = keys_of(dice.normal(120.2, 0.4, size), dice.normal(29.2, 0.3, size), 16)
    day = (date(2026, 1, 1) - EPOCH).days + 31 * dice.integers(0, 6, size)
    hour, of = dice.integers(1, 169, size), dice.integers(0, 10, size)
    n = np.where(of % 5 == 2, 1, dice.integers(1, 30, size))
    return cell, day, hour, 10 * of + 3, n


@pytest.fixture(scope="module")
def cube():
    return HeldCube(1, series(), rows_of(*columns(1)), rows_of(*columns(2, 500)))


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), NOW).at(NOW)


@pytest.fixture(scope="module")
def function():
    return Catalog.load(FOLDER, read_functions).part(read_functions)["heat"]


@pytest.fixture(scope="module")
def surface(function, rules, cube):
    def computed(**given):
        asked = read_question(function.layer, function.engine.parameters, given)
        return function.engine.compute(function.layer, asked.inputs, rules, cube)

    return computed


def test_sums_are_those_of_the_rows(cube):
    asked = Counted(
        date(2026, 2, 1), date(2026, 5, 1), [0, 5, 100], "case", ["hazmat"], "passage", ["a"]
    )
    kind = zorder_cells(12)
    found = cube.sum(asked, kind.name, kind.grouping)
    cell, day, hour, of, n = np.concatenate((columns(1), columns(2, 500)), axis=1)
    inside = (day >= (date(2026, 2, 1) - EPOCH).days) & (day < (date(2026, 5, 1) - EPOCH).days)
    inside &= np.isin(hour, [1, 6, 101])
    for series_id, sums in ((13, found.events), (43, found.exposure)):
        rows = inside & (of == series_id)
        keys, at = np.unique(cell[rows] >> 8, return_inverse=True)
        assert dict(zip(found.keys[sums > 0], sums[sums > 0], strict=True)) == dict(
            zip(keys, np.bincount(at, n[rows]), strict=True)
        )


def test_a_cube_that_was_followed_is_one_read_anew(cube):
    kind, asked = zorder_cells(16), Counted(
        date(2026, 1, 1), date(2027, 1, 1), None, "hit", None, "inspection", None
    )  # fmt: skip
    followed = cube
    for seed in range(3, 6):
        followed = _followed(followed, rows_of(*columns(seed, 30_000)))
    parts = [columns(1), columns(2, 500), *(columns(seed, 30_000) for seed in range(3, 6))]
    anew = HeldCube(
        2, series(), rows_of(*np.concatenate(parts, axis=1)), rows_of(*np.zeros((5, 0)))
    )
    one, two = (held.sum(asked, kind.name, kind.grouping) for held in (followed, anew))
    assert all(np.array_equal(*pair) for pair in zip(
        (one.keys, one.events, one.exposure), (two.keys, two.events, two.exposure), strict=True
    ))  # fmt: skip
    assert len(anew.base) < sum(len(part[0]) for part in parts)


def test_a_tile_says_what_its_cells_say(function, surface):
    found = surface()
    zxy = 9, *tile_of(120.2, 29.2, 9)
    tile = make_tile(function.layer, found, zxy, None)
    inside = cells_in_tile(found, zxy)
    features = decode_tile(tile.plain())["heat"]
    assert [one["id"] for one in features] == found.keys[inside].tolist() and len(features) > 300
    west, south, _, _ = bounds_of(found.keys[inside], 14)
    lower, upper = found.interval(inside)
    for i, one in enumerate(features):
        (ring,) = one["parts"]
        assert (ring[0], len(ring), one["type"]) == (ring[-1], 5, 3)
        column, row = tile_of(west[i] + 1e-6, south[i] + 1e-6, 14)
        assert (min(x for x, _ in ring), min(y for _, y in ring)) == (
            column % 32 * 128,
            row % 32 * 128,
        )
        told = one["properties"]
        assert (told["surface"], told["exposure"]) == ("rate", found.exposure[inside[i]])
        assert (told.get("value") is None) == (told["state"] != "rated")
        if told["state"] == "rated":
            assert told["value"] == pytest.approx(found.value[inside[i]], rel=1e-3)
            assert told["lower"] == pytest.approx(lower[i], rel=1e-3)
            assert told["upper"] == pytest.approx(upper[i], rel=1e-3)


def test_a_thousand_places_have_one_colour_at_every_zoom(function, surface):
    found = surface(events="case", exposure="passage")
    dice, tiles, seen = np.random.default_rng(5), {}, set()
    for at in dice.choice(len(found), 1000):
        lon, lat = (float(part[0]) for part in found.kind.middles(found.keys[at : at + 1]))
        told = set()
        for z in range(5, 15):
            zxy = z, *tile_of(lon, lat, z)
            if zxy not in tiles:
                body = make_tile(function.layer, found, zxy, None).plain()
                features = decode_tile(body)["heat"]
                tiles[zxy] = {one["id"]: one["properties"] for one in features}
            one = tiles[zxy][int(found.keys[at])]
            told.add((one["state"], one.get("colour"), one["exposure"]))
        assert len(told) == 1, (lon, lat)
        seen |= told
    assert len({colour for _, colour, _ in seen}) >= 4


def test_classes_choose_what_is_shown(function, surface):
    found = surface()
    zxy = 5, *tile_of(120.2, 29.2, 5)
    tile = make_tile(function.layer, found, zxy, [2, 3])
    assert tile.shown < tile.total == len(found)
    shown = decode_tile(tile.plain())["heat"]
    assert {one["properties"]["colour"] for one in shown} == {2, 3}


def test_what_one_caller_shows_is_told_to_no_other(function, surface):
    """A surface is kept for all who ask for it, whichever of its classes each of them shows."""
    asked = [read_question(function.layer, function.engine.parameters, given)
             for given in ({}, {"classes": "2,3"})]  # fmt: skip
    assert asked[0].surface == asked[1].surface and asked[0].digest != asked[1].digest
    told = surface(classes="2,3").summary
    assert "classes" not in told["parameters"] and told == surface().summary


def test_beidou_cells_have_the_codes_of_the_standard():
    dice = np.random.default_rng(4)
    lon, lat = dice.uniform(118, 123, 50), dice.uniform(27, 31, 50)
    kind, cells = beidou_cells(4), keys_of(lon, lat, 16)
    west, south, east, north = bounds_of(cells, 16)
    keys = kind.grouping(cells)
    for i, (ring, name) in enumerate(zip(kind.rings(keys), kind.names(keys), strict=True)):
        x, y = (west[i] + east[i]) / 2, (south[i] + north[i]) / 2
        assert name == encode(x, y, 4)
        assert ring[0, 0] <= x < ring[2, 0] and ring[0, 1] <= y < ring[2, 1]


def test_density_and_hot_spots_are_told_too(surface):
    dense, hot = surface(surface="kde", bandwidth_m="8000"), surface(surface="gi")
    assert dense.summary["bandwidth_m"] == 8000 and np.isfinite(dense.value).all()
    assert set(hot.spot) <= {-1, 0, 1} and np.isfinite(hot.value[hot.state == 0]).any()


PERIODS = {
    "since": "2026-04-01", "until": "2026-06-01", "before": "2026-01-01",
    "before_until": "2026-03-01", "events": "hit", "exposure": "inspection",
}  # fmt: skip


def test_a_difference_is_that_of_both_rates(function, surface):
    found = surface(surface="difference", **PERIODS)
    periods = [dict(zip(("since", "until"), days, strict=True)) for days in (
        ("2026-04-01", "2026-06-01"), ("2026-01-01", "2026-03-01"),
    )]  # fmt: skip
    now, then = (surface(**period) for period in periods)
    rates = [dict(zip(one.keys.tolist(), one.value, strict=True)) for one in (now, then)]
    states = [dict(zip(one.keys.tolist(), one.state, strict=True)) for one in (now, then)]
    assert {*found.keys.tolist()} == {*rates[0], *rates[1]}
    for key, state, value in zip(found.keys.tolist(), found.state, found.value, strict=True):
        both = [of.get(key, NOT_INSPECTED) for of in states]
        if both == [RATED, RATED]:
            assert state == RATED and value == pytest.approx(rates[0][key] - rates[1][key])
        else:
            one = sorted(both) == [RATED, NOT_INSPECTED]
            assert np.isnan(value) and state == (
                SHORT if SHORT in both else ONE_PERIOD if one else NOT_INSPECTED
            )
    rated = np.flatnonzero(found.state == RATED)
    lower, upper = found.interval(rated)
    assert (lower < found.value[rated]).all() and (found.value[rated] < upper).all()
    seen = np.flatnonzero(now.state == RATED)
    ends = dict(zip(now.keys[seen].tolist(), now.interval(seen)[0], strict=True))
    at = rated[100]
    gap = rates[0][found.keys[at]] - ends[found.keys[at]]
    assert found.value[at] - lower[100] > gap, "as wide as that of now, and more"
    assert found.counts()["exposure_before"].sum() == then.exposure.sum()
    assert found.summary["before_until"] == "2026-03-01"


def test_a_difference_is_drawn_and_written_with_both_periods(function, surface):
    found = surface(surface="difference", **PERIODS)
    zxy = 9, *tile_of(120.2, 29.2, 9)
    cells = [one["properties"] for one in decode_tile(
        make_tile(function.layer, found, zxy, None).plain()
    )["heat"]]  # fmt: skip
    one = next(cell for cell in cells if cell["state"] == "one_period")
    assert "value" not in one and 0 in (one["exposure"], one["exposure_before"])
    assert all({"lower", "upper", "events_before"} <= {*c} for c in cells if "value" in c)
    assert (class_grid(found, zxy, None) == EMPTY - ONE_PERIOD).any()
    shown = features(found, *cells_of_page(found, Page(None, None, "-value", 0, 1))[:1], {})
    assert shown[0]["properties"]["lower"] < shown[0]["properties"]["value"]
    with rasterio.MemoryFile(geotiff(found, None, 3857)) as file, file.open() as grid:
        assert grid.descriptions[5:] == ("events_before", "exposure_before")
    entries = legend_of(function.layer, "difference", RuleBook.of(read_rules(), NOW).at(NOW))
    said = [one["label"]["en"] for one in entries["entries"]]
    assert said[0].startswith("change below -10 finds") and "one of both periods" in said[-1]


@pytest.mark.parametrize(
    ("asked", "earlier"),
    [
        ({"since": "2026-03-01", "until": "2026-05-01"}, ("2026-01-01", "2026-03-01")),
        ({"since": "2026-01-01", "until": "2026-02-01"}, ("2025-12-01", "2026-01-01")),
        ({"since": "2026-03-05", "until": "2026-03-12"}, ("2026-02-26", "2026-03-05")),
        ({"since": "2026-03-01", "until": "2026-04-01", "before_until": "2026-02-01"},
         ("2026-01-01", "2026-02-01")),
    ],
)  # fmt: skip
def test_the_period_before_is_as_long(function, asked, earlier):
    read = read_question(
        function.layer, function.engine.parameters, {"surface": "difference"} | asked
    )
    assert tuple(day.isoformat() for day in read.inputs.earlier) == earlier
    months = asked["since"].endswith("01")
    assert function.engine.grain(read.inputs) == ("m" if months else "d")


def test_a_slice_without_a_statistic_says_so(function, rules):
    cell = keys_of(np.array([120.0, 121.0, 122.0]), np.array([29.0, 29.5, 30.0]), 16)
    day = np.full(3, (date(2026, 1, 1) - EPOCH).days)
    apart = HeldCube(1, series(), rows_of(cell, day, np.zeros(3), np.full(3, 33), np.full(3, 9)),
                     rows_of(*np.zeros((5, 0))))  # fmt: skip
    for name in ("gi", "gi_count"):
        asked = read_question(function.layer, function.engine.parameters, {"surface": name})
        found = function.engine.compute(function.layer, asked.inputs, rules, apart)
        assert (found.state == NO_STATISTIC).all() and np.isnan(found.value).all()
        assert found.reason == "no_neighbours"
        assert "touches" in found.summary["no_statistic"]["en"]
        (one, *_) = decode_tile(
            make_tile(function.layer, found, (5, *tile_of(120, 29, 5)), None).plain()
        )["heat"]
        told = one["properties"]
        assert (told["state"], told["reason"]) == ("no_statistic", "no_neighbours")
    empty = HeldCube(1, series(), apart.tail, apart.tail)
    assert len(function.engine.compute(function.layer, asked.inputs, rules, empty)) == 0


def test_a_picture_has_the_colours_of_the_legend(function, surface):
    found = surface(events="case", exposure="passage")
    for z in (5, 8, 12, 14):
        zxy = z, *tile_of(120.2, 29.2, z)
        grid = class_grid(found, zxy, None)
        inside = cells_in_tile(found, zxy)
        shown = set(found.colour[inside][found.colour[inside] >= 0])
        assert set(np.unique(grid)) - {EMPTY, UNSEEN, LACKING} <= shown
        if z >= 8:  # a cell is a pixel at least: each class is seen
            assert shown <= set(np.unique(grid))
        body = png_tile(function.layer, found, "rate", zxy, None, "light").body
        picture = Image.open(io.BytesIO(body))
        assert (picture.size, picture.mode) == ((256, 256), "P")
        pixels = np.asarray(picture.convert("RGBA"))
        for number in shown if z >= 8 else ():
            colour = function.layer.surfaces["rate"].colors[number].light
            rgb = tuple(bytes.fromhex(colour[1:]))
            assert {tuple(p) for p in pixels[grid == number][:, :3]} == {rgb}
        assert (pixels[grid == EMPTY][:, 3] == 0).all()
        unseen = pixels[grid == UNSEEN][:, 3]
        assert not len(unseen) or {0, 255} == set(unseen)


def test_a_grid_has_no_data_where_nobody_looked(surface):
    found = surface(kinds="hazmat", events="case", exposure="passage")
    with rasterio.MemoryFile(geotiff(found, None, 3857)) as file, file.open() as grid:
        value, exposure = grid.read(1), grid.read(5)
        tags, at = grid.tags(), grid.index
        assert (
            "law.heat_breaks.rate" in tags["SIGANG_RULES"] and "Marshall" in tags["SIGANG_METHOD"]
        )
        assert grid.descriptions == ("value", "lower", "upper", "events", "exposure")
        lon, lat = found.kind.middles(found.keys)
        x, y = rasterio.warp.transform("EPSG:4326", "EPSG:3857", lon.tolist(), lat.tolist())
        for i in range(0, len(found), 17):
            row, column = at(x[i], y[i])
            told, looks = value[row, column], exposure[row, column]
            if found.state[i] == 0:
                assert (
                    told == pytest.approx(found.value[i], rel=1e-6) and looks == found.exposure[i]
                )
            else:
                assert np.isnan(told)
        assert np.isnan(value).sum() == value.size - (found.state == 0).sum()
    box = (120.0, 29.0, 120.4, 29.4)
    with rasterio.MemoryFile(geotiff(found, box, 4326)) as file, file.open() as grid:
        assert grid.crs.to_epsg() == 4326 and np.isnan(grid.nodata)
        assert box[0] - 0.1 < grid.bounds.left and grid.bounds.top < box[3] + 0.1


def test_a_grid_in_degrees_loses_no_cell(surface):
    """Cells become lower to the north: pixels of one height for all skip some of these."""
    found = surface()
    with rasterio.MemoryFile(geotiff(found, None, 4326)) as file, file.open() as grid:
        events = grid.read(4)
        west, south, _, north = found.kind.bounds(found.keys).T
        left, top, (step, high) = grid.bounds.left, grid.bounds.top, grid.res
    columns = np.rint((west - left) / step).astype(int)
    rows = top - (np.arange(len(events)) + 0.5) * high
    for i in np.flatnonzero(found.state == 0).tolist():
        mine = (rows < north[i]) & (rows > south[i])
        assert mine.any()
        assert (events[mine, columns[i]] == found.events[i]).all()


def test_pages_of_cells_are_all_cells_in_their_order(surface):
    found = surface()
    first, every = cells_of_page(found, Page(None, None, "-value", 0, 50))
    second, _ = cells_of_page(found, Page(None, None, "-value", 50, 10**9))
    assert every == len(found) == len(first) + len(second) == len({*first, *second})
    shown = features(found, first, {int(found.keys[first[0]]): "330102"})
    values = [one["properties"]["value"] for one in shown]
    assert values == sorted(values, reverse=True)
    assert shown[0]["properties"]["admin_code"] == "330102"
    some, matched = cells_of_page(found, Page((120.0, 29.0, 120.1, 29.1), [1, 2], None, 0, 500))
    assert 0 < len(some) == matched < every and set(found.colour[some]) <= {1, 2}
