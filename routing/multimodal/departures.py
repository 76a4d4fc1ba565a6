"""What leaves a hub in a period, with the closing of its gate and papers, and where it goes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from routing.graph.weights import Ints
from routing.multimodal.timetable import Timetable


class Departure(NamedTuple):
    """One run that leaves a hub; times are Unix seconds.

    `halt` is where it is boarded, `calls` the halts after it at which cargo may leave it, with
    the time of arrival at each.
    """

    halt: int
    run: int
    departs: int
    gate_closes: int
    papers_close: int
    calls: tuple[tuple[int, int], ...]


def departures(table: Timetable, hub: int, since: int, until: int, most: int) -> list[Departure]:
    """Return what leaves a hub from `since` until before `until`, the soonest first.

    At most `most` are told. Runs are those of the index alone; where nothing may board they are
    left out.
    """
    found: list[tuple[int, int, int]] = []
    for halt in table.at_halt[table.at_first[hub] : table.at_first[hub + 1]].tolist():
        if table.boards[halt]:
            runs, leaves = _leaving(table, halt)
            wanted = np.flatnonzero((leaves >= since) & (leaves < until))
            found += zip(leaves[wanted].tolist(), [halt] * len(wanted), runs[wanted].tolist(),
                         strict=True)  # fmt: skip
    return [_departure(table, *one) for one in sorted(found)[:most]]


def _leaving(table: Timetable, halt: int) -> tuple[Ints, Ints]:
    """Return the runs of a halt's pattern, and when each leaves it."""
    pattern = table.halt_pattern[halt]
    runs = np.arange(table.run_first[pattern], table.run_first[pattern + 1])
    offset = halt - table.halt_first[pattern]
    calls = table.trip_first[table.run_trip[runs]] + offset
    return runs, table.run_start[runs] + table.depart_s[calls]


def _departure(table: Timetable, departs: int, halt: int, run: int) -> Departure:
    pattern = table.halt_pattern[halt]
    first, end = table.halt_first[pattern], table.halt_first[pattern + 1]
    call = table.trip_first[table.run_trip[run]] - first
    start = int(table.run_start[run])
    calls = tuple(
        (later, start + int(table.arrive_s[call + later]))
        for later in range(halt + 1, int(end))
        if table.alights[later]
    )
    return Departure(
        halt, run, departs, departs - int(table.gate_in_s[halt]),
        departs - int(table.documents_s[halt]), calls,
    )  # fmt: skip
