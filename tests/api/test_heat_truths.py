"""Planted enforcement is found by the API, and no other."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.db

TRUTHS = tomllib.loads(Path(__file__).with_name("heat_truths.toml").read_text("utf-8"))
DAY = [day * 24 + hour for day in range(7) for hour in range(6, 19)]
NIGHT = [day * 24 + hour for day in range(7) for hour in (22, 23)]


@pytest.fixture(scope="module")
def ask(dispatcher):
    """Return features of a process, each once."""
    known: dict[str, list[dict]] = {}

    def asked(process, output, **inputs):
        key = f"{process} {output} {inputs}"
        if key not in known:
            answer = dispatcher.post(
                f"/api/processes/{process}/execution",
                json={"inputs": inputs, "outputs": {output: {}}}, timeout=120,
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            known[key] = answer.json()["features"]
        return known[key]

    return asked


@pytest.fixture(scope="module")
def stretches(ask):
    def told(hours=None):
        more = {} if hours is None else {"hours": hours}
        found = ask("hot-stretches", "stretches", slices=TRUTHS["slices"], **more)
        return [one["properties"] for one in found]

    return told


def names(found, **having):
    return sorted(s["name"] for s in found if all(s[k] == v for k, v in having.items()))


def test_hot_stretches_and_their_trends_are_found_and_no_other(stretches):
    found = stretches()
    assert names(found, state="hot") == TRUTHS["hot"]
    assert names(found, state="hot", trend="rising") == TRUTHS["rising"]
    assert names(found, state="hot", trend="falling") == TRUTHS["falling"]
    assert {s["origin"] for s in found} == {"derived"}


@pytest.mark.parametrize("exposure", ["passage", "shift"])
def test_cells_are_hot_per_passage_and_per_minute_on_duty_as_per_inspection(ask, exposure):
    def told(of):
        cells = [one["properties"] for one in ask("heat-surface", "cells", exposure=of)]
        assert {cell["admin_code"] for cell in cells}.isdisjoint(TRUTHS["uninspected"])
        return {cell["beidou"]: cell for cell in cells if cell["state"] == "rated"}

    seen, other = told("inspection"), told(exposure)
    assert other.keys() == seen.keys() and len(seen) > 90

    def ranked(cells, by):
        return sorted(cells, key=lambda name: (cells[name][by], name))

    assert ranked(other, "events")[-1] == ranked(other, "value")[0] == ranked(seen, "value")[0]
    assert set(ranked(other, "value")[-4:]) == set(ranked(seen, "value")[-4:])


def test_what_is_hot_by_night_alone_is_found_by_night_alone(stretches):
    assert names(stretches(DAY), state="hot") == TRUTHS["hot"]
    by_night = names(stretches(NIGHT), state="hot")
    assert by_night == sorted([*TRUTHS["hot"], *TRUTHS["hot_by_night"]])


def test_the_over_patrolled_stretch_is_first_by_count_and_last_by_rate(stretches):
    rated = [s for s in stretches() if s["rate"] is not None]
    assert max(rated, key=lambda s: s["events"])["name"] == TRUTHS["over_patrolled"]
    assert min(rated, key=lambda s: s["rate"])["name"] == TRUTHS["over_patrolled"]
    assert names(rated, state="cold") == [TRUTHS["over_patrolled"]]


def test_nobody_looked_where_all_was_withdrawn_and_in_some_counties(stretches):
    found = stretches()
    gone = TRUTHS["withdrawn"]
    there = [
        s for s in found if s["route"] == gone["route"] and s["k_from"] <= gone["k_m"] < s["k_to"]
    ]
    assert [s["state"] for s in there] == ["not_inspected"]
    for county in TRUTHS["uninspected"]:
        assert {s["state"] for s in found if s["admin_code"] == county} <= {"not_inspected"}


def test_what_was_recorded_late_counts_in_its_own_weeks(stretches):
    (late,) = [s for s in stretches() if s["name"] == TRUTHS["late"]]
    assert (late["state"], late["slices"]) == ("ordinary", TRUTHS["slices"])


def test_classes_in_space_and_time_are_found_and_no_other(ask):
    cells = ask("heat-space-time", "cells", slices=TRUTHS["slices"])
    found: dict[str, Counter] = {}
    for cell in cells:
        told = cell["properties"]
        assert len(told["history"]) == TRUTHS["slices"]
        if told["space_time"] not in {"no_pattern", "too_short"}:
            found.setdefault(told["space_time"], Counter())[told["admin_code"]] += 1
    assert found == TRUTHS["classes"]
    assert not {c["properties"]["admin_code"] for c in cells} & set(TRUTHS["uninspected"])
