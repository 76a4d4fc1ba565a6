"""What the safety runs stand on, and a line of their table."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from spatial.postgres.cluster import Cluster
from tests.harness import HOME_VARIABLE, Databases, Server, running_server

CLOSE = {"Connection": "close"}


@dataclass(frozen=True)
class Row:
    """One kind of attack or fault: how often it was tried, whether all held, what was seen."""

    kind: str
    tries: int
    held: bool
    figure: str
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stand:
    """A server on the sample province in a cluster of its own, to be attacked on loopback."""

    server: Server
    cluster: Cluster
    plain: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False))

    def get(self, path: str, seconds: float = 5.0) -> httpx.Response:
        """Ask on a connection of its own, so that any worker may answer."""
        return self.plain.get(f"{self.server.base_url}{path}", timeout=seconds, headers=CLOSE)

    def worker_pids(self) -> set[str]:
        """Return the processes that answer, as their metrics name themselves."""
        found: set[str] = set()
        for _ in range(24):
            with contextlib.suppress(httpx.TransportError):
                found |= set(re.findall(r'worker="(\d+)"', self.get("/metrics").text))
        return found

    def metric(self, name: str) -> float:
        """Return the largest value of a metric over the workers."""
        values = []
        for _ in range(12):
            pattern = rf"^sigang_{name}{{[^}}]*}} (\S+)$"
            values += map(float, re.findall(pattern, self.get("/metrics").text, re.M))
        return max(values)


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    """Run a server on a fresh sample province; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sigang-safety-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        os.environ[HOME_VARIABLE] = folder
        with Cluster(home).running() as cluster:
            databases = Databases(cluster)
            template = databases.sample()
            with databases.fresh(template) as url, running_server(url) as server:
                yield Stand(server, cluster)


@contextlib.contextmanager
def visitors(stand: Stand, each: int = 300) -> Iterator[Callable[[], httpx.Client]]:
    """Yield what returns a client; after `each` calls it comes from another loopback address.

    One address is soon told to wait, and what is refused at the door tries nothing behind it.
    """
    with contextlib.ExitStack() as opened:
        clients: list[httpx.Client] = []
        calls = itertools.count()

        def next_visitor() -> httpx.Client:
            number = next(calls) // each
            if number >= len(clients):
                own = f"127.1.{number // 250}.{number % 250 + 1}"
                transport = httpx.HTTPTransport(local_address=own)
                client = httpx.Client(
                    base_url=stand.server.base_url, transport=transport, timeout=60
                )
                clients.append(opened.enter_context(client))
            return clients[number]

        yield next_visitor
