"""The processes of a server: watched, replaced when they stand still, ended whatever they do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import httpx
import pytest
from uvicorn.config import STARTUP_FAILURE

from api.cli import lives
from api.cli.claim import Record, claimed, find_server, recorded
from api.cli.doctor import _server as server_finding
from api.cli.lives import Life
from spatial.errors import SetupError
from spatial.settings import Settings
from tests.harness import ROOT, free_port, server_environment
from tests.layers.small import write_areas
from tests.small_server import STUCK_S, WORKERS

WAIT_S = 30


class Small:
    """A running supervisor with workers of a small application."""

    def __init__(self, log: Path) -> None:
        self._port, self._log = free_port(), log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.small_server", str(self._port)],
                cwd=ROOT, env=server_environment(), stdout=out, stderr=out,
            )  # fmt: skip
        self.wait(lambda: len(self.workers()) == WORKERS and self.ask())

    def ask(self, path: str = "/", wait_s: float = 2.0) -> list[int]:
        """Return process id, restarts and stuck ones as any worker tells them."""
        try:
            text = httpx.get(
                f"http://127.0.0.1:{self._port}{path}", timeout=wait_s, trust_env=False
            ).text
        except httpx.TransportError:
            return []
        return [int(part) for part in text.split()]

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text("ascii").split()]

    def wait(self, condition) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, self.log()
            assert self.process.poll() is None, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        return self._log.read_text("utf-8")


@contextmanager
def running(log: Path) -> Iterator[Small]:
    started = Small(log)
    workers = [Life.find(pid) for pid in started.workers()]
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        lives.kill(life for life in workers if life)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with running(tmp_path_factory.mktemp("small") / "log") as started:
        yield started


def test_a_stop_of_all_processes_costs_none_of_them(small):
    before, counts = small.workers(), small.ask()[1:]
    everyone = [small.process.pid, *before]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(1.5 * STUCK_S)
    for pid in everyone:
        os.kill(pid, signal.SIGCONT)
    time.sleep(0.5 * STUCK_S)
    assert small.workers() == before, small.log()
    assert small.ask()[1:] == counts


def test_a_process_whose_loop_stands_still_is_killed_and_replaced(small):
    before, (restarts, stuck) = set(small.workers()), small.ask()[1:]
    assert small.ask("/stand-still", STUCK_S / 4) == []
    assert small.ask()[0] in before, "the other one answers meanwhile"
    small.wait(lambda: small.ask()[1:] == [restarts + 1, stuck + 1])
    assert len(set(small.workers()) - before) == 1
    assert "did not answer for 2 s and was killed: starting another" in small.log()
    assert "small_server.py" in small.log(), "the log says where it stood"


def test_a_wrong_declaration_is_one_line_before_anything_is_served(tmp_path):
    areas = write_areas(tmp_path / "areas")
    path = areas / "port" / "ports.layer.toml"
    path.write_text(path.read_text("utf-8").replace("visible", "visibel"), "utf-8")
    link, theirs = Pipe()
    with link, theirs, socket.socket() as bound:
        handles = [theirs.fileno(), bound.fileno()]
        done = subprocess.run(
            [sys.executable, "-m", "api.cli.supervisor", *map(str, handles)], pass_fds=handles,
            env=server_environment(areas=str(areas)), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == STARTUP_FAILURE
    (line,) = done.stderr.splitlines()
    assert line.startswith("port/ports.layer.toml: visibel: ")


def test_a_stopped_process_does_not_hold_up_the_end(tmp_path):
    with running(tmp_path / "log") as started:
        workers = [Life.find(pid) for pid in started.workers()]
        os.kill(workers[0].pid, signal.SIGSTOP)
        assert started.ask()[0] == workers[1].pid
        started.process.terminate()
        assert started.process.wait(WAIT_S) == 0, started.log()
        assert not any(life.goes_on() for life in workers)


def test_workers_do_not_outlive_a_killed_supervisor(small):
    workers = [Life.find(pid) for pid in small.workers()]
    small.process.kill()
    small.process.wait()
    assert lives.wait_gone(workers, WAIT_S)


def test_another_process_under_a_number_used_again_is_left_alone():
    other = subprocess.Popen(["sleep", "60"])
    try:
        life = Life.find(other.pid)
        earlier = Life(other.pid, life.started - 1)
        assert life.goes_on() and not earlier.goes_on()
        earlier.send(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            other.wait(0.2)
        assert other.poll() is None
        lives.kill([life])
        assert other.wait(5) == -signal.SIGKILL
    finally:
        other.kill()
        other.wait()


def test_one_server_holds_a_state_folder(tmp_path):
    home = tmp_path / "home"
    record = Record(Life.find(os.getpid()), "http://127.0.0.1:1", time.time())
    with claimed(home), recorded(home, record):
        with pytest.raises(SetupError, match="already runs at http:"), claimed(home):
            pass
        assert find_server(home) == record
    assert find_server(home) is None
    with claimed(home), pytest.raises(SetupError, match="Another command uses"), claimed(home):
        pass


def test_what_a_killed_server_left_is_ended_and_nothing_else(tmp_path):
    left, other = (subprocess.Popen(["sleep", "60"]) for _ in range(2))
    try:
        os.kill(left.pid, signal.SIGSTOP)
        dead, known = Life(left.pid, 1), (Life.find(left.pid), Life(other.pid, 1))
        Record(dead, "http://127.0.0.1:1", 0.0, known).write(tmp_path)
        with claimed(tmp_path):
            assert left.wait(WAIT_S) == -signal.SIGTERM
            assert other.poll() is None
            assert Record.read(tmp_path) is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait()


def test_only_the_own_record_is_deleted(tmp_path):
    mine = Record(Life.find(os.getpid()), "http://127.0.0.1:1", 0.0)
    another = replace(mine, command=Life(1, 1))
    with recorded(tmp_path, mine):
        another.write(tmp_path)
    assert Record.read(tmp_path) == another


def test_doctor_tells_of_replaced_processes(tmp_path):
    calm = Record(Life.find(os.getpid()), "http://127.0.0.1:1", 0.0)
    calm.write(tmp_path)
    assert server_finding(Settings(home=tmp_path)).state == "ok"
    replace(calm, restarts=3, stuck=1, last="server process 7 ended with -9").write(tmp_path)
    found = server_finding(Settings(home=tmp_path))
    assert found.state == "warn" and found.mend
    assert "3 of its processes" in found.text and "process 7" in found.text
