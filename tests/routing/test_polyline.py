"""Encoded polylines: the published example, any numbers, and paths joined from strips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.legs import line
from routing.polyline import Strips, decode, encode
from tests.routing.maps import Town

DEGREES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
BENT = """
A   B   C

D   E   F
"""


def town():
    places = Town(BENT, {}).places
    roads = {}
    for number, name in enumerate(("AB", "BC", "DE", "FE", "AD", "BE", "CF")):
        (x, y), (u, v) = places[name[0]], places[name[1]]
        middle = [
            (x + (u - x) * s + 1.7e-4 * (number % 3), y + (v - y) * s - 2.3e-4 * s)
            for s in (0.2, 0.45, 0.45, 0.8)
        ]
        roads[name] = {"shape": [(x, y), *middle, (u, v)]}
    return Town(BENT, roads)


def test_the_published_example():
    points = np.array([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])
    assert encode(points) == b"_izlhA~rlgdF_{geC~ywl@_kwzCn`{nI"
    assert decode(encode(points)) == pytest.approx(points, abs=1e-9)
    assert encode(np.zeros((0, 2))) == b""
    assert decode(b"").shape == (0, 2)


@settings(max_examples=100, deadline=None)
@given(st.lists(DEGREES, min_size=1, max_size=30))
def test_decoding_gives_back_every_point_to_half_a_millionth(points):
    back = decode(encode(np.array(points)))
    assert np.abs(back - points).max() <= 0.5000001e-6


@pytest.mark.parametrize("text", [b"_", b"?", b"???", b"\x7f?", b"!?"])
def test_a_broken_text_is_refused(text):
    with pytest.raises(ValueError, match="the text"):
        decode(text)


SHARE = st.integers(0, 100).map(lambda n: n / 100)
PLACE = st.tuples(st.sampled_from(("AB", "BC", "DE", "FE", "AD", "BE", "CF")), SHARE)
BEND = town()
STRIPS = Strips(BEND.graph)


@settings(max_examples=60, deadline=None)
@given(st.lists(PLACE, min_size=2, max_size=4))
def test_a_path_joined_from_strips_is_the_line_rounded(stops):
    found = BEND.find(*(f"{name}:{share}" for name, share in stops))
    read = decode(STRIPS.text(found.legs))
    whole = np.concatenate([line(BEND.graph, leg) for leg in found.legs])
    assert np.abs(_fresh(read) - _fresh(np.rint(whole * 1e6) / 1e6)).max() < 1e-9


def _fresh(points):
    """Return points without those that repeat the one before; one is left of a standstill."""
    keep = np.ones(len(points), bool)
    keep[1:] = (np.abs(np.diff(points, axis=0)) > 1e-9).any(axis=1)
    return points[keep]


def test_strips_do_not_depend_on_where_the_work_is_cut(monkeypatch):
    found = BEND.find("AB:0.1", "FE:0.9")
    for size in (1, 2, 5, 7):
        monkeypatch.setattr("routing.polyline.CHUNK", size)
        assert Strips(BEND.graph).text(found.legs) == STRIPS.text(found.legs)
