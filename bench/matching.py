"""Map matching: Sigang, OSRM, Valhalla and FMM on the same noisy traces with known truth.

    python -m bench.matching [EXTRACT …] [--rounds 5] [--trips 20] [--no-fmm]

Truth are trips over random places in between, so that they are not shortest paths: a third driven
by each of Sigang, OSRM and Valhalla with its own speeds, on roads that all three open to cars
(checked every 40 m). Fixes every 5, 15
and 45 s with Gaussian noise of 8 m. Recall is the share of the true line within 5 m of the matched
one, precision the reverse, both on points every 5 m. CPU seconds are those of the matcher's own
process; rounds are interleaved, medians are given.

Sigang's first row is the engine with the lines of its drives; its second one reads the question and
writes the answer as JSON as well, which OSRM and Valhalla do too (theirs includes HTTP).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import shapely
from numpy.typing import NDArray

from api.match import MatchBody, match_json, read_trace
from bench import peers, servers
from bench.extract import read_graph, shipped_rules
from bench.networks import SHARED
from routing.driven import line
from routing.engine import Topology
from routing.fixes import Trace
from routing.graph import Floats
from routing.legs import line as leg_line
from routing.matching import Matcher
from routing.measure import scales
from routing.network import Conditions, PathQuery, RoadNetwork
from routing.profile import load_profiles
from routing.snap import Usable
from spatial.crs import CRS84
from spatial.errors import SigangError

EXTRACTS = ("liechtenstein-2021", "porto-2020")
EVERY_S = (5, 15, 45)
NOISE_M = 8.0
WITHIN_M = 5.0
SAME_M = 3.0  # of each other lie the lines of one road in two engines
LEAST_M, APART_M = 2_500.0, (500.0, 2_500.0)
FMM_REACH_M = 3_000
SEED = 20261122
CAR = Conditions("car")
NOW = datetime.now(UTC)
Lines = list[NDArray[np.float64]]


@dataclass(frozen=True)
class Trip:
    """A true line (EPSG:4326) and the speed at which it is driven."""

    by: str
    points: Floats
    metres: Floats
    speed_ms: float

    @classmethod
    def of(cls, by: str, points: Floats, seconds: float) -> Trip:
        """Measure a line."""
        step = np.hypot(*(np.diff(points, axis=0) * scales(points[1:, 1])).T)
        metres = np.concatenate([[0.0], np.cumsum(step)])
        return cls(by, points, metres, metres[-1] / max(seconds, 1.0))

    def fixes(self, every_s: float, rng: np.random.Generator) -> Trace:
        """Return noisy fixes from the first to the last place."""
        whole = self.metres[-1] / self.speed_ms
        seconds = np.append(np.arange(0, whole - every_s / 2, every_s), whole)
        at = seconds * self.speed_ms
        places = np.column_stack([np.interp(at, self.metres, c) for c in self.points.T])
        noisy = places + rng.normal(0, NOISE_M, places.shape) / scales(places[:, 1])
        return Trace(noisy.round(6), seconds.round(), np.full(len(seconds), NOISE_M))


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


def sigang_route(network: RoadNetwork, places: Sequence[Any]) -> tuple[Floats, float]:
    """Return the line of a path over places, and its time."""
    found = network.path(PathQuery("car", waypoints=[tuple(p) for p in places]), NOW)
    lines = [leg_line(network.graph, leg) for leg in found.legs]
    points = np.concatenate(lines)
    edges = np.concatenate([leg.edges for leg in found.legs])
    part = np.concatenate([leg.stop - leg.start for leg in found.legs])
    times = found.costs.duration_ms(edges, np.full(len(edges), np.nan, np.float32)) * part
    return points, float(times.sum()) / 1000


Route = Callable[[Sequence[Any]], tuple[Floats, float]]


def trips(
    network: RoadNetwork, routes: dict[str, Route], known: Callable[[Floats], bool], count: int
) -> list[Trip]:
    """Return trips over one to three random places on roads known to all, so many by each."""
    rng = np.random.default_rng(SEED)
    usable = np.flatnonzero(Matcher(network).lengths(CAR, NOW).usable)
    edges = network.graph.edges
    found: list[Trip] = []
    for name, route in routes.items():
        mine: list[Trip] = []
        while len(mine) < count:
            places = [edges.vertices(int(rng.choice(usable)))[0]]
            for _ in range(int(rng.integers(2, 5))):
                angle, metres = rng.uniform(0, 2 * np.pi), rng.uniform(*APART_M)
                step = np.array([np.cos(angle), np.sin(angle)]) * metres
                places.append(places[-1] + step / scales(places[-1][1:])[0])
            with contextlib.suppress(SigangError, OSError, KeyError):
                points, seconds = route([p.round(6).tolist() for p in places])
                trip = Trip.of(name, points, seconds)
                if trip.metres[-1] >= LEAST_M and trip.speed_ms > 2 and known(points):
                    mine.append(trip)
        found += mine
    return found


def places_along(points: Floats, every_m: float = 40.0) -> Floats:
    """Return places on a line."""
    trip = Trip.of("", points, 1.0)
    at = np.arange(0, trip.metres[-1], every_m)
    return np.column_stack([np.interp(at, trip.metres, c) for c in points.T])


def known_to_all(own: Sigang, osrm: Osrm, valhalla: Valhalla, points: Floats) -> bool:
    """Tell whether every engine has a road open to cars all along a line."""
    places = places_along(points)
    usable = Usable.among(own.matcher.lengths(CAR, NOW).usable)
    index = own.network.places.index
    near = all(index.nearest(x, y, usable, SAME_M, 0.0) for x, y in places.tolist())
    return near and valhalla.has(places) and osrm.has(places)


def share_near(first: Lines, second: Lines) -> float:
    """Return the share of lines that lies near others."""
    whole = [one for one in second if len(one) > 1]
    own = [one for one in first if len(one) > 1]
    if not whole or not own:
        return 0.0
    scale = scales(own[0][:1, 1])[0]
    others = shapely.MultiLineString([one * scale for one in whole])
    shapely.prepare(others)
    places = []
    for one in own:
        string = shapely.LineString(one * scale)
        places.append(shapely.line_interpolate_point(string, np.arange(0, string.length, 5.0)))
    return float(shapely.dwithin(others, np.concatenate(places), WITHIN_M).mean())


@dataclass
class Row:
    """What one matcher did at one interval."""

    name: str
    recall: float
    precision: float
    by: dict[str, float]
    rates: list[float]


def measure(
    matchers: Sequence[Any], truth: Sequence[Trip], every_s: float, rounds: int
) -> tuple[list[Row], int]:
    """Match all traces in every round; the answers are scored in the first one."""
    rng = np.random.default_rng(SEED + int(every_s))
    traces = [trip.fixes(every_s, rng) for trip in truth]
    fixes = sum(len(t) for t in traces)
    rows = [score(matcher, truth, traces) for matcher in matchers]
    for number in range(rounds):
        for i in np.roll(np.arange(len(matchers)), number).tolist():
            matcher = matchers[i]
            begin = matcher.cpu_s()
            for trace in traces:
                matcher.ask(trace)
            rows[i].rates.append(fixes / max(matcher.cpu_s() - begin, 0.01))
    return rows, fixes


def score(matcher: Any, truth: Sequence[Trip], traces: Sequence[Trace]) -> Row:
    """Return recall and precision over all traces; a refused one counts as nothing found."""
    recalls, precisions = [], []
    for trip, trace in zip(truth, traces, strict=True):
        lines: Lines = []
        with contextlib.suppress(OSError):
            lines = matcher.lines(matcher.ask(trace))
        recalls.append(share_near([trip.points], lines))
        precisions.append(share_near(lines, [trip.points]))
    names = dict.fromkeys(trip.by for trip in truth)
    by = {
        name: statistics.mean(r for r, t in zip(recalls, truth, strict=True) if t.by == name)
        for name in names
    }
    return Row(matcher.name, statistics.mean(recalls), statistics.mean(precisions), by, [])


@contextlib.contextmanager
def peers_of(pbf: Path, name: str) -> Iterator[tuple[Osrm, Valhalla]]:
    """Run OSRM (MLD) and Valhalla on an extract."""
    folder = servers.STATE / "matching" / name
    base = peers.osrm_data(pbf, folder / "osrm", "MLD")
    tiles = peers.valhalla_data(pbf, folder / "valhalla")
    with peers.osrm(base, "MLD") as first, peers.valhalla(tiles) as second:
        yield (
            Osrm("OSRM match (MLD)", first, "osrm-routed"),
            Valhalla("Valhalla trace_route", second, "valhalla_ser"),
        )


def run(name: str, rounds: int, count: int, with_fmm: bool) -> None:
    """Measure one extract and print its table."""
    pbf = SHARED / f"{name}.osm.pbf"
    graph = read_graph(pbf)
    profiles = {"car": load_profiles()["car"]}
    network = RoadNetwork(graph, Topology.build(graph), profiles, shipped_rules())
    with contextlib.ExitStack() as stack:
        osrm, valhalla = stack.enter_context(peers_of(pbf, name))
        matchers: list[Any] = [Sigang(network), SigangJson(network), osrm, valhalla]
        if with_fmm:
            fmm = Fmm(network, servers.STATE / "matching" / name / "fmm")
            stack.callback(fmm.close)
            matchers.append(fmm)
        routes = {
            "Sigang": lambda places: sigang_route(network, places),
            "OSRM": osrm.route,
            "Valhalla": valhalla.route,
        }
        own = matchers[0]
        truth = trips(network, routes, lambda p: known_to_all(own, osrm, valhalla, p), count)
        for every_s in EVERY_S:
            report(name, every_s, *measure(matchers, truth, every_s, rounds))


def report(name: str, every_s: int, rows: Sequence[Row], fixes: int) -> None:
    """Print the rows of one interval."""
    today = datetime.now(UTC).date()
    print(f"\n{today}, {name}, every {every_s} s, {fixes} fixes")
    print("| matcher | recall | precision | recall by truth | fixes per CPU s | × |")
    print("|---|---|---|---|---|---|")
    own = statistics.median(rows[0].rates)
    for row in rows:
        by = ", ".join(f"{k} {v:.3f}" for k, v in row.by.items())
        rate = statistics.median(row.rates)
        print(
            f"| {row.name} | {row.recall:.3f} | {row.precision:.3f} | {by} | {rate:,.0f} |"
            f" {own / rate:.2f} |",
            flush=True,
        )


def main() -> None:
    """Measure the extracts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extracts", nargs="*", default=list(EXTRACTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trips", type=int, default=20)
    parser.add_argument("--no-fmm", action="store_true")
    given = parser.parse_args()
    for name in given.extracts:
        run(name, given.rounds, given.trips, not given.no_fmm)


if __name__ == "__main__":
    sys.exit(main())
