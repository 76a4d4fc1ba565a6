"""A real `up` with its private cluster: killed in parts, stopped, asked for, reset."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from spatial.postgres import machine
from spatial.postgres.cluster import Cluster
from tests.commands import sigang
from tests.conftest import free_port
from tests.harness import PLAIN, make_home, remove_home, server_environment

WAIT_S = 120
LATER_START_S = 8
ANNOUNCED = "Ctrl-C stops the server"


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition, seconds=WAIT_S):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def children(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(child) for child in text.split()]


def workers_of(pid):
    """Return the server processes of a command: the children of its supervisor."""
    return [worker for supervisor in children(pid) for worker in children(supervisor)]


class Running:
    """A real `up` with a private cluster and no sample."""

    def __init__(self, home, port):
        self.base_url = f"http://127.0.0.1:{port}"
        self.log = (home / f"out-{port}.log").open("w+", encoding="utf-8")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "api.cli", "up", "--no-sample", "--port", str(port)],
            env=server_environment(home=str(home)),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip

    def ready(self):
        try:
            url = f"{self.base_url}/readyz"
            return httpx.get(url, timeout=2, trust_env=False, verify=PLAIN).is_success
        except httpx.TransportError:
            return False

    def wait_ready(self):
        assert until(lambda: ANNOUNCED in self.text() or self.process.poll() is not None), (
            self.text()
        )
        took = time.monotonic() - self.started
        assert self.process.poll() is None, self.text()
        assert self.ready()
        return took

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self.log.close()
        return code


@pytest.fixture(scope="module")
def home():
    folder = make_home(suffix="u")
    yield folder
    remove_home(folder)


@pytest.fixture(scope="module")
def ups(home):
    """Yield all that were started, the newest last."""
    started = []
    yield started
    for running in started:
        running.stop()


@pytest.fixture
def up(home, ups):
    """Return one that runs: the newest where the test before has left it running."""
    if not ups or ups[-1].process.poll() is not None:
        ups.append(Running(home, free_port()))
        ups[-1].wait_ready()
    assert until(ups[-1].ready, 30)
    return ups[-1]


@pytest.mark.db
def test_a_taken_port_is_named_before_anything_is_made(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = sigang("up", "--port", str(port), home=tmp_path / "state")
    assert result.returncode == 1
    assert f"127.0.0.1:{port} cannot be used" in result.stderr
    assert "--port" in result.stderr
    assert not (tmp_path / "state" / "cluster.path").exists()


@pytest.mark.db
def test_a_killed_worker_is_replaced(up):
    worker = workers_of(up.process.pid)[-1]
    threads = Path(f"/proc/{children(up.process.pid)[0]}/task")
    assert len(list(threads.iterdir())) == 1, "only a process of one thread may fork"
    os.kill(worker, signal.SIGKILL)
    assert until(lambda: not alive(worker) and len(workers_of(up.process.pid)) >= 2, 30)
    assert until(up.ready, 30)


@pytest.mark.db
def test_a_killed_database_comes_back_under_the_running_server(up, home):
    cluster = Cluster(home)
    before = cluster.pid()
    postgres = machine.processes_in(cluster.data)
    for pid in postgres:
        with suppress(ProcessLookupError):  # one may have been at its end when it was listed
            os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert httpx.get(f"{up.base_url}/readyz", timeout=30, trust_env=False).status_code == 503
    assert time.monotonic() - began < 10, "it says so in 2 s, not when the database answers"
    for pid in postgres:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    assert until(up.ready, 30)
    os.kill(before, signal.SIGKILL)
    assert until(lambda: cluster.pid() not in {None, before} and cluster.healthy(), 30)
    assert until(up.ready, 30)
    assert up.process.poll() is None


@pytest.mark.db
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_stops_cleanly_with_its_database(up, home, number):
    cluster = Cluster(home)
    workers = workers_of(up.process.pid)
    assert cluster.healthy()
    assert "Sigang: http://127.0.0.1" in up.text()
    assert up.stop(number) == 0
    assert cluster.pid() is None
    assert "database system is shut down" in cluster.log.read_text("utf-8")[-500:]
    assert until(lambda: not any(map(alive, workers)), 10)


@pytest.mark.db
def test_a_killed_server_takes_its_workers_along_and_the_next_up_is_quick(up, home, ups):
    workers = workers_of(up.process.pid)
    assert len(workers) >= 2
    os.kill(up.process.pid, signal.SIGKILL)
    up.process.wait()
    assert until(lambda: not any(map(alive, workers)), 15)
    again = Running(home, int(up.base_url.rpartition(":")[2]))
    ups.append(again)
    assert again.wait_ready() <= LATER_START_S * max(1.0, os.getloadavg()[0] / os.cpu_count())


@pytest.mark.db
def test_status_and_down(up, home):
    found = json.loads(sigang("status", "--json", home=home).stdout)
    assert found["server"] == up.base_url
    assert found["database"] == "running"
    for port in (up.base_url.rpartition(":")[2], str(free_port())):
        second = sigang("up", "--no-sample", "--port", port, home=home)
        assert second.returncode == 1
        assert f"already runs at {up.base_url}" in second.stderr
    assert sigang("reset", "--yes", home=home).returncode == 1
    stopped = [children(up.process.pid)[0], workers_of(up.process.pid)[0]]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    assert sigang("down", home=home).stdout == "Sigang is stopped.\n"
    assert up.process.wait(10) == 0
    assert not any(map(alive, stopped))
    assert Cluster(home).pid() is None
    assert sigang("status", home=home).returncode == 3


@pytest.mark.db
def test_reset_asks_then_deletes_what_it_made_and_nothing_else():
    folder = make_home(suffix="r")
    try:
        assert sigang("migrate", home=folder).returncode == 0
        (folder / "mine.txt").write_text("mine")
        asked = sigang("reset", home=folder, stdin=subprocess.DEVNULL)
        assert asked.returncode == 1
        assert "--yes" in asked.stderr
        assert Cluster(folder).data.exists()
        assert sigang("reset", "--yes", home=folder).returncode == 0
        assert {entry.name for entry in folder.iterdir()} == {"mine.txt"}
    finally:
        remove_home(folder)
