"""Small networks of services, drawn at random or by hand, for tests and measurements."""

import numpy as np

from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.prices import Factors, Load, Tariffs
from routing.multimodal.question import Drives, Limits, Roads
from routing.multimodal.timetable import MODES, WAYS, Calls, Hubs, Service, Trips
from tests.routing.linkage_reference import Reference

MINUTE = 60


def hubs_of(count, *, handling_s=0, information_s=0, closed=()):
    """Return hubs whose transfers take nothing but time; `closed` are (hub, from, to)."""
    shape = count, WAYS, WAYS
    closed = sorted(closed)
    first = np.searchsorted([one[0] for one in closed], np.arange(count + 1))
    return Hubs(
        [f"hub {number}" for number in range(count)],
        np.full(shape, handling_s, np.int64),
        np.full(shape, information_s, np.int64),
        np.zeros(shape),
        np.zeros(shape),
        first.astype(np.int64),
        np.array([one[1] for one in closed], np.int64),
        np.array([one[2] for one in closed], np.int64),
    )


def call(hub, arrive_s, depart_s, *, gate_in_s=0, documents_s=0, km=0.0, per_teu=0.0, per_t=0.0,
         lift=0.0, boards=True, alights=True):  # fmt: skip
    """Return one call as `trips_of` takes it; km and prices are those of the way to it."""
    return (hub, arrive_s, depart_s, gate_in_s, documents_s, km * 1000, per_teu, per_t, lift,
            boards, alights)  # fmt: skip


def trips_of(rows):
    """Return trips of (id, service, capacity, calls, starts) rows."""
    columns = list(zip(*[one for row in rows for one in row[3]], strict=True))
    kinds = [np.int64] * 5 + [np.float64] * 4 + [np.bool_] * 2
    counts = [len(row[3]) for row in rows]
    calls = Calls(
        np.cumsum([0, *counts]).astype(np.int64),
        *(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)),
    )
    return Trips(
        [row[0] for row in rows],
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        calls,
        np.repeat(np.arange(len(rows)), [len(row[4]) for row in rows]),
        np.array([start for row in rows for start in row[4]], np.int64),
    )


def random_question(seed):
    """Return a question on a random network: cut-offs, through services, closing days, holes.

    Numbers are coarse, so that ties are frequent; some prices and factors are not given.
    """
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 5))
    services, rows = [], []
    for number in range(int(rng.integers(4, 8))):
        mode = int(rng.integers(len(MODES)))
        cargo = ("container", "cold") if rng.random() < 0.93 else ("bulk",)
        most = float(rng.choice([8.0, 30.0, 30.0, 30.0]))
        services.append(Service(f"s{number}", mode, f"c{number % 2}", "", None, cargo, most))
        stops = rng.choice(count, int(rng.integers(2, min(count, 4) + 1)), replace=False)
        for trip in range(int(rng.integers(1, 3))):
            calls, at = [], 0
            for hub in stops.tolist():
                arrives = at
                at += int(rng.integers(0, 3)) * 10 * MINUTE
                price = np.nan if rng.random() < 0.1 else float(rng.integers(0, 6)) * 100
                calls.append(
                    call(
                        hub, arrives, at, gate_in_s=int(rng.integers(0, 3)) * 20 * MINUTE,
                        documents_s=int(rng.integers(0, 3)) * 30 * MINUTE,
                        km=float(rng.integers(1, 8)) * 10, per_teu=price,
                        per_t=float(rng.integers(0, 2)), lift=float(rng.integers(0, 3)) * 50,
                        boards=rng.random() < 0.95, alights=rng.random() < 0.95,
                    )
                )  # fmt: skip
                at += int(rng.integers(1, 6)) * 30 * MINUTE
            starts = np.unique(rng.integers(2, 26, int(rng.integers(2, 5)))) * 60 * MINUTE
            rows.append(
                (f"t{number}.{trip}", number, float(rng.choice([1, 9, 9, 9, 9])), calls, starts)
            )
    closed = [
        (int(rng.integers(count)), start := int(rng.integers(0, 20)) * 60 * MINUTE,
         start + int(rng.integers(1, 5)) * 60 * MINUTE)
        for _ in range(int(rng.integers(0, 3)))
    ]  # fmt: skip
    hubs = hubs_of(count, closed=_apart(closed))
    for table, step in ((hubs.handling_s, 30 * MINUTE), (hubs.information_s, 60 * MINUTE)):
        table[:] = rng.integers(0, 3, table.shape) * step
    hubs.cny_per_teu[:] = rng.integers(0, 3, hubs.cny_per_teu.shape) * 100.0
    hubs.g_per_teu[:] = rng.integers(0, 2, hubs.g_per_teu.shape) * 1000.0
    hubs.cny_per_teu[rng.random(hubs.cny_per_teu.shape) < 0.02] = np.nan
    ends = rng.choice(count, 2, replace=False).tolist()
    factors = {name: (low := float(rng.integers(5, 90)), low) for name in MODES}
    if rng.random() < 0.3:
        factors["barge"] = (20.0, 40.0)
        del factors["rail"]
    bans = frozenset({"air"}) if rng.random() < 0.2 else frozenset()
    return Reference(
        hubs, services, trips_of(rows), Load(2.0, 20.0, ("container",)),
        _roads(rng, count), ends[0] if rng.random() < 0.7 else None,
        ends[1] if rng.random() < 0.7 else None, Factors("drawn", factors),
        Tariffs({"rail": (2.0, 5.0)}, {}, (50.0, 200.0), (4.0, 4.0)),
        Limits(
            int(rng.integers(10, 60)) * 3600 if rng.random() < 0.3 else UNKNOWN,
            int(rng.integers(1, 3)), bans, frozenset({"c0"}) if rng.random() < 0.06 else None,
        ),
    )  # fmt: skip


def _apart(windows):
    """Keep of windows of one hub those that do not overlap an earlier one."""
    kept = []
    for hub, start, end in sorted(windows):
        if not any(hub == other and start <= last for other, _, last in kept):
            kept.append((hub, start, end))
    return kept


def _drives(rng, count, share):
    seconds = rng.integers(1, 8, count) * 1800.0
    seconds[rng.random(count) > share] = np.inf
    return Drives(seconds, np.where(np.isfinite(seconds), seconds / 60, np.inf) * 1000)


def _roads(rng, count):
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b and rng.random() < 0.3]
    first = np.searchsorted([a for a, _ in pairs], np.arange(count + 1)).astype(np.int64)
    to = np.array([b for _, b in pairs], np.int64)
    return Roads(
        _drives(rng, count, 0.5), _drives(rng, count, 0.5), _drives(rng, 1, 0.5), first, to,
        _drives(rng, len(pairs), 1.0),
    )  # fmt: skip
