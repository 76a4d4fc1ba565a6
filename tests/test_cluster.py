"""The private cluster: made, killed, mended, watched, stopped; and its place on the machine."""

import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from spatial.errors import SetupError
from spatial.postgres import cluster as cluster_module
from spatial.postgres import machine, migrate
from spatial.postgres.cluster import LOW_DISK_BYTES, Cluster
from tests.harness import ROOT, make_home, remove_home

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def home():
    folder = make_home(suffix="c")
    yield folder
    remove_home(folder)


@pytest.fixture
def cluster(home):
    with Cluster(home).running() as running:
        yield running


def rows(cluster):
    with psycopg.connect(cluster.url()) as conn:
        return conn.execute("SELECT count(*) FROM kept").fetchone()[0]


def keep_rows(cluster):
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        conn.execute("TRUNCATE kept")
        conn.execute("INSERT INTO kept SELECT generate_series(1, 1000)")


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_it_is_utf8_private_and_sane(cluster):
    with psycopg.connect(cluster.url()) as conn:
        assert conn.execute("SHOW server_encoding").fetchone()[0] == "UTF8"
        assert conn.execute("SHOW listen_addresses").fetchone()[0] == ""
        assert conn.execute("SHOW jit").fetchone()[0] == "off"
        assert conn.execute("SHOW max_parallel_workers_per_gather").fetchone()[0] == "0"
        row = conn.execute(
            "SELECT datcollate, current_user FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row == ("C.UTF-8", "sigang")
    assert stat.S_IMODE(cluster.socket.stat().st_mode) == 0o700
    assert len(f"{cluster.socket}/.s.PGSQL.5432") <= 107


def test_the_server_has_no_rights_of_root(cluster):
    status = Path(f"/proc/{cluster.pid()}/status").read_text("ascii")
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids


def test_errors_cannot_fill_the_log(cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "LOG_KEEP_BYTES", 20_000)
    cluster.bound_log()
    secret = "a value of somebody"
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        for n in range(300):
            with pytest.raises(psycopg.errors.DivisionByZero):
                conn.execute(f"SELECT 1 / %s, %s /* {n} {'x' * 10_000} */", (0, secret))
    assert 20_000 < cluster.log.stat().st_size < 300 * 200
    assert secret not in cluster.log.read_text("utf-8")
    cluster.bound_log()
    assert cluster.log.stat().st_size == 0
    assert cluster.log.with_suffix(".log.1").stat().st_size == 20_000
    with psycopg.connect(cluster.url()) as conn, pytest.raises(psycopg.errors.DivisionByZero):
        conn.execute("SELECT 1 / 0")
    text = cluster.log.read_text("utf-8")
    assert "division by zero" in text and "\0" not in text  # appended, no hole before it


def test_a_killed_server_is_mended_and_nothing_is_lost(cluster):
    keep_rows(cluster)
    held = psycopg.connect(cluster.url())
    held.execute("SELECT 1")
    kill(cluster.pid())
    assert not cluster.healthy()
    cluster.start()
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    held.close()
    assert cluster.healthy()
    assert rows(cluster) == 1000


def test_a_server_that_takes_no_more_connections_is_left_alone(cluster):
    before = cluster.pid()
    allow = "ALTER DATABASE postgres WITH ALLOW_CONNECTIONS {}"
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute(allow.format("false"))
        try:
            assert cluster.healthy()
            cluster.start()
            assert cluster.pid() == before
        finally:
            conn.execute(allow.format("true"))


def test_a_frozen_server_stops_too_and_nothing_is_lost(cluster):
    keep_rows(cluster)
    for pid in machine.processes_in(cluster.data):
        with suppress(ProcessLookupError):  # one that was ending when it was listed
            os.kill(pid, signal.SIGSTOP)
    cluster.stop(timeout_s=1)
    assert cluster.pid() is None
    cluster.start()
    assert rows(cluster) == 1000


def test_a_lock_file_that_names_another_process_is_forgotten(cluster):
    keep_rows(cluster)
    lock = cluster.data / "postmaster.pid"
    before = lock.read_text("ascii")
    kill(cluster.pid())
    other = subprocess.Popen(["sleep", "60"])
    try:
        lock.write_text(before.replace(before.split("\n")[0], str(other.pid), 1), "ascii")
        assert cluster.pid() is None
        cluster.start()
        assert rows(cluster) == 1000
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_last_user_stops_it(home):
    with Cluster(home).running() as first:
        with Cluster(home).running() as second:
            assert second.pid() == first.pid()
        assert first.healthy()
    assert first.pid() is None


def test_an_interrupted_making_starts_afresh():
    folder = make_home(suffix="i")
    try:
        broken = Cluster(folder)
        for name in ("data.new", "data"):
            (broken.folder / name / "base").mkdir(parents=True)
        with broken.running() as running:
            assert running.healthy()
    finally:
        remove_home(folder)


def test_writes_stop_before_the_disk_is_full_and_go_on_after(cluster, monkeypatch):
    keep_rows(cluster)
    monkeypatch.setattr(cluster_module.machine, "free_bytes", lambda _: LOW_DISK_BYTES - 1)
    assert cluster.guard_disk() is True
    with (
        psycopg.connect(cluster.url()) as conn,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        conn.execute("INSERT INTO kept VALUES (1)")
    assert rows(cluster) == 1000
    monkeypatch.setattr(cluster_module.machine, "free_bytes", lambda _: LOW_DISK_BYTES + 1)
    assert cluster.guard_disk() is True
    monkeypatch.setattr(cluster_module.machine, "free_bytes", lambda _: 3 * LOW_DISK_BYTES)
    assert cluster.guard_disk() is False
    keep_rows(cluster)


def test_a_start_on_a_full_disk_uses_the_reserve_and_then_says_so(cluster):
    assert cluster.ballast.stat().st_size == cluster_module.BALLAST_BYTES
    said = []
    cluster._free_ballast(said.append)
    assert not cluster.ballast.exists()
    assert "reserve" in said[0]
    with pytest.raises(SetupError, match="full") as caught:
        cluster._free_ballast(said.append)
    assert "512 MB" in caught.value.mend_en


def test_a_crash_on_a_full_disk_recovers_and_nothing_is_lost():
    """A real small disk: full, crashed, recovered with the reserve, then without one."""
    try:
        subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    folder = make_home(suffix="d")
    try:
        result = subprocess.run(
            ["unshare", "-m", sys.executable, "-m", "tests.full_disk", str(folder)],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        remove_home(folder)
    assert result.stdout.splitlines() == [
        "with the reserve: 100000",
        f"without: The disk of {folder}/home/cluster is full.",
        "after freeing: 100000 False",
    ], result.stderr


def test_an_old_server_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(migrate, "OLDEST_POSTGIS", (99, 0))
    with pytest.raises(SetupError, match="too old"):
        migrate.check_server(cluster.url())


def test_a_folder_that_its_user_cannot_enter_moves_it_to_a_system_folder(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root starts the cluster as another user")
    tmp_path.chmod(0o700)
    tmp_path.parent.chmod(0o700)
    folder = machine.cluster_folder(tmp_path / "state")
    assert folder.parent == machine.SYSTEM_STATE
    tmp_path.parent.chmod(0o755)
    assert machine.cluster_folder(tmp_path / "state") == folder


def test_migrations_go_up_down_and_up(database_url):
    assert migrate.current(database_url) == migrate.head()
    migrate.downgrade(database_url)
    assert migrate.current(database_url) is None
    with psycopg.connect(database_url) as conn:
        left = conn.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'sigang%'"
        ).fetchone()
    assert left == (0,)
    migrate.upgrade(database_url)
    assert migrate.current(database_url) == migrate.head()


def test_migrations_go_down_and_up_on_the_loaded_sample(databases, sample):
    with databases.fresh(sample) as url:
        migrate.downgrade(url)
        migrate.upgrade(url)
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT count(*) FROM sigang.edge").fetchone() == (0,)
