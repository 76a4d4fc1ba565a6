"""Where patrols go by rates, and what they explain of counts."""

import numpy as np
import pytest

from routing.statistics.patrol import explained_by_exposure, patrol_shares
from spatial.errors import BadParameter


def test_shares_follow_rates_not_counts():
    shares = patrol_shares([500, 300], [10_000, 1_000], 0.1)
    assert shares.sum() == pytest.approx(1)
    assert shares[1] == pytest.approx(0.3 / 0.35, abs=0.01)


def test_no_area_has_less_than_its_part_of_the_random_hours():
    shares = patrol_shares([0, 0, 300, 1], [900, 800, 1_000, 500], 0.2)
    assert shares.min() >= 0.05 - 1e-12 and shares.sum() == pytest.approx(1)


def test_an_area_that_nobody_inspected_is_planned_with_the_pooled_rate():
    shares = patrol_shares([50, 300, 0], [1_000, 1_000, 0], 0.1)
    assert shares[0] < shares[2] < shares[1]


@pytest.mark.parametrize(("events", "exposure"), [([0, 0], [0, 0]), ([0, 0], [9, 9])])
def test_without_anything_known_all_are_alike(events, exposure):
    assert patrol_shares(events, exposure, 0.1) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_random_share_of_none_is_refused(share):
    with pytest.raises(BadParameter, match="random share"):
        patrol_shares([1], [2], share)


def test_no_areas_and_more_events_than_exposure_are_refused():
    with pytest.raises(BadParameter, match="no areas"):
        patrol_shares([], [], 0.1)
    with pytest.raises(BadParameter, match="more events than exposure"):
        patrol_shares([5], [2], 0.1)


def test_an_excess_that_only_patrols_explain_is_told_so():
    share = explained_by_exposure([60, 60, 5, 5, 0], [1_200, 100, 100, 100, 0])
    assert share[0] > 0.9
    assert share[1] == 0.0
    assert np.isnan(share[2:]).all()
    assert np.isnan(explained_by_exposure([0], [0])).all()
