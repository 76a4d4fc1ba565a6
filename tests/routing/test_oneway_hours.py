"""One-way streets by the hour: closed, or open, in one direction at some hours."""

from datetime import datetime, timedelta

import numpy as np
import orjson
import pytest

from routing.cost.weekly_hours import ZONE
from routing.query.model import Conditions, PathQuery
from spatial.errors import LimitViolated
from tests.routing.maps import NOW, Town
from tests.routing.test_paths_on_maps import square

TUESDAY = datetime(2026, 12, 1, tzinfo=ZONE)
RUSH, NOON = TUESDAY.replace(hour=8), TUESDAY.replace(hour=12)
NIGHT = "22:00-06:00"


def street(oneway=False, **access) -> Town:
    """Return the square on which the short way begins with a street of some one-way tags."""
    tags = {name.replace("__", ":"): said for name, said in access.items()}
    return square(AB={"oneway": oneway, "access": orjson.dumps(tags).decode()})


def ways(town, depart, profile="car"):
    there, back = ("A", "D"), ("D", "A")
    return tuple(town.way(*ends, profile=profile, depart_at=depart) for ends in (there, back))


def test_a_street_is_one_way_at_its_hours():
    town = street(oneway__conditional="yes @ (Mo-Fr 07:00-09:00)")
    assert ways(town, RUSH) == ("ABD", "DCA")
    assert ways(town, NOON) == ("ABD", "DBA")
    assert ways(town, RUSH - timedelta(days=2)) == ("ABD", "DBA")


def test_a_one_way_street_is_none_at_its_hours():
    town = street(True, oneway__conditional=f"no @ ({NIGHT})")
    assert ways(town, NOON) == ("ABD", "DCA")
    assert ways(town, NOON.replace(hour=23)) == ("ABD", "DBA")
    dry = street(True, oneway__conditional="no @ (dry)")
    assert ways(dry, NOON.replace(hour=23)) == ("ABD", "DCA")


def test_a_street_turns_its_direction_at_its_hours():
    town = street(True, oneway__conditional="-1 @ (15:00-20:00)")
    assert ways(town, NOON) == ("ABD", "DCA")
    assert ways(town, NOON.replace(hour=16)) == ("ACD", "DBA")


@pytest.mark.parametrize("tag", ["oneway__hgv__conditional", "oneway__goods__conditional"])
def test_hours_are_read_by_vehicle(tag):
    town = street(**{tag: "yes @ (Mo-Fr 07:00-09:00)"})
    assert ways(town, RUSH) == ("ABD", "DBA")
    assert ways(town, RUSH, "truck") == ("ABD", "DCA")
    spared = street(True, oneway__bus="no", oneway__conditional=f"no @ ({NIGHT})")
    assert ways(spared, NOON, "bus") == ("ABD", "DBA")


def test_the_hour_at_which_the_street_is_entered_counts():
    town = street(oneway__conditional="yes @ (07:00-09:00)")
    assert ways(town, RUSH.replace(hour=6, minute=59)) == ("ABD", "DCA")  # a minute to B


def test_tables_hold_the_hour_of_departure_in_its_direction():
    town = street(oneway__conditional="yes @ (07:00-09:00)")
    places = [town.at("A"), town.at("D")]
    for depart in (RUSH, NOON):
        prepared = town.network.prepared(Conditions("car", depart_at=depart), NOW)
        spots = town.network.snap(prepared, places)
        found = prepared.durations(spots, spots)
        legs = [
            town.network.path(PathQuery("car", ends, depart_at=depart), NOW).weight / 1000
            for ends in (places, places[::-1])
        ]
        assert [found[0, 1], found[1, 0]] == pytest.approx(legs)
        assert np.isclose(found[0, 1], found[1, 0]) == (depart == NOON)


def test_a_refusal_names_the_hours_of_the_direction():
    tags = '{"oneway:conditional": "yes @ (07:00-09:00)"}'
    town = Town("A----B----C", {"AB": {"access": tags}, "BC": {}})
    with pytest.raises(LimitViolated) as refused:
        town.find("C", "A", depart_at=RUSH)
    (blocking,) = refused.value.extra["edges"]
    assert (blocking["limit"], blocking["value"]) == ("hours", ["07:00-09:00"])
    assert town.way("A", "C", depart_at=RUSH) == "ABC"
