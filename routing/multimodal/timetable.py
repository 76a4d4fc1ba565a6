"""Services as columns: what is delivered, and the index that searches read.

A pattern is the runs of one service with the same calls, prices, distances and cut-offs, of which
none overtakes another: whoever can board an earlier run need not look at a later one. A run is a
start and the trip whose offsets it has, so that a week's departures lie in memory once however
many days they are run on. Times are Unix seconds, distances metres; NaN is a price nobody gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.graph.weights import Bools, Floats, Ints
from routing.index.mapped_store import map_array, write_folder
from spatial.transport_modes import HAULAGE, MODES

ROAD = MODES.index(HAULAGE)
PLACE = len(MODES)
"""In the place of a mode: cargo that is handed in at a hub, or handed out there."""
WAYS = PLACE + 1
"""How cargo may come to a hub or leave it: by each mode, or handed in or out."""
KEPT = 2
_TEXTS = "texts.json"
_HALTS = ("hub", "gate_in_s", "documents_s", "distance_m", "cny_per_teu", "cny_per_t",
          "lift_cny_per_teu", "boards", "alights")  # fmt: skip


@dataclass(frozen=True)
class Service:
    """A line of one carrier: `mode` is a number of `MODES`; `most_t` is that of one unit."""

    id: str
    mode: int
    carrier: str
    name_zh: str
    name_en: str | None = None
    cargo: tuple[str, ...] = ("container",)
    most_t: float | None = None
    origin: str = "real"
    source: str = ""


@dataclass(frozen=True)
class Calls:
    """Columns of calls, trip after trip: `first` (trips + 1) tells where each trip's begin.

    `arrive_s` and `depart_s` count from the start of a run. A gate closes `gate_in_s` before
    departure, documents `documents_s` before. `distance_m` and the prices of a call are those of
    the way from the call before it; `lift_cny_per_teu` is what loading there takes.
    """

    first: Ints
    hub: Ints
    arrive_s: Ints
    depart_s: Ints
    gate_in_s: Ints
    documents_s: Ints
    distance_m: Floats
    cny_per_teu: Floats
    cny_per_t: Floats
    lift_cny_per_teu: Floats
    boards: Bools
    alights: Bools


@dataclass(frozen=True)
class Trips:
    """Trips with their calls and runs: `run_trip` runs from `run_start` (Unix seconds)."""

    ids: Sequence[str]
    service: Ints
    capacity_teu: Floats
    calls: Calls
    run_trip: Ints
    run_start: Ints


@dataclass(frozen=True)
class Hubs:
    """Hubs, with what a transfer takes there by the ways in and out, each (hubs, WAYS, WAYS).

    `handling_s` is that of the cargo, `information_s` until papers are released and known;
    prices are per TEU, NaN where nobody gave one. Hub h is closed in the windows `closed_first[h]`
    to `closed_first[h + 1]`, half-open and in order.
    """

    ids: Sequence[str]
    handling_s: Ints
    information_s: Ints
    cny_per_teu: Floats
    g_per_teu: Floats
    closed_first: Ints
    closed_from: Ints
    closed_to: Ints


@dataclass(frozen=True)
class Timetable:
    """The index: patterns, halts and runs as arrays that processes share.

    Halts of pattern p are `halt_first[p]` to `halt_first[p + 1]`, its runs, in the order in which
    they depart, `run_first[p]` to `run_first[p + 1]`. Trip t calls at its halts with the offsets
    from `trip_first[t]` on. Halts at hub h are `at_halt[at_first[h]:at_first[h + 1]]`.
    `least_ride_s` is the shortest ride of any trip from the halt before.
    """

    services: Sequence[Service]
    trip_ids: Sequence[str]
    hub_ids: Sequence[str]
    pattern_service: Ints
    halt_first: Ints
    halt_pattern: Ints
    hub: Ints
    gate_in_s: Ints
    documents_s: Ints
    distance_m: Floats
    cny_per_teu: Floats
    cny_per_t: Floats
    lift_cny_per_teu: Floats
    boards: Bools
    alights: Bools
    least_ride_s: Ints
    run_first: Ints
    run_start: Ints
    run_trip: Ints
    trip_first: Ints
    trip_capacity_teu: Floats
    arrive_s: Ints
    depart_s: Ints
    at_first: Ints
    at_halt: Ints
    handling_s: Ints
    information_s: Ints
    hub_cny_per_teu: Floats
    hub_g_per_teu: Floats
    closed_first: Ints
    closed_from: Ints
    closed_to: Ints

    @classmethod
    def build(cls, hubs: Hubs, services: Sequence[Service], trips: Trips) -> Timetable:
        """Return the index of hubs and trips."""
        patterns = list(_patterns(trips))
        calls = trips.calls
        sample = np.array([trips.run_trip[runs[0]] for runs in patterns], np.int64)
        counts = calls.first[sample + 1] - calls.first[sample]
        halt_first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        rows = _spread(calls.first[sample], counts)
        hub = calls.hub[rows]
        order = np.argsort(hub, kind="stable")
        runs = np.concatenate(patterns) if patterns else np.empty(0, np.int64)
        return cls(
            services=services,
            trip_ids=trips.ids,
            hub_ids=hubs.ids,
            pattern_service=trips.service[sample],
            halt_first=halt_first,
            halt_pattern=np.repeat(np.arange(len(patterns)), counts),
            **{name: getattr(calls, name)[rows] for name in _HALTS},
            least_ride_s=_least_rides(calls, trips.run_trip, patterns),
            run_first=np.cumsum([0, *map(len, patterns)]).astype(np.int64),
            run_start=trips.run_start[runs],
            run_trip=trips.run_trip[runs],
            trip_first=calls.first,
            trip_capacity_teu=trips.capacity_teu,
            arrive_s=calls.arrive_s,
            depart_s=calls.depart_s,
            at_first=np.searchsorted(hub[order], np.arange(len(hubs.ids) + 1)).astype(np.int64),
            at_halt=order.astype(np.int64),
            handling_s=hubs.handling_s,
            information_s=hubs.information_s,
            hub_cny_per_teu=hubs.cny_per_teu,
            hub_g_per_teu=hubs.g_per_teu,
            closed_first=hubs.closed_first,
            closed_from=hubs.closed_from,
            closed_to=hubs.closed_to,
        )

    @property
    def modes(self) -> Ints:
        """The mode of each pattern."""
        return np.array([one.mode for one in self.services], np.int64)[self.pattern_service]

    def save(self, place: Path) -> None:
        """Keep the index in a folder, and of its siblings those used last."""

        def write(folder: Path) -> None:
            for name in _arrays():
                np.save(folder / f"{name}.npy", getattr(self, name))
            texts = {
                "services": [vars(one) for one in self.services],
                "trip_ids": list(self.trip_ids),
                "hub_ids": list(self.hub_ids),
            }
            (folder / _TEXTS).write_bytes(orjson.dumps(texts))

        write_folder(place, write, KEPT)

    @classmethod
    def open(cls, place: Path) -> Timetable | None:
        """Map a kept index, None where there is none."""
        try:
            texts = orjson.loads((place / _TEXTS).read_bytes())
            arrays = {name: map_array(place, name) for name in _arrays()}
        except FileNotFoundError:
            return None
        services = [Service(**{**one, "cargo": tuple(one["cargo"])}) for one in texts["services"]]
        return cls(services, texts["trip_ids"], texts["hub_ids"], **arrays)


def _arrays() -> list[str]:
    return [one.name for one in fields(Timetable) if not one.type.startswith("Sequence")]


def _spread(first: Ints, counts: Ints) -> Ints:
    """Return the numbers `first[i]`, `first[i]` + 1 … of all i, `counts[i]` of each."""
    starts = np.cumsum(counts) - counts
    return np.repeat(first - starts, counts) + np.arange(int(counts.sum()))


def _patterns(trips: Trips) -> Iterator[Ints]:
    """Yield the runs of each pattern in the order in which they depart."""
    calls, groups = trips.calls, dict[bytes, list[int]]()
    columns = [np.ascontiguousarray(getattr(calls, name)) for name in _HALTS]
    for trip, (begin, end) in enumerate(zip(calls.first, calls.first[1:], strict=False)):
        parts = [column[begin:end].tobytes() for column in columns]
        groups.setdefault(b"".join([trips.service[trip].tobytes(), *parts]), []).append(trip)
    by_trip = np.argsort(trips.run_trip, kind="stable")
    bounds = np.searchsorted(trips.run_trip[by_trip], np.arange(len(trips.ids) + 1))
    for group in groups.values():
        runs = np.concatenate([by_trip[bounds[trip] : bounds[trip + 1]] for trip in group])
        if len(runs):
            yield from _in_order(trips, runs)


def _in_order(trips: Trips, runs: NDArray[np.int64]) -> Iterator[Ints]:
    """Split runs of the same calls into rows of which none overtakes another."""
    trip, calls = trips.run_trip[runs], trips.calls
    count = int(calls.first[trip[0] + 1] - calls.first[trip[0]])
    rows = calls.first[trip][:, None] + np.arange(count)
    start = trips.run_start[runs][:, None]
    times = np.concatenate([calls.arrive_s[rows] + start, calls.depart_s[rows] + start], axis=1)
    order = np.lexsort((times[:, -1], times[:, count]))
    times, runs = times[order], runs[order]
    if np.all(times[1:] >= times[:-1]):
        yield runs
        return
    rows_of: list[list[int]] = []
    for number in range(len(runs)):
        for row in rows_of:
            if np.all(times[number] >= times[row[-1]]):
                row.append(number)
                break
        else:
            rows_of.append([number])
    for row in rows_of:
        yield runs[row]


def _least_rides(calls: Calls, run_trip: Ints, patterns: Sequence[Ints]) -> Ints:
    """Return the shortest ride to each halt from the one before, 0 to the first."""
    found = []
    for runs in patterns:
        used = np.unique(run_trip[runs])
        count = int(calls.first[used[0] + 1] - calls.first[used[0]])
        rows = calls.first[used][:, None] + np.arange(count)
        rides = calls.arrive_s[rows][:, 1:] - calls.depart_s[rows][:, :-1]
        found.append(np.concatenate([[0], rides.min(axis=0)]))
    return np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)
