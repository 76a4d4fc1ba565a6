"""Periods: half-open in Asia/Shanghai, ISO weeks to W53, everything else refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.indicators.periods import KINDS, MOST, parse_period, period_at, series
from spatial.errors import BadParameter
from tests.conftest import shared_path


@pytest.mark.shared
def test_the_bounds_are_those_of_the_worked_example():
    text = shared_path("scenario_examples.json").read_text(encoding="utf-8")
    example = json.loads(text)["period_bounds"]
    for week in ("2026-W10", "2026-W53"):
        start, end = map(datetime.fromisoformat, example[week])
        assert (parse_period(week).start, parse_period(week).end) == (start, end)
    period = parse_period("2026-W10")
    for moment, inside in example["inside"].items():
        assert (period.start <= datetime.fromisoformat(moment) < period.end) is inside, moment
    with pytest.raises(BadParameter):
        parse_period("2025-W53")


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-1", "2026-13", "2026-W00", "2026-W54", "2026-02-30", "1026-01",
     "９９９９-01", "2026-w10", "2026-03-02T00:00:00Z", "2026-03/2026-04", "0000-00-00",
     "2200-01", "x" * 5000],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_the_forms(text):
    with pytest.raises(BadParameter) as caught:
        parse_period(text)
    assert "2026-W10" in (caught.value.mend_en or "")
    assert len(caught.value.en) < 100


@given(st.datetimes(datetime(1960, 1, 1), datetime(2190, 1, 1)), st.sampled_from(KINDS))
def test_every_moment_lies_in_one_period_of_a_kind(naive, kind):
    moment = naive.replace(tzinfo=UTC)
    period = period_at(kind, moment)
    assert period.start <= moment < period.end
    assert parse_period(period.id) == period
    assert period.previous.end == period.start
    assert period_at(kind, period.end) == period_at(kind, period.end + timedelta(hours=1))


def test_a_series_ends_with_its_period_and_is_bounded():
    assert [p.id for p in series(parse_period("2026-01"), 3)] == ["2025-11", "2025-12", "2026-01"]
    weeks = series(parse_period("2021-W01"), 2)
    assert [p.id for p in weeks] == ["2020-W53", "2021-W01"]
    assert len(series(parse_period("2026-03-02"), MOST)) == MOST
    for count in (0, -1, MOST + 1, 10_000):
        with pytest.raises(BadParameter):
            series(parse_period("2026-01"), count)


def test_what_lasts_is_counted_up_to_now_while_the_period_does():
    period, now = parse_period("2026-03"), datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert period.cutoff(now) == now
    assert period.previous.cutoff(now) == period.start
    assert period.cutoff(datetime(2027, 1, 1, tzinfo=UTC)) == period.end
