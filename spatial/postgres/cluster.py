"""The private PostgreSQL cluster: made, started, mended, watched and stopped by Sigang.

It lies in the state folder, listens on a Unix socket in a private folder only, and never touches
another cluster of the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psycopg
from psycopg import pq, sql

from spatial.errors import SetupError
from spatial.postgres import machine
from spatial.postgres.machine import MB

Say = Callable[[str], None]

OWNER = "sigang"
DATABASE = "sigang"
START_TRIES = 12
START_WAIT_S = 300
STOP_WAIT_S = 30
KILL_WAIT_S = 5.0
START_GRACE_S = 1.0
NO_SPACE = "No space left on device"
FULL_DISK_BYTES = 32 * MB
BALLAST_BYTES = 128 * MB
LOW_DISK_BYTES = 256 * MB
LOG_KEEP_BYTES = 16 * MB
SHORT_LOG = {
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_connections": "off",
    "log_disconnections": "off",
}
"""A line for an error and no more: neither the statement nor its values, which callers choose."""
SMALL_SHM_BYTES = 256 * MB


def quiet(_: str) -> None:
    """Say nothing."""


class Cluster:
    """One private cluster.

    Parameters
    ----------
    home
        State folder of Sigang; the cluster may lie elsewhere, see `folder`.
    durable
        False only for tests: writes are not forced to disk.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.durable = durable
        self.folder = machine.cluster_folder(self.home)
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.ballast = self.folder / "ballast"
        self.socket = machine.socket_folder(self.home)
        version_file = self.data / "PG_VERSION"
        version = version_file.read_text("ascii").strip() if version_file.exists() else None
        self.programs = machine.find_postgres(version)

    def url(self, database: str = DATABASE, user: str = OWNER) -> str:
        """Return the libpq URL of a database of this cluster."""
        return f"postgresql://{user}@/{database}?host={self.socket}"

    @contextlib.contextmanager
    def running(self, say: Say = quiet) -> Iterator[Cluster]:
        """Keep the cluster running while at least one process is inside; the last one stops it."""
        with (self.home / "cluster.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            self.start(say)
            try:
                yield self
            finally:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    def start(self, say: Say = quiet) -> None:
        """Make the cluster if missing, start it if stopped, mend what a kill left behind.

        Raises
        ------
        SetupError
            It does not start; the message names the reason and the log.
        """
        with self._one_starter():
            if self.healthy():
                return
            if not (self.data / "PG_VERSION").exists():
                self._make(say)
            self._configure()
            self._launch(say)
            self._fill_ballast()
            self._ensure_database()

    @contextlib.contextmanager
    def _one_starter(self) -> Iterator[None]:
        with (self.home / "cluster.start").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def stop(self, timeout_s: int = STOP_WAIT_S) -> None:
        """Stop the cluster in bounded time: cleanly, else at once, else by force.

        Nothing that was committed is lost; after a stop by force the next start recovers it.

        Parameters
        ----------
        timeout_s
            How long each of the two orderly ways may take.
        """
        for mode in ("fast", "immediate"):
            if self.pid() is None:
                return
            self._pg_ctl("stop", "-m", mode, "-w", "-t", str(timeout_s))
        deadline = time.monotonic() + KILL_WAIT_S
        while self.pid() is not None and time.monotonic() < deadline:
            self._end_leftovers(signal.SIGKILL)
            time.sleep(0.05)

    def pid(self) -> int | None:
        """Return the server's process id, None where it does not run."""
        try:
            pid = int((self.data / "postmaster.pid").read_text("ascii").split()[0])
            cwd = Path(f"/proc/{pid}/cwd").readlink()
        except (OSError, IndexError, ValueError):
            return None
        return pid if cwd == self.data.resolve() else None

    def healthy(self) -> bool:
        """Tell whether the server answers, be it that all its connections are taken."""
        if self.pid() is None:
            return False
        asked = f"{self.url('postgres')}&connect_timeout=5"
        return pq.PGconn.ping(asked.encode()) == pq.Ping.OK

    def guard_disk(self) -> bool:
        """Refuse writes below the low-disk mark, allow them again above twice of it.

        Returns
        -------
        bool
            True while writes are refused. A server that runs into a full disk may crash, and
            cannot recover before space is freed, so it must not come that far.
        """
        free = machine.free_bytes(self.folder)
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as conn:
            row = conn.execute("SHOW default_transaction_read_only").fetchone()
            refused = row is not None and row[0] == "on"
            if refused == (free < LOW_DISK_BYTES * (2 if refused else 1)):
                return refused
            mode = sql.SQL("off" if refused else "on")
            conn.execute("SET default_transaction_read_only = off")
            conn.execute(
                sql.SQL("ALTER SYSTEM SET default_transaction_read_only = {}").format(mode)
            )
            conn.execute("SELECT pg_reload_conf()")
        return not refused

    def remove(self) -> None:
        """Stop the cluster and delete it with all that it holds."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket, ignore_errors=True)
        (self.home / "cluster.path").unlink(missing_ok=True)

    def _make(self, say: Say) -> None:
        say(f"making the database cluster in {self.folder}")
        if self.folder.parent == machine.SYSTEM_STATE:
            say(f"(user postgres cannot enter {self.home}, so the database lies there)")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        machine.give_to_cluster_user(self.folder)
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        arguments = [
            *("-D", str(fresh), "--username", OWNER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"),
        ]
        if not self.durable:
            arguments.append("--no-sync")
        result = self._run("initdb", *arguments)
        if result.returncode != 0:
            raise _failed("initdb", result.stderr or result.stdout)
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\ninclude = 'sigang.conf'\n")
        fresh.rename(self.data)

    def _configure(self) -> None:
        lines = [f"{name} = '{value}'" for name, value in self._parameters().items()]
        path = self.data / "sigang.conf"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        machine.give_to_cluster_user(path)
        self.bound_log()

    def bound_log(self) -> None:
        """Move the log aside once it is long; the server goes on writing at its new end."""
        if not self.log.exists() or self.log.stat().st_size <= LOG_KEEP_BYTES:
            return
        aside = self.log.with_suffix(".log.1")
        aside.unlink(missing_ok=True)
        with _no_link(self.log, "r+b") as log, _no_link(aside, "xb") as kept:
            log.seek(-LOG_KEEP_BYTES, os.SEEK_END)
            shutil.copyfileobj(log, kept, MB)
            log.truncate(0)

    def _parameters(self) -> dict[str, str]:
        memory_mb = machine.memory_bytes() // MB
        small_shm = machine.shared_memory_bytes() < SMALL_SHM_BYTES
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "max_connections": "200",
            "shared_buffers": f"{min(max(memory_mb // 8, 64), 1024)}MB",
            "effective_cache_size": f"{max(memory_mb // 2, 256)}MB",
            "work_mem": f"{min(max(memory_mb // 256, 8), 32)}MB",
            "maintenance_work_mem": f"{min(max(memory_mb // 16, 64), 256)}MB",
            "dynamic_shared_memory_type": "mmap" if small_shm else "posix",
            "jit": "off",
            "max_parallel_workers_per_gather": "0",
            "max_parallel_maintenance_workers": "0" if small_shm else "2",
            "random_page_cost": "1.1",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_wal_size": "2GB" if self.durable else "1GB",
            "wal_compression": "on",
            "checkpoint_timeout": "15min",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %u@%d ",
            **SHORT_LOG,
        }
        if not self.durable:
            parameters |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return parameters

    def _launch(self, say: Say) -> None:
        """Start the server; retry while a killed one's processes still hold shared memory."""
        reason = ""
        for attempt in range(START_TRIES):
            if machine.free_bytes(self.folder) < FULL_DISK_BYTES:
                self._free_ballast(say)
            self._forget_stale_pid()
            mark = self.log.stat().st_size if self.log.exists() else 0
            self._pg_ctl("start", "-W")
            if self._comes_up(mark):
                return
            reason = self._log_since(mark)
            self.stop()
            if NO_SPACE in reason:
                self._free_ballast(say)
            elif attempt == START_TRIES // 3:
                say("ending processes that a killed database left behind")
                self._end_leftovers(signal.SIGQUIT)
            time.sleep(min(0.25 * 2**attempt, 3.0))
        raise _failed("The database", f"{reason[-600:]}\nlog: {self.log}")

    def _comes_up(self, mark: int) -> bool:
        """Wait until the server answers; a recovery may take long, an end or a full disk not."""
        started = time.monotonic()
        while time.monotonic() - started < START_WAIT_S:
            if self.healthy():
                return True
            ended = self.pid() is None and time.monotonic() - started > START_GRACE_S
            if ended or NO_SPACE in self._log_since(mark):
                return False
            time.sleep(0.05)
        return False

    def _forget_stale_pid(self) -> None:
        """Delete the lock file of a server that is gone; its number may now be another's."""
        if self.pid() is None:
            for name in (self.data / "postmaster.pid", self.socket / ".s.PGSQL.5432.lock"):
                name.unlink(missing_ok=True)

    def _end_leftovers(self, number: int) -> None:
        for pid in machine.processes_in(self.data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _log_since(self, mark: int) -> str:
        if not self.log.exists():
            return "no log was written"
        with self.log.open("rb") as log:
            log.seek(mark)
            return log.read().decode("utf-8", "replace").strip()

    def _fill_ballast(self) -> None:
        """Reserve space that a start on a full disk gives back."""
        if self.ballast.exists() or machine.free_bytes(self.folder) < 4 * BALLAST_BYTES:
            return
        with self.ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)

    def _free_ballast(self, say: Say) -> None:
        if not self.ballast.exists():
            raise SetupError(
                f"The disk of {self.folder} is full.",
                f"{self.folder} 所在磁盘已满。",
                mend_en="Free at least 512 MB there and start again; nothing loaded is lost.",
                mend_zh="请释放至少 512 MB 空间后重新启动；已加载的数据不会丢失。",
            )
        say("the disk is full: using the reserve to let the database recover")
        self.ballast.unlink()

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if conn.execute(query, (DATABASE,)).fetchone() is None:
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", *arguments, "-s", "-D", str(self.data), "-l", str(self.log))

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of PostgreSQL as the cluster's user; its output may not hold us up."""
        return subprocess.run(
            [*machine.unprivileged_prefix(), str(self.programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _no_link(path: Path, mode: str) -> IO[bytes]:
    """Open a file in the folder of the cluster's user, who must not lead us to another's file."""
    flags = os.O_RDWR if mode == "r+b" else os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags | os.O_NOFOLLOW, 0o600), mode.replace("x", "w"))


def _failed(what: str, detail: str) -> SetupError:
    return SetupError(
        f"{what} did not start: {detail.strip()}",
        f"{what} 启动失败：{detail.strip()}",
        mend_en="Run ./sigang doctor; ./sigang reset starts afresh.",
        mend_zh="请运行 ./sigang doctor；./sigang reset 可重新开始。",
    )
