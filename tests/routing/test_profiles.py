"""Who may pass where: classes of vehicles, their limits, dangerous goods, banned hours."""

from datetime import datetime
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.summary import summarise
from routing.cost.profile import compile_costs, load_profiles, usable_profiles
from routing.cost.weekly_hours import ZONE
from routing.query.model import Conditions, PathQuery
from spatial.errors import LimitViolated, SigangError
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, SQUARE, Town, free_rules, shipped_rules, square

PROFILES = load_profiles(ROAD)
RULES = shipped_rules()
MOTOR = list(usable_profiles(PROFILES, RULES))
ACTIVE = list(usable_profiles(PROFILES, RULES, active=True))


def costs(town, profile):
    return compile_costs(PROFILES[profile], town.graph, RULES)


def test_all_profiles_have_their_rules():
    assert MOTOR == [
        "car", "taxi", "bus", "truck", "truck_rigid", "hazmat", "oversize", "emergency", "patrol",
        "maintenance",
    ]  # fmt: skip
    assert ACTIVE == ["bicycle", "foot"]


def test_a_profile_without_its_rules_is_left_out():
    without = {key: rule for key, rule in RULES.items() if key != "road.time_ban.hazmat"}
    assert list(usable_profiles(PROFILES, without)) == [m for m in MOTOR if m != "hazmat"]


@pytest.mark.parametrize("profile", MOTOR)
def test_every_motor_profile_finds_its_way(profile):
    assert square().way("A", "D", profile=profile) == "ABD"


# access


@pytest.mark.parametrize(
    ("access", "open_to"),
    [
        ('{"motor_vehicle":"no"}', set()),
        ('{"motor_vehicle":"no","psv":"yes"}', {"taxi", "bus"}),
        ('{"motor_vehicle":"no","bus":"designated"}', {"bus"}),
        (
            '{"hgv":"no"}',
            set(MOTOR) - {"truck", "truck_rigid", "hazmat", "oversize", "maintenance"},
        ),
        ('{"access":"private"}', {"emergency", "patrol", "maintenance"}),
        ('{"access":"no","emergency":"yes"}', {"emergency"}),
        ('{"motor_vehicle":"agricultural;forestry"}', {"emergency", "patrol", "maintenance"}),
        ('{"motor_vehicle":"forestry; destination"}', {"emergency", "patrol", "maintenance"}),
        ('{"motor_vehicle":"psv"}', {"taxi", "bus", "emergency", "patrol", "maintenance"}),
    ],
)
def test_access_tags_admit_whom_they_name(access, open_to):
    town = square(AB={"access": access})
    made = {name: costs(town, name) for name in MOTOR}
    assert {n for n, c in made.items() if c.passable[0] and not c.ends_only[0]} == open_to


@pytest.mark.parametrize(
    ("access", "profile", "road_class", "ends"),
    [
        ('{"access":"private"}', "car", "service", (True, True)),
        ('{"access":"permit"}', "truck", "service", (True, True)),
        ('{"motor_vehicle":"customers"}', "bus", "service", (True, True)),
        ('{"access":"private","motorcar":"yes"}', "car", "service", (False, False)),
        ('{"motor_vehicle:forward":"destination"}', "taxi", "service", (True, False)),
        ('{"foot":"private"}', "foot", "service", (True, True)),
        ('{"access":"customers"}', "bicycle", "service", (False, False)),
        ('{"motor_vehicle":"destination"}', "car", "track", (True, True)),
    ],
)
def test_private_roads_are_open_at_the_ends_of_paths(access, profile, road_class, ends):
    found = costs(square(AB={"access": access, "class": road_class}), profile)
    assert found.passable[:2].all()
    assert tuple(found.ends_only[:2]) == ends


@pytest.mark.parametrize(
    ("access", "profile", "road_class"),
    [
        ('{"access":"residents_only"}', "car", "service"),
        ('{"motor_vehicle":"agricultural"}', "car", "service"),
        ('{"motor_vehicle":"private"}', "car", "track"),
        ('{"access":"private","foot":"no"}', "foot", "service"),
    ],
)
def test_what_is_not_understood_or_for_others_is_no_end_either(access, profile, road_class):
    assert not costs(square(AB={"access": access, "class": road_class}), profile).passable[:2].any()


def test_hours_at_which_a_road_is_private_are_banned_and_no_more():
    access = '{"access:conditional":"private @ (22:00-06:00)"}'
    found = costs(square(AB={"access": access}), "car")
    assert not found.ends_only.any()
    assert found.bans.hours(0) == ["00:00-06:00", "22:00-24:00"]


def test_a_bus_lane_leads_against_a_one_way_street():
    contraflow = {"oneway": True, "access": '{"oneway:psv":"no"}'}
    town = square(AB=contraflow)
    assert town.way("D", "A", profile="bus") == "DBA"
    assert town.way("D", "A", profile="taxi") == "DBA"
    assert town.way("D", "A", profile="car") == "DCA"


# speeds


@pytest.mark.parametrize(
    ("profile", "road_class", "posted", "kmh"),
    [
        ("car", "motorway", 130.0, 120),
        ("truck", "motorway", 120.0, 100),
        ("hazmat", "motorway", 120.0, 80),
        ("hazmat", "secondary", 80.0, 60),
        ("hazmat", "secondary", 40.0, 40),
        ("emergency", "motorway", 120.0, 120),
        ("bicycle", "secondary", 60.0, 15),
        ("foot", "residential", None, 5),
    ],
)
def test_speeds_are_capped_by_law(profile, road_class, posted, kmh):
    town = square(AB={"class": road_class, "speed_kmh": posted, "speed_basis": "posted"})
    assert costs(town, profile).speed_kmh[0] == kmh


def test_no_bicycle_on_the_expressway():
    town = square(AB={"class": "motorway"})
    assert not costs(town, "bicycle").passable[0]
    assert not costs(town, "foot").passable[0]


# dimensions


@pytest.mark.parametrize("limit", ROAD.sizes)
def test_each_limit_keeps_a_vehicle_out_and_lets_an_equal_one_in(limit):
    town = square(AB={f"max_{limit}": 2.0})
    assert town.way("A", "D", sizes={limit: 2.0}) == "ABD"
    assert town.way("A", "D", sizes={limit: 2.01}) == "ACD"


def test_a_truck_of_fewer_axles_passes_a_bridge_that_the_largest_may_not():
    town = square(AB={"max_mass_t": 40.0})
    assert town.way("A", "D", profile="truck") == "ACD"
    assert town.way("A", "D", profile="truck_rigid") == "ABD"


LOW_TUNNEL = """
  A----B====C----D
       |    |
       E----F
"""
LOW = {
    "AB": {},
    "BC": {"max_height_m": 4.5, "structure": "tunnel", "name_zh": "低隧道"},
    "CD": {},
    "BE": {},
    "EF": {"length_m": 9000.0},
    "FC": {},
}


def test_the_high_load_goes_around_the_low_tunnel():
    town = Town(LOW_TUNNEL, LOW)
    assert town.way("A", "D", profile="truck") == "ABCD"
    assert town.way("A", "D", profile="oversize") == "ABEFCD"


def test_the_low_tunnel_is_named_when_there_is_no_way_around():
    town = Town(LOW_TUNNEL, {k: v for k, v in LOW.items() if k in ("AB", "BC", "CD")})
    with pytest.raises(LimitViolated) as caught:
        town.find("A", "D", profile="oversize")
    (blocking,) = caught.value.extra["edges"]
    assert blocking["name"]["zh"] == "低隧道"
    assert (blocking["limit"], blocking["value"], blocking["vehicle"]) == ("max_height_m", 4.5, 4.6)
    assert "第五十条" in blocking["law"]
    assert blocking["source"] == "drawing"
    assert caught.value.extra["relaxations"][0]["give"] == [
        {"limit": "max_height_m", "from": 4.5, "to": 4.6}
    ]


# banned hours


def local(hour, minute=0, day=22):
    """Return a time of Asia/Shanghai; 22 November 2026 is a Sunday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


# half an hour on an ordinary road (50 km/h), then a motorway or a long way round
NIGHT = {
    "AB": {"length_m": 25_000.0},
    "BD": {"class": "motorway", "length_m": 10_000.0},
    "BC": {"length_m": 20_000.0},
    "CD": {"length_m": 20_000.0},
}


@pytest.mark.parametrize(
    ("depart", "nodes"),
    [
        (local(23, 29), "ABD"),
        (local(23, 30), "ABCD"),
        (local(0, 0), "ABCD"),
        (local(5, 29), "ABCD"),
        (local(5, 30), "ABD"),
        (local(12, 0), "ABD"),
    ],
)
def test_the_motorway_is_not_entered_at_banned_hours(depart, nodes):
    town = Town(SQUARE, NIGHT)
    assert town.way("A", "D", profile="hazmat", depart_at=depart) == nodes
    assert town.way("A", "D", profile="truck", depart_at=depart) == "ABD"
    assert town.way("A", "D", profile="truck", hazmat=True, depart_at=depart) == nodes


def test_a_ban_without_a_way_round_is_named_with_its_hours():
    town = Town("A-B-C-D", {"AB": {}, "BC": {"class": "motorway"}, "CD": {}})
    with pytest.raises(LimitViolated) as caught:
        town.find("A", "D", profile="hazmat", depart_at=local(3))
    (blocking,) = caught.value.extra["edges"]
    assert blocking["limit"] == "hours"
    assert blocking["value"] == ["00:00-06:00"]
    assert caught.value.en.endswith("first closed 00:00-06:00, asked for Su 03:00")
    assert "0时至6时" in blocking["legal_text"]
    (wait,) = caught.value.extra["relaxations"]
    (give,) = wait["give"]
    assert (give["limit"], give["to"]) == ("hours", "2026-11-22T06:00+08:00")
    assert wait["length_m"] == 3000
    assert caught.value.mend_en.startswith("Leave at 06:00 or later")
    assert town.way("A", "D", profile="hazmat", depart_at=local(7)) == "ABCD"


def test_alternatives_keep_to_the_hours_too():
    town = Town(SQUARE, NIGHT)
    query = PathQuery(
        "hazmat", [town.at("A"), town.at("D")], alternatives=3, depart_at=local(23, 45)
    )
    for found in town.network.paths(query, NOW):
        assert not len(found.banned_keys(local(23, 45)))


def test_a_metric_for_tables_shuts_what_is_banned_at_departure():
    town = Town(SQUARE, NIGHT)
    shut = [
        town.network.prepared(Conditions("hazmat", depart_at=local(hour)), NOW).blocked is not None
        for hour in (23, 0, 5, 6)
    ]
    assert shut == [False, True, True, False]


def test_hours_on_a_road_sign_hold_for_those_whom_it_names():
    town = square(AB={"access": '{"hgv:conditional":"no @ (Mo-Fr 07:00-09:00)"}'})
    assert town.way("A", "D", profile="truck", depart_at=local(8, day=23)) == "ACD"
    assert town.way("A", "D", profile="truck", depart_at=local(8, day=22)) == "ABD"
    assert town.way("A", "D", profile="truck", depart_at=local(9, day=23)) == "ABD"
    assert town.way("A", "D", profile="car", depart_at=local(8, day=23)) == "ABD"


# properties

LETTERS = "ABCDEF"
GRID = "A----B----C\n\n\nD----E----F"
PAIRS = ["AB", "BC", "DE", "EF", "AD", "BE", "CF", "AE", "BF"]
SIZES = (4.0, 2.55, 18.1, 49.0, 11.5)


@st.composite
def limited_roads(draw):
    names = draw(st.lists(st.sampled_from(PAIRS), min_size=4, unique=True))
    value = st.sampled_from([None, None, 0.8, 1.0, 1.2])
    return {
        name: {
            "length_m": float(draw(st.integers(500, 3000))),
            **{
                f"max_{limit}": share and share * size
                for limit, size, share in (
                    (limit, size, draw(value))
                    for limit, size in zip(ROAD.sizes, SIZES, strict=True)
                )
            },
        }
        for name in names
    }


@settings(max_examples=60, deadline=None)
@given(limited_roads(), st.lists(st.sampled_from(LETTERS), min_size=2, max_size=2, unique=True))
def test_no_truck_is_led_over_an_edge_below_its_size(roads, ends):
    town = Town(GRID, roads)
    try:
        found = town.find(*ends, profile="truck")
    except SigangError:
        return
    edges = np.concatenate([leg.edges for leg in found.legs])
    known = np.where(np.isnan(town.graph.edges.limits[edges]), inf, town.graph.edges.limits[edges])
    assert (known >= np.array(found.vehicle.sizes)).all()
    assert not np.isnan(found.vehicle.sizes).any()


@settings(max_examples=25, deadline=None)
@given(limited_roads())
def test_without_limits_a_truck_drives_where_a_car_does(roads):
    town = Town(GRID, roads, rules=free_rules(), turn_costs=False)
    network = town.network
    free = dict.fromkeys(ROAD.sizes, 0.001)
    car, truck = (network.prepared(Conditions(p, sizes=free), NOW) for p in ("car", "truck"))
    assert (car.metric.weights == truck.metric.weights).all()
    bare = {
        name: {**road, **{f"max_{limit}": None for limit in ROAD.sizes}}
        for name, road in roads.items()
    }
    unlimited = Town(GRID, bare, rules=free_rules(), turn_costs=False).network
    one, other = (unlimited.prepared(Conditions(p), NOW) for p in ("car", "truck"))
    assert (one.metric.weights == other.metric.weights).all()


# tolls and carbon dioxide


def test_tolls_and_carbon_dioxide_follow_the_rules():
    town = square(
        AB={"class": "motorway", "length_m": 2000.0}, BD={"toll": True}, AC={"toll": False}
    )
    found = town.find("A", "D")
    sums = summarise(town.graph.edges, found, found.legs)
    classes, fuel = RULES["vehicle.toll_cny_km"].value.classes, RULES["vehicle.fuel"].value
    assert sums.toll_cny == pytest.approx(3 * classes["passenger_1"])
    assert sums.toll_basis == "assumed"
    litres = fuel.vehicles["car"].litres_100km * 0.03
    assert sums.co2_kg == pytest.approx(litres * fuel.kg_per_litre["petrol"])
    assert sums.co2_basis == "assumed"


def test_a_road_that_says_whether_it_is_tolled_is_believed():
    town = square(AB={"class": "motorway", "toll": False}, BD={"toll": True})
    found = town.find("A", "D", profile="truck")
    sums = summarise(town.graph.edges, found, found.legs)
    assert sums.toll_cny == pytest.approx(RULES["vehicle.toll_cny_km"].value.classes["truck_6"])
    assert sums.toll_basis == "posted"


def test_without_their_rules_tolls_and_fuel_are_unknown():
    less = {k: r for k, r in RULES.items() if k not in ("vehicle.toll_cny_km", "vehicle.fuel")}
    town = Town("A-B", {"AB": {}}, rules=less)
    found = town.find("A", "B")
    sums = summarise(town.graph.edges, found, found.legs)
    assert (sums.toll_cny, sums.toll_basis, sums.co2_kg, sums.co2_basis) == (None,) * 4


@pytest.mark.parametrize("profile", ["emergency", "patrol", "maintenance"])
def test_vehicles_on_duty_pay_no_toll(profile):
    town = square(AB={"class": "motorway"})
    found = town.find("A", "D", profile=profile)
    assert summarise(town.graph.edges, found, found.legs).toll_cny == 0
