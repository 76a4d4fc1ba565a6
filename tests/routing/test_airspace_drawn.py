"""Heights as they are drawn, planned paths and sections: against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from routing.airspace.ask import Footprint, Heights, levels_at, places_of
from routing.airspace.coverage import CATEGORIES, County, Coverage
from routing.airspace.drawn import OPEN_TOP_M, Ground, drawn_bands, limit_agl, limit_amsl
from routing.airspace.judge import Air, Judge
from routing.airspace.levels import Joins
from routing.airspace.planned_path import STEP_M, Slot, planned_path
from routing.airspace.section import section
from routing.airspace.zones import Limit, Zone, Zones
from spatial.airspace_rules import CLASS_BANDS, UAS_CEILING
from spatial.geo.crs import GEOD, distance_m
from spatial.geo.terrain import Terrain
from spatial.rule_files import read_rule

SLOPE = Terrain(
    "slope", "synthetic", 5.0, {(120, 30): np.tile(np.arange(100, dtype=np.float32), (100, 1))}
)
"""The ground rises by a metre each hundredth of a degree to the east of 120°."""
JOINS = Joins(SLOPE, None)
BELOW = Ground(np.array([50.0]), np.array([9.0]))


def zone(key, box, floor=None, ceiling=None):
    return Zone(
        key, "airspace", "B", "REQ_AUTHORISATION", shapely.box(*box), None, floor, ceiling,
        None, None, key, key, None, None, ("", ""), "derived",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "agl", "amsl"),
    [
        (Limit(120.0, "AGL"), 120.0, 170.0),
        (Limit(600.0, "AMSL"), 550.0, 600.0),
        (Limit(609.0, "W84"), 550.0, 600.0),
        (Limit(6000.0, "STD"), 5950.0, 6000.0),
        (Limit(None, None), np.nan, np.nan),
    ],
)
def test_a_limit_is_drawn_above_ground_and_sea(limit, agl, amsl):
    np.testing.assert_allclose(limit_agl(limit, BELOW), [agl])
    np.testing.assert_allclose(limit_amsl(limit, BELOW), [amsl])


def test_what_joins_two_datums_and_is_not_there_leaves_the_height_unknown():
    nothing = Ground(np.array([np.nan]), np.array([np.nan]))
    assert np.isnan(limit_amsl(Limit(120.0, "AGL"), nothing)[0])
    assert np.isnan(limit_agl(Limit(600.0, "AMSL"), nothing)[0])
    assert limit_agl(Limit(120.0, "AGL"), nothing)[0] == 120.0


def test_zones_are_drawn_over_the_mean_of_their_ground():
    """From 120.2° to 120.4° the slope is 20 m to 39 m: 29.5 m in the middle."""
    box = (120.2, 30.2, 120.4, 30.4)
    rings = [zone("low", box, None, Limit(600.0, "AMSL")), zone("open", box)]
    found = drawn_bands(rings, JOINS)
    mean = found.ground_m[0]
    assert mean == pytest.approx(29.5, abs=1.0)
    np.testing.assert_allclose(found.agl_m[0], [0.0, 600.0 - mean])
    np.testing.assert_allclose(found.amsl_m[0], [mean, 600.0])
    np.testing.assert_allclose(found.agl_m[1], [0.0, OPEN_TOP_M])
    beyond = drawn_bands([zone("far", (10, 10, 11, 11), None, Limit(120.0, "AGL"))], JOINS)
    np.testing.assert_allclose(beyond.agl_m[0], [0.0, 120.0])
    assert np.isnan(beyond.amsl_m[0]).all()


def corridor(lon, lat, azimuth, length_m, half_m=50.0):
    """Return a box along an azimuth."""
    ends = [(lon, lat), GEOD.fwd(lon, lat, azimuth, length_m)[:2]]
    sides = [GEOD.fwd(*end, azimuth + turn, half_m)[:2] for end in ends for turn in (-90, 90)]
    return shapely.Polygon([sides[0], sides[2], sides[3], sides[1]]), ends


def test_a_plan_is_flown_along_its_corridors_in_the_order_of_time():
    first, ends = corridor(120.1, 30.1, 90.0, 2000.0)
    second, turned = corridor(*ends[1], 0.0, 1500.0)
    slots = [Slot(second, 120.0, 190.0, 350.0), Slot(first, 100.0, 0.0, 210.0)]
    path = planned_path(slots)
    assert (np.diff(path.at_s) > 0).all()
    assert path.at_s[[0, -1]].tolist() == [0.0, 350.0]
    start = distance_m(path.lon[0], path.lat[0], *ends[0])
    stop = distance_m(path.lon[-1], path.lat[-1], *turned[1])
    assert max(start, stop) < 60.0
    over = int(np.searchsorted(path.at_s, 200.0))
    assert distance_m(path.lon[over], path.lat[over], *ends[1]) < 60.0
    assert path.height_m[over] == pytest.approx(110.0)
    steps = distance_m(path.lon[:-1], path.lat[:-1], path.lon[1:], path.lat[1:])
    assert steps.max() <= STEP_M


def test_a_round_volume_is_stayed_in():
    path = planned_path([Slot(shapely.Point(120.5, 30.5).buffer(0.01), 80.0, 10.0, 70.0)])
    assert path.at_s.tolist() == [10.0, 40.0, 70.0]
    np.testing.assert_allclose(path.lon, 120.5, atol=1e-9)


def test_a_section_shows_terrain_bands_zones_and_what_is_unknown():
    everything = dict.fromkeys(CATEGORIES, "empty")
    known = County("330100", "x", "x", shapely.box(120, 30, 120.5, 31), everything)
    zones = [zone("above", (120.2, 29, 120.3, 31), Limit(300.0, "AMSL"), Limit(600.0, "AMSL"))]
    air = Air(Zones(zones), Coverage([known]), read_rule(CLASS_BANDS).value,
              read_rule(UAS_CEILING).value, JOINS)  # fmt: skip
    line = shapely.LineString([(120.05, 30.5), (120.45, 30.5), (121.2, 30.5)])
    found = section(air, line, 0.0)
    assert (np.diff(found.along_m) > 0).all()
    assert found.along_m[-1] == pytest.approx(
        distance_m(120.05, 30.5, 120.45, 30.5) + distance_m(120.45, 30.5, 121.2, 30.5)
    )
    np.testing.assert_allclose(
        found.ground_m[found.lon < 121], np.floor((found.lon[found.lon < 121] - 120) * 100)
    )
    assert np.isnan(found.ground_m[found.lon >= 121]).all()
    assert set(found.unknown[found.lon < 120.5]) == {0}
    assert set(found.unknown[found.lon > 120.5]) == {-1}
    by_class = {one.band.klass: one for one in found.bands}
    np.testing.assert_allclose(by_class["W"].top_m, found.ground_m + 120.0)
    np.testing.assert_allclose(by_class["G"].top_m, found.ground_m + 300.0)
    assert np.isinf(by_class["D"].top_m).all()
    (stretch,) = found.stretches
    assert found.lon[stretch.first] == pytest.approx(120.2, abs=0.004)
    assert found.lon[stretch.last] == pytest.approx(120.3, abs=0.004)
    assert set(stretch.floor_m) == {300.0}
    assert set(stretch.top_m) == {600.0}


def test_heights_over_a_slope_reach_from_its_lowest_to_its_highest_ground():
    line = shapely.LineString([(120.105, 30.5), (120.405, 30.5)])  # over 10 m to 40 m of ground
    bands, ceilings = read_rule(CLASS_BANDS).value, read_rule(UAS_CEILING).value
    judge = Judge(Air(Zones([]), Coverage([]), bands, ceilings, JOINS))
    places = places_of(judge, Footprint(line, 100.0), SLOPE)
    levels = levels_at(places.lon, places.lat, Heights("AGL", 20.0, 100.0), JOINS)
    sea = levels.of("AMSL")
    assert (sea.low_m.min(), sea.high_m.max()) == (30.0, 140.0)
    assert (sea.slack_m == SLOPE.accuracy_m).all()
