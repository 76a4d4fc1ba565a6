"""Inland waterways, whose limits depend on the level of the water."""

from __future__ import annotations

from typing import Literal

from spatial.networks.model import Limit, NetworkKind, Traffic

WaterwayClass = Literal["I", "II", "III", "IV", "V", "VI", "VII", "unclassified", "other"]
"""Classes of GB 50139, large ones first; `other` stands for what loaders call otherwise."""
CLASSES = ("I", "II", "III", "IV", "V", "VI", "VII")

KIND = NetworkKind(
    name="waterway",
    zh="航道",
    en="waterway",
    modes=("waterway",),
    traffics=(Traffic("vessel", ("waterway",)),),
    limits=(
        Limit("draught_m", "depth_m", most=30, kinds=("depth", "sill"), rises=1),
        Limit("air_draught_m", "clearance_m", most=80, kinds=("clearance",), rises=-1),
        Limit("beam_m", "width_m", most=80, kinds=("width",)),
        Limit("length_m", "max_length_m", most=400, kinds=("length", "bend_radius")),
        Limit("deadweight_t", "tonnage_t", most=100_000, kinds=("tonnage",)),
    ),
    classes=WaterwayClass,
    usual_class="unclassified",
    rule_prefix="waterway",
    vehicle_rules="waterway.vehicle.*",
)
