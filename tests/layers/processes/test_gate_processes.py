"""Processes of gates: appointments from rows and as given, stays of trucks in terminals by hour."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from pydantic import ValidationError

from layers.processes.ports import truck_appointments, turn_times
from layers.processes.readers.track_rows import Track
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene
from routing.gates.hours import opening_at
from spatial.errors import BadParameter
from tests.routing.maps import shipped_rules

HERE = timezone(timedelta(hours=8))
EIGHT = datetime(2026, 12, 1, 8, tzinfo=HERE)  # a Tuesday


def at(minutes):
    return (EIGHT + timedelta(minutes=minutes)).isoformat()


def run(process, given, **found):
    inputs = check_inputs(process, given)
    scene = Scene({"rules": shipped_rules(), **found}, datetime.now(UTC))
    process.check(inputs, scene)
    return process.run(inputs, scene)


def row(identity, shape=None, **properties):
    return {"type": "Feature", "id": identity, "geometry": shape, "properties": properties}


def request(key, since, until, **more):
    return {"id": key, "since": at(since), "until": at(until), **more}


GATE = {"lanes": 1, "queue_most": 4}
DAY = {"since": at(0), "until": at(240), "gate": GATE}


def appointed(given, **found):
    return run(truck_appointments.PROCESS, given, **found)


def test_trucks_of_one_hour_are_spread_and_all_is_told():
    wanted = [request(f"t{k}", 0, 60, shift_min=120) for k in range(20)]
    answer = appointed({**DAY, "requests": wanted})
    assert answer.most_served == len(answer.appointments) == 20 - len(answer.refused)
    assert answer.refused and {one.cause for one in answer.refused} == {"full"}
    assert all(one.load <= one.quota for one in answer.slots)
    assert answer.deviation_min == answer.bound_min == sum(
        one.deviation_min for one in answer.appointments
    )  # fmt: skip
    assert answer.crowd.load > answer.crowd.places and "20.0" in answer.crowd.text.en
    assert answer.risk <= 0.01 < answer.risk_as_wished and answer.origin == "real"
    assert sum(one.wished for one in answer.slots) == 20


def test_a_gate_and_requests_of_layers():
    terminal = row("t", gate_lanes=2, queue_most=6, gate_hours="Mo-Su 09:00-24:00", origin="real")
    rows = [
        row("x", key="浙B1", since=at(0), until=at(30), moves=2, origin="synthetic"),
        row("y", key="浙B2", since=at(90), until=at(120), moves=None, origin="real"),
        row("z", key="else", since=at(900), until=at(960), origin="real"),
    ]
    given = {"since": at(0), "until": at(240), "terminal": {"layer": "container_terminals"},
             "requests_from": {"layer": "gate_requests"},
             "lanes": [{"since": at(90), "until": at(100), "lanes": 0}]}  # fmt: skip
    answer = appointed(given, terminal=[terminal], requests_from=rows)
    assert [one.lanes for one in answer.slots] == [0, 0, 2, 0, 2, 2, 2, 2]
    first, second = answer.appointments
    assert (first.id, first.begins.isoformat(), first.deviation_min) == (
        "浙B1", "2026-12-01T01:00:00+00:00", 60,
    )  # fmt: skip
    assert (second.id, second.deviation_min, second.moves) == ("浙B2", 30, 1)
    assert (answer.origin, first.origin, second.origin) == ("synthetic", "synthetic", "real")
    for wrong in ([], [terminal, terminal], [row("t", gate_lanes=None, queue_most=3)]):
        with pytest.raises(BadParameter, match="terminal"):
            appointed(given, terminal=wrong, requests_from=rows)
    with pytest.raises(BadParameter, match="since and until"):
        appointed(given, terminal=[terminal], requests_from=[row("x", moves=1)])
    with pytest.raises(BadParameter, match="within the time"):
        appointed(given, terminal=[terminal], requests_from=rows[2:])


@pytest.mark.parametrize(
    "change",
    [
        {"gate": None}, {"terminal": {"layer": "x"}}, {"until": at(0)}, {"requests": None},
        {"requests": [request("a", 30, 30)]}, {"requests": [request("a", 0, 30)] * 2},
        {"gate": {**GATE, "hours": "at noon"}}, {"until": at(60 * 24 * 30)},
        {"lanes": [{"since": at(-60), "until": at(600), "lanes": 0}]},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_problem(change):
    with pytest.raises((BadParameter, ValidationError)):
        appointed({**DAY, "requests": [request("a", 0, 30)], **change})


BOX = {"type": "Polygon", "coordinates": [[[120, 30], [120.02, 30], [120.02, 30.02], [120, 30.02],
                                           [120, 30]]]}  # fmt: skip
AREA = row("mei", BOX, name_zh="梅山")


def fixes(*places):
    return [{"at": at(minutes), "point": [lon, 30.01]} for minutes, lon in places]


def test_turn_times_by_terminal_and_hour():
    given = {"tracks": [
        {"truck": "a", "fixes": fixes((0, 119.99), (10, 120.01), (20, 120.01), (30, 119.99))},
        {"truck": "b", "fixes": fixes((70, 120.01), (60, 119.99), (80, 119.99))},
        {"truck": "c", "fixes": fixes((0, 120.01), (10, 119.99)), "origin": "synthetic"},
        {"truck": "d", "fixes": fixes((0, 119.99), (10, 120.01), (300, 120.01))},
    ]}  # fmt: skip
    bare = row("line", {"type": "Point", "coordinates": [120, 30]})
    answer = run(turn_times.PROCESS, given, areas=[AREA, bare])
    stays = {one.truck: one for one in answer.visits}
    assert stays["a"].dwell_s == pytest.approx(20 * 60) and stays["a"].state == "left"
    assert stays["b"].dwell_s == pytest.approx(10 * 60)
    assert stays["c"].enters_at is None and stays["c"].dwell_s is None
    assert stays["d"].gap and stays["d"].state == "there"
    assert answer.not_counted == 2 and answer.origin == "synthetic"
    (whole,) = answer.terminals
    assert (whole.name, whole.count, whole.mean_s) == ("梅山", 2, pytest.approx(15 * 60))
    assert [(one.hour, one.count) for one in answer.hours] == [(8, 1), (9, 1)]


def test_kept_positions_and_what_is_refused():
    track = Track(np.array([119.99, 120.01, 119.99]), np.full(3, 30.01),
                  np.array([0.0, 600.0, 1200.0]))  # fmt: skip
    given = {"assets": {"ids": ["016f5e66-e800-771b-be62-d51550f41175"], "since": at(0),
                        "until": at(60)}}  # fmt: skip
    answer = run(turn_times.PROCESS, given, areas=[AREA], assets={"t": track})
    assert [one.dwell_s for one in answer.visits] == [600.0]
    with pytest.raises(BadParameter, match="polygons"):
        run(turn_times.PROCESS, given, areas=[], assets={})
    twice = {"tracks": [{"truck": "a", "fixes": fixes((0, 120), (0, 120))}]}
    with pytest.raises(BadParameter, match="one time"):
        run(turn_times.PROCESS, twice, areas=[AREA])
    with pytest.raises(BadParameter):
        check_inputs(turn_times.PROCESS, {})


def test_hours_of_a_depot():
    closed = opening_at("Mo-Fr 08:00-18:00", EIGHT - timedelta(minutes=30))
    assert (closed.open, closed.changes) == (False, EIGHT)
    open_ = opening_at("Mo-Fr 08:00-18:00", EIGHT)
    assert (open_.open, open_.changes) == (True, EIGHT + timedelta(hours=10))
    assert opening_at("24/7", EIGHT) == (True, None, True)
    assert opening_at(None, EIGHT) == opening_at("whenever", EIGHT) == (True, None, False)
    assert opening_at("Mo-Su off", EIGHT) == (False, None, True)
