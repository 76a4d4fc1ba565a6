"""Whatever is asked: an answer, or an error that says what is wrong, never anything else."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.query.leg import line
from routing.query.model import Conditions, PathQuery
from spatial.errors import BadParameter, NoSnap, SigangError
from tests.routing.maps import NOW, Town, edge_id

DRAWING = """
  A----B----C       X--Y
  |    |    |
  D----E----F   Z

"""
ROADS = {
    "AB": {"max_height_m": 3.9},
    "BC": {"oneway": True},
    "AD": {},
    "BE": {"length_m": 0.0},
    "CF": {"access": '{"motor_vehicle": "no"}'},
    "DE": {"speed_kmh": 0.0},
    "EF": {},
    "XY": {},
}
TOWN = Town(DRAWING, ROADS, [("no", "AB", "BE"), ("only", "DE", "EF")])
for number, name in enumerate(("EF", "AD"), 1):
    TOWN.close(number, name, direction="forward", until=NOW + timedelta(hours=number))

BOX = st.tuples(st.floats(120.99, 121.06), st.floats(29.98, 30.01))
ANYWHERE = st.tuples(st.floats(-180, 180), st.floats(-85, 85))
ON_ROADS = st.tuples(st.sampled_from(list(ROADS)), st.integers(0, 10)).map(
    lambda drawn: TOWN.at(f"{drawn[0]}:{drawn[1] / 10}")
)
SIZE = st.floats(0.01, 1000)


@st.composite
def queries(draw):
    stops = draw(st.lists(st.one_of(ON_ROADS, BOX, ANYWHERE), min_size=2, max_size=4))
    names = st.sampled_from([*ROADS, "nowhere"])
    polygons = st.lists(st.sampled_from(stops).map(lambda p: shapely.Point(p).buffer(0.002)))
    hours = st.integers(-50, 400).map(lambda h: NOW + timedelta(hours=h / 10))
    return PathQuery(
        draw(st.sampled_from([*TOWN.network.profiles, "airship"])),
        stops if draw(st.booleans()) else [stops[0]] * 2,
        sizes=draw(st.dictionaries(st.sampled_from(["height_m", "mass_t", "axle_t"]), SIZE)),
        hazmat=draw(st.sampled_from([None, None, False, True, "3"])),
        unknown_limits=draw(st.sampled_from(["allow", "refuse"])),
        avoid_edges=[edge_id(n) for n in draw(st.lists(names, max_size=2))],
        avoid_classes=draw(st.lists(st.sampled_from(["secondary", "motorway"]), max_size=1)),
        avoid_polygons=draw(polygons) if draw(st.booleans()) else [],
        prefer_classes=draw(st.lists(st.sampled_from(["secondary", "none"]), max_size=1)),
        depart_at=draw(st.one_of(st.none(), hours)),
        typical=draw(st.booleans()),
        alternatives=draw(st.integers(0, 3)),
    )


@settings(max_examples=100, deadline=None)
@given(queries())
def test_every_question_has_an_answer_or_a_plain_error(query):
    try:
        found = TOWN.network.paths(query, NOW)
    except SigangError as error:
        assert error.status in (400, 422)
        assert error.en and error.zh
        return
    assert 1 <= len(found) <= 1 + query.alternatives
    for one in found:
        assert len(one.legs) == len(query.waypoints) - 1
        for leg in one.legs:
            points = line(TOWN.graph, leg)
            assert len(points) >= 2
            assert np.isfinite(points).all()
            assert 0 <= leg.weight < np.inf


@settings(max_examples=40, deadline=None)
@given(queries(), st.integers(0, 5000), st.booleans())
def test_tables_and_spans_do_not_fail_either(query, limit, backward):
    network = TOWN.network
    fields = {n: getattr(query, n) for n in Conditions.__dataclass_fields__ if n != "_"}
    try:
        prepared = network.prepared(Conditions(**fields), NOW)
        spots = network.snap(prepared, query.waypoints)
    except SigangError as error:
        assert error.status in (400, 422)
        return
    table = prepared.durations(spots, spots)
    assert (np.diag(table) == 0).all()
    assert (table >= 0).all()
    span = prepared.span(spots[0], limit, backward=backward)
    assert len(span.keys) >= 1
    assert (span.stop >= span.start).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e300])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_place_that_is_no_place_is_refused(bad, axis):
    place = list(TOWN.places["A"])
    place[axis] = bad
    with pytest.raises(SigangError) as refused:
        TOWN.network.path(PathQuery("car", [TOWN.places["B"], tuple(place)]), NOW)
    assert refused.value.status in (400, 422)


def test_far_off_the_network_names_the_place_and_the_limit():
    with pytest.raises(NoSnap) as far:
        TOWN.network.path(PathQuery("car", [TOWN.places["A"], (100.0, 10.0)]), NOW)
    assert far.value.extra == {"waypoint": 1, "max_snap_m": 5000.0}


def test_an_unknown_edge_to_avoid_is_named():
    with pytest.raises(BadParameter, match="00000000"):
        TOWN.find("A", "B", avoid_edges=[UUID(int=7)])
