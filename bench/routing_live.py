"""From a closure to the next correct answer, and tables of durations."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench import peers
from bench.agreement import Client
from bench.equal import Drawn, by_key, draw
from bench.networks import FOLDER, Network
from bench.report import Unequal
from bench.routing_engine import CLOSE_S, CLOSE_SHARE, Here, Pair, Peer, same_weight
from bench.routing_http import sigang
from routing.live.state_table import EdgeState, EdgeStates
from routing.query.model import PathQuery
from spatial.postgres.db import connect

CLOSED_FOR = timedelta(hours=2)
ACCOUNT = "dispatcher"


@dataclass(frozen=True)
class Closure:
    """An edge to close, a pair whose best path drives it, and the seconds of the path without."""

    edge: int
    pair: Pair
    before_s: float
    after_s: float


def find_closures(here: Here, pairs: Sequence[Pair], count: int) -> list[Closure]:
    """Return closures that make a path at least five seconds longer."""
    found: list[Closure] = []
    for number, pair in enumerate(pairs):
        query = PathQuery("car", [(p[0], p[1]) for p in pair])
        leg = here.roads.path(query, here.now).legs[0]
        if len(leg.keys) < 9:
            continue
        edge = int(leg.keys[len(leg.keys) // 2] >> 1)
        here.roads.apply(2 * number + 1, [state_of(edge)], [], here.now)
        after = here.roads.path(query, here.now).legs[0].weight
        here.roads.apply(2 * number + 2, [], [1], here.now)
        if after > leg.weight + 5000:
            found.append(Closure(edge, pair, leg.weight / 1000, after / 1000))
        if len(found) == count:
            return found
    raise Unequal("too few pairs to close something on")


def state_of(edge: int) -> EdgeStates:
    """Return the state of a closed edge."""
    return EdgeStates.of([EdgeState(1, edge, "closure", "both", None, None, None, "bench")])


def sigang_in_process(here: Here, closures: Sequence[Closure]) -> list[float]:
    """Return seconds from a closure to the path that keeps off it, without any server."""
    seconds = []
    for closure in closures:
        query = PathQuery("car", [(p[0], p[1]) for p in closure.pair])
        version = here.roads.version
        begin = time.perf_counter()
        here.roads.apply(version + 1, [state_of(closure.edge)], [], here.now)
        weight = here.roads.path(query, here.now).legs[0].weight
        seconds.append(time.perf_counter() - begin)
        here.roads.apply(version + 2, [], [1], here.now)
        if abs(weight / 1000 - closure.after_s) > 0.01:
            raise Unequal("Sigang's answer after a closure is wrong")
    return seconds


def sigang_over_http(
    url: str, network: Network, closures: Sequence[Closure]
) -> tuple[list[float], list[float]]:
    """Return seconds of closing, and from the start of it to the answer that keeps off it."""
    from api.http.credential_store import make_key

    with connect(url) as conn:
        key = make_key(conn, ACCOUNT, "bench", timedelta(hours=1))
        conn.commit()
        ids = _rows_of(conn, network, [c.edge for c in closures])
    closing, whole = [], []
    with sigang(url) as base:
        for closure in [*closures, *closures]:  # each worker has answered before
            _post(f"{base}/api/paths", {"waypoints": closure.pair})
        for closure, row in zip(closures, ids, strict=True):
            until = (datetime.now(UTC) + CLOSED_FOR).isoformat()
            body = {"kind": "closure", "target": {"edge_id": row}, "cause": "works",
                    "valid_to": until}  # fmt: skip
            begin = time.perf_counter()
            event = _post(f"{base}/api/events", body, key)
            closing.append(time.perf_counter() - begin)
            answer = _post(f"{base}/api/paths", {"waypoints": closure.pair, "include": ["edges"]})
            whole.append(time.perf_counter() - begin)
            told = answer["features"][0]["properties"]
            if row in told["edges"] or abs(told["duration_s"] - closure.after_s) > 1.0:
                raise Unequal("Sigang's answer after a closure is wrong")
            _post(f"{base}/api/events/{event['id']}/undo", {}, key)
    return closing, whole


def _rows_of(conn: Any, network: Network, edges: Sequence[int]) -> list[str]:
    """Return the ids in the database of edges, found by their ends and length."""
    found = []
    for edge in edges:
        line = network.graph.edges.vertices(edge)
        row = conn.execute(
            "SELECT id FROM sigang.edge WHERE mode = 'road'"
            " ORDER BY ST_StartPoint(geom) <-> ST_SetSRID(ST_Point(%s, %s), 4326),"
            " ST_EndPoint(geom) <-> ST_SetSRID(ST_Point(%s, %s), 4326) LIMIT 1",
            [*line[0].tolist(), *line[-1].tolist()],
        ).fetchone()
        found.append(str(row[0]))
    return found


def _post(url: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        found: dict[str, Any] = json.loads(text) if text else {}
        return found


def osrm_live(network: Network, closures: Sequence[Closure]) -> tuple[list[float], list[float]]:
    """Return seconds of osrm-customize, and from its start to the first correct answer.

    OSRM has no way to change one segment of a running server: all weights are customised with a
    file of new speeds and a server is started on them. What it customises keeps the speeds of the
    file before, so each closure begins with the data as they were.
    """
    folder = FOLDER / network.name / "closure-MLD"
    made = peers.osrm_data(network.equal, FOLDER / network.name / "equal-MLD", "MLD", peers.EQUAL)
    base = folder / made.name
    drawn = draw(network.graph, by_key(network.graph, network.weights()))
    customise, whole = [], []
    for closure in closures:
        _restore(made.parent, folder)
        speeds = folder / "speeds.csv"
        speeds.write_text(_closed_segments(drawn, closure.edge))
        begin = time.perf_counter()
        peers.osrm_customize(base, speeds)
        customise.append(time.perf_counter() - begin)
        with peers.osrm(base, "MLD") as address:
            points = ";".join(f"{x},{y}" for x, y in closure.pair)
            answer = Client(address).ask(
                f"/route/v1/driving/{points}?overview=false&continue_straight=false"
            )
            whole.append(time.perf_counter() - begin)
        if not same_weight(closure.after_s, answer["routes"][0]["weight"]):
            raise Unequal(f"OSRM's answer after a closure is another one: {closure}")
    return customise, whole


def _restore(made: Path, folder: Path) -> None:
    """Copy what is missing or has changed."""
    folder.mkdir(exist_ok=True)
    for file in made.iterdir():
        copy = folder / file.name
        if not copy.exists() or copy.stat().st_mtime_ns != file.stat().st_mtime_ns:
            shutil.copy2(file, copy)


def _closed_segments(drawn: Drawn, edge: int) -> str:
    return "".join(f"{a},{b},0\n{b},{a},0\n" for a, b in pairwise(drawn.nodes(edge)))


def race_tables(
    here: Here, calm: Here, found: dict[str, Peer], places: Sequence[Any], rounds: int
) -> tuple[dict[str, list[float]], str]:
    """Return the seconds of a square table by round, and how many durations are equal.

    They are compared on `calm`, where nobody turns round on the way.
    """
    half = len(places) // 2
    sources, targets = places[:half], places[half:]
    begins, ends = (here.roads.snap(here.prepared, [(p[0], p[1]) for p in side])
                    for side in (sources, targets))  # fmt: skip
    ours = calm.prepared.durations(begins, ends)
    seconds: dict[str, list[float]] = defaultdict(list)
    off = []
    for name in [name for name in found if name.startswith("OSRM")]:
        found[name].ask(learn=[[p, p] for p in places])
        theirs = np.array(found[name].ask(table=[sources, targets])[0], np.float64)
        apart = np.abs(theirs - ours)
        off.append(f"{name} {(apart <= np.maximum(CLOSE_S, CLOSE_SHARE * ours)).mean():.2%} equal")
    for _ in range(rounds):
        for name, run in _tables(here, found, (begins, ends), (sources, targets)):
            seconds[name].append(run)
    return seconds, ", ".join(off)


def _tables(
    here: Here, found: dict[str, Peer], spots: Any, places: Any
) -> Iterator[tuple[str, float]]:
    begin = time.perf_counter()
    here.prepared.durations(*spots)
    yield "Sigang", time.perf_counter() - begin
    for name in [name for name in found if name.startswith("OSRM")]:
        yield name, found[name].ask(table=[*places])[1]
