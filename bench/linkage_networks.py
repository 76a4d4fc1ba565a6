"""Large networks of services for measurements: hubs on a plane, lines among neighbours, a week."""

from __future__ import annotations

import numpy as np

from routing.multimodal.prices import Factors, Load, Tariffs
from routing.multimodal.question import Drives, Limits, Question, Roads
from routing.multimodal.timetable import WAYS, Calls, Hubs, Service, Timetable, Trips
from spatial.transport_modes import MODES

WEEK_S, HORIZON_WEEKS = 7 * 86_400, 3
SPEED_KMH = {"rail": 70.0, "barge": 12.0, "feeder": 24.0, "deep_sea": 32.0, "air": 600.0}
CNY_PER_KM = {"rail": 3.0, "barge": 1.2, "feeder": 1.0, "deep_sea": 0.8, "air": 60.0}
FACTORS = Factors(
    "drawn", {name: (value, value) for name, value in
              (("road", 80.0), ("rail", 16.0), ("barge", 30.0), ("feeder", 25.0),
               ("deep_sea", 8.0), ("air", 800.0))},
)  # fmt: skip
TARIFFS = Tariffs(road_cny_per_teu_km=(8.0, 8.0))


class Drawn:
    """A network of so many hubs with so many departures a week, and its hubs' places in km."""

    def __init__(self, hubs: int, departures: int, seed: int = 14) -> None:
        rng = np.random.default_rng(seed)
        self.rng, side = rng, 600.0 * np.sqrt(hubs / 300)
        self.at = rng.uniform(0, side, (hubs, 2))
        self.timetable = Timetable.build(self._hubs(hubs), *self._services(hubs, departures))

    def _hubs(self, count: int) -> Hubs:
        rng, shape = self.rng, (count, WAYS, WAYS)
        handling = rng.integers(4, 17, shape) * 900
        information = rng.integers(0, 9, shape) * 1800
        nothing = np.zeros(count + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
        price = rng.integers(5, 30, shape) * 10.0
        return Hubs(
            [f"h{n}" for n in range(count)], handling, information, price,
            rng.integers(1, 9, shape) * 500.0, *nothing,
        )  # fmt: skip

    def _services(self, hubs: int, departures: int) -> tuple[list[Service], Trips]:
        rng, services, hub, times, gates, km, price, lift = self.rng, [], [], [], [], [], [], []
        first, service_of, run_trip, run_start, left = [0], [], [], [], departures
        modes = [name for name in MODES if name != "road"]
        while left > 0:
            mode = modes[int(rng.choice(len(modes), p=[0.4, 0.25, 0.2, 0.1, 0.05]))]
            stops = self._line(hubs, int(rng.integers(2, 7)), mode)
            weekly = int(rng.integers(1, 15))
            services.append(
                Service(f"s{len(services)}", MODES.index(mode), f"c{len(services) % 9}", "")
            )
            away = np.hypot(*np.diff(self.at[stops], axis=0).T) * 1.2
            ride = away / SPEED_KMH[mode] * 3600
            dwell = rng.integers(2, 9, len(stops)) * 900
            arrive = np.concatenate([[0], np.cumsum(ride + dwell[1:]) - dwell[1:]])
            times.append(np.stack([arrive, np.concatenate([[0], arrive[1:] + dwell[1:]])]).round())
            hub.append(stops)
            gates.append(rng.integers(2, 13, len(stops)) * 1800)
            km.append(np.concatenate([[0], away]))
            price.append(km[-1] * CNY_PER_KM[mode] * rng.uniform(0.8, 1.3))
            lift.append(rng.integers(10, 40, len(stops)) * 10.0)
            first.append(first[-1] + len(stops))
            starts = np.sort(rng.integers(0, WEEK_S // 900, weekly)) * 900
            runs = np.concatenate([starts + week * WEEK_S for week in range(HORIZON_WEEKS)])
            run_trip.append(np.full(len(runs), len(services) - 1))
            run_start.append(runs)
            service_of.append(len(services) - 1)
            left -= weekly * (len(stops) - 1)
        counts = len(np.concatenate(hub))
        gate = np.concatenate(gates)
        last = np.array(first[1:]) - 1
        boards = np.ones(counts, np.bool_)
        boards[last] = False
        arrive_s, depart_s = np.concatenate(times, axis=1).astype(np.int64)
        calls = Calls(
            np.array(first, np.int64), np.concatenate(hub), arrive_s, depart_s, gate, gate + 1800,
            np.concatenate(km) * 1000, np.concatenate(price), np.zeros(counts),
            np.concatenate(lift), boards, np.ones(counts, np.bool_),
        )  # fmt: skip
        return services, Trips(
            [f"t{n}" for n in range(len(services))], np.array(service_of, np.int64),
            np.full(len(services), 90.0), calls, np.concatenate(run_trip),
            np.concatenate(run_start),
        )  # fmt: skip

    def _line(self, hubs: int, stops: int, mode: str) -> np.ndarray:
        """Return hubs of a line: from one to others near it, the farther the faster the mode."""
        reach = {"rail": 40, "barge": 15, "feeder": 30, "deep_sea": 60, "air": 80}[mode]
        begin = int(self.rng.integers(hubs))
        near = np.argsort(np.hypot(*(self.at - self.at[begin]).T), kind="stable")
        stops = min(stops, hubs - 1)
        chosen = self.rng.choice(near[1 : min(reach, hubs)], stops - 1, replace=False)
        away = np.hypot(*(self.at[chosen] - self.at[begin]).T)
        return np.concatenate([[begin], chosen[np.argsort(away)]])

    def question(self, load: Load, roads: Roads, limits: Limits) -> Question:
        return Question(self.timetable, load, roads, None, None, FACTORS, TARIFFS, limits)

    def roads(self, start: np.ndarray, goal: np.ndarray, reach_km: float = 150.0) -> Roads:
        """Return road legs: straight lines with a detour at 60 km/h, to hubs within reach."""
        hubs = len(self.at)

        def drives(km: np.ndarray, most: float) -> Drives:
            far = km > most
            return Drives(np.where(far, np.inf, km * 60.0), np.where(far, np.inf, km * 1000))

        def away(one: np.ndarray, other: np.ndarray) -> np.ndarray:
            return np.hypot(*(one - other).T) * 1.3

        apart = np.hypot(*(self.at[:, None] - self.at[None]).transpose(2, 0, 1)) * 1.3
        rows, to = np.nonzero((apart > 0) & (apart < 40.0))
        return Roads(
            drives(away(self.at, start), reach_km), drives(away(self.at, goal), reach_km),
            drives(away(start[None], goal), np.inf),
            np.searchsorted(rows, np.arange(hubs + 1)).astype(np.int64), to.astype(np.int64),
            drives(apart[rows, to], np.inf),
        )  # fmt: skip
