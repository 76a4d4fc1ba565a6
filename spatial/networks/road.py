"""Roads, with the ferries that carry vehicles and the ways on foot."""

from __future__ import annotations

from typing import Literal

from spatial.networks.model import Limit, NetworkKind, Ranks, Traffic

RoadClass = Literal[
    "motorway", "motorway_link", "trunk", "trunk_link", "trunk_unclassified", "primary",
    "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified",
    "residential", "living_street", "road", "service", "track", "busway", "bus_guideway",
    "cycleway", "path", "footway", "pedestrian", "bridleway", "steps", "ferry",
]  # fmt: skip

MOTOR = Traffic("motor", ("road", "ferry"))
ACTIVE = Traffic("active", ("road", "ferry", "walk"), active=True)

_SIZES = {
    "motorway": 0, "trunk": 1, "trunk_unclassified": 1, "primary": 2, "secondary": 3, "tertiary": 4,
    **dict.fromkeys(
        ("motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link"), 4.5
    ),
    **dict.fromkeys(("unclassified", "residential", "road"), 5), "living_street": 6,
    "service": 7, "busway": 7, "bus_guideway": 7, "track": 8,
}  # fmt: skip

KIND = NetworkKind(
    name="road",
    zh="道路",
    en="road",
    modes=("road", "ferry", "walk"),
    traffics=(MOTOR, ACTIVE),
    limits=(
        Limit("height_m", "max_height_m", most=20),
        Limit("width_m", "max_width_m", most=20),
        Limit("length_m", "max_length_m", most=200),
        Limit("mass_t", "max_mass_t", most=1000),
        Limit("axle_t", "max_axle_t", most=200),
    ),
    classes=RoadClass,
    usual_class="road",
    rule_prefix="road",
    vehicle_rules="vehicle.*.default",
    ranks=Ranks(_SIZES, main=3, crossed=4, ramps=("motorway_link", "trunk_link"), merged=1),
    contraflow=("unclassified", "residential", "living_street", "service", "road"),
    order=0,
)
