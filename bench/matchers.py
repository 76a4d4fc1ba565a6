"""The matchers that are compared (see matching.py): each is asked, and its answer read as lines."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from api.roads.match import MatchBody, match_json, read_trace
from bench import servers
from routing.graph.weights import Floats
from routing.index.linear_measure import scales
from routing.matching.matched_path import line
from routing.matching.matcher import Matcher
from routing.matching.trace import Trace
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from spatial.geo.crs import CRS84

NOISE_M = 8.0
SAME_M = 3.0  # of each other lie the lines of one road in two engines
FMM_REACH_M = 3_000
CAR = Conditions("car")
NOW = datetime.now(UTC)
Lines = list[NDArray[np.float64]]


class Sigang:
    """The matcher in this process."""

    name = "Sigang"

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.matcher = Matcher(network)

    def cpu_s(self) -> float:
        return time.process_time()

    def ask(self, trace: Trace) -> Any:
        found = self.matcher.match(CAR, trace, NOW)
        return [line(self.matcher.measure, d) for d in found.drives]

    def lines(self, answer: Any) -> Lines:
        return list(answer)


class SigangJson(Sigang):
    """The same from the bytes of a question to those of the answer."""

    name = "Sigang, JSON in and out"

    spent = 0.0

    def ask(self, trace: Trace) -> Any:
        times = [datetime.fromtimestamp(NOW.timestamp() + s, UTC) for s in trace.seconds.tolist()]
        question = json.dumps(
            {"points": trace.points.tolist(), "times": [t.isoformat() for t in times],
             "accuracy_m": NOISE_M}
        )  # fmt: skip
        begin = time.process_time()
        body = MatchBody.model_validate_json(question)
        fixes = read_trace(body, CRS84, NOISE_M)
        answer = match_json(self.network, CAR, fixes, body, CRS84)
        self.spent += time.process_time() - begin
        return answer

    def cpu_s(self) -> float:
        return self.spent

    def lines(self, answer: Any) -> Lines:
        features = json.loads(answer)["features"]
        return [np.array(f["geometry"]["coordinates"]) for f in features]


class Server:
    """A peer that is asked over HTTP on a connection of its own for each question."""

    def __init__(self, name: str, base: str, program: str) -> None:
        self.name = name
        self.base = base
        children = psutil.Process().children(recursive=True)
        self._process = next(p for p in children if p.name().startswith(program))

    def cpu_s(self) -> float:
        spent = self._process.cpu_times()
        return float(spent.user + spent.system)

    def fetch(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()


def decode(text: str) -> NDArray[np.float64]:
    """Return longitude and latitude of an encoded polyline of six decimals."""
    numbers, value, shift = [], 0, 0
    for byte in text.encode():
        value |= (byte - 63 & 0x1F) << shift
        shift += 5
        if byte - 63 < 0x20:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return np.cumsum(np.array(numbers, np.int64).reshape(-1, 2), axis=0)[:, ::-1] / 1e6


class Osrm(Server):
    """OSRM's match service: the whole geometry, no steps."""

    def ask(self, trace: Trace) -> Any:
        places = ";".join(f"{x:.6f},{y:.6f}" for x, y in trace.points.tolist())
        times = ";".join(str(int(s)) for s in trace.seconds.tolist())
        radii = ";".join(str(NOISE_M) for _ in range(len(trace)))
        return self.fetch(
            f"/match/v1/driving/{places}?timestamps={times}&radiuses={radii}&overview=full"
            "&geometries=polyline6&steps=false&generate_hints=false"
        )

    def lines(self, answer: Any) -> Lines:
        return [decode(m["geometry"]) for m in json.loads(answer)["matchings"]]

    def has(self, places: Floats) -> bool:
        for x, y in places.tolist():
            found = json.loads(self.fetch(f"/nearest/v1/driving/{x:.6f},{y:.6f}"))
            if found["waypoints"][0]["distance"] > SAME_M:
                return False
        return True

    def route(self, places: Sequence[Any]) -> tuple[Floats, float]:
        text = ";".join(f"{x:.6f},{y:.6f}" for x, y in places)
        found = json.loads(
            self.fetch(f"/route/v1/driving/{text}?overview=full&geometries=polyline6&steps=false")
        )["routes"][0]
        return decode(found["geometry"]), found["duration"]


class Valhalla(Server):
    """Valhalla's trace_route: the whole shape, no directions."""

    def ask(self, trace: Trace) -> Any:
        rows = zip(trace.points.tolist(), trace.seconds.tolist(), strict=True)
        shape = [{"lon": x, "lat": y, "time": t} for (x, y), t in rows]
        return self.fetch(
            "/trace_route",
            {"shape": shape, "costing": "auto", "shape_match": "map_snap",
             "directions_type": "none", "trace_options": {"gps_accuracy": NOISE_M}},
        )  # fmt: skip

    def lines(self, answer: Any) -> Lines:
        found = json.loads(answer)
        trips = [found["trip"], *(a["trip"] for a in found.get("alternates", ()))]
        return [decode(leg["shape"]) for trip in trips for leg in trip["legs"]]

    def has(self, places: Floats) -> bool:
        for at in range(0, len(places), 20):
            part = places[at : at + 20]
            asked = [{"lon": x, "lat": y, "node_snap_tolerance": 0} for x, y in part.tolist()]
            found = json.loads(self.fetch("/locate", {"locations": asked, "costing": "auto"}))
            for place, one in zip(part, found, strict=True):
                hits = [(e["correlated_lon"], e["correlated_lat"]) for e in one["edges"] or ()]
                apart = (np.array(hits).reshape(-1, 2) - place) * scales(place[1:])
                if not hits or np.hypot(*apart.T).min() > SAME_M:
                    return False
        return True

    def route(self, places: Sequence[Any]) -> tuple[Floats, float]:
        question = {"locations": [{"lon": x, "lat": y} for x, y in places], "costing": "auto",
                    "directions_type": "none"}  # fmt: skip
        trip = json.loads(self.fetch("/route", question))["trip"]
        return np.concatenate([decode(leg["shape"]) for leg in trip["legs"]]), trip["summary"][
            "time"
        ]


class Fmm:
    """FMM in a process of its own, on Sigang's edges in metres."""

    name = "FMM (fastmm 0.3.2)"

    def __init__(self, network: RoadNetwork, folder: Path) -> None:
        edges = network.graph.edges
        self._scale = scales(edges.shape[:1, 1])[0]
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "edges.jsonl"
        usable = Matcher(network).lengths(CAR, NOW).usable
        with file.open("w") as out:
            for key in np.flatnonzero(np.repeat(usable, 2)).tolist():
                edge, back = divmod(key, 2)
                if back and edges.oneway[edge]:
                    continue
                ends = [int(edges.tail[edge]), int(edges.head[edge])]
                shape = (edges.vertices(edge) * self._scale).tolist()
                row = [key, *ends[:: -1 if back else 1], shape[:: -1 if back else 1]]
                out.write(json.dumps(row) + "\n")
        python = servers.environment("fmm") / "python"
        script = servers.ROOT / "bench" / "fmm_process.py"
        self._process = subprocess.Popen(
            [python, script, file, folder, str(FMM_REACH_M)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        begin = time.perf_counter()
        while self._read() != "ready\n":
            pass
        print(f"fmm: table of {FMM_REACH_M} m ready after {time.perf_counter() - begin:.0f} s")

    def _read(self) -> str:
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            raise RuntimeError("the process of FMM ended")
        return text

    def cpu_s(self) -> float:
        spent = psutil.Process(self._process.pid).cpu_times()
        return float(spent.user + spent.system)

    def ask(self, trace: Trace) -> Any:
        assert self._process.stdin is not None
        fixes = np.column_stack([trace.points * self._scale, trace.seconds])
        self._process.stdin.write(json.dumps(fixes.tolist()) + "\n")
        self._process.stdin.flush()
        while not (text := self._read()).startswith("["):
            pass
        return text

    def lines(self, answer: Any) -> Lines:
        return [np.array(points) / self._scale for points in json.loads(answer)]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
