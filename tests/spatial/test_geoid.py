import numpy as np
import pytest

from spatial.errors import SetupError
from spatial.geo.geoid import find_grid, open_geoid
from spatial.geo.heights import Amsl, Ellipsoidal
from spatial.geo.terrain import Terrain, find_tile, keep_tile, pack

CORNER = (120, 30)


@pytest.fixture(scope="module")
def geoid():
    if find_grid() is None:
        pytest.skip("Debian's proj-data is not installed")
    return open_geoid(1.0)


def test_undulations_in_the_province(geoid):
    """AL-H9."""
    lon, lat = [120.155, 122.1, 118.41], [30.274, 29.98, 29.14]
    assert geoid.undulations_m(lon, lat) == pytest.approx([7.14, 14.48, 3.5], abs=0.05)
    sea = Ellipsoidal(127.14).to_amsl(geoid.at(120.155, 30.274))
    assert sea - Amsl(120.0) == pytest.approx(0.0, abs=0.05)
    assert sea.accuracy_m == 1.0


def test_without_the_grid_the_error_names_the_package(tmp_path):
    with pytest.raises(SetupError) as refused:
        open_geoid(1.0, (tmp_path,))
    assert "proj-data" in refused.value.mend_en


def test_terrain_is_mapped_from_tiles_and_knows_what_it_does_not_know(tmp_path):
    grid = np.array([[1.0, 2.0], [3.0, np.nan]], np.float32)  # north first
    assert find_tile(tmp_path, "a1", 2) is None
    keep_tile(tmp_path, "a1", pack(grid))
    mapped = find_tile(tmp_path, "a1", 2)
    assert isinstance(mapped, np.memmap)
    terrain = Terrain("two by two", "synthetic", 5.0, {CORNER: mapped})
    lon, lat = [120.1, 120.9, 120.1, 120.9, 121.1], [30.9, 30.9, 30.1, 30.1, 30.1]
    heights = terrain.elevations_m(lon, lat)
    assert heights[:3].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(heights[3:]).all()
    for x, y, expected in zip(lon, lat, heights.tolist(), strict=True):
        ground = terrain.find_ground(x, y)
        assert (ground is None) if np.isnan(expected) else ground.elevation == Amsl(expected)
    assert terrain.find_ground(120.1, 30.1).elevation.accuracy_m == 5.0
    assert terrain.cell_deg(120.1, 30.1) == 0.5
