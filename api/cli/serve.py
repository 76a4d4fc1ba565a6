"""The server's processes: bound, watched, announced, and stopped together."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import json
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess

from api.cli.ground import Ground
from api.cli.progress import say
from api.cli.sharing import AWAY, Shares, Worker
from spatial.cluster import LOW_DISK_BYTES, Cluster
from spatial.errors import SetupError
from spatial.machine import MB
from spatial.settings import Settings

READY_WAIT_S = 900  # the first start with a million edges orders and contracts them
WATCH_EVERY_S = 2.0
STOP_WAIT_S = 3
KILL_WAIT_S = 10
RESTART_PAUSE_S = 1.0
RECORD = "server.json"


class Supervisor(Multiprocess):
    """uvicorn's supervisor, judging a worker by its life alone.

    The one above waits for an answer of a worker that died a moment ago, deaf to signals.

    Attributes
    ----------
    served
        True once a worker has answered: then one that cannot start is tried again, because the
        database may just be away; before, it ends the server.
    """

    served = False

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._shares = Shares(config.workers)

    def init_processes(self) -> None:
        """Start all processes."""
        for number in range(self.processes_num):
            self.processes.append(self._started(number))

    def _started(self, number: int) -> Worker:
        worker = Worker(self.config, self.sockets, self._shares, number)
        worker.start()
        return worker

    def keep_subprocess_alive(self) -> None:
        """Replace workers that ended; stop where one cannot start at all."""
        for index, worker in enumerate(self.processes):
            if self.should_exit.is_set() or worker.process.is_alive():
                continue
            worker.join()
            if worker.exitcode == STARTUP_FAILURE and not self.served:
                self.should_exit.set()
                return
            say(f"a server process ended with {worker.exitcode}: starting another")
            self._shares.note(index, AWAY)
            self.should_exit.wait(RESTART_PAUSE_S)
            self.processes[index] = self._started(index)


def address(settings: Settings) -> str:
    """Return the address under which a client of this machine reaches the server."""
    host = settings.host
    with contextlib.suppress(ValueError):
        ip = ipaddress.ip_address(host)
        if ip.is_unspecified:
            host = "127.0.0.1"
        elif ip.version == 6:
            host = f"[{host}]"
    return settings.public_url or f"http://{host}:{settings.port}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host's address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(settings: Settings) -> socket.socket:
    """Bind the port before anything slow is done.

    Raises
    ------
    SetupError
        It is taken, or may not be used.
    """
    running = read_record(settings.home)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
        if settings.port == 0 or not _answers(settings):
            return bound
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    except (OSError, OverflowError) as error:
        bound.close()
        if running:
            raise _taken(f"Sigang already runs at {running['url']}.", running["url"]) from error
        raise _taken(
            f"{settings.host}:{settings.port} cannot be used: {_reason(error)}.",
            str(settings.port),
        ) from error


def _answers(settings: Settings) -> bool:
    """Tell whether somebody listens on the port of all addresses, which a bind may not notice."""
    try:
        with socket.create_connection((settings.host, settings.port), 0.2):
            return True
    except OSError:
        return False


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).rstrip(".")


def _taken(text: str, what: str) -> SetupError:
    return SetupError(
        text,
        f"端口被占用或不可用：{what}。",
        mend_en="Stop the other program (./sigang down stops ours), or use --port 8081.",
        mend_zh="请停止占用程序（本系统用 ./sigang down），或使用 --port 8081。",
    )


def run(ground: Ground, bound: socket.socket, on_ready: Callable[[str], None]) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code.

    Parameters
    ----------
    ground
        The database to serve; a private cluster is watched and restarted.
    bound
        Socket from `bind`.
    on_ready
        Called once with the server's address when it answers.
    """
    settings = ground.settings
    os.environ.update(settings.to_env())
    config = uvicorn.Config(
        "api.cli.worker:create",
        factory=True,
        workers=settings.workers,
        log_level=settings.log_level if settings.log_level != "info" else "warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WAIT_S,
    )
    bound.set_inheritable(True)
    supervisor = Supervisor(config, sockets=[bound])
    with _recorded(settings), _watching(ground, supervisor.should_exit), _buried(supervisor):
        threading.Thread(
            target=_announce, args=(settings, on_ready, supervisor), name="announce", daemon=True
        ).start()
        supervisor.run()
    return 0 if supervisor.served else 1


@contextmanager
def _buried(supervisor: Multiprocess) -> Iterator[None]:
    """Kill the workers that do not end by themselves when the server stops."""
    over = threading.Event()

    def bury() -> None:
        supervisor.should_exit.wait()
        if not over.wait(KILL_WAIT_S):
            for worker in supervisor.processes:
                worker.process.kill()

    threading.Thread(target=bury, name="bury", daemon=True).start()
    try:
        yield
    finally:
        supervisor.should_exit.set()
        over.set()


def _announce(settings: Settings, on_ready: Callable[[str], None], supervisor: Supervisor) -> None:
    url = f"{_local(settings)}/readyz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_WAIT_S
    while not supervisor.should_exit.is_set() and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=5):
                supervisor.served = True
            on_ready(address(settings))
            return
        except (OSError, SetupError, psycopg.Error):
            supervisor.should_exit.wait(0.1)
    if not supervisor.should_exit.is_set():
        say(f"the server does not get ready; see the messages above and {url}")
        supervisor.should_exit.set()


def _local(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}"


@contextmanager
def _recorded(settings: Settings) -> Iterator[None]:
    record = settings.home / RECORD
    body = {"pid": os.getpid(), "url": address(settings), "started_at": time.time()}
    record.write_text(json.dumps(body), "utf-8")
    try:
        yield
    finally:
        found = read_record(settings.home)
        if found is None or found["pid"] == os.getpid():
            record.unlink(missing_ok=True)


def read_record(home: Path) -> dict[str, Any] | None:
    """Return what a running server noted of itself; None where it is gone."""
    try:
        record = json.loads((home / RECORD).read_text("utf-8"))
        command = Path(f"/proc/{record['pid']}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return dict(record) if b"api.cli" in command else None


@contextmanager
def _watching(ground: Ground, stopping: threading.Event) -> Iterator[None]:
    if ground.cluster is None:
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(ground.cluster, over, stopping), name="watch", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(cluster: Cluster, over: threading.Event, stopping: threading.Event) -> None:
    """Restart a killed database and guard its disk, until the server stops."""
    refused = False
    while not over.wait(WATCH_EVERY_S) and not stopping.is_set():
        try:
            if not cluster.healthy():
                say("the database stopped: starting it again")
                cluster.start(say)
            now = cluster.guard_disk()
        except (SetupError, psycopg.Error) as error:
            say(f"the database is not well: {error}")
            continue
        if now != refused:
            free = f"less than {LOW_DISK_BYTES // MB} MB free in {cluster.folder}"
            say(f"{free}: writes are refused" if now else "enough space: writes are allowed again")
            refused = now
