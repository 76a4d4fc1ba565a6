"""Requests are counted by kinds of resources, of which there are few."""

from __future__ import annotations

import re

import pytest

from api.app import TABLE
from api.http.gauges import Gauges
from api.http.metering import Meter, kind_of, kinds_of

KINDS = kinds_of(one.path for one in TABLE.all)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "static"), ("/js/main.js", "static"), ("/api", "ogc"), ("/api/conformance", "ogc"),
        ("/api/collections", "ogc"), ("/api/collections/bridge/items", "items"),
        ("/api/collections/bridge/items/1", "items"), ("/api/collections/tiles", "ogc"),
        ("/api/paths", "paths"), ("/api/matrix", "matrix"), ("/api/match/stream", "match"),
        ("/api/processes/what-if/execution", "processes"), ("/api/jobs/1", "jobs"),
        ("/api/carriageways/s/1/devices", "carriageways"), ("/api/incidents/place", "incidents"),
        ("/api/../etc/passwd", "ogc"), ("/api/anything", "ogc"),
    ],
)  # fmt: skip
def test_every_address_has_a_kind(path, kind):
    assert kind_of(path, KINDS) == kind


def test_each_bucket_holds_those_that_took_no_longer():
    meter = Meter()
    for seconds in (0.001, 0.005, 0.006, 0.3, 20.0):
        meter.note("paths", 200, seconds)
    found = dict(re.findall(r'bucket.*le="([^"]+)"} (\d+)', meter.text()))
    assert found == {
        "0.005": "2", "0.02": "3", "0.1": "3", "0.5": "4", "2.0": "4", "10.0": "4", "+Inf": "5",
    }  # fmt: skip
    assert 'sigang_request_seconds_count{worker="' in meter.text()


def test_a_gauge_is_read_when_somebody_looks():
    value = [1.0]
    gauges = Gauges()
    gauges.add("queue_lines", "Lines that wait.", lambda: value[0])
    value[0] = 2.5
    assert gauges.values() == {"queue_lines": 2.5}
    assert re.search(r'^sigang_queue_lines\{worker="\d+"\} 2.5$', gauges.text(), re.M)
