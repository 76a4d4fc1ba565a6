"""Why another engine's path is longer or faster: each difference gets its cause by computation.

The other path is laid on Sigang's network vertex by vertex. With S Sigang's path, P the peer's,
t Sigang's time and T the peer's, the difference T(P) - t(S) is exactly the sum of (t without costs
of turns)

- speed: T(P) without turn costs - t(P), other speeds on the same edges;
- turns: the peer's costs of turns, signals and barriers on P, less those of Sigang on S;
- choice: t(P) - t(S), another way; and this one has a reason of its own: P uses what is closed
  in Sigang (access, turn), the peer cannot drive S (access there), or S costs it more.

A difference whose causes leave more than 5 % unexplained is listed, not counted.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from scipy.spatial import cKDTree

from bench.routing_engine import Here, Pair
from routing.graph.weights import INFINITE, Ints
from routing.query.model import PathQuery
from spatial.errors import SigangError

LIMIT = 0.05
SHORTEST_S = 60.0  # shorter paths are mostly places that lie apart
SAME_VERTEX_DEG = 4e-6  # half a metre: the peers store six or seven decimals
SNAP_M = 25.0
MOST_VIA = 90
M_PER_DEG = 111_195.0


@dataclass
class Tally:
    """What was found: how many pairs agree, and the causes of the others."""

    asked: int = 0
    agree: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    rest: list[str] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)  # Sigang's duration to the peer's

    @property
    def attributed(self) -> float:
        """The share of the differences that have a cause."""
        differ = sum(self.causes.values()) + len(self.rest)
        return 1.0 if not differ else sum(self.causes.values()) / differ


@dataclass(frozen=True)
class Driven:
    """A path of a peer: its figures and its shape; `seconds` is without costs of turns."""

    duration_s: float
    length_m: float
    seconds: float
    shape: np.ndarray[Any, Any]


class Client:
    """A connection that is kept alive."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a JSON answer, whatever its status."""
        headers = {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        method = "GET" if data is None else "POST"
        try:
            self._http.request(method, path, data, headers)
            answer = self._http.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # kept too long for the server
            self._http.close()
            self._http.request(method, path, data, headers)
            answer = self._http.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
        return found


class OsrmPeer:
    """OSRM by its own car profile."""

    name = "OSRM"

    def __init__(self, base: str) -> None:
        self._client = Client(base)

    def path(self, places: Sequence[Sequence[float]], *, full: bool = True) -> Driven | None:
        """Return the path over places; `full` asks for its shape and segments too."""
        points = ";".join(f"{x:.6f},{y:.6f}" for x, y in places)
        more = "overview=full&annotations=duration" if full else "overview=false"
        found = self._client.ask(
            f"/route/v1/driving/{points}?geometries=geojson&generate_hints=false&{more}"
            f"&continue_straight={'false' if full else 'true'}"
        )
        if found["code"] != "Ok":
            return None
        route = found["routes"][0]
        if not full:
            return Driven(route["weight"], route["distance"], 0.0, np.zeros((0, 2)))
        seconds = sum(sum(leg["annotation"]["duration"]) for leg in route["legs"])
        shape = np.array(route["geometry"]["coordinates"])
        return Driven(route["duration"], route["distance"], seconds, shape)

    def cost(self, places: Sequence[Sequence[float]]) -> tuple[float, float] | None:
        """Return the search cost and the length of the path over places."""
        found = self.path(places, full=False)
        return None if found is None else (found.duration_s, found.length_m)


class ValhallaPeer:
    """Valhalla by its own costing."""

    name = "Valhalla"

    def __init__(self, base: str, costing: str = "auto", options: Any = None) -> None:
        self._client = Client(base)
        self._costing = {"costing": costing, "costing_options": {costing: options or {}}}

    def path(self, places: Sequence[Sequence[float]]) -> Driven | None:
        """Return the path between places with its shape and the time of its edges alone."""
        trip = self._route(places, "break")
        if trip is None:
            return None
        text = "".join(leg["shape"] for leg in trip["legs"])
        shape = decode6(text)
        edges = self._client.ask("/trace_attributes", {
            "encoded_polyline": text, "shape_match": "edge_walk", **self._costing,
            "filters": {"attributes": ["edge.speed", "edge.length"], "action": "include"},
        }).get("edges", [])  # fmt: skip
        seconds = sum(e["length"] * 3600 / e["speed"] for e in edges if e["speed"])
        total = trip["summary"]
        return Driven(total["time"], total["length"] * 1000, seconds or np.nan, shape)

    def cost(self, places: Sequence[Sequence[float]]) -> tuple[float, float] | None:
        """Return the search cost and the length of the path over places."""
        trip = self._route(places, "through")
        return trip and (trip["summary"]["cost"], trip["summary"]["length"] * 1000)

    def _route(self, places: Sequence[Sequence[float]], kind: str) -> Any:
        inner = {"lon", "lat"}
        spots = [dict(zip(sorted(inner, reverse=True), p, strict=True), type=kind) for p in places]
        spots[0]["type"] = spots[-1]["type"] = "break"
        body = {"locations": spots, "directions_type": "none", **self._costing}
        return self._client.ask("/route", body).get("trip")


def decode6(text: str) -> np.ndarray[Any, Any]:
    """Return the (n, 2) longitude and latitude of an encoded polyline of six decimals."""
    values, value, shift = [], 0, 0
    for byte in text.encode():
        value |= (byte - 63 & 31) << shift
        shift += 5
        if byte - 63 < 32:
            values.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return np.cumsum(np.array(values).reshape(-1, 2), axis=0)[:, ::-1] / 1e6


class Overlay:
    """Lays shapes on Sigang's network."""

    def __init__(self, here: Here) -> None:
        self.here = here
        edges = here.graph.edges
        self._tree = cKDTree(edges.shape)
        self._vertex: dict[tuple[float, float], int] = {}
        number = [self._vertex.setdefault((x, y), len(self._vertex)) for x, y in
                  edges.shape.round(6).tolist()]  # fmt: skip
        self._number = np.array(number)
        self._segments: dict[tuple[int, int], list[tuple[int, float]]] = {}
        owner = np.repeat(np.arange(len(edges)), np.diff(edges.shape_start))
        ms = self._free_ms()
        step = metres(edges.shape[:-1], edges.shape[1:])
        whole = np.bincount(owner[:-1][owner[:-1] == owner[1:]], step[owner[:-1] == owner[1:]])
        for i in np.flatnonzero(owner[:-1] == owner[1:]).tolist():
            edge = int(owner[i])
            share = step[i] / whole[edge] if whole[edge] else 0.0
            a, b = number[i], number[i + 1]
            for key, ends in ((2 * edge, (a, b)), (2 * edge + 1, (b, a))):
                self._segments.setdefault(ends, []).append((key, ms[key] * share))

    def _free_ms(self) -> Any:
        keys = np.arange(2 * len(self.here.graph.edges))
        costs = self.here.roads.costs("car")
        return costs.duration_ms(keys, np.full(len(keys), np.nan, np.float32))

    def keys(self, shape: Any) -> tuple[list[int], float, float]:
        """Return the keys driven, Sigang's seconds on them, and the metres that lie on none."""
        far, near = self._tree.query(shape)
        vertex = np.where(far <= SAME_VERTEX_DEG, self._number[near], -1)
        vertex, kept = _without_repeats(vertex, shape)
        keys: list[int] = []
        seconds = missing = 0.0
        step = metres(kept[:-1], kept[1:])
        pace = 0.0
        for i, pair in enumerate(zip(vertex[:-1].tolist(), vertex[1:].tolist(), strict=True)):
            found = self._segments.get(pair)
            if found is None:
                first_or_last = i in (0, len(step) - 1)
                missing += 0.0 if first_or_last else float(step[i])
                seconds += float(step[i]) * pace if first_or_last else 0.0
                continue
            key, ms = min(found, key=lambda f: (f[0] not in keys[-1:], f[1]))
            pace = ms / 1000 / max(float(step[i]), 0.1)
            seconds += ms / 1000
            if keys[-1:] != [key]:
                keys.append(key)
        return keys, seconds, missing

    def forbidden(self, keys: Sequence[int]) -> str | None:
        """Return why Sigang may not drive keys in a row, None when it may."""
        arcs, weights = self.here.graph.arcs, self.here.metric.weights
        states: set[int] | None = None
        for key in keys:
            every = range(int(arcs.first[key]), int(arcs.first[key + 1]))
            passable = [a for a in every if weights[a] < INFINITE]
            if not passable:
                return "one-way or closed here" if len(every) == 0 else "access is closed here"
            allowed = [a for a in passable if states is None or int(arcs.tail[a]) in states]
            if not allowed:
                return "a turn restriction or barrier here"
            states = {int(arcs.head[a]) for a in allowed}
        return None


def _without_repeats(vertex: Any, shape: Any) -> tuple[Ints, Any]:
    fresh = np.ones(len(vertex), np.bool_)
    fresh[1:] = (vertex[1:] != vertex[:-1]) | (vertex[1:] < 0)
    return vertex[fresh], shape[fresh]


def metres(a: Any, b: Any) -> Any:
    """Return distances (m) between near places (n, 2) of longitude and latitude."""
    cosine = np.cos(np.radians((a[:, 1] + b[:, 1]) / 2))
    return np.hypot((b[:, 0] - a[:, 0]) * cosine, b[:, 1] - a[:, 1]) * M_PER_DEG


@dataclass(frozen=True)
class Ours:
    """Sigang's path of a pair: seconds without the factor for residents' streets, metres, ends.

    Of `duration_s` driving takes `seconds`, the rest are costs of turns.
    """

    duration_s: float
    seconds: float
    length_m: float
    keys: list[int]
    ends: Any


def our_path(here: Here, overlay: Overlay, pair: Pair) -> Ours | None:
    """Return Sigang's path, None when there is none."""
    try:
        query = PathQuery("car", [(p[0], p[1]) for p in pair])
        found = here.roads.path(query, here.now)
    except SigangError:
        return None
    leg = found.legs[0]
    part = leg.stop - leg.start
    ms = overlay._free_ms()[leg.keys] * part
    length = here.graph.edges.length_m[leg.edges] * part
    ends = np.array([[leg.source.lon, leg.source.lat], [leg.target.lon, leg.target.lat]])
    driving, waiting = float(ms.sum()) / 1000, float(found.waits_ms().sum()) / 1000
    return Ours(driving + waiting, driving, float(length.sum()), leg.keys.tolist(), ends)


def compare(here: Here, overlay: Overlay, peer: Any, pairs: Sequence[Pair]) -> Tally:
    """Compare paths of all pairs and give each difference its cause."""
    tally = Tally()
    for pair in pairs:
        ours, theirs = our_path(here, overlay, pair), peer.path(pair)
        if ours is None and theirs is None:
            continue
        tally.asked += 1
        if ours is None or theirs is None:
            tally.causes["no way in one of them: access"] += 1
            continue
        if theirs.duration_s > SHORTEST_S:
            tally.ratios.append(ours.duration_s / theirs.duration_s)
        if _near(ours.duration_s, theirs.duration_s) and _near(ours.length_m, theirs.length_m):
            tally.agree += 1
            continue
        cause, left = explain(here, overlay, peer, pair, ours, theirs)
        if left > LIMIT:
            tally.rest.append(
                f"{peer.name} {pair}: {theirs.duration_s:.0f} s for {ours.duration_s:.0f} s,"
                f" {theirs.length_m:.0f} m for {ours.length_m:.0f} m; {cause},"
                f" {left:.0%} left"
            )
        else:
            tally.causes[cause] += 1
    return tally


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= LIMIT * max(a, b, 1e-9)


def explain(
    here: Here, overlay: Overlay, peer: Any, pair: Pair, ours: Ours, theirs: Driven
) -> tuple[str, float]:
    """Return the causes of a difference, and the share of the duration that they leave open."""
    away = metres(ours.ends, theirs.shape[[0, -1]])
    if away.max() > SNAP_M:
        return f"snapped to another road (> {SNAP_M:.0f} m away)", 0.0
    keys, seconds, missing = overlay.keys(theirs.shape)
    terms = {
        "other speeds on the same edges": theirs.seconds - seconds,
        "turn costs": theirs.duration_s - theirs.seconds - (ours.duration_s - ours.seconds),
        "another way": seconds - ours.seconds,
    }
    scale = max(ours.duration_s, theirs.duration_s)
    if not np.isfinite(list(terms.values())).all():
        return "the peer's edges are not known", 1.0
    differ = theirs.duration_s - ours.duration_s
    causes: list[str] = []
    if not _near(ours.duration_s, theirs.duration_s):
        for name, value in sorted(terms.items(), key=lambda t: -t[1] * np.sign(differ)):
            if abs(differ) <= LIMIT * scale:
                break
            differ -= value
            causes.append(name)
    if "another way" in causes or not _near(ours.length_m, theirs.length_m):
        why = reason(here, overlay, peer, pair, ours, keys, missing)
        causes = [c for c in causes if c != "another way"] + [f"another way: {why}"]
        if why == "unknown":
            return " + ".join(causes), 1.0
    return " + ".join(sorted(causes)), abs(differ) / scale


def reason(
    here: Here, overlay: Overlay, peer: Any, pair: Pair, ours: Ours, keys: list[int],
    missing: float,
) -> str:  # fmt: skip
    """Return why the peer drives another way."""
    if missing > 1.0:
        return "roads that are not driven here"
    closed = overlay.forbidden(keys)
    if closed:
        return closed
    if any(a == b ^ 1 for a, b in pairwise(ours.keys)):
        return "Sigang turns round on the road"
    via = _middles(here, ours.keys)
    mine, best = peer.cost([pair[0], *via, pair[1]]), peer.cost(pair)
    if mine is None or best is None or not _near(mine[1], ours.length_m):
        return "the peer may not drive Sigang's way"
    return "Sigang's way costs the peer more" if mine[0] >= best[0] - 1.0 else "unknown"


def _middles(here: Here, keys: Sequence[int]) -> list[list[float]]:
    """Return places on the edges that a path drives, at most `MOST_VIA` and long ones first."""
    edges = here.graph.edges
    inner = sorted(range(1, len(keys) - 1), key=lambda i: -edges.length_m[keys[i] >> 1])
    places = []
    for i in sorted(inner[:MOST_VIA]):
        line = edges.vertices(keys[i] >> 1)
        half = len(line) // 2
        places.append(((line[half - 1] + line[half]) / 2).tolist())
    return places
