"""Terrain from rasters: resampled to tiles, heights above mean sea level, bad files refused."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds

from data.terrain import Loading, load_terrain
from spatial.errors import BadParameter, Quarantined
from spatial.geo.geoid import find_grid, open_geoid
from spatial.postgres.db import connect

pytestmark = pytest.mark.db
AMSL = Loading("dem", "AMSL", 5.0)


def raster(path, heights, crs="EPSG:4326", bounds=(120.0, 30.0, 121.0, 31.0), nodata=-9999.0):
    rows, columns = heights.shape[-2:]
    bands = heights.reshape(-1, rows, columns)
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=len(bands), dtype="float32",
        crs=crs, transform=from_bounds(*bounds, columns, rows), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(bands.astype("float32"))
    return path


def load(url, path, loading=AMSL):
    with connect(url) as conn:
        load_terrain(conn, path, loading, lambda _: None)
        rows = conn.execute("SELECT lon, lat, cells, packed FROM sigang.terrain_tile").fetchall()
        source = conn.execute("SELECT props FROM sigang.source WHERE id = 'dem'").fetchone()
        conn.rollback()
    return source[0], {
        (lon, lat): np.frombuffer(zlib.decompress(packed), "<f4").reshape(cells, cells)
        for lon, lat, cells, packed in rows
    }


def test_a_raster_becomes_tiles_of_one_degree(database_url, tmp_path):
    heights = np.arange(3200, dtype=float).reshape(40, 80)
    heights[0, 0] = -9999.0
    path = raster(tmp_path / "dem.tif", heights, bounds=(120.0, 30.0, 122.0, 31.0))
    source, tiles = load(database_url, path)
    assert set(tiles) == {(120, 30), (121, 30)}
    assert source == {"terrain": True, "accuracy_m": 5.0, "origin": "real"}
    assert np.isnan(tiles[120, 30][0, 0])
    assert np.array_equal(tiles[121, 30], heights[:, 40:])


def test_heights_above_the_ellipsoid_are_brought_to_sea_level(database_url, tmp_path):
    if find_grid() is None:
        pytest.skip("Debian's proj-data is not installed")
    path = raster(tmp_path / "dem.tif", np.full((10, 10), 100.0))
    source, tiles = load(database_url, path, Loading("dem", "W84", 5.0))
    undulation = float(open_geoid(1.0).undulations_m(120.05, 30.95))
    assert tiles[120, 30][0, 0] == pytest.approx(100.0 - undulation, abs=0.01)
    assert source["accuracy_m"] == 6.0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p: raster(p, np.zeros((4, 4)), crs=None), "coordinate system"),
        (lambda p: raster(p, np.zeros((2, 4, 4))), "2 bands"),
        (lambda p: raster(p, np.full((4, 4), -32768.0)), "no ground has"),
    ],
)
def test_what_cannot_be_the_ground_is_refused(database_url, tmp_path, make, text):
    with pytest.raises(Quarantined, match=text):
        load(database_url, make(tmp_path / "dem.tif"))


def test_what_is_no_raster_is_refused(database_url, tmp_path):
    (tmp_path / "dem.tif").write_text("no raster")
    with pytest.raises(BadParameter, match="raster"):
        load(database_url, tmp_path / "dem.tif")
