"""Work that is called off between two steps, and answers of one state that lock nobody out."""

from threading import Event, Thread

import numpy as np
import pytest

from routing.cch.engine import Metric, Topology
from routing.index.snap import SnapPoint
from routing.query import one_to_many
from routing.stopping import Stopped, check, stoppable
from tests.routing.test_engine import graph_of

RING = graph_of(6, [(i, (i + 1) % 6) for i in range(6)])


def metric_of(weight: int) -> Metric:
    return Metric(Topology.build(RING), np.full(6, weight), stamp=weight)


def test_only_the_thread_that_is_called_off_stops():
    stop, others = Event(), []
    check()
    with stoppable(stop):
        check()
        stop.set()
        thread = Thread(target=lambda: others.append(check()))
        thread.start()
        thread.join()
        with pytest.raises(Stopped):
            check()
    check()
    assert others == [None]


@pytest.mark.parametrize("fails", [False, True])
def test_answers_of_one_state_are_found_anew_when_it_changes(fails):
    metric, seen = metric_of(5), []

    def work(shown: Metric) -> tuple[int, str]:
        there = shown.path(0, 1)[0]
        if not seen:
            metric.update(np.arange(6), np.full(6, 7), stamp="new")
        seen.append(shown)
        if fails and shown is metric:
            raise IndexError
        return there + shown.path(1, 0)[0], shown.stamp

    assert metric.in_one_state(work) == (6 * 7, "new")  # all the way round
    assert seen[0] is metric and seen[1] is not metric


def test_an_error_in_a_state_that_stays_is_told():
    def work(_: Metric) -> None:
        raise IndexError

    with pytest.raises(IndexError):
        metric_of(5).in_one_state(work)


def test_a_table_in_blocks_is_the_whole_table(monkeypatch):
    metric = metric_of(5)
    spots = [[SnapPoint(edge, 0.5, 0, 0.0, 0.0, 0.0)] for edge in range(6)]
    whole = one_to_many.durations(RING, metric, spots, spots)
    monkeypatch.setattr(one_to_many, "BLOCK_CELLS", len(spots) * 2)
    found, _, stamp = one_to_many.table(RING, metric, spots, spots)
    assert np.array_equal(found, whole) and stamp == 5
    stop = Event()
    stop.set()
    with stoppable(stop), pytest.raises(Stopped):
        one_to_many.table(RING, metric, spots, spots)
