"""OSRM and Valhalla in process: run by a Python that can import their modules (see peers.py).

    PYTHONPATH=… python peer_process.py osrm BASE ALGORITHM | valhalla CONFIG

Reads one JSON question a line and writes one answer a line. A question `{"route": [[a, b], …]}`
answers the cost of each and the seconds that each took; `{"table": [[…], […]]}` likewise once.
Nothing but the search is asked for: no steps, no geometry; OSRM gets its own hints in place of
coordinates to look up, once it has given them.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


class Osrm:
    """OSRM's library."""

    def __init__(self, base: str, algorithm: str) -> None:
        import osrm  # type: ignore[import-not-found]

        self._lib = osrm
        self._engine = osrm.OSRM(
            storage_config=base, algorithm=algorithm, use_shared_memory=False,
            max_locations_distance_table=1000,
        )  # fmt: skip
        self._hints: dict[tuple[float, float], str] = {}

    def route(self, pairs: list[Any], hinted: bool) -> tuple[list[Any], list[float]]:
        """Return weight, duration, length and how far a place was moved; and the seconds."""
        costs, seconds = [], []
        for pair in pairs:
            places = [tuple(p) for p in pair]
            hints = [self._hints.get(p) for p in places] if hinted else []
            question = self._lib.RouteParameters(
                coordinates=places, hints=hints, overview="false", continue_straight=False,
                generate_hints=False,
            )  # fmt: skip
            begin = time.perf_counter()
            try:
                answer = self._engine.Route(question)
            except RuntimeError:
                answer = None
            seconds.append(time.perf_counter() - begin)
            costs.append(_first(answer))
        return costs, seconds

    def learn(self, pairs: list[Any]) -> None:
        """Ask for the hints of all places."""
        for place in {tuple(p) for pair in pairs for p in pair}:
            found = self._engine.Nearest(self._lib.NearestParameters(coordinates=[place]))
            self._hints[place] = found["waypoints"][0]["hint"]

    def table(self, sources: list[Any], targets: list[Any]) -> tuple[Any, float]:
        """Return durations (s) and the seconds."""
        places = [tuple(p) for p in [*sources, *targets]]
        question = self._lib.TableParameters(
            coordinates=places, sources=list(range(len(sources))),
            destinations=list(range(len(sources), len(places))), generate_hints=False,
            hints=[self._hints.get(p) for p in places],
        )  # fmt: skip
        begin = time.perf_counter()
        answer = self._engine.Table(question)
        seconds = time.perf_counter() - begin
        return [list(row) for row in answer["durations"]], seconds


def _first(answer: Any) -> Any:
    if answer is None:
        return None
    route = answer["routes"][0]
    away = max(place["distance"] for place in answer["waypoints"])
    return [route["weight"], route["duration"], route["distance"], away]


class Valhalla:
    """Valhalla's library."""

    def __init__(self, config: str) -> None:
        import valhalla  # type: ignore[import-not-found]

        self._actor = valhalla.Actor(config)

    def route(self, pairs: list[Any], hinted: bool) -> tuple[list[Any], list[float]]:
        """Return time and length of each pair's path, and the seconds."""
        costs, seconds = [], []
        for pair in pairs:
            question = json.dumps(
                {"locations": [{"lon": x, "lat": y} for x, y in pair], "costing": "auto",
                 "directions_type": "none", "units": "km", "shape_format": "no_shape"}
            )  # fmt: skip
            begin = time.perf_counter()
            try:
                answer = self._actor.route(question)
            except RuntimeError:
                answer = None
            seconds.append(time.perf_counter() - begin)
            found = answer and json.loads(answer)["trip"]["summary"]
            costs.append(found and [found["time"], found["time"], found["length"] * 1000])
        return costs, seconds

    def learn(self, pairs: list[Any]) -> None:
        """Load the tiles that the pairs need."""
        self.route(pairs, False)

    def table(self, sources: list[Any], targets: list[Any]) -> tuple[Any, float]:
        """Return durations (s) and the seconds."""
        question = json.dumps(
            {"sources": [{"lon": x, "lat": y} for x, y in sources], "costing": "auto",
             "targets": [{"lon": x, "lat": y} for x, y in targets], "verbose": False}
        )  # fmt: skip
        begin = time.perf_counter()
        answer = self._actor.matrix(question)
        seconds = time.perf_counter() - begin
        return json.loads(answer)["sources_to_targets"]["durations"], seconds


def main() -> None:
    """Answer until the input ends."""
    peer = Osrm(*sys.argv[2:]) if sys.argv[1] == "osrm" else Valhalla(*sys.argv[2:])
    for line in sys.stdin:
        asked = json.loads(line)
        found: Any
        if "table" in asked:
            found = peer.table(*asked["table"])
        elif "learn" in asked:
            found = (peer.learn(asked["learn"]), 0)
        else:
            found = peer.route(asked["route"], asked["hinted"])
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
