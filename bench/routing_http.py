"""Paths over HTTP: Sigang, OSRM and Valhalla on the same two cores, loaded by wrk in turn."""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from bench import peers, servers
from bench.networks import FOLDER, Network
from bench.report import Unequal
from bench.routing_engine import Pair

CONNECTIONS = 32
HOME = servers.STATE / "home-routing"
READY_S = 300
SAME_LENGTH = 0.1
LUA = """
local lines, n = {}, 0
for line in io.lines(os.getenv('BENCH_BODIES')) do n = n + 1; lines[n] = line end
local i, method = tonumber(os.getenv('BENCH_START')), os.getenv('BENCH_METHOD')
local headers = {['Content-Type'] = 'application/json'}
request = function()
  i = i % n + 1
  if method == 'GET' then return wrk.format('GET', lines[i]) end
  return wrk.format('POST', os.getenv('BENCH_PATH'), headers, lines[i])
end
"""


@dataclass(frozen=True)
class Service:
    """A server under test: how it is asked for a path, and what its answer says."""

    base: str
    method: str
    path: str
    bodies: list[str]
    ports: tuple[int, ...]

    def cpu_s(self) -> dict[int, float]:
        """Return processor seconds by process, those of its database included."""
        seen: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):  # it may end meanwhile
                links = process.net_connections("tcp")
                if any(n.status == psutil.CONN_LISTEN and n.laddr[1] in self.ports for n in links):
                    seen |= {p.pid: p for p in [process, *process.children(recursive=True)]}
        times = {pid: process.cpu_times() for pid, process in seen.items()}
        return {pid: t.user + t.system for pid, t in times.items()}

    def ask(self, number: int) -> dict[str, Any]:
        """Return the answer to one question."""
        url = self.base + (self.path or self.bodies[number])
        data = self.bodies[number].encode() if self.method == "POST" else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found


def database(port: int, network: Network) -> str:
    """Return the URL of a database with a network in it, loaded the first time."""
    name = f"roads_{network.name}"
    url = f"postgresql://sigang@127.0.0.1:{port}/{name}"
    from api.cli.ground import load_declared
    from data.osm.load import load_osm
    from spatial.postgres import migrate
    from spatial.postgres.db import connect

    with psycopg.connect(f"{url.rsplit('/', 1)[0]}/postgres", autocommit=True) as conn:
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            conn.execute(f"CREATE DATABASE {name}")
    if migrate.current(url) != migrate.head():
        migrate.upgrade(url)
        load_declared(url)
    with connect(url) as conn:
        there = conn.execute("SELECT 1 FROM sigang.edge LIMIT 1").fetchone()
        conn.rollback()
        if not there:
            load_osm(conn, network.own, network.name, lambda text: print(f"  {name}: {text}"))
            conn.commit()
            conn.execute("ANALYZE")
            conn.commit()
    return url


@contextlib.contextmanager
def sigang(url: str) -> Iterator[str]:
    """Serve a network as `sigang serve` does, with two workers, and yield its address."""
    port = servers.free_port()
    HOME.mkdir(parents=True, exist_ok=True)
    env = {"SIGANG_DATABASE_URL": url, "SIGANG_HOME": str(HOME), "SIGANG_LOG_LEVEL": "warning"}
    command = [sys.executable, "-P", "-m", "api.cli", "serve", "--port", str(port),
               "--workers", str(servers.WORKERS)]  # fmt: skip
    env["PYTHONPATH"] = str(servers.ROOT)
    base = f"http://127.0.0.1:{port}"
    log = servers.STATE / "sigang-routing.log"
    with servers.running(command, env, f"{base}/readyz", log, wait_s=READY_S):
        yield base


def _port(address: str) -> int:
    return int(urlsplit(address).port or 0)


def of_sigang(base: str, pairs: Sequence[Pair], database_url: str) -> Service:
    """Return Sigang's service: the geometry as polyline6 and all figures of the answer."""
    bodies = [json.dumps({"waypoints": pair, "geometry": "polyline6"}) for pair in pairs]
    ports = _port(base), _port(database_url)
    return Service(base, "POST", "/api/paths", bodies, ports)


def of_osrm(base: str, pairs: Sequence[Pair]) -> Service:
    """Return OSRM's service: the full geometry as polyline6, no steps."""
    ends = (f"{a[0]},{a[1]};{b[0]},{b[1]}" for a, b in pairs)
    options = "overview=full&geometries=polyline6&steps=false&generate_hints=false"
    options += "&continue_straight=false"
    paths = [f"/route/v1/driving/{e}?{options}" for e in ends]
    return Service(base, "GET", "", paths, (_port(base),))


def of_valhalla(base: str, pairs: Sequence[Pair]) -> Service:
    """Return Valhalla's service: the shape as polyline6, no directions."""
    bodies = [
        json.dumps({"locations": [{"lon": x, "lat": y} for x, y in pair], "costing": "auto",
                    "directions_type": "none"})
        for pair in pairs
    ]  # fmt: skip
    return Service(base, "POST", "/route", bodies, (_port(base),))


def duration(name: str, answer: dict[str, Any]) -> float:
    """Return the seconds that an answer gives."""
    if name == "Sigang":
        return float(answer["features"][0]["properties"]["duration_s"])
    if name == "Valhalla":
        return float(answer["trip"]["summary"]["time"])
    return float(answer["routes"][0]["duration"])


def metres(name: str, answer: dict[str, Any]) -> float:
    """Return the length that an answer of Sigang or OSRM gives."""
    if name == "Sigang":
        return float(answer["features"][0]["properties"]["length_m"])
    return float(answer["routes"][0]["distance"])


def geometry(name: str, answer: dict[str, Any]) -> str:
    """Return the polyline that an answer gives."""
    if name == "Sigang":
        feature = answer["features"][0]
        return str(feature["properties"].get("polyline6") or feature.get("polyline6") or "")
    if name == "Valhalla":
        return str(answer["trip"]["legs"][0]["shape"])
    return str(answer["routes"][0]["geometry"])


@contextlib.contextmanager
def all_services(url: str, network: Network, pairs: Sequence[Pair]) -> Iterator[dict[str, Service]]:
    """Run everybody on one network."""
    folder = FOLDER / network.name
    with contextlib.ExitStack() as stack:
        found = {"Sigang": of_sigang(stack.enter_context(sigang(url)), pairs, url)}
        for algorithm in peers.OSRM_STEPS:
            base = peers.osrm_data(network.own, folder / f"own-{algorithm}", algorithm)
            address = stack.enter_context(peers.osrm(base, algorithm))
            found[f"OSRM {algorithm}"] = of_osrm(address, pairs)
        tiles = peers.valhalla_data(network.own, folder / "valhalla")
        found["Valhalla"] = of_valhalla(stack.enter_context(peers.valhalla(tiles)), pairs)
        yield found


def check(services: dict[str, Service], count: int) -> str:
    """Compare the first answers of Sigang and OSRM, each by its own car with its costs of turns.

    That Sigang's are the shortest is for its tests; here it must be the same journeys that are
    answered: the median of the lengths is that of OSRM's to a tenth.
    """
    ratios, lengths, bytes_ = [], [], defaultdict(list)
    for number in range(count):
        answers = {name: service.ask(number) for name, service in services.items()}
        ours, theirs = (duration(n, answers[n]) for n in ("Sigang", "OSRM CH"))
        ratios.append(ours / theirs)
        lengths.append(metres("Sigang", answers["Sigang"]) / metres("OSRM CH", answers["OSRM CH"]))
        for name, answer in answers.items():
            bytes_[name].append(len(json.dumps(answer)))
            if not geometry(name, answer):
                raise Unequal(f"{name} gives no polyline: {str(answer)[:500]}")
    longer = statistics.median(lengths)
    if abs(longer - 1) > SAME_LENGTH:
        raise Unequal(f"paths over HTTP are {longer:.2f} as long as OSRM's: nothing is timed")
    sizes = ", ".join(f"{n} {statistics.median(b):,.0f}" for n, b in bytes_.items())
    told = f"medians to OSRM's: length {longer:.2f}, duration {statistics.median(ratios):.2f}"
    return f"{count} paths, {told}; median bytes: {sizes}"


def load(service: Service, seconds: int, start: int) -> float:
    """Run wrk and return answered requests per second; failed answers stop the benchmark."""
    listing, script = servers.STATE / "bodies.txt", servers.STATE / "bodies.lua"
    listing.write_text("\n".join(service.bodies))
    script.write_text(LUA)
    env = {**os.environ, "BENCH_BODIES": str(listing), "BENCH_START": str(start),
           "BENCH_METHOD": service.method, "BENCH_PATH": service.path}  # fmt: skip
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s",
               "-s", str(script), service.base]  # fmt: skip
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    failed = r"(connect|write|timeout) [1-9]"  # a read fails when osrm-routed ends a connection
    if "Non-2xx" in out or re.search(failed, out):
        raise Unequal(f"{service.base}{service.path}: {out}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    if found is None:
        raise Unequal(f"wrk says {out}")
    return float(found[1])


@dataclass
class Run:
    """What rounds of load gave: paths per second, and milliseconds of processor per path."""

    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def race(services: dict[str, Service], rounds: int, seconds: int) -> dict[str, Run]:
    """Load the servers in turn."""
    found = {name: Run() for name in services}
    for service in services.values():
        load(service, 1, 0)
    for number in range(rounds):
        for name, service in services.items():
            before = service.cpu_s()
            rate = load(service, seconds, number * 41)
            used = sum(s - before.get(pid, 0.0) for pid, s in service.cpu_s().items())
            found[name].rates.append(rate)
            found[name].cpu_ms.append(1000 * used / (rate * seconds))
    return found
