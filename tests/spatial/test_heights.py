import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import BadParameter
from spatial.geo.heights import (
    KINDS,
    Agl,
    Amsl,
    Band,
    DatumMismatch,
    Ellipsoidal,
    Ground,
    Qnh,
    StandardPressure,
    Undulation,
    parse_band,
    parse_height,
    side_of_limit,
)

OPERATORS = [
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.sub,
]  # fmt: skip


@pytest.mark.parametrize("one", KINDS.values())
@pytest.mark.parametrize("other", KINDS.values())
@pytest.mark.parametrize("do", OPERATORS)
def test_two_datums_are_never_compared_or_subtracted(one, other, do):
    if one is other:
        assert do(one(120.0), other(100.0)) == do(120.0, 100.0)
        return
    with pytest.raises(DatumMismatch, match=f"120 m {one.datum} and 100 m {other.datum}"):
        do(one(120.0), other(100.0))


@pytest.mark.parametrize("do", OPERATORS)
def test_a_height_is_no_number(do):
    with pytest.raises(TypeError):
        do(Agl(120.0), 120.0)


def test_a_named_grid_terrain_or_pressure_joins_them_with_its_accuracy():
    geoid = Undulation("EGM96", 7.14, 0.5)
    ground = Ground("relief", Amsl(215.0, 10.0))
    assert Ellipsoidal(127.14).to_amsl(geoid).value_m == pytest.approx(120.0)
    assert Ellipsoidal(127.14, 0.2).to_amsl(geoid).accuracy_m == pytest.approx(0.7)
    assert Amsl(120.0).to_ellipsoidal(geoid) - Ellipsoidal(127.14) == pytest.approx(0.0)
    assert Amsl(310.0).to_agl(ground) == Agl(95.0)
    assert Agl(95.0).to_amsl(ground).interval_m == (300.0, 320.0)


def test_pressure_altitude_by_qnh():
    """ICAO: 1 hPa is about 27 ft near sea level; the standard setting changes nothing."""
    assert StandardPressure(6000.0).to_amsl(Qnh(1013.25, 0.0)).value_m == pytest.approx(6000.0)
    low = StandardPressure(0.0).to_amsl(Qnh(1003.25, 30.0))
    assert low.value_m == pytest.approx(-83.5, abs=1.0)
    assert low.accuracy_m == 30.0


def test_a_height_is_read_with_datum_and_unit():
    assert parse_height({"value": 120, "datum": "AGL", "unit": "m"}) == Agl(120.0)
    feet = parse_height({"value": 1000, "datum": "AMSL", "unit": "ft", "accuracy": 10})
    assert feet == Amsl(304.8)
    assert feet.accuracy_m == pytest.approx(3.048)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (120, "/height"),
        ("120", "/height"),
        (None, "/height"),
        ({"value": 120, "unit": "m"}, "/height/datum"),
        ({"value": 120, "datum": "MSL", "unit": "m"}, "/height/datum"),
        ({"value": 120, "datum": "AGL"}, "/height/unit"),
        ({"value": 120, "datum": "AGL", "unit": "km"}, "/height/unit"),
        ({"value": "120", "datum": "AGL", "unit": "m"}, "/height/value"),
        ({"value": True, "datum": "AGL", "unit": "m"}, "/height/value"),
        ({"value": float("nan"), "datum": "AGL", "unit": "m"}, "/height/value"),
        ({"value": 1e9, "datum": "AGL", "unit": "m"}, "/height/value"),
        ({"value": 120, "datum": "AGL", "unit": "m", "accuracy": -1}, "/height/accuracy"),
        ({"value": 120, "datum": "AGL", "unit": "m", "hight": 1}, "/height/hight"),
        ({"value": 120, "datum": ["AGL"], "unit": "m"}, "/height/datum"),
    ],
)
def test_what_is_no_height_is_refused_with_its_pointer(body, pointer):
    with pytest.raises(BadParameter) as refused:
        parse_height(body, "/height")
    assert refused.value.extra["pointer"] == pointer


def test_bands_touch_without_overlap_and_state_no_number_for_no_limit():
    low = Band(Amsl(60.0), Amsl(100.0))
    assert not low.overlaps(Band(Amsl(100.0), Amsl(140.0)))
    assert low.overlaps(Band(Amsl(99.98), Amsl(140.0)))
    assert low.overlaps(Band(Amsl(0.0), None))
    assert Band(None, None).overlaps(low)
    with pytest.raises(DatumMismatch):
        low.overlaps(Band(Agl(0.0), Agl(120.0)))


def test_a_floor_above_its_ceiling_is_refused():
    with pytest.raises(BadParameter) as refused:
        parse_band(
            {"value": 120, "datum": "AGL", "unit": "m"},
            {"value": 60, "datum": "AGL", "unit": "m"},
            "/volume",
        )
    assert refused.value.extra["pointer"] == "/volume/lower"


def test_exactly_at_the_limit():
    """AL-H9: 120.0 m belongs below the line written （含）, 6000 m without it above."""
    line, top = Agl(120.0), StandardPressure(6000.0)
    assert side_of_limit(Agl(120.0), line, limit_included=True) == -1
    assert side_of_limit(Agl(120.1), line, limit_included=True) == 1
    assert side_of_limit(StandardPressure(5999.9), top, limit_included=False) == -1
    assert side_of_limit(StandardPressure(6000.0), top, limit_included=False) == 1
    with pytest.raises(DatumMismatch):
        side_of_limit(Amsl(120.0), line, limit_included=True)


@given(st.floats(0, 300), st.floats(0, 20), st.floats(0, 20), st.booleans())
def test_what_straddles_a_limit_by_its_accuracy_is_undetermined(value, accuracy, slack, included):
    height, limit = Agl(value, accuracy), Agl(120.0, slack)
    side = side_of_limit(height, limit, limit_included=included)
    ends = {(value - 120.0) + way * (accuracy + slack) for way in (-1, 1)}
    sides = {-1 if gap < 0 or (gap == 0 and included) else 1 for gap in ends}
    assert side == (sides.pop() if len(sides) == 1 else 0)
