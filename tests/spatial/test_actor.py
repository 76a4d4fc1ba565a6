import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.actor import ANONYMOUS, Actor, scope_prefix

CODES = st.sampled_from(
    ["330000", "330100", "330109", "330200", "330212", "330300", "331100", "310000", "320500", None]
)
ACTORS = st.builds(
    Actor,
    account_id=st.just("a"),
    role=st.sampled_from(["dispatcher", "duty", "planner"]),
    scope=st.sampled_from(["330000", "330100", "330200", "330212"]),
    unit_id=st.sampled_from([None, "u1", "u2"]),
)
VISIBILITIES = st.sampled_from(["public", "unit", "province"])


@pytest.mark.parametrize(
    ("code", "prefix"), [("330000", "33"), ("330200", "3302"), ("330212", "330212"), ("", "")]
)
def test_prefix_drops_zero_pairs(code, prefix):
    assert scope_prefix(code) == prefix


def test_scope_of_a_city():
    duty = Actor("a", "duty", "330100")
    seen = {code: duty.sees(code, "unit") for code in ("330109", "330100", "330212", "330000")}
    assert seen == {"330109": True, "330100": True, "330212": False, "330000": False}


def test_province_rows_are_for_the_province():
    assert Actor("a", "planner", "330000").sees("330212", "province")
    assert not Actor("a", "duty", "330200").sees("330212", "province")


def test_own_unit_is_seen_anywhere():
    assert Actor("a", "duty", "330200", "u1").sees("330100", "unit", "u1")
    assert not Actor("a", "duty", "330200", "u1").sees("330100", "unit", "u2")


@given(CODES, VISIBILITIES)
def test_anonymous_sees_public_rows_only(code, visibility):
    assert ANONYMOUS.sees(code, visibility, "u1") == (visibility == "public")


@given(ACTORS, ACTORS, CODES, VISIBILITIES, st.sampled_from([None, "u1", "u2"]))
def test_equal_digest_means_equal_rights(one, other, code, visibility, unit):
    if one.digest == other.digest:
        assert one.sees(code, visibility, unit) == other.sees(code, visibility, unit)


def test_covers_its_own_area_and_below():
    duty = Actor("a", "duty", "330200")
    assert duty.covers("330212")
    assert duty.covers("330200")
    assert not duty.covers("330000")
    assert not duty.covers("330300")
