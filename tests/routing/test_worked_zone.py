"""The worked example of a zone with heights above the ground, read from a file and judged."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import orjson
import pytest

from routing.airspace.ask import Heights, judge_point
from routing.airspace.judge import Judge
from routing.airspace.levels import Joins
from routing.airspace.zones import Limit, Zone, Zones
from spatial.geo.crs import distance_m
from spatial.geo.terrain import Terrain
from spatial.geo.volumes import Circle
from spatial.geozones.ed269 import read_ed269
from spatial.geozones.model import GROUND, ZoneLimit
from tests.conftest import shared_path
from tests.routing.test_airspace import flight_of, judge

pytestmark = pytest.mark.shared


def document(zone: dict) -> bytes:
    """Return the zone of the example as an ED-269 document."""
    geometry = {
        "uomDimensions": "M", "lowerLimit": zone["lower"]["value"],
        "lowerVerticalReference": zone["lower"]["ref"], "upperLimit": zone["upper"]["value"],
        "upperVerticalReference": zone["upper"]["ref"],
        "horizontalProjection": {
            "type": "Circle", "center": zone["center"], "radius": zone["radius_m"]
        },
    }  # fmt: skip
    item = {"identifier": "Z", "restriction": zone["restriction"], "geometry": [geometry]}
    return orjson.dumps({"UASZoneList": [item]})


def test_the_same_altitude_is_inside_or_outside_by_the_ground_below():
    case = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["geozone_circle_3d"]
    (read,) = read_ed269(document(case["zone"])).zones
    (volume,) = read.volumes
    circle = volume.footprint
    assert isinstance(circle, Circle)
    assert (volume.floor, volume.ceiling) == (GROUND, ZoneLimit(120.0, "AGL"))
    assert distance_m(*circle.centre, *case["point"]) == pytest.approx(case["geodesic_m"], abs=0.1)
    zone = Zone(
        "Z", "airspace", "", "REQ_AUTHORISATION", volume.shape, circle, None, Limit(120.0, "AGL"),
        None, None, "", "", None, None, ("", ""), "real",
    )  # fmt: skip
    one = Judge(replace(judge().air, zones=Zones([zone])))
    for name in ("a", "b"):
        ground = np.full((10, 10), case[name]["terrain_m"], np.float32)
        joins = Joins(Terrain("flat", "synthetic", 0.0, {(119, 30): ground}), None)
        altitude = case[name]["alt_amsl_m"]
        found = judge_point(
            one, *case["point"], Heights("AMSL", altitude, altitude), flight_of("large"), joins
        )
        inside = any(finding.name == "Z" for finding in found.findings)
        assert inside is case[name]["inside"]
