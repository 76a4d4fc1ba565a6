"""Four colours of risk against the worked examples: bounds, schemes, warnings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from api.network.rule_models import RuleBook, read_rules
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene
from layers.processes.safety.grading import Warned, factors_at, grade, zone_colour
from layers.processes.safety.risk_grade import PROCESS
from spatial.errors import BadParameter
from spatial.rule_models import RISK_COLOURS, RISK_MATRIX, RISK_WEATHER, RISK_ZONE, ZoneGrade
from tests.conftest import shared_path

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), NOW).at(NOW)


def example(file: str, name: str):
    return json.loads(shared_path(file).read_text("utf-8"))[name]


def asked(rules, **inputs):
    return PROCESS.run(check_inputs(PROCESS, inputs), Scene({"rules": rules}, NOW))


def rows(rules, features):
    inputs = check_inputs(PROCESS, {})
    return PROCESS.run(inputs, Scene({"rules": rules, "risks": features}, NOW))


@pytest.mark.shared
def test_scores_and_colours_at_the_bounds(rules):
    for case in example("worked_examples.json", "risk_four_colour")["cases"]:
        found = grade(rules[RISK_COLOURS.key].value, case["L"], case["C"])
        assert (found.score, found.colour) == (case["D"], case["colour"])


@pytest.mark.parametrize(
    ("likelihood", "severity", "colour"),
    [(5, 5, "red"), (4, 5, "red"), (4, 4, "orange"), (3, 3, "orange"), (2, 4, "yellow"),
     (2, 2, "yellow"), (1, 3, "blue"), (1, 1, "blue")],
)  # fmt: skip
def test_the_matrix_five_by_five(rules, likelihood, severity, colour):
    assert grade(rules[RISK_MATRIX.key].value, likelihood, severity).colour == colour


@pytest.mark.shared
def test_a_warning_raises_inside_and_in_its_time_only(rules):
    ex = example("scenario_examples.json", "four_colour_dynamic")
    scheme, factor = rules[RISK_COLOURS.key].value, rules[RISK_WEATHER.key].value.root["orange"]
    assert (factor, scheme.likelihood_max) == (ex["factor_on_L"], ex["cap_L"])
    start, end = (datetime.fromisoformat(text) for text in ex["valid"])
    warned = Warned(shapely.Polygon(ex["warning"]), "orange", start, end)
    for point in ex["points"]:
        at = (120.1, 30.1) if point["inside"] else (120.3, 30.1)
        second = timedelta(seconds=1)
        times = {start: "during", end - second: "during", end: "after", start - second: "static"}
        for moment, colour in times.items():
            (raised,) = factors_at([at], [warned], rules[RISK_WEATHER.key].value, moment)
            found = grade(scheme, point["L"], point["C"], raised)
            assert found.colour == point[colour], (point["id"], moment)
            if colour == "during":
                assert found.score == point["D_during"]


def test_the_highest_of_several_warnings_counts(rules):
    square, day = shapely.box(120, 30, 121, 31), timedelta(days=1)
    warnings = [Warned(square, colour, NOW, NOW + day) for colour in ("red", "yellow")]
    weather = rules[RISK_WEATHER.key].value
    assert factors_at([(120.5, 30.5)], warnings, weather, NOW) == [weather.root["red"]]
    assert factors_at([], warnings, weather, NOW) == []


def test_rows_of_a_layer_are_graded_and_those_without_numbers_are_listed(rules):
    def row(name, **properties):
        shape = {"type": "Point", "coordinates": [120.1, 30.1]}
        return {"id": name, "geometry": shape, "properties": properties}

    found = rows(
        rules,
        [
            row("a", likelihood=8, consequence=10, admin_code="330203", owner_unit="u",
                measure="巡查"),
            row("b", likelihood=8, consequence=10, admin_code="330203", owner_unit="u"),
            row("c", likelihood=None, consequence=10),
            row("d", likelihood=11, consequence=10),
        ],
    )  # fmt: skip
    assert [one.id for one in found.top] == ["a", "b"]
    assert found.summary.reds_unattended == ["b"]
    assert found.summary.ungraded == ["c", "d"]
    assert [(one.unit, one.colour, one.risks) for one in found.units] == [("330203", "red", 2)]
    assert [rule["key"] for rule in found.summary.rules] == [RISK_COLOURS.key, RISK_ZONE.key]


def test_warnings_of_a_layer_raise_as_those_that_are_given(rules):
    place = {"type": "Point", "coordinates": [120.1, 30.1]}
    shape = shapely.geometry.mapping(shapely.MultiPolygon([shapely.box(120, 30, 121, 31)]))
    span = {"valid_from": NOW.isoformat(), "valid_to": (NOW + timedelta(hours=1)).isoformat()}
    risk = {"likelihood": 3, "consequence": 5, "admin_code": "330203"}
    zones = [
        {"id": "z", "geometry": shape, "properties": {"colour": "orange", **span}},
        {"id": "without a time", "geometry": shape, "properties": {"colour": "red"}},
        {"id": "without a place", "geometry": None, "properties": {"colour": "red", **span}},
    ]
    read = {"risks": [{"id": "R1", "geometry": place, "properties": risk}], "zones": zones}

    def at(moment):
        given = {"zones": {"layer": "weather_warnings"}, "at": moment.isoformat()}
        inputs = check_inputs(PROCESS, given)
        return PROCESS.run(inputs, Scene({"rules": rules, **read}, NOW)).top[0]

    assert (at(NOW).score, at(NOW).colour) == (22.5, "orange")
    assert at(NOW + timedelta(hours=1)).colour == "yellow"


def test_a_zone_is_graded_by_the_declared_rule():
    colours = ["red", "orange", "orange", "yellow"]
    assert zone_colour(colours, ZoneGrade(method="max")) == "red"
    assert zone_colour(colours, ZoneGrade(method="share", share=0.25)) == "red"
    assert zone_colour(colours, ZoneGrade(method="share", share=0.5)) == "orange"
    assert zone_colour(colours, ZoneGrade(method="share", share=1)) == "yellow"
    assert zone_colour([], ZoneGrade(method="max")) is None


def test_what_cannot_be_graded_is_refused(rules):
    risk = {"id": "a", "point": [120, 30], "likelihood": 6, "consequence": 5}
    with pytest.raises(BadParameter, match="likelihood above 5"):
        asked(rules, risks={"risks": [risk]}, scheme="matrix")
    times = {"valid_from": NOW.isoformat(), "valid_to": NOW.isoformat(), "colour": "red"}
    open_ring = {"ring": [[0, 0], [1, 0], [1, 1], [0, 1]], **times}
    with pytest.raises(BadParameter, match=r"inputs\.warnings\.0\.ring"):
        asked(rules, risks={"risks": [risk]}, warnings=[open_ring])
    with pytest.raises(BadParameter):
        asked(rules, risks={})
