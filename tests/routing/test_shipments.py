"""Chains of events: any order, any repetition, any retraction ends in the same state."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.shipments.chain import read_chain
from routing.shipments.plan import bag_steps, box_steps
from spatial.logistics.events import Event, event_of
from spatial.logistics.plans import Leg
from tests.routing import shipment_reference

DAY = datetime(2026, 3, 2, tzinfo=UTC)
BOX, NOW = "CSQU3054383", DAY + timedelta(days=9)


def at(hours):
    return DAY + timedelta(hours=hours)


TRUCK = Leg("road", "factory", "CNZAP", at(6), at(9))
FEEDER = Leg("feeder", "CNZAP", "CNBEI", at(16), at(26), "F1", gate_closes=at(12), locks=("lock",))
SHIP = Leg("deep_sea", "CNBEI", "NLRTM", at(60), at(160), "S1")
LAST = Leg("road", "NLRTM", "shop", at(170), at(175))
STEPS = box_steps([TRUCK, FEEDER, SHIP, LAST], "depot", "depot")
NAMES = [step.name for step in STEPS]


def event(number, code, hours, place=None, **more):
    kind = "TRANSPORT" if code in ("ARRI", "DEPA", "LOCK") else "EQUIPMENT"
    return Event("line", str(number), at(hours), kind, code, place=place, unit=BOX, **more)


WHOLE = [
    event(1, "GTOT", 1, "depot", empty=True), event(2, "GTIN", 10, "CNZAP", empty=False),
    event(3, "LOAD", 14, "CNZAP", transport="F1"), event(4, "DEPA", 16, "CNZAP", transport="F1"),
    event(5, "LOCK", 20, "lock", transport="F1"), event(6, "ARRI", 27, "CNBEI", transport="F1"),
    event(7, "DISC", 28, "CNBEI", transport="F1"), event(8, "LOAD", 50, "CNBEI", transport="S1"),
    event(9, "DEPA", 61, "CNBEI", transport="S1"), event(10, "ARRI", 165, "NLRTM", transport="S1"),
    event(11, "DISC", 166, "NLRTM"), event(12, "GTOT", 171, "NLRTM", empty=False),
    event(13, "GTIN", 176, "shop", empty=False), event(14, "GTIN", 190, "depot", empty=True),
]  # fmt: skip


def read(events, now=NOW, steps=STEPS):
    return read_chain(steps, events, now, 3600)


def kinds(chain):
    return [one.kind for one in chain.anomalies]


def without(*numbers):
    return [one for one in WHOLE if int(one.id) not in numbers]


def test_a_whole_chain_has_no_anomaly():
    chain = read(WHOLE)
    assert NAMES == [
        "picked-up", "gate-out", "gate-in", "loaded", "departed", "lock-passed", "arrived",
        "discharged", "loaded", "departed", "arrived", "discharged", "gate-out", "delivered",
        "returned",
    ]  # fmt: skip
    assert kinds(chain) == []
    assert (chain.state, chain.reached, chain.place) == ("returned", len(STEPS) - 1, "depot")
    assert [one.status for one in chain.milestones].count("actual") == len(WHOLE)
    assert chain.milestones[1].status == "inferred", "nobody scans at the factory"


def test_a_lost_scan_is_inferred_between_its_neighbours():
    chain = read(without(3))
    lost = chain.milestones[3]
    assert (lost.status, lost.at, lost.after, lost.before) == ("inferred", None, at(10), at(16))
    assert kinds(chain) == ["lost-scan"]
    assert chain.anomalies[0].events == (("line", "4"),)


def test_a_box_that_nobody_had_is_not_returned():
    (never,) = [one for one in read([WHOLE[-1]]).anomalies if one.events]
    assert (never.kind, never.events) == ("never-picked-up", (("line", "14"),))
    assert read([WHOLE[-1]]).state == "planned"
    early = event(14, "GTIN", 0, "depot", empty=True)
    chain = read([WHOLE[0], early])
    assert (kinds(chain), chain.state) == (["cut-off-missed", "not-loaded", "not-loaded",
                                            "returned-before"], "picked-up")  # fmt: skip
    assert chain.anomalies[-1].events == (("line", "14"), ("line", "1"))


def test_a_second_return_and_contradictions_are_told_with_both_events():
    twice = event(20, "GTIN", 200, "elsewhere", empty=True)
    chain = read([*WHOLE, twice])
    assert [(one.kind, one.events) for one in chain.anomalies] == [
        ("returned-twice", (("line", "14"), ("line", "20")))
    ]
    early = event(7, "DISC", 26, "CNBEI")
    (order,) = read([*without(7), early]).anomalies
    assert (order.kind, order.events) == ("order", (("line", "6"), ("line", "7")))
    other = event(30, "LOAD", 18, "CNZAP", transport="F1")
    (two,) = read([*WHOLE, other]).anomalies
    assert (two.kind, two.events) == ("two-times", (("line", "3"), ("line", "30")))
    same = event(30, "LOAD", 14.5, "CNZAP", transport="F1")
    assert kinds(read([*WHOLE, same])) == [], "two reports of one moment"


def test_a_retraction_counts_before_its_event_and_is_not_taken_back():
    gone = Event("line", "r", at(300), retracts="14")
    again = Event("line", "s", at(301), retracts="r")
    for events in ([gone, *WHOLE], [*WHOLE, gone]):
        assert read(events).state == "delivered"
    assert kinds(read([gone, *without(14)])) == ["retracts-unknown"]
    chain = read([*WHOLE, gone, again])
    assert (chain.state, kinds(chain)) == ("delivered", ["retraction-retracted"])
    assert read([*WHOLE, Event("other", "r", at(300), retracts="14")]).state == "returned"


def test_a_vehicle_takes_along_only_what_was_loaded():
    leaves = Event("ais", "d", at(16), "TRANSPORT", "DEPA", place="CNZAP", transport="F1")
    comes = Event("ais", "a", at(27), "TRANSPORT", "ARRI", place="CNBEI", transport="F1")
    aboard = read([*WHOLE[:3], leaves, comes], at(28))
    assert (aboard.state, aboard.at) == ("arrived", at(27))
    assert aboard.milestones[NAMES.index("departed")].status == "actual"
    left = read([*WHOLE[:2], leaves, comes], at(28))
    assert (left.state, kinds(left)) == ("gate-in", ["not-loaded"])
    assert left.anomalies[0].events == (("ais", "d"),)
    late = read([*WHOLE[:2], Event("ais", "d", at(16), "TRANSPORT", "DEPA", place="CNZAP")], at(13))
    assert kinds(late) == ["in-future"]


def test_cut_offs_other_voyages_holds_and_two_contents():
    late = event(2, "GTIN", 13, "CNZAP", empty=False)
    assert kinds(read([WHOLE[0], late, *WHOLE[2:]])) == ["cut-off-missed"]
    assert kinds(read(WHOLE[:1], at(13))) == ["cut-off-missed"]
    assert kinds(read(WHOLE[:1], at(12))) == []
    rolled = event(3, "LOAD", 14, "CNZAP", transport="F2")
    assert kinds(read([*without(3), rolled])) == ["other-transport"]
    held = Event("customs", "h", at(30), "SHIPMENT", "HOLD")
    free = Event("customs", "f", at(40), "SHIPMENT", "RELS")
    assert read([*WHOLE, held]).held and not read([free, *WHOLE, held]).held
    mended = event(2, "GTIN", 11, "CNZAP", empty=False, created_at=at(400))
    for events in ([*WHOLE, mended], [mended, *WHOLE]):
        chain = read(events)
        assert kinds(chain) == ["two-contents"]
        assert chain.milestones[2].at == at(11)


def test_estimates_are_those_told_last():
    first = event(40, "ARRI", 30, "CNBEI", transport="F1", classifier="EST", created_at=at(1))
    second = event(41, "ARRI", 29, "CNBEI", transport="F1", classifier="EST", created_at=at(2))
    for events in ([first, second], [second, first]):
        chain = read([*WHOLE[:4], *events], at(17))
        assert chain.milestones[NAMES.index("arrived")].estimated == at(29)


FLIGHTS = [
    Leg("air", "HGH", "PEK", at(10), at(12), "CA1"),
    Leg("air", "PEK", "FRA", at(15), at(25), "CA2"),
]  # fmt: skip
BAG = bag_steps(FLIGHTS, 1800)


def scan(number, code, hours, place, flight=None):
    return Event("bhs", str(number), at(hours), "BAGGAGE", code, place=place, unit="0999123456",
                 transport=flight)  # fmt: skip


def test_a_bag_not_loaded_in_time_is_told_with_its_last_node():
    scans = [scan(1, "ACCEPTANCE", 8, "HGH"), scan(2, "LOADING", 9, "HGH", "CA1"),
             scan(3, "TRANSFER", 12.5, "PEK")]  # fmt: skip
    assert [step.name for step in BAG] == ["accepted", "loaded", "transferred", "loaded", "arrived"]
    early = read(scans, at(14.4), BAG)
    assert (early.state, early.place, kinds(early)) == ("transferred", "PEK", [])
    late = read(scans[::-1], at(14.5), BAG)
    (alarm,) = late.anomalies
    assert (alarm.kind, alarm.step, late.place) == ("not-loaded", 3, "PEK")
    arrived = read([*scans, scan(4, "ARRIVAL", 26, "FRA")], at(30), BAG)
    assert (arrived.state, kinds(arrived)) == ("arrived", ["lost-scan"])
    assert kinds(read(scans[:2], at(9.6), BAG)) == []


CODES = ["GTIN", "GTOT", "LOAD", "DISC", "ARRI", "DEPA", "LOCK", ""]
PLACES = ["depot", "CNZAP", "CNBEI", "NLRTM", "shop", "lock", None]
any_event = st.builds(
    Event, st.sampled_from(["a", "b"]), st.sampled_from("0123456789"),
    st.integers(0, 230).map(at), st.just("EQUIPMENT"), st.sampled_from(CODES),
    st.sampled_from(["ACT", "ACT", "ACT", "EST"]),
    created_at=st.one_of(st.none(), st.integers(0, 3).map(at)), place=st.sampled_from(PLACES),
    unit=st.sampled_from([BOX, None]), empty=st.sampled_from([True, False, None]),
    transport=st.sampled_from(["F1", "S1", None]),
    retracts=st.sampled_from([None, None, None, *"01234"]),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(any_event, max_size=14), st.data())
def test_order_and_repetition_make_no_difference_and_states_are_those_of_the_slow_way(events, data):
    events = [*events, *data.draw(st.sampled_from([[], WHOLE[:5], WHOLE]))]
    chain = read(events, at(220))
    again = [*events, *data.draw(st.lists(st.sampled_from(events or [WHOLE[0]]), max_size=6))]
    if events:
        shuffled = data.draw(st.permutations(again))
        assert read(shuffled, at(220)) == chain
    slow = shipment_reference.statuses(STEPS, events, at(220))
    assert [(one.status, one.at) for one in chain.milestones] == slow


@settings(max_examples=100, deadline=None)
@given(st.permutations(WHOLE), st.integers(1, 14))
def test_what_is_taken_back_might_as_well_not_have_come(events, number):
    gone = Event("line", "r", at(300), retracts=str(number))
    left = [one for one in events if one.id != str(number)]
    chain, bare = read([gone, *events]), read(left)
    assert chain.milestones == bare.milestones
    assert chain.state == bare.state


@given(any_event)
def test_events_are_read_back_as_they_were_told(one):
    back = event_of(orjson.dumps(one.told()))
    assert (back, back.digest) == (one, one.digest)


def test_what_is_no_event_is_refused():
    with pytest.raises(ValueError, match="at"):
        event_of('{"source": "a", "id": "b", "at": "soon"}')
