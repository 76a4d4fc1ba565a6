"""Dangerous goods: what signs say of them, and where a loaded truck may not go."""

import pytest

from routing.answer.summary import summarise
from routing.cost.hazmat import read_cargo, shut_to
from routing.cost.profile import load_profiles, loaded_as
from spatial.errors import BadParameter, LimitViolated
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import Town, edge_id, square

PROFILES = load_profiles(ROAD)


@pytest.mark.parametrize(
    ("cargo", "tags", "shut"),
    [
        ("any", "no", True),
        ("any", "yes", False),
        ("any", "designated;water=no", True),
        ("B", "no", True),
        ("B", "E=no", True),
        ("C", "B=no", False),
        ("E", "D=no", False),
        ("D", "no;D=yes", False),
        ("water", "water=no", True),
        ("water", "explosive=no", False),
        ("explosive", "designated", False),
    ],
)
def test_hazmat_tags_shut_a_road_to_a_cargo(cargo, tags, shut):
    assert shut_to(cargo, tags) is shut


@pytest.mark.parametrize(
    ("said", "cargo"), [(None, None), (False, None), (True, "any"), ("3", "any"), ("2.1", "any"),
                        ("B", "B"), ("water", "water")]
)  # fmt: skip
def test_cargo_is_read(said, cargo):
    assert read_cargo(said) == cargo


@pytest.mark.parametrize("said", ["", "0", "F", "10", "beer", "no"])
def test_unknown_cargo_is_refused(said):
    with pytest.raises(BadParameter):
        read_cargo(said)


def test_dangerous_goods_keep_out_of_a_tunnel_that_is_shut_to_them():
    town = square(AB={"structure": "tunnel", "hazmat": "no"})
    assert town.way("A", "D", profile="truck") == "ABD"
    assert town.way("A", "D", profile="hazmat") == "ACD"
    assert town.way("A", "D", profile="truck", hazmat=True) == "ACD"


def test_goods_of_a_harmless_tunnel_code_pass():
    town = square(AB={"structure": "tunnel", "hazmat": "B=no;C=no"})
    assert town.way("A", "D", profile="hazmat", hazmat="E") == "ABD"
    assert town.way("A", "D", profile="hazmat", hazmat="B") == "ACD"


def test_a_tunnel_of_which_nothing_is_known_counts_as_unknown():
    town = square(AB={"structure": "tunnel"})
    found = town.find("A", "D", profile="hazmat", unknown_limits="allow")
    assert summarise(town.graph.edges, found, found.legs).limits_unknown_share == pytest.approx(0.5)
    assert town.way("A", "D", profile="hazmat") == "ACD"
    assert town.way("A", "D", profile="truck", hazmat="E") == "ACD"
    assert town.way("A", "D", profile="truck") == "ABD"


def test_a_truck_with_dangerous_goods_keeps_its_size_and_takes_their_speed():
    town = square(AB={"class": "motorway", "max_mass_t": 40.0})
    found = town.find("A", "D", profile="truck_rigid", hazmat=True)
    assert town.nodes(found) == "ABD"
    assert found.costs.speed_kmh[0] == 80
    assert found.vehicle.sizes[ROAD.sizes.index("mass_t")] == 31


def test_only_goods_vehicles_carry_dangerous_goods():
    with pytest.raises(BadParameter, match="truck_rigid"):
        loaded_as(PROFILES, "bus", hazmat=True)
    with pytest.raises(BadParameter, match="known"):
        loaded_as(PROFILES, "tram", hazmat=None)


def test_a_refusal_names_the_tunnel_and_the_law():
    town = Town("A-B-C-D", {"AB": {}, "BC": {"hazmat": "no", "structure": "tunnel"}, "CD": {}})
    with pytest.raises(LimitViolated) as caught:
        town.find("A", "D", profile="truck", hazmat="3")
    (blocking,) = caught.value.extra["edges"]
    assert (blocking["edge"], blocking["limit"]) == (str(edge_id("BC")), "hazmat")
    assert "危险货物" in blocking["law"]
    assert caught.value.extra["vehicle"]["hazmat"] == "any"
