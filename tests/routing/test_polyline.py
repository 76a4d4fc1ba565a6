"""Encoded polylines: the published example, and any numbers against plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.polyline import decode, encode

DEGREES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def test_the_published_example():
    points = np.array([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])
    assert encode(points) == b"_izlhA~rlgdF_{geC~ywl@_kwzCn`{nI"
    assert decode(encode(points)) == pytest.approx(points, abs=1e-9)
    assert encode(np.zeros((0, 2))) == b""
    assert decode(b"").shape == (0, 2)


def plain(points):
    """Return the text as the format's description makes it, number by number."""
    text, before = "", (0, 0)
    for lon, lat in points:
        here = round(lat * 1e6), round(lon * 1e6)
        for value in (here[0] - before[0], here[1] - before[1]):
            rest = ~(value << 1) if value < 0 else value << 1
            while rest >= 0x20:
                text += chr((0x20 | (rest & 0x1F)) + 63)
                rest >>= 5
            text += chr(rest + 63)
        before = here
    return text.encode()


@settings(max_examples=200, deadline=None)
@given(st.lists(DEGREES, max_size=30))
def test_the_text_is_that_of_the_description(points):
    assert encode(np.array(points).reshape(-1, 2)) == plain(points)
    assert encode(np.array(points).reshape(-1, 2)[::-1]) == plain(points[::-1])


@settings(max_examples=100, deadline=None)
@given(st.lists(DEGREES, min_size=1, max_size=30))
def test_decoding_gives_back_every_point_to_half_a_millionth(points):
    back = decode(encode(np.array(points)))
    assert np.abs(back - points).max() <= 0.5000001e-6


@pytest.mark.parametrize("text", [b"_", b"?", b"???", b"\x7f?", b"!?"])
def test_a_broken_text_is_refused(text):
    with pytest.raises(ValueError, match="the text"):
        decode(text)
