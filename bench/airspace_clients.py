"""Client processes that file plans: seeded, impatient, with sockets that are cut; each records."""

from __future__ import annotations

import http.client
import json
import math
import random
import socket
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlsplit

ARENA_M, SIDE_M = 2_000, (100, 400)
CUT = 0.1
"""Share of requests whose socket is closed before the answer is read."""
PATIENCE_S = 90.0
METRES_PER_DEGREE = 111_320.0


class Client:
    """One connection at a time, opened again when it is lost."""

    def __init__(self, base_url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(base_url)
        self._at = parts.hostname or "127.0.0.1", parts.port or 80
        self._headers = headers | {"Content-Type": "application/json"}
        self._held: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any, more: dict[str, str]) -> tuple[int, Any]:
        """Return status and document of an answer; raises OSError where none came."""
        if self._held is None:
            self._held = http.client.HTTPConnection(*self._at, timeout=60)
        try:
            self._held.request(method, path, json.dumps(body), self._headers | more)
            answer = self._held.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError) as error:
            self.drop()
            raise ConnectionError(str(error)) from error
        return answer.status, json.loads(text) if text else None

    def send_and_cut(self, method: str, path: str, body: Any, more: dict[str, str]) -> None:
        """Send a request and close the socket before its answer."""
        self.drop()
        held = http.client.HTTPConnection(*self._at, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            held.request(method, path, json.dumps(body), self._headers | more)
            if held.sock:
                held.sock.shutdown(socket.SHUT_RDWR)
        held.close()

    def drop(self) -> None:
        """Close the connection."""
        if self._held is not None:
            self._held.close()
            self._held = None


def plan(shuffled: random.Random) -> dict[str, Any]:
    """Return a plan in whole metres and seconds."""
    side = shuffled.randint(*SIDE_M)
    west, south = (shuffled.randrange(0, ARENA_M - side) for _ in range(2))
    low, begin = shuffled.randrange(0, 100, 10), shuffled.randrange(0, 3000, 30)
    return {"box": [west, south, west + side, south + side], "heights": [low, low + 30],
            "seconds": [begin, begin + 600]}  # fmt: skip


def volume(wish: dict[str, Any], home: tuple[float, float], zero: datetime) -> dict[str, Any]:
    """Return a plan as ASTM F3548 writes it: a square of degrees that has no rounding of its own.

    A metre is a fixed number of degrees here: what counts is that edges shared are shared exactly,
    and that what overlaps does so by a metre at least.
    """
    lon, lat = home
    across = METRES_PER_DEGREE * math.cos(math.radians(lat))
    west, south, east, north = wish["box"]
    corners = [(west, south), (east, south), (east, north), (west, north)]
    low, high = ({"value": 100.0 + h, "reference": "W84", "units": "M"} for h in wish["heights"])
    times = [(zero + timedelta(seconds=s)).isoformat() for s in wish["seconds"]]
    return {
        "volume": {
            "outline_polygon": {"vertices": [
                {"lng": lon + x / across, "lat": lat + y / METRES_PER_DEGREE} for x, y in corners]},
            "altitude_lower": low, "altitude_upper": high,
        },
        "time_start": {"value": times[0], "format": "RFC3339"},
        "time_end": {"value": times[1], "format": "RFC3339"},
    }  # fmt: skip


def _client(number: int, seed: int, count: int, base_url: str, key: str, sent: Any) -> None:
    shuffled = random.Random(f"{seed} {number}")
    place = random.Random(seed)
    home = place.uniform(119, 121), place.uniform(28, 30.5)
    zero = datetime.fromtimestamp(math.ceil(time.time() / 3600) * 3600 + 3600, UTC)
    client, lines = Client(base_url, {"Authorization": f"Bearer {key}"}), []
    for n in range(count):
        wish = plan(shuffled)
        entity = str(uuid.UUID(int=shuffled.getrandbits(128), version=4))
        body = {"id": entity, "state": "Accepted", "volumes": [volume(wish, home, zero)]}
        lines.append(_file(client, shuffled, body, wish | {"key": f"{seed}-{number}-{n}"}))
    sent.put(lines)


def _file(
    client: Client, shuffled: random.Random, body: dict[str, Any], line: dict[str, Any]
) -> dict[str, Any]:
    """File a plan until it is answered, under one key; return what was seen."""
    path, more = "/api/airspace/operations", {"Idempotency-Key": line["key"]}
    line |= {"sent": time.time(), "status": None, "id": body["id"], "conflicts": [], "tries": 0}
    while time.time() - line["sent"] < PATIENCE_S:
        line["tries"] += 1
        if shuffled.random() < CUT:
            client.send_and_cut("POST", path, body, more)
            continue
        try:
            status, told = client.ask("POST", path, body, more)
        except OSError:
            time.sleep(0.1 + shuffled.random() * 0.2)
            continue
        if status in (201, 409):
            line |= {"status": status, "answered": time.time()}
            line["conflicts"] = [one["id"] for one in told.get("conflicts", [])]
            break
        time.sleep(0.1 + shuffled.random() * 0.3)
    return line


def run(seed: int, clients: int, count: int, base_url: str, key: str) -> Any:
    """Start client processes; return a function that waits for their history."""
    context = get_context("fork")
    sent = context.Queue()
    started = [
        context.Process(target=_client, args=(n, seed, count, base_url, key, sent), daemon=True)
        for n in range(clients)
    ]
    for process in started:
        process.start()

    def wait() -> list[dict[str, Any]]:
        history = [line for _ in started for line in sent.get(timeout=300)]
        for process in started:
            process.join(10)
        return history

    return wait
