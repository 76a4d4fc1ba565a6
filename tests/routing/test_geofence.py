"""Turn times: the worked example, jitter at the border, gaps, who never leaves, paths across."""

import json

import numpy as np
import pytest
import shapely

from routing.gates.geofence import visits
from routing.gates.rule_models import Geofence
from tests.conftest import shared_path

RULE = Geofence(border_m=25, hold_s=90, gap_s=900, stay_most_h=24)
AREA = shapely.box(120.0, 30.0, 120.02, 30.02)
METRE = 1 / 96_486  # degrees of longitude at 30° north


def walked(fixes, area=AREA, rule=RULE):
    """Return the stays of a track of (metres east of the western border, seconds)."""
    east, seconds = np.array(fixes, float).T
    return visits(120 + east * METRE, np.full(len(east), 30.01), seconds, area, rule)


@pytest.mark.shared
def test_the_worked_example():
    examples = json.loads(shared_path("worked_examples.json").read_text("utf-8"))
    given = examples["geofence_enter_exit"]
    lon, lat, seconds = np.array(given["track"], float).T
    area = shapely.Polygon(given["polygon"])
    inside = shapely.covers(area, shapely.points(lon, lat))
    assert inside.tolist() == given["inside_flags"]
    (one,) = visits(lon, lat, seconds, area, RULE)
    assert one.enters == pytest.approx(given["enter_at_s"], abs=1e-6)
    assert one.leaves == pytest.approx(given["exit_at_s"], abs=1e-6)
    assert one.dwell_s == pytest.approx(given["dwell_s"], abs=1e-6)


def test_jitter_at_the_border_is_no_crossing():
    still = [(-300, 0), (300, 60), *((10 if k % 2 else -10, 120 + 30 * k) for k in range(20))]
    (one,) = walked([*still, (300, 800), (-300, 860)])
    assert (one.enters, one.leaves) == (pytest.approx(30), pytest.approx(830))
    (one,) = walked([*still, (-10, 750), (-12, 860), (-300, 900)])
    assert one.leaves == pytest.approx(120 + 30 * 19 + 30), "it stayed out for long from there"
    bare = RULE.model_copy(update={"border_m": 0, "hold_s": 0})
    assert len(walked(still, rule=bare)) > 5


def test_a_short_way_through_is_a_stay_when_it_is_deep():
    assert walked([(-500, 0), (-500, 60)]) == []
    corner = shapely.Polygon([(120, 30.01), (120.01, 30.02), (120.01, 30.0)])
    (one,) = visits(np.array([119.99, 120.02]), np.array([30.01] * 2), np.array([0, 60.0]), corner,
                    RULE)  # fmt: skip
    assert (one.enters, one.leaves) == (pytest.approx(20), pytest.approx(40))


def test_nothing_is_interpolated_over_a_gap():
    (one,) = walked([(-300, 0), (300, 60), (300, 120), (-300, 2000)])
    assert (one.leaves, one.left_between, one.dwell_s) == (None, (120, 2000), None)
    (one,) = walked([(-300, 0), (300, 60), (300, 2000), (-300, 2060)])
    assert one.gap and one.dwell_s is None and one.leaves == pytest.approx(2030)
    (one,) = walked([(-300, 0), (300, 2000), (-300, 2060)])
    assert (one.enters, one.entered_between) == (None, (0, 2000))


def test_who_was_there_before_and_who_never_leaves():
    (one,) = walked([(300, 0), (300, 60), (-300, 120)])
    assert (one.enters, one.leaves) == (None, pytest.approx(90))
    day = [(300, 60 + 600 * k) for k in range(6 * 25)]
    (one,) = walked([(-300, 0), *day])
    assert one.leaves is None and one.stays(RULE) and one.enters == pytest.approx(30)
    (one,) = walked([(-300, 0), *day[:9]])
    assert not one.stays(RULE)


def test_stays_are_those_of_a_dense_track():
    rng = np.random.default_rng(2)
    for _ in range(40):
        at = np.cumsum(rng.normal(0, 260, 60))
        at[np.abs(at) < 30] = 40
        seconds = np.arange(60) * 120.0
        dense = np.linspace(0, seconds[-1], 59 * 120 + 1)
        inside = np.interp(dense, seconds, at) > 0
        inside &= np.interp(dense, seconds, at) < 0.02 / METRE
        told = walked(list(zip(at, seconds, strict=True)))
        whole = sum((v.leaves or dense[-1]) - (v.enters or 0.0) for v in told)
        assert abs(whole - inside.sum()) <= 2 + 2 * len(told)


def test_times_must_rise():
    with pytest.raises(ValueError, match="rise"):
        walked([(0, 10), (0, 10)])
