"""Set-up: what a newcomer runs, what goes wrong around it, and how it mends itself."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from api.cli import apt, bootstrap, sample
from api.cli.ground import Ground
from spatial.errors import BadParameter
from spatial.postgres import machine
from spatial.postgres.cluster import Cluster
from spatial.postgres.db import connect
from spatial.settings import Settings
from tests.conftest import ANCHOR, ROOT, free_port
from tests.harness import PLAIN, make_home, remove_home, server_environment

WAIT_S = 120
LATER_START_S = 8
ANNOUNCED = "Ctrl-C stops the server"


def sigang(*arguments, home, url=None, **more):
    """Run a command of Sigang to its end."""
    environ = server_environment(home=str(home), **({"database_url": url} if url else {}))
    return subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", *arguments],
        env=environ, capture_output=True, text=True, timeout=WAIT_S, check=False, **more,
    )  # fmt: skip


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


def test_a_reader_that_has_enough_ends_a_command_quietly(tmp_path):
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", "status"], stdout=write, stderr=subprocess.PIPE,
        env=server_environment(home=str(tmp_path)), timeout=WAIT_S, check=False,
    )  # fmt: skip
    os.close(write)
    assert (result.returncode, result.stderr) == (128 + signal.SIGPIPE, b"")


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
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert httpx.get(f"{up.base_url}/readyz", timeout=30, trust_env=False).status_code == 503
    assert time.monotonic() - began < 10, "it says so in 2 s, not when the database answers"
    for pid in postgres:
        with suppress(ProcessLookupError):  # one may have been at its end when it was stopped
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


@pytest.mark.db
def test_an_interrupted_first_load_leaves_nothing_and_is_done_again(
    database_url, monkeypatch, tmp_path
):
    def interrupted(conn, anchor, progress):
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('half', '', '', '', '')"
        )
        raise KeyboardInterrupt

    def whole(conn, anchor, progress):
        calls.append(anchor)

    calls = []
    with connect(database_url) as conn:
        monkeypatch.setattr("data.sample.load_sample", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sample.load_into(conn, ANCHOR, str)
        left = conn.execute("SELECT count(*) FROM sigang.source WHERE id = 'half'").fetchone()
        assert left == (0,)
        assert sample.loaded_anchor(conn) is None
        monkeypatch.setattr("data.sample.load_sample", whole)
        base = Ground(database_url, None, Settings(home=tmp_path))
        sample.ensure_sample(base, ANCHOR.isoformat())
        sample.ensure_sample(base, None)
        assert calls == [ANCHOR]
        sample.ensure_sample(base, (ANCHOR + timedelta(days=1)).isoformat())
        assert calls == [ANCHOR, ANCHOR + timedelta(days=1)]
        states = conn.execute("SELECT state FROM sigang.load_run ORDER BY started_at").fetchall()
        assert [state for (state,) in states] == ["failed", "done", "done"]


@pytest.mark.db
def test_a_loaded_sample_is_found_and_not_loaded_again(sample_url, monkeypatch):
    monkeypatch.setattr(sample, "load", lambda *_: pytest.fail("the sample is there"))
    with connect(sample_url) as conn:
        assert sample.loaded_anchor(conn) == ANCHOR
    sample.ensure_sample(Ground(sample_url, None, None), None)


def test_the_sample_is_anchored_to_midnight_in_shanghai():
    anchor = sample.anchor_of(None)
    assert anchor.utcoffset() == timedelta(hours=8)
    assert (anchor.hour, anchor.minute, anchor.second, anchor.microsecond) == (0, 0, 0, 0)
    assert timedelta(0) <= datetime.now(anchor.tzinfo) - anchor < timedelta(days=1)
    for bad in ("yesterday", "2026-03-02T00:00:00"):
        with pytest.raises(BadParameter, match="RFC 3339"):
            sample.anchor_of(bad)


@pytest.mark.db
def test_doctor_finds_a_table_without_row_security(database_url, tmp_path):
    well = json.loads(sigang("doctor", "--json", home=tmp_path, url=database_url).stdout)
    states = {finding["name"]: finding["state"] for finding in well}
    for name in ("python", "layers", "database", "schema", "roles", "scope", "audit"):
        assert states[name] == "ok", well
    assert states["sample"] == "warn"
    with connect(database_url) as conn:
        conn.execute("ALTER TABLE sigang.event DISABLE ROW LEVEL SECURITY")
    result = sigang("doctor", home=tmp_path, url=database_url)
    assert result.returncode == 1
    assert "✗ scope" in result.stdout
    assert "event" in result.stdout


def test_without_rights_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(apt, "has_postgis", lambda: False)
    monkeypatch.setattr(apt.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        apt.shutil, "which", lambda name: None if name == "sudo" else f"/usr/bin/{name}"
    )
    with pytest.raises(apt.PackagesMissingError) as caught:
        bootstrap._install_packages(tmp_path)
    assert "apt-get install --no-install-recommends" in str(caught.value)
    assert "-postgis-3" in str(caught.value)


def test_with_everything_there_it_asks_for_no_rights(monkeypatch, tmp_path):
    def refuse(*_):
        raise AssertionError("nothing may be installed")

    monkeypatch.setattr(apt, "install", refuse)
    bootstrap._install_packages(tmp_path)


def test_a_lock_is_installed_again_only_when_it_changed(monkeypatch, tmp_path):
    commands = []
    monkeypatch.setattr(
        bootstrap, "_run", lambda home, command, folder=ROOT: commands.append(command)
    )
    binaries = tmp_path / "venv" / "bin"
    binaries.mkdir(parents=True)
    for entry in ("python", "pip", "../pyvenv.cfg"):
        (binaries / entry).touch()
    bootstrap._ensure_venv(tmp_path, ["runtime"])
    assert len(commands) == 1
    assert {"--require-hashes", "--no-deps"} <= set(commands[0])
    bootstrap._ensure_venv(tmp_path, ["runtime"])
    assert len(commands) == 1
    (tmp_path / "venv" / "sigang-runtime.sha256").write_text("another")
    bootstrap._ensure_venv(tmp_path, ["runtime", "test"])
    assert len(commands) == 3


def test_kernels_are_compiled_again_when_one_changed_moved_or_lost_its_cache(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "_run", lambda _, command, **__: ran.append(command))
    kernel = tmp_path / "routing" / "index" / "near_kernels.py"
    kernel.parent.mkdir(parents=True)

    def compiled_again():
        before = len(ran)
        bootstrap._ensure_kernels(tmp_path)
        return len(ran) > before

    kernel.write_text("from routing.compiled import compiled")
    assert compiled_again()
    assert not compiled_again()
    kernel.write_text("from routing.compiled import compiled  # changed")
    assert compiled_again()
    kernel = kernel.rename(tmp_path / "routing" / "near_kernels.py")
    assert compiled_again()
    shutil.rmtree(tmp_path / "routing" / "__pycache__")
    assert compiled_again()
    assert not compiled_again()


@pytest.mark.db
def test_settings_name_a_database_that_does_not_answer(tmp_path):
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    result = sigang("migrate", home=tmp_path, url=url)
    assert result.returncode == 1
    assert "does not answer" in result.stderr
    assert "SIGANG_DATABASE_URL" in result.stderr
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
