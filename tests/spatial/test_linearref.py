"""The routes of these tests run due east on the 28th parallel, like

K0        K2 | K1.5      K4.5       a long chain: K1.5 to K2 exist twice
+---------+--|-----------+
"""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import BadParameter, NotFound
from spatial.geo.crs import distance_m, length_m
from spatial.geo.linear_reference import Carriageway, LinearReference

LINE = shapely.LineString([(121.0, 28.0), (121.02, 28.01), (121.05, 28.0), (121.1, 28.02)])
LENGTH = length_m(LINE)


def carriageway(stakes, *, side="up", part=0, line=LINE, calibrated=True, route="G228"):
    row = {
        "route_id": route,
        "side": side,
        "part": part,
        "calibrated": calibrated,
        "accuracy_m": 5.0,
        "source_id": "test",
        "geom": shapely.to_wkb(line),
    }
    rows = [{"k_m": k, "chainage_m": c, "accuracy_m": a} for k, c, a in stakes]
    return Carriageway(row, rows)


def reference(*pieces):
    return LinearReference(pieces)


PLAIN = carriageway([(1000.0, 0.0, 2.0), (1000.0 + LENGTH * 1.01, LENGTH, 3.0)])
LONG = carriageway(
    [(0.0, 0.0, 1.0), (2000.0, 2000.0, 1.0), (1500.0, 2000.0, 1.0), (4500.0, 5000.0, 1.0)]
)
SHORT = carriageway(
    [(0.0, 0.0, 1.0), (2000.0, 2000.0, 1.0), (2600.0, 2000.0, 1.0), (5600.0, 5000.0, 1.0)]
)
DOWN = carriageway(
    [(1000.0 + LENGTH, 0.0, 2.0), (1000.0, LENGTH, 2.0)], side="down", line=LINE.reverse()
)


@given(st.floats(1000.0, 1000.0 + LENGTH * 1.01))
def test_stake_to_point_to_stake_returns(k_m: float) -> None:
    fix = reference(PLAIN).locate("G228", k_m)[0]
    back = reference(PLAIN).stake_of(fix.lon, fix.lat, within_m=1.0)[0]
    assert back.k_m == pytest.approx(k_m, abs=0.01)
    assert back.distance_m < 0.01


@given(st.floats(0.0, 0.9), st.floats(0.01, 0.1))
def test_a_sub_line_is_as_long_as_its_stakes_say(start: float, share: float) -> None:
    k_from, k_to = (1000.0 + LENGTH * 1.01 * f for f in (start, start + share))
    line = reference(PLAIN).sub_lines("G228", k_from, k_to)["up"]
    assert length_m(line) == pytest.approx((k_to - k_from) / 1.01, abs=0.2)


def test_arrays_of_points_are_answered_at_once() -> None:
    chainage = np.linspace(0.0, LENGTH, 500)
    points = PLAIN.points_at(chainage)
    found, off = PLAIN.chainages_of(points[:, 0], points[:, 1])
    assert np.abs(found - chainage).max() < 0.01
    assert off.max() < 0.01
    assert PLAIN.stakes_at(found)[-1] == pytest.approx(1000.0 + LENGTH * 1.01, abs=0.02)


def test_a_point_beside_the_road_tells_its_distance() -> None:
    lon, lat = PLAIN.points_at(3000.0)[0]
    fix = reference(PLAIN).stake_of(lon, lat + 0.001, within_m=200.0)[0]
    assert 80 < fix.distance_m < 111
    assert distance_m(fix.lon, fix.lat, lon, lat + 0.001) == pytest.approx(fix.distance_m)
    assert reference(PLAIN).stake_of(lon, lat + 0.001, within_m=50.0) == []


def test_a_long_chain_has_two_places_for_one_stake() -> None:
    places = reference(LONG).locate("G228", "K1+800")
    assert [round(fix.chainage_m) for fix in places] == [1800, 2300]
    assert len(reference(LONG).locate("G228", "K1+200")) == 1
    assert LONG.stakes_at([1999.0, 2001.0]).tolist() == pytest.approx([1999.0, 1501.0])


def test_a_short_chain_has_no_place_in_its_gap() -> None:
    with pytest.raises(NotFound) as caught:
        reference(SHORT).locate("G228", "K2+300")
    assert "K0+000–K2+000, K2+600–K5+600" in caught.value.mend_en
    assert reference(SHORT).locate("G228", "K2+700")[0].chainage_m == pytest.approx(2100.0)


def test_sub_lines_over_jumps() -> None:
    across = reference(SHORT).sub_lines("G228", "K1+900", "K2+700")["up"]
    assert len(across.geoms) == 1
    assert length_m(across) == pytest.approx(200.0, abs=0.1)
    twice = reference(LONG).sub_lines("G228", "K1+600", "K1+700")["up"]
    assert len(twice.geoms) == 2
    assert length_m(twice) == pytest.approx(200.0, abs=0.1)


def test_each_side_answers_for_itself() -> None:
    both = reference(PLAIN, DOWN)
    assert {fix.side for fix in both.locate("G228", "K3+000")} == {"up", "down"}
    down = both.locate("G228", "K3+000", "down")[0]
    assert down.chainage_m == pytest.approx(LENGTH - 2000.0)
    lines = both.sub_lines("G228", "K2+000", "K3+000")
    assert lines["up"].geoms[0].coords[0][0] < lines["up"].geoms[0].coords[-1][0]
    assert lines["down"].geoms[0].coords[0][0] > lines["down"].geoms[0].coords[-1][0]


def test_accuracy_comes_from_the_stakes_around_and_their_misfit() -> None:
    fix = reference(PLAIN).locate("G228", "K3+000")[0]
    assert fix.calibrated
    assert fix.accuracy_m == pytest.approx(3.0 + LENGTH * 0.01 / 2)
    assert fix.source_id == "test"


def test_a_route_without_stakes_says_so() -> None:
    bare = carriageway([], calibrated=True)
    fix = reference(bare).locate("G228", "K3+000")[0]
    assert not fix.calibrated
    assert fix.accuracy_m == 5.0
    assert fix.chainage_m == 3000.0


def test_one_stake_shifts_the_raw_length() -> None:
    fix = reference(carriageway([(10_000.0, 1000.0, 1.0)])).locate("G228", "K9+500")[0]
    assert fix.chainage_m == pytest.approx(500.0)
    assert not fix.calibrated


def test_stakes_that_run_both_ways_are_refused() -> None:
    with pytest.raises(BadParameter):
        carriageway(
            [(0.0, 0.0, 1.0), (500.0, 100.0, 1.0), (400.0, 900.0, 1.0), (900.0, 1500.0, 1.0)]
        )


def test_an_unknown_route_is_not_found() -> None:
    with pytest.raises(NotFound):
        reference(PLAIN).locate("G999", "K1+000")


def test_rows_of_any_driver_build_it() -> None:
    row = {
        "route_id": "S26",
        "side": "up",
        "part": 0,
        "calibrated": True,
        "accuracy_m": None,
        "source_id": "s",
        "geom": LINE,
    }
    stakes = [
        {"route_id": "S26", "side": "up", "part": 0, "k_m": k, "chainage_m": c, "accuracy_m": None}
        for k, c in ((0.0, 0.0), (8000.0, 8000.0))
    ]
    built = LinearReference.from_rows([row], stakes)
    assert built.routes() == ["S26"]
    fix = built.locate("s26", "K4+000")[0]
    assert fix.stake == "K4+000"
    assert fix.accuracy_m is None
