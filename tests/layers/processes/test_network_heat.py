"""Density along roads as a process: mass is kept, and each lixel has the share of the kernel."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.processes.law.network_heat import PROCESS
from layers.processes.readers.route_rows import Places, Records, RouteRows
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import ENFORCERS, Scene
from spatial.common_units import UNKNOWN
from spatial.errors import BadParameter, TooComplex
from spatial.geo.admin_units import AdminUnits
from spatial.geo.crs import GEOD
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town, shipped_rules

DRAWN = """
  A-------B-------C
          |
          |
          D       E-------F
"""
ROADS = {"AB": {}, "BC": {"class": "primary"}, "BD": {}, "EF": {}}


@pytest.fixture(scope="module")
def town():
    plain = Town(DRAWN, ROADS)
    lengths = {
        name: {**given, "length_m": GEOD.line_length(*zip(plain.at(name[0]), plain.at(name[1]),
               strict=True))}
        for name, given in ROADS.items()
    }  # fmt: skip
    return Town(DRAWN, lengths)


def ran(town, records, **inputs):
    """Run the process over records: a place and what it counts."""
    lon, lat = np.array([town.at(place) for place, _ in records]).reshape(-1, 2).T
    none = [None] * len(records)
    rows = RouteRows(
        [], {}, AdminUnits({}),
        Records(
            Places(lon, lat, none, none, none), np.arange(len(records)),
            np.zeros(len(records), np.int64), np.array([n for _, n in records], float),
            np.full(len(records), 50.0), np.full(len(records), UNKNOWN),
        ),
    )  # fmt: skip
    found = {"rules": shipped_rules(), "routes": rows, f"network {ROAD.name}": town.network}
    scene, checked = Scene(found, NOW), check_inputs(PROCESS, inputs)
    PROCESS.check(checked, scene)
    return PROCESS.run(checked, scene)


def told(found):
    return [one["properties"] for one in found.lixels.features]


@pytest.mark.parametrize("kernel", ["continuous", "discontinuous"])
@pytest.mark.parametrize("share", [0.0, None])
def test_all_that_lies_on_roads_is_kept_and_nothing_more(town, kernel, share):
    records = [("AB:0.9", 7), ("BD:0.2", 3), ("EF:0.5", 2), ("B", 1), ("BC:0.4", 0)]
    found = ran(town, records, kernel=kernel, bandwidth_m=1500, least_share=share)
    assert sum(one["mass"] for one in told(found)) == pytest.approx(13, rel=1e-9)
    summary = found.summary
    assert (summary.events, summary.off_road) == (13, 0)
    assert summary.mass == pytest.approx(13, rel=1e-9)
    assert kernel in summary.method and "simple" not in summary.method
    assert summary.most_per_km == max(one["per_km"] for one in told(found))
    assert summary.lixels == len(told(found))
    assert summary.parameters.bandwidth_m == 1500
    assert {rule["key"] for rule in summary.rules} == {"law.heat_bandwidth", "law.heat_stretches"}


def quartic(u):
    return 15 / 16 * (u - 2 * u**3 / 3 + u**5 / 5)


def test_lixels_lie_on_their_road_and_have_the_integral_of_the_quartic_kernel(town):
    wide = 400.0
    found = ran(town, [("EF:0.5", 4)], bandwidth_m=wide)
    road = shapely.LineString([town.at("E"), town.at("F")])
    length = town.roads["EF"]["length_m"]
    assert len(told(found)) >= 8
    for one in found.lixels.features:
        line, of = shapely.geometry.shape(one["geometry"]), one["properties"]
        assert road.distance(line) < 1e-7 and of["road_class"] == "secondary"
        assert GEOD.geometry_length(line) == pytest.approx(of["to_m"] - of["from_m"], rel=0.01)
        bounds = np.clip((np.array([of["from_m"], of["to_m"]]) - length / 2) / wide, -1, 1)
        assert of["mass"] == pytest.approx(4 * np.diff(quartic(bounds))[0], abs=2e-3)
        assert of["per_km"] == pytest.approx(
            of["mass"] / (of["to_m"] - of["from_m"]) * 1000, rel=1e-3
        )


def test_what_is_far_from_roads_or_on_others_is_told(town):
    class Off(Town):
        def at(self, stop):
            x, y = super().at(stop.removeprefix("off "))
            return (x, y + 0.01) if stop.startswith("off ") else (x, y)

    away = Off(town.drawing, town.roads)
    found = ran(away, [("off AB:0.5", 5), ("BC:0.5", 2), ("AB:0.5", 1)], classes=["primary"])
    assert (found.summary.events, found.summary.off_road) == (2, 6)
    assert {one["road_class"] for one in told(found)} == {"primary"}
    with pytest.raises(BadParameter, match="primry") as caught:
        ran(town, [("AB:0.5", 1)], classes=["primary", "primry"])
    assert "secondary" in caught.value.mend_en
    nothing = ran(town, [])
    assert (nothing.summary.lixels, nothing.summary.most_per_km) == (0, None)


def test_an_area_lays_the_events_in_it_alone(town):
    (west, north), (east, _) = town.at("A"), town.at("C")
    (_, south) = town.at("D")
    middle = (west + east) / 2
    ring = [[west - 1, south], [middle - 1e-3, south], [middle - 1e-3, north + 1],
            [west - 1, north + 1], [west - 1, south]]  # fmt: skip
    found = ran(town, [("AB:0.3", 5), ("BC:0.5", 2), ("EF:0.5", 1)], area=ring)
    assert told(found) == told(ran(town, [("AB:0.3", 5)]))
    assert (found.summary.events, found.summary.off_road) == (5, 0)
    with pytest.raises(BadParameter):
        check_inputs(PROCESS, {"area": ring[:-1]})


def test_all_that_a_way_can_come_to_is_cut(town, monkeypatch):
    """Cutting the whole network gives the same as cutting what lies about the events."""
    records = [("AB:0.98", 7), ("BD:0.05", 3)]
    near = told(ran(town, records, bandwidth_m=300))
    everything = np.arange(len(ROADS))
    monkeypatch.setattr(type(town.network.snapper.index), "in_box", lambda self, *_: everything)
    assert told(ran(town, records, bandwidth_m=300)) == near


def test_bad_input_is_told(town, monkeypatch):
    for wide in (0, 1e9, 50):
        with pytest.raises(BadParameter, match="bandwidth_m"):
            ran(town, [("AB:0.5", 1)], bandwidth_m=wide)
    for wrong in ({"kernel": "simple"}, {"since": "2026-02-01", "until": "2026-01-01"},
                  {"least_share": -1}):  # fmt: skip
        with pytest.raises(BadParameter):
            check_inputs(PROCESS, wrong)
    monkeypatch.setattr("layers.processes.law.road_lixels.MOST_LIXELS", 3)
    with pytest.raises(TooComplex, match="lixels"):
        ran(town, [("AB:0.5", 1)])


def test_it_is_for_who_may_count():
    assert PROCESS.roles == ENFORCERS and not PROCESS.quick
