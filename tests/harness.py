"""What the fixtures are made of: a throw-away cluster, template databases, a real server."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from spatial.postgres import machine, migrate
from spatial.postgres.cluster import Cluster
from spatial.postgres.db import connect

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
ANCHOR = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
HOME_VARIABLE = "TEST_CLUSTER_HOME"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP, which need not read every authority that there is, for 30 ms."""
HOME_PREFIX = "sigang-test-"
MEMORY = Path("/dev/shm")
ROOM_BYTES = 8 << 30
"""What must be free of memory for a run's databases to lie there."""
READY_WAIT_S = 180


def in_ci() -> bool:
    """Tell whether a continuous-integration run must not skip for a missing tool."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def shared_path(name: str) -> Path:
    """Return a file of the reference data beside the checkout, or skip the test."""
    path = SHARED / name
    if not path.exists():
        if os.environ.get("TEST_SHARED_REQUIRED"):
            pytest.fail(f"the reference data {name} must be there and is not")
        pytest.skip(f"the reference data {name} is not beside this checkout")
    return path


def program(*names: str) -> str:
    """Return the first of these programs that is installed; skip, but fail in CI, without one."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    reason = f"{' or '.join(names)} is not installed"
    if in_ci():
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_home(suffix: str = "") -> Path:
    """Make a state folder of this run, where the cluster's unprivileged user may enter it."""
    temporary = Path(tempfile.gettempdir())
    for stale in [*temporary.glob(f"{HOME_PREFIX}*"), *MEMORY.glob(f"{HOME_PREFIX}*")]:
        pid = stale.name.removeprefix(HOME_PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            remove_home(stale)
    name = f"{HOME_PREFIX}{os.getpid()}{f'-{suffix}' if suffix else ''}"
    home = (MEMORY if _memory_has_room() else temporary) / name
    home.mkdir(mode=0o755)
    return home


def _memory_has_room() -> bool:
    """Tell whether databases may lie in memory: each copy of one makes a thousand files."""
    if machine.shared_memory_bytes() < ROOM_BYTES or machine.free_bytes(MEMORY) < ROOM_BYTES:
        return False
    told = Path("/proc/meminfo").read_text("ascii").split("MemAvailable:")[1]
    return min(int(told.split()[0]) << 10, machine.memory_bytes()) >= ROOM_BYTES


def remove_home(home: Path) -> None:
    """Delete a run's state folder with its cluster."""
    if (home / "cluster.path").exists():
        Cluster(home, durable=False).remove()
    shutil.rmtree(home, ignore_errors=True)


class Databases:
    """The run's cluster: template databases made once, copies made in milliseconds."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._count = 0

    def migrated(self) -> str:
        """Return the name of the template with this version's schema and no rows."""
        return self.template("template_migrated", migrate.upgrade)

    def sample(self) -> str:
        """Return the name of the template with the frozen sample province."""
        return self.template("template_sample", fill_sample, self.migrated())

    def template(self, name: str, fill: Callable[[str], None], like: str = "template1") -> str:
        """Return the name of a template database, made by the first process that asks.

        Parameters
        ----------
        name
            Its name.
        fill
            Fills a database by its URL.
        like
            The template that is filled.
        """
        with (self.cluster.home / f"{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._exists(name):
                making = f"{name}_making"
                self.drop(making)
                self._create(making, like)
                fill(self.cluster.url(making))
                self._admin("ALTER DATABASE {} RENAME TO {}", making, name)
        return name

    def copy(self, template: str) -> str:
        """Make a copy of a template and return its URL."""
        self._count += 1
        name = f"t_{os.getpid()}_{self._count}"
        self._create(name, template)
        return self.cluster.url(name)

    def drop(self, name_or_url: str) -> None:
        """Drop a database, whoever is still connected."""
        name = urlsplit(name_or_url).path.lstrip("/") if "://" in name_or_url else name_or_url
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    @contextmanager
    def fresh(self, template: str) -> Iterator[str]:
        """Yield the URL of a copy that is dropped at the end."""
        url = self.copy(template)
        try:
            yield url
        finally:
            self.drop(url)

    def _create(self, name: str, template: str) -> None:
        self._admin("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)

    def _exists(self, name: str) -> bool:
        with psycopg.connect(self.cluster.url("postgres")) as conn:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return conn.execute(query, [name]).fetchone() is not None

    def _admin(self, text: str, *names: str) -> None:
        with psycopg.connect(self.cluster.url("postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def fill_sample(url: str) -> None:
    """Migrate a database and load the sample province as it is frozen for tests."""
    from api.cli.sample import load_into

    migrate.upgrade(url)
    with connect(url) as conn:
        load_into(conn, ANCHOR, lambda _: None)


class Server:
    """A running server, as `sigang serve` starts it.

    Attributes
    ----------
    base_url
        Address without a slash at its end.
    database_url
        The owner's URL of the database that it serves.
    home
        Its state folder.
    """

    def __init__(self, base_url: str, database_url: str, home: Path, process: int) -> None:
        self.base_url = base_url
        self.database_url = database_url
        self.home = home
        self.pid = process
        self._signing_in = threading.Lock()

    def client(self, account: str | None = None) -> httpx.Client:
        """Return a client, signed in by a one-time link where an account is named.

        Its writes carry the CSRF token.
        """
        client = httpx.Client(base_url=self.base_url, timeout=30, trust_env=False, verify=PLAIN)
        if account:
            with self._signing_in:  # a newer link of the account revokes one not used yet
                answer = client.post("/signin", data={"link": self.link(account)})
            assert answer.status_code in {302, 303}, answer.text
            csrf = client.get("/api/session").json()["csrf"]
            client.headers["X-CSRF-Token"] = csrf
        return client

    def link(self, account: str) -> str:
        """Return a new one-time sign-in token."""
        from api.http.credential_store import make_link

        with connect(self.database_url) as conn:
            return make_link(conn, account)

    def key(self, account: str) -> str:
        """Return a new API key."""
        from api.http.credential_store import make_key

        with connect(self.database_url) as conn:
            return make_key(conn, account, "test", timedelta(hours=1))


@contextmanager
def sample_made_beside() -> Iterator[None]:
    """Have another process make the sample's template meanwhile, and end it."""
    maker = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.sample_maker"], env=server_environment(),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        _end(maker)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def server_environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process of Sigang with these settings and no others."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SIGANG_")}
    environ |= {f"SIGANG_{name.upper()}": value for name, value in settings.items()}
    return environ | {"PYTHONPATH": str(ROOT)}


@contextmanager
def running_server(
    url: str, *, workers: int = 2, module: str = "api.cli", **settings: str
) -> Iterator[Server]:
    """Serve a database on a free port, in processes of its own.

    Parameters
    ----------
    url
        The owner's URL of the database.
    workers
        Server processes.
    module
        What is run to serve.
    settings
        More settings by name, for example `tile_cache_mb="1"`.
    """
    port = free_port()
    run = os.environ[HOME_VARIABLE]
    with tempfile.TemporaryDirectory(prefix="server-", dir=run) as folder:
        home = Path(folder)
        share_orders(home)
        environ = server_environment(database_url=url, home=folder, **settings)
        command = [sys.executable, "-P", "-m", module, "serve", "--port", str(port)]
        with (home / "server.log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                [*command, "--workers", str(workers)],
                env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                base_url = f"http://127.0.0.1:{port}"
                _wait_ready(process, base_url, home / "server.log")
                yield Server(base_url, url, home, process.pid)
            finally:
                _end(process)


class _PlainPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Another site</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def plain_pages() -> Iterator[str]:
    """Serve an empty page on a free port, and yield the origin: another site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _PlainPage) as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}"
        finally:
            site.shutdown()
            thread.join()


def share_orders(home: Path) -> None:
    """Let a server find the contraction orders and fonts that an earlier one of this run made."""
    for name in ("routing", "fonts"):
        shared = Path(os.environ[HOME_VARIABLE]) / name
        shared.mkdir(exist_ok=True)
        (home / name).symlink_to(shared)


def _wait_ready(process: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WAIT_S
    with httpx.Client(timeout=5, trust_env=False, verify=PLAIN) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                told = log.read_text()[-4000:]
                pytest.fail(f"the server ended with {process.returncode}:\n{told}")
            try:
                if client.get(f"{base_url}/readyz").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    pytest.fail(f"the server was not ready in {READY_WAIT_S} s:\n{log.read_text()[-4000:]}")
