"""The worked example `restricted_routing`: a truck of 4 m and 49 t, and a car."""

import pytest

from routing.answer.summary import summarise
from tests.routing.maps import Town, free_rules

MAP = """
  A-----B
   \\   / \\
    \\ /   \\
     C-----D
"""
# minutes, height limit (m), mass limit (t); AB runs from A to B
EXAMPLE = {
    "AB": (10, 4.5, 49),
    "BD": (10, 4.5, 49),
    "AC": (6, 4.5, 49),
    "CD": (6, 3.8, 30),
    "BC": (2, 4.5, 49),
}
ANSWERS = [
    ("car", {}, "ACD", 12),
    ("truck", {"height_m": 4.0, "mass_t": 49.0}, "ACBD", 18),
]


@pytest.fixture(scope="module")
def town():
    """Return the example: at 60 km/h a kilometre is a minute."""
    roads = {
        name: {
            "length_m": minutes * 1000.0,
            "speed_kmh": 60.0,
            "speed_basis": "posted",
            "max_height_m": height,
            "max_mass_t": mass,
        }
        for name, (minutes, height, mass) in EXAMPLE.items()
    }
    return Town(MAP, roads, rules=free_rules())


@pytest.mark.parametrize(("profile", "sizes", "nodes", "minutes"), ANSWERS)
def test_restricted_routing(town, profile, sizes, nodes, minutes):
    found = town.find("A", "D", profile=profile, sizes=sizes)
    assert town.nodes(found) == nodes
    assert summarise(town.graph.edges, found, found.legs).duration_s == pytest.approx(minutes * 60)
