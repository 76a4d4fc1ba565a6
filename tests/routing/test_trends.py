"""Mann and Kendall's trend, and classes of hot spots in space and time."""

import json

import numpy as np
import pytest

from routing.statistics.trends import TOO_SHORT, UNKNOWN, class_name, mann_kendall
from routing.statistics.trends import space_time_classes as classes
from spatial.errors import BadParameter
from tests.conftest import shared_path

RULE = {"critical_z": 1.96, "share": 0.9, "least_slices": 10}
STATES = {"+": 1, "-": -1, "0": 0, "?": UNKNOWN}


def class_of(text, trend=0.0):
    return class_name(classes([[STATES[c]] for c in text], [trend], **RULE)[0])


@pytest.mark.shared
def test_the_worked_example_of_a_trend_with_ties():
    example = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["mann_kendall"]
    found = mann_kendall(example["series"])
    assert found.s[0] == example["S"]
    assert found.variance[0] == pytest.approx(example["var"], abs=5e-7)
    assert found.z[0] == pytest.approx(example["z"], abs=5e-7)
    assert found.p[0] == pytest.approx(example["p_two_sided"], abs=5e-7)


@pytest.mark.shared
def test_the_handed_cases_of_classes():
    cases = json.loads(shared_path("cases/heat-ports.json").read_text("utf-8"))
    given = next(one for one in cases if one["id"] == "H04")
    for name, expected in given["expected"].items():
        text = given["input"]["slices"][name]
        if name == "k":
            assert class_of("+" * 7) == "too_short"
            continue
        slices, _, trend = text.partition(" with ")
        z = float(trend.rpartition("=")[2]) if trend else 0.0
        pattern = expected.replace(" ", "_")
        assert class_of(slices, z) == pattern + ("" if pattern == "no_pattern" else "_hot"), name
        cold = slices.translate(str.maketrans("+-", "-+"))
        assert class_of(cold, -z) == pattern + ("" if pattern == "no_pattern" else "_cold"), name


@pytest.mark.parametrize(
    ("text", "trend", "expected"),
    [
        ("0+++++++++", 0.0, "persistent_hot"),
        ("++00000000", 0.0, "no_pattern"),
        ("0000+0++++", 0.0, "sporadic_hot"),
        ("+--------0", 0.0, "no_pattern"),
        ("---------+", 0.0, "new_hot"),
        ("----------", -2.4, "intensifying_cold"),
        ("????++++++++++", 0.0, "persistent_hot"),
        ("?+++++++++", 0.0, "too_short"),
    ],
)
def test_edges_between_classes(text, trend, expected):
    assert class_of(text, trend) == expected


def test_a_slice_that_was_not_inspected_is_left_out_of_the_trend():
    full = mann_kendall([1.0, 2.0, 4.0, 5.0])
    gaps = mann_kendall([1.0, np.nan, 2.0, 4.0, np.nan, 5.0])
    assert (full.s[0], full.z[0]) == (gaps.s[0], gaps.z[0])


def test_a_series_that_cannot_vary_has_no_z():
    assert np.isnan(mann_kendall([3.0, 3.0, 3.0]).z[0])
    assert np.isnan(mann_kendall([np.nan]).z[0])


def test_bad_input_is_told():
    with pytest.raises(BadParameter, match="needs slices"):
        mann_kendall([])
    with pytest.raises(BadParameter, match="trends of"):
        classes([[1], [1]], [0.0, 0.0], **RULE)
    assert classes(np.empty((0, 2)), [0.0, 0.0], **RULE).tolist() == [TOO_SHORT] * 2
