"""One busy cell: client processes that write short flights into 550 m as fast as they are answered.

A flight is 100 m across, 10 m high and lasts a minute, within an hour and 100 m of heights. Each is
written with the key that a planner has: empty at first, then what the refusal says is missing.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import pyproj

from bench.airspace_clients import Client
from tests.api.utmworld import REFERENCES, token

HOME, CELL_M = (120.1478, 30.2712), 550
_GEOD = pyproj.Geod(ellps="GRS80")


@dataclass
class Found:
    """What the clients saw."""

    seconds: float
    spent: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """PUTs answered in a second."""
        return len(self.spent) / self.seconds

    def text(self) -> str:
        """Return one line."""
        self.spent.sort()
        p50, p95 = (self.spent[int(len(self.spent) * share)] * 1e3 for share in (0.5, 0.95))
        bad = sum(n for status, n in self.statuses.items() if status >= 500)
        return (
            f"{self.rate:.0f} PUT/s ({self.statuses[201] / self.seconds:.0f} accepted/s),"
            f" p50 {p50:.0f} ms, p95 {p95:.0f} ms, {bad} × 5xx, {dict(self.statuses)}"
        )


def load(base_url: str, clients: int, seconds: float) -> Found:
    """Write flights from client processes for some seconds."""
    context = get_context("fork")
    sent = context.Queue()
    started = [
        context.Process(target=_client, args=(n, base_url, seconds, sent), daemon=True)
        for n in range(clients)
    ]
    for process in started:
        process.start()
    found = Found(seconds)
    for _ in started:
        spent, statuses = sent.get(timeout=seconds + 120)
        found.spent += spent
        found.statuses.update(statuses)
    return found


def _client(number: int, base_url: str, seconds: float, sent: Any) -> None:
    shuffled = random.Random(number)
    client = Client(base_url, {"Authorization": f"Bearer {token('bench')}"})
    zero, spent, statuses = datetime.now(UTC) + timedelta(minutes=5), [], Counter()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        entity, body = (
            str(uuid.UUID(int=shuffled.getrandbits(128), version=4)),
            _flight(shuffled, zero),
        )
        for _ in range(8):
            began = time.perf_counter()
            status, told = client.ask("PUT", f"{REFERENCES}/{entity}", body, {})
            spent.append(time.perf_counter() - began)
            statuses[status] += 1
            if status != 409:
                break
            missing: Sequence[Any] = told.get("missing_operational_intents", [])
            body["key"] = [*body["key"], *(one["ovn"] for one in missing)]
    sent.put((spent, dict(statuses)))


def _flight(shuffled: random.Random, zero: datetime) -> dict[str, Any]:
    lon, lat, _ = _GEOD.fwd(
        *HOME, shuffled.uniform(0, 360), (CELL_M / 2 - 50) * shuffled.random() ** 0.5
    )
    low = shuffled.uniform(0, 90)
    begin = zero + timedelta(seconds=shuffled.uniform(0, 3600))
    times = begin.isoformat(), (begin + timedelta(seconds=60)).isoformat()
    heights = ({"value": h, "reference": "W84", "units": "M"} for h in (low, low + 10))
    volume = dict(zip(("altitude_lower", "altitude_upper"), heights, strict=True))
    circle = {"center": {"lng": lon, "lat": lat}, "radius": {"value": 50.0, "units": "M"}}
    return {
        "extents": [{
            "volume": {"outline_circle": circle, **volume},
            "time_start": {"value": times[0], "format": "RFC3339"},
            "time_end": {"value": times[1], "format": "RFC3339"},
        }],
        "key": [], "state": "Accepted", "uss_base_url": "https://bench.example",
        "new_subscription": {"uss_base_url": "https://bench.example"},
    }  # fmt: skip
