"""Speeds and limits of a direction, of a vehicle and at some hours, as signs post them."""

from datetime import datetime

import orjson
import pytest

from routing.query.model import PathQuery
from spatial.errors import LimitViolated
from tests.routing.maps import NOW, Town

RUSH, NOON, NIGHT = (datetime.fromisoformat(f"2026-12-01T{at}:00+08:00") for at in
                     ("08:00", "12:00", "23:30"))  # fmt: skip
MORNING = "(Mo-Fr 07:00-09:00)"


def town(column=80.0, **said):
    """Return a road from A to B with what its access table says, and a long way round by C."""
    table = {name.replace("__", ":"): value for name, value in said.items()}
    road = {"access": orjson.dumps(table).decode(), "speed_kmh": column}
    return Town("A-B-D\n|   |\nC---E", {"AB": road, "BD": {}, "AC": {}, "CE": {}, "DE": {}})


def kmh(asked, profile="car", at=NOON, back=False):
    ends = [asked.places[name] for name in ("AB"[::-1] if back else "AB")]
    found = asked.network.path(PathQuery(profile, ends, depart_at=at), NOW)
    keys, part, _ = found.parts()
    metres, ms = found.sums()
    (length,), driving = found.costs.length_m[keys >> 1] * part, ms - found.waits_ms().sum()
    assert metres == length
    return round(length * 3600 / driving)


def test_a_speed_of_one_direction_counts_there():
    asked = town(None, maxspeed__forward=80.0, maxspeed__backward=30.0)
    assert (kmh(asked), kmh(asked, back=True)) == (80, 30)
    assert kmh(town(50.0, maxspeed__backward=30.0)) == 50


def test_a_speed_counts_at_its_hours():
    asked = town(80.0, maxspeed__conditional=f"40 @ {MORNING}; 100 @ (22:00-06:00)")
    assert [kmh(asked, at=at) for at in (RUSH, NOON, NIGHT)] == [40, 80, 100]


def test_a_direction_has_hours_of_its_own():
    asked = town(80.0, maxspeed__backward__conditional=f"40 @ {MORNING}")
    assert (kmh(asked, at=RUSH), kmh(asked, at=RUSH, back=True)) == (80, 40)


def test_a_speed_of_lorries_slows_lorries_alone():
    asked = town(70.0, maxspeed__hgv__forward=50.0, maxspeed__hgv__conditional=f"30 @ {MORNING}")
    assert kmh(asked) == 70
    assert kmh(asked, "truck_rigid") == 50
    assert kmh(asked, "truck_rigid", back=True) == 70
    assert kmh(asked, "truck_rigid", RUSH, back=True) == 30


@pytest.mark.parametrize(
    ("condition", "car", "lorry"),
    [
        ("(wet)", 70, 70),
        ("(children_present)", 30, 30),
        ("(weight>7.5)", 70, 30),
        ("(weight>99)", 70, 70),
        ("(hgv)", 70, 30),
        ("(trailer)", 70, 70),
        ("(22:00-06:00 AND weight>7.5)", 70, 70),
    ],
)
def test_a_condition_is_of_the_vehicle_or_counts_where_it_slows(condition, car, lorry):
    asked = town(70.0, maxspeed__conditional=f"30 @ {condition}")
    assert (kmh(asked), kmh(asked, "truck_rigid")) == (car, lorry)


def passes(asked, at=NOON, back=False, **sizes):
    ends = [asked.places[name] for name in ("AB"[::-1] if back else "AB")]
    query = PathQuery("truck_rigid", ends, depart_at=at, sizes=sizes)
    return len(asked.network.path(query, NOW).keys) == 1


def test_a_limit_of_one_direction_stops_there_alone():
    asked = town(**{"limit:max_height_m:forward": 3.2})
    assert not passes(asked, height_m=3.6)
    assert passes(asked, back=True, height_m=3.6)
    assert passes(asked, height_m=3.0)


def test_a_limit_stops_at_its_hours():
    asked = town(**{"limit:max_mass_t:hgv@22:00-06:00": 7.5})
    assert passes(asked, mass_t=20.0)
    assert not passes(asked, NIGHT, mass_t=20.0)
    assert passes(asked, NIGHT, mass_t=7.0)


@pytest.mark.parametrize(("condition", "stopped"), [("snow", False), ("flooded", True)])
def test_a_limit_that_nobody_knows_when_it_holds_stops_always(condition, stopped):
    asked = town(**{f"limit:max_mass_t:forward@{condition}": 7.5})
    assert passes(asked, mass_t=20.0) is not stopped
    assert passes(asked, back=True, mass_t=20.0)


def test_a_refusal_names_the_limit_of_the_direction():
    road = {"access": '{"limit:max_height_m:backward": 3.2}'}
    asked = Town("A-B-C", {"AB": road, "BC": {}})
    assert len(asked.find("A", "C", profile="truck_rigid", sizes={"height_m": 3.6}).keys) == 2
    with pytest.raises(LimitViolated) as refused:
        asked.find("C", "A", profile="truck_rigid", sizes={"height_m": 3.6})
    (row,) = refused.value.extra["edges"]
    assert (row["limit"], row["value"], row["vehicle"]) == ("max_height_m", 3.2, 3.6)
    (way,) = refused.value.extra["relaxations"]
    assert way["give"] == [{"limit": "max_height_m", "from": 3.2, "to": 3.6}]


def test_a_table_and_a_reach_know_the_speeds_of_the_hour():
    asked = town(80.0, maxspeed__backward__conditional=f"40 @ {MORNING}")
    for at in (RUSH, NOON):
        query = PathQuery("car", [asked.places["B"], asked.places["A"]], depart_at=at)
        path = asked.network.path(query, NOW)
        prepared = asked.network.prepared(query, NOW)
        spots = asked.network.snap(prepared, query.waypoints)
        told = prepared.durations(spots[:1], spots[1:])[0, 0]
        assert told == pytest.approx(path.sums()[1] / 1000, abs=0.01)
        span = prepared.span(spots[0], told / 2)
        assert span.stop[span.keys == 1].max() == pytest.approx(0.5, abs=0.001)
