"""Coordinates of UN/LOCODE as they really are, and codes of earlier generations."""

import math
from datetime import UTC, datetime

import pytest

from data.facts import read_facts
from data.linkage.judge import find_hub, hubs_with, judge
from data.linkage.stage import stage_files
from data.sample.linkage import make_files
from spatial.errors import BadParameter
from spatial.geo.crs import distance_m
from spatial.geo.unlocode import parse_minutes

READY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2275N 11461E", "26.9826N 88.9391E"])
def test_what_looks_like_decimal_degrees_is_refused_and_says_so(text):
    with pytest.raises(BadParameter, match="decimal degrees"):
        parse_minutes(text)


def test_west_of_nothing_is_zero_and_minutes_are_sixtieths():
    lon, lat = parse_minutes("5138N 00000W")
    assert math.copysign(1, lon) == 1 and lon == 0
    assert lat == pytest.approx(51 + 38 / 60, abs=1e-6)
    with pytest.raises(BadParameter) as refused:
        parse_minutes("nowhere")
    assert "decimal" not in str(refused.value)


def test_a_shipment_from_damaiyu_starts_there_by_any_code_of_its_hub():
    stage = stage_files(make_files(read_facts("linkage"), [], READY))
    hubs = hubs_with(stage, {})
    judge(stage, hubs)
    assert find_hub(hubs, "CN DMY") == "damaiyu"
    assert find_hub(hubs, "cnzap") == find_hub(hubs, "CNZPU") == "zhapu"
    (stop,) = [one for one in make_files(read_facts("linkage"), [], READY)["stops.txt"]
               if one["stop_id"] == "damaiyu"]  # fmt: skip
    off = distance_m(121.14, 28.06, [float(stop["stop_lon"])], [float(stop["stop_lat"])])
    assert off[0] < 5_000
