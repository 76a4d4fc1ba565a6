import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import BadParameter
from spatial.geo.crs import GEOD, distance_m
from spatial.geo.heights import Agl, Amsl, Band, DatumMismatch
from spatial.geo.volumes import Area, Circle, Plane, Volume4D, footprints_overlap, geodesic_ring
from tests.conftest import shared_path

HOME = (120.155, 30.274)
START = datetime(2026, 6, 1, tzinfo=UTC)


def square(west_m, south_m, east_m, north_m, home=HOME):
    corners = [(west_m, south_m), (east_m, south_m), (east_m, north_m), (west_m, north_m)]
    angle = [np.degrees(np.arctan2(x, y)) for x, y in corners]
    far = [np.hypot(x, y) for x, y in corners]
    lon, lat, _ = GEOD.fwd([home[0]] * 4, [home[1]] * 4, angle, far)
    return Area(shapely.Polygon(list(zip(lon, lat, strict=True))))


def volume(footprint, low, high, begin_s, end_s):
    return Volume4D(
        footprint, Band(Amsl(low), Amsl(high)),
        START + timedelta(seconds=begin_s), START + timedelta(seconds=end_s),
    )  # fmt: skip


@pytest.mark.shared
def test_the_worked_example_of_intents():
    text = shared_path("worked_examples.json").read_text(encoding="utf-8")
    case = json.loads(text)["operational_intent_4d"]
    found = {}
    for name, one in case["volumes"].items():
        xs, ys = zip(*one["poly"], strict=True)
        found[name[0]] = volume(square(min(xs), min(ys), max(xs), max(ys)), *one["alt"], *one["t"])
    pairs = {f"A_{other}": found["A"].overlaps(found[other]) for other in "BCD"}
    assert pairs == case["conflicts"]


def test_volumes_that_just_touch():
    """AL-H10: shared faces, 2 cm free, 2 cm over."""
    first = volume(square(0, 0, 1000, 1000), 60, 100, 0, 600)
    others = {
        "B": volume(square(0, 0, 1000, 1000), 100, 140, 0, 600),
        "C": volume(square(0, 0, 1000, 1000), 99.98, 140, 0, 600),
        "D": volume(square(1000.02, 0, 2000, 1000), 60, 100, 0, 600),
        "E": volume(square(999.98, 0, 2000, 1000), 60, 100, 0, 600),
        "F": volume(square(0, 0, 1000, 1000), 60, 100, 600, 1200),
    }
    found = {name: first.overlaps(other) for name, other in others.items()}
    assert found == {"B": False, "C": True, "D": False, "E": True, "F": False}
    assert found == {name: other.overlaps(first) for name, other in others.items()}


@settings(max_examples=60, deadline=None)
@given(st.floats(-3, 3), st.floats(100, 5000), st.floats(0, 360))
def test_circles_touch_where_their_radii_meet(gap_m, radius_m, azimuth):
    lon, lat, _ = GEOD.fwd(*HOME, azimuth, 2000 + radius_m + gap_m)
    touching = footprints_overlap(Circle(HOME, 2000.0), Circle((lon, lat), radius_m))
    if abs(gap_m + 0.01) > 1e-3:
        assert touching == (gap_m < -0.01)


def test_a_circle_against_an_area():
    area = square(1000, -500, 2000, 500)
    assert not footprints_overlap(Circle(HOME, 999.99), area)
    assert footprints_overlap(Circle(HOME, 1000.05), area)
    assert footprints_overlap(area, Circle(HOME, 1000.05))
    assert footprints_overlap(Circle(HOME, 5.0), square(-100, -100, 100, 100))


def test_the_plane_keeps_distances_from_its_origin():
    ring = geodesic_ring(*HOME, 20_000.0)
    assert distance_m(*HOME, *ring.T) == pytest.approx(20_000.0, abs=1e-6)
    assert np.hypot(*Plane(HOME).project(ring).T) == pytest.approx(20_000.0, abs=1e-6)
    assert np.allclose(ring[0], ring[-1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Circle(HOME, 0.0),
        lambda: Circle(HOME, float("nan")),
        lambda: Area(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
        lambda: Area(shapely.Polygon()),
        lambda: volume(square(0, 0, 9, 9), 60, 100, 600, 600),
        lambda: Volume4D(
            Circle(HOME, 9.0), Band(None, None), START.replace(tzinfo=None),
            START.replace(tzinfo=None, year=2027),
        ),
    ],
)  # fmt: skip
def test_what_is_no_volume_is_refused(make):
    with pytest.raises(BadParameter):
        make()


def test_volumes_of_different_datums_are_never_held_against_each_other():
    low = volume(square(0, 0, 9, 9), 60, 100, 0, 600)
    ground = Volume4D(low.footprint, Band(Agl(0.0), Agl(120.0)), low.begin, low.end)
    with pytest.raises(DatumMismatch):
        low.overlaps(ground)


def test_areas_at_a_pole_and_at_the_other_end_of_the_world_are_compared():
    pole = Area(shapely.Polygon([(0, 89.99), (120, 89.99), (200, 89.995), (60, 90.0)]))
    other = Area(shapely.Polygon([(-60, -89.9), (60, -89.95), (170, -89.99), (10, -89.8)]))
    assert footprints_overlap(pole, pole)
    assert not footprints_overlap(pole, other)
