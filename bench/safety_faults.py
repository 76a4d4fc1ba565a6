"""Processes killed and frozen while desks write and maps listen: nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psutil
import psycopg

from bench.safety_row import Row, Stand

PATIENCE_S = 60.0
PAUSE_S = 0.05


def body_of(edge: str, title: str) -> dict:
    """Return a closure of an edge for an hour."""
    return {
        "kind": "closure", "target": {"edge_id": edge}, "cause": "wind", "title": title,
        "valid_to": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }  # fmt: skip


def edges_of(stand: Stand, count: int) -> list[str]:
    """Return edges that a provincial dispatcher may close."""
    query = "SELECT id::text FROM sigang.edge WHERE mode = 'road' ORDER BY id LIMIT %s"
    with psycopg.connect(stand.server.database_url) as conn:
        return [row[0] for row in conn.execute(query, [count])]


class Writer(threading.Thread):
    """Closes roads one after the other; each write is repeated under its key until answered."""

    def __init__(self, stand: Stand, edges: list[str], number: int) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[str, str] = {}
        self.strange: list[str] = []
        self._over = threading.Event()
        self._client = stand.server.client("dispatcher")
        self._edges, self._number = itertools.cycle(edges), number

    def run(self) -> None:
        for number in itertools.count():
            if self._over.is_set():
                return
            title = f"write {self._number}-{number}"
            self._write(title, str(uuid.uuid4()))
            time.sleep(PAUSE_S)

    def _write(self, title: str, key: str) -> None:
        body = body_of(next(self._edges), title)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                headers = {"Idempotency-Key": key}
                answer = self._client.post("/api/events", json=body, headers=headers)
                if answer.status_code == 201:
                    self.acknowledged[title] = answer.json()["id"]
                    return
                if answer.status_code not in (429, 503):
                    self.strange.append(f"{answer.status_code} {answer.text[:120]}")
                    return
            time.sleep(PAUSE_S)
        self.strange.append(f"{title}: no answer in {PATIENCE_S} s")

    def end(self) -> None:
        """Stop after the write that is under way."""
        self._over.set()
        self.join(PATIENCE_S + 5)
        self._client.close()


def kills(stand: Stand, rounds: int = 46, *, database: bool = True) -> Row:
    """Kill a worker, and with `database` a session of it or the whole, in turn, under writers."""
    victims = (_kill_worker, _kill_backend, _kill_database) if database else (_kill_worker,)
    edges, before = edges_of(stand, 60), time.perf_counter()
    writers = [Writer(stand, edges[n::3], n) for n in range(3)]
    for writer in writers:
        writer.start()
    chosen = random.Random(7)
    for number in range(rounds):
        time.sleep(chosen.uniform(0.2, 0.6))
        victims[number % len(victims)](stand, chosen)
        _until_ready(stand)
    for writer in writers:
        writer.end()
    acknowledged = {t: i for writer in writers for t, i in writer.acknowledged.items()}
    strange = [text for writer in writers for text in writer.strange]
    with psycopg.connect(stand.server.database_url) as conn:
        rows = conn.execute(
            "SELECT id::text, title_zh FROM sigang.event WHERE title_zh LIKE 'write %'"
        ).fetchall()
    kept, titles = {row[0] for row in rows}, Counter(row[1] for row in rows)
    lost = [title for title, event in acknowledged.items() if event not in kept]
    twice = [title for title, count in titles.items() if count > 1]
    seconds = time.perf_counter() - before
    figure = (
        f"{len(acknowledged)} writes acknowledged, {len(lost)} lost, {len(twice)} twice,"
        f" {len(strange)} refused, {seconds:.0f} s"
    )
    held = bool(acknowledged) and not lost and not twice and not strange
    return Row("kill −9 under writes", rounds, held, figure, [*lost, *twice, *strange])


def workers_of(stand: Stand) -> list[psutil.Process]:
    """Return the processes of a server that hold its listening socket and answer."""
    found = psutil.Process(stand.server.pid).children(recursive=True)
    pids = {int(pid) for pid in stand.worker_pids()}
    return [process for process in found if process.pid in pids]


def _kill_worker(stand: Stand, chosen: random.Random) -> None:
    found = workers_of(stand)
    if found:
        chosen.choice(found).kill()


def _kill_backend(stand: Stand, chosen: random.Random) -> None:
    with psycopg.connect(stand.server.database_url) as conn:
        rows = conn.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'sigang_%'"
            " AND datname = current_database()"
        ).fetchall()
    if rows:
        os.kill(chosen.choice(rows)[0], signal.SIGKILL)


def _kill_database(stand: Stand, _: random.Random) -> None:
    pid = stand.cluster.pid()
    if pid:
        os.kill(pid, signal.SIGKILL)
    stand.cluster.start(lambda _: None)


def _until_ready(stand: Stand) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if stand.get("/readyz").is_success:
                return
        time.sleep(PAUSE_S)
    raise RuntimeError(f"the server was not ready within {PATIENCE_S} s of a kill")


class Listener(threading.Thread):
    """Reads the stream, leaves at random and resumes where it was."""

    def __init__(self, stand: Stand, seed: int) -> None:
        super().__init__(daemon=True)
        self.seen: Counter[str] = Counter()
        self._over = threading.Event()
        self._client = stand.server.client("dispatcher")
        self._chosen = random.Random(seed)
        self._last: str | None = None
        self.listening = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(httpx.TransportError):
                self._listen(self._chosen.randint(1, 12))

    def _listen(self, messages: int) -> None:
        headers = {} if self._last is None else {"Last-Event-ID": self._last}
        with self._client.stream("GET", "/api/stream", headers=headers, timeout=20) as answer:
            for message in blocks(answer):
                self._last = message.get("id", self._last)
                if self._last is not None:
                    self.listening.set()
                if message.get("event") == "event":
                    body = json.loads(message["data"])
                    self.seen[f"{body['event']['id']} {body['action']}"] += 1
                    messages -= 1
                if self._over.is_set() or messages <= 0:
                    return

    def end(self) -> None:
        """Stop at the next message; a tick comes within five seconds."""
        self._over.set()
        self.join(25)
        self._client.close()


def blocks(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """Yield the messages of an event stream."""
    block: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            block[name] = value
        elif block:
            yield block
            block = {}


def stream(stand: Stand, events: int = 200, listeners: int = 8) -> Row:
    """Make and undo events while listeners leave and resume: each message comes exactly once."""
    ears = [Listener(stand, seed) for seed in range(listeners)]
    for ear in ears:
        ear.start()
    for ear in ears:
        ear.listening.wait(20)
    edges, wanted = edges_of(stand, 20), set()
    with contextlib.closing(stand.server.client("dispatcher")) as client:
        for number in range(events):
            made = client.post("/api/events", json=body_of(edges[number % 20], f"heard {number}"))
            event = made.raise_for_status().json()["id"]
            client.post(f"/api/events/{event}/undo").raise_for_status()
            wanted |= {f"{event} created", f"{event} undone"}
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and any(wanted - ear.seen.keys() for ear in ears):
        time.sleep(0.2)
    for ear in ears:
        ear.end()
    missed = sum(len(wanted - ear.seen.keys()) for ear in ears)
    twice = sum(n - 1 for ear in ears for key, n in ear.seen.items() if key in wanted)
    figure = f"{len(wanted) * listeners:,} deliveries, {missed} missed, {twice} twice"
    return Row("stream, resumed at random", events, not missed and not twice, figure)


def freeze(stand: Stand, tries: int = 2) -> Row:
    """Stop a worker's process: others answer, and it is replaced within the watchdog's limit."""
    slowest, replaced = 0.0, 0
    for _ in range(tries):
        before = {process.pid for process in workers_of(stand)}
        frozen = min(before)
        os.kill(frozen, signal.SIGSTOP)
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S and psutil.pid_exists(frozen):
            time.sleep(0.1)
        if not psutil.pid_exists(frozen):
            replaced += 1
            slowest = max(slowest, time.monotonic() - began)
        _until_ready(stand)
    figure = f"replaced after {slowest:.1f} s at most"
    return Row("worker that no longer ticks", tries, replaced == tries, figure)
