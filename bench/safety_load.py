"""What a dispatcher waits for while others ask for all that they can: attacks by name, measured.

    ./sigang token dispatcher; ./sigang token planner
    python -m bench.safety_load http://127.0.0.1:8080 --key KEY --job-key KEY [--only NAME …]

Against this machine only; an attack is bounded in connections and seconds and ends by itself.
"""

from __future__ import annotations

import argparse
import ipaddress
import itertools
import json
import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.report import table

MOST_CONNECTIONS, MOST_SECONDS = 512, 60.0
WAIT_S = 60.0
PAUSE_S = 0.05
"""What an attacker waits after a refusal; a faster one only fills its own queue of packets."""
QUESTIONS_EACH = 4
HANGZHOU, JIAXING, NINGBO = [120.15, 30.27], [120.755, 30.746], [121.55, 29.87]
PATH_GOAL_S, CLOSURE_GOAL_S = 1.0, 2.0

Question = tuple[str, str, Any]
"""Method, path and JSON body of a request."""


@dataclass(frozen=True)
class Attack:
    """Many connections that ask the same kind of question again and again."""

    connections: int
    ask: Callable[[random.Random], Question]
    signed_in: bool = False
    held: bool = False
    """Whether the first answer is kept open, as a stream is."""


def _near(rng: random.Random, spread: float = 0.4) -> list[float]:
    return [HANGZHOU[0] + rng.uniform(0, spread), HANGZHOU[1] + rng.uniform(-spread, spread) / 2]


def _reach(rng: random.Random) -> Question:
    contours = [{"duration_s": 60.0 * minutes} for minutes in (15, 30, 45, 60)]
    return "POST", "/api/reach", {"points": [_near(rng)], "contours": contours}


def _matrix(rng: random.Random) -> Question:
    return "POST", "/api/matrix", {"sources": [_near(rng) for _ in range(1000)]}


def _match(rng: random.Random) -> Question:
    lon, lat = _near(rng, 0.1)
    points = [[lon + n * 1e-5, lat + rng.gauss(0, 5e-5)] for n in range(10_000)]
    return "POST", "/api/match", {"points": points}


def _others(rng: random.Random) -> Question:
    body = {"waypoints": [_near(rng), NINGBO], "alternatives": 3, "include": ["steps"]}
    return "POST", "/api/paths", body


def _order(rng: random.Random) -> Question:
    body = {"waypoints": [_near(rng) for _ in range(40)], "order": "optimal"}
    return "POST", "/api/paths", body


def _items(_: random.Random) -> Question:
    return "GET", "/api/collections/roads/items?limit=10000&crs=GCJ02", None


def _export(_: random.Random) -> Question:
    return "GET", "/api/collections/roads/items?f=gpkg", None


def _tile(rng: random.Random) -> Question:
    z = rng.choice((6, 10, 12))
    x, y = (int((HANGZHOU[0] + 180) / 360 * 2**z), int(0.412 * 2**z))
    at = f"{z}/{y + rng.randint(-3, 3)}/{x + rng.randint(-3, 3)}"
    return "GET", f"/api/collections/roads/tiles/WebMercatorQuad/{at}", None


def _job(_: random.Random) -> Question:
    sites = {"points": [{"id": f"s{n}", "point": HANGZHOU} for n in range(20)]}
    inputs = {"sites": sites, "demand": sites, "count": 3, "max_duration_s": 900}
    return "POST", "/api/processes/cover/execution", {"inputs": inputs}


def _stream(_: random.Random) -> Question:
    return "GET", "/api/stream", None


ATTACKS = {
    "reach": Attack(64, _reach),
    "matrix": Attack(16, _matrix),
    "match": Attack(16, _match),
    "alternatives": Attack(64, _others),
    "order": Attack(16, _order),
    "items": Attack(16, _items),
    "export": Attack(16, _export),
    "tiles": Attack(64, _tile),
    "jobs": Attack(16, _job, signed_in=True),
    "streams": Attack(500, _stream, held=True),
}


@dataclass
class Answers:
    """What became of an attack's requests, by status; 0 is no answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    open: set[socket.socket] = field(default_factory=set)

    @property
    def refused(self) -> int:
        """Requests answered by 429 or 503."""
        return self.statuses[429] + self.statuses[503]


def _address(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or 80
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError("attacks go to this machine only")
    return host, port


def _written(question: Question, key: str | None) -> bytes:
    method, path, body = question
    text = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(text)}"]
    if text:
        lines.append("Content-Type: application/json")
    if key:
        lines += [f"Authorization: Bearer {key}", "Prefer: respond-async"]
    return "\r\n".join([*lines, "\r\n"]).encode() + text


def _read(client: socket.socket) -> int:
    """Read an answer whole and return its status, 0 where none came."""
    buffer = b""
    while b"\r\n\r\n" not in buffer:
        part = client.recv(65_536)
        if not part:
            return 0
        buffer += part
    head, _, rest = buffer.partition(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    status, left = int(fields[0].split()[1]), -len(rest)
    for line in fields[1:]:
        if line.startswith(b"content-length:"):
            left += int(line.split(b":")[1])
            break
    else:
        while b"0\r\n\r\n" not in rest[-7:] and status not in (204, 304):
            part = client.recv(262_144)
            if not part:
                break
            rest = rest[-7:] + part
        return status
    while left > 0:
        part = client.recv(min(left, 262_144))
        if not part:
            break
        left -= len(part)
    return status


def _written_ahead(attack: Attack, key: str | None, number: int) -> Iterator[bytes]:
    """Return some questions again and again: to write them would slow the one who measures."""
    rng = random.Random(number)
    given = key if attack.signed_in else None
    return itertools.cycle([_written(attack.ask(rng), given) for _ in range(QUESTIONS_EACH)])


def _attack_once(
    address: tuple[str, int], attack: Attack, questions: Iterator[bytes],
    over: threading.Event, answers: Answers,
) -> None:  # fmt: skip
    while not over.is_set():
        try:
            with socket.create_connection(address, 5) as client:
                client.settimeout(WAIT_S)
                answers.open.add(client)
                while not over.is_set():
                    client.sendall(next(questions))
                    if attack.held:
                        answers.statuses[int(client.recv(4096).split()[1])] += 1
                        over.wait()
                        return
                    status = _read(client)
                    answers.statuses[status] += status > 0 or not over.is_set()
                    if status in (429, 503):
                        over.wait(PAUSE_S)
                    if status == 0:
                        break
                answers.open.discard(client)
        except (OSError, IndexError, ValueError):
            answers.statuses[0] += not over.is_set()
            over.wait(PAUSE_S)


@contextmanager
def attacking(
    base_url: str, name: str, *, key: str | None = None, connections: int | None = None
) -> Iterator[Answers]:
    """Attack a server of this machine while the body runs.

    Parameters
    ----------
    base_url
        Its address, on loopback.
    name
        One of `ATTACKS`.
    key
        Key of an account, for attacks by one.
    connections
        Fewer than the attack has.
    """
    attack, answers, over = ATTACKS[name], Answers(), threading.Event()
    count = min(connections or attack.connections, MOST_CONNECTIONS)
    address = _address(base_url)
    threads = [
        threading.Thread(
            target=_attack_once,
            daemon=True,
            args=(address, attack, _written_ahead(attack, key, number), over, answers),
        )
        for number in range(count)
    ]
    stop = threading.Timer(MOST_SECONDS, over.set)
    stop.daemon = True
    for thread in (*threads, stop):
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        stop.cancel()
        for client in list(answers.open):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


@dataclass
class Waits:
    """How long a dispatcher waited, in seconds."""

    paths: list[float] = field(default_factory=list)
    closures: list[float] = field(default_factory=list)


def dispatch(client: httpx.Client, seconds: float) -> Waits:
    """Ask for paths with steps as a dispatcher does, and close and open a road between them."""
    waits, end = Waits(), time.monotonic() + min(seconds, MOST_SECONDS)
    body = {"waypoints": [JIAXING, NINGBO], "include": ["steps", "edges"]}
    edge: str | None = None
    while time.monotonic() < end or not waits.closures:
        answer = _timed(waits.paths, lambda: client.post("/api/paths", json=body))
        if answer is not None:
            edge = edge or answer.json()["features"][0]["properties"]["edges"][5]
        if edge is not None and len(waits.paths) % 4 == 1:
            _close(client, edge, waits.closures)
        time.sleep(PAUSE_S)
    return waits


def _close(client: httpx.Client, edge: str, waits: list[float]) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"kind": "closure", "target": {"edge_id": edge}, "cause": "wind", "valid_to": until}
    made = _timed(waits, lambda: client.post("/api/events", json=body))
    if made is not None:
        with suppress(httpx.TransportError):
            client.post(f"/api/events/{made.json()['id']}/undo")


def _timed(waits: list[float], ask: Callable[[], httpx.Response]) -> httpx.Response | None:
    """Return an answer and note the time that it took; none at all counts as the longest."""
    begin = time.perf_counter()
    try:
        answer = ask()
    except httpx.TransportError:
        waits.append(MOST_SECONDS)
        return None
    waits.append(time.perf_counter() - begin)
    answer.raise_for_status()
    return answer


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile; the largest of few."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


@dataclass(frozen=True)
class Row:
    """One attack: what it asked, and what the dispatcher waited before and during it."""

    name: str
    answers: Answers
    before: Waits
    during: Waits

    @property
    def held(self) -> bool:
        """Whether the dispatcher's work went on as it must."""
        paths, closures = p95(self.during.paths), p95(self.during.closures)
        return paths <= PATH_GOAL_S and closures <= CLOSURE_GOAL_S

    def cells(self) -> list[str]:
        """Return the row of a table."""
        said = sorted((+self.answers.statuses).items())
        cells = [self.name, ", ".join(f"{count} × {status}" for status, count in said)]
        for waits in (self.before, self.during):
            for values in (waits.paths, waits.closures):
                median, most = statistics.median(values), p95(values)
                cells.append(f"{1000 * median:.0f} / {1000 * most:.0f}")
        return [*cells, "yes" if self.held else "NO"]


HEAD = [
    "attack", "answers", "path before, p50 / p95 ms", "closure before",
    "path during", "closure during", "held",
]  # fmt: skip


def run(
    base_url: str, key: str, job_key: str, names: Sequence[str] = (), seconds: float = 10.0
) -> list[Row]:
    """Measure a dispatcher's work before and during attacks, one after another.

    Parameters
    ----------
    base_url
        A server of this machine with the sample province.
    key, job_key
        Keys of a dispatcher and of the account that attacks with jobs.
    names
        Attacks to run; all of them when none is named.
    seconds
        How long each takes.
    """
    headers = {"Authorization": f"Bearer {key}"}
    rows = []
    with httpx.Client(base_url=base_url, headers=headers, timeout=120, trust_env=False) as client:
        for name in names or ATTACKS:
            before = dispatch(client, seconds / 2)
            with attacking(base_url, name, key=job_key) as answers:
                time.sleep(1.0)
                during = dispatch(client, seconds)
            rows.append(Row(name, answers, before, during))
            _settle(client)
    return rows


def _settle(client: httpx.Client) -> None:
    """Wait until the work of an attack is over."""
    while client.get("/healthz").elapsed.total_seconds() > PAUSE_S:
        time.sleep(PAUSE_S)
    time.sleep(1.0)


def main() -> None:
    """Run the attacks that are named and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=())
    parser.add_argument("--key", required=True)
    parser.add_argument("--job-key", required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    rows = run(given.url, given.key, given.job_key, given.only, given.seconds)
    print(table(HEAD, [row.cells() for row in rows]))


if __name__ == "__main__":
    main()
