"""The process from which all workers of a server are forked: it watches and replaces them.

It imports everything once and runs no thread, so that a fork is safe and takes milliseconds. The
command of `up` or `serve` starts it before it looks after the database, tells it by a pipe what to
serve, and ends it by closing that pipe.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from pydantic import BaseModel
from uvicorn.config import STARTUP_FAILURE

from api.cli.claim import Record
from api.cli.lives import KILL_WAIT_S, Life
from api.cli.progress import say
from api.cli.sharing import Shares
from api.cli.worker import HANDLED, TELL, work
from spatial.errors import SigangError
from spatial.postgres.machine import raise_file_limit
from spatial.settings import Settings

if TYPE_CHECKING:
    from api.http.gauges import Gauges

STUCK_S = 10.0
"""How long the event loop of a worker that has served may stand still before it is killed."""
CHECK_S = 0.5
FIRST_S = 0.05
"""Time between two checks, and between those before a worker serves."""
RESTART_PAUSE_S = 1.0
KEEP_ALIVE_S = 15
"""How long a connection stays open without a request."""
DRAIN_S = 3
"""How long an ending worker may go on answering."""
END_WAIT_S = 10.0
"""How long an ending worker may take before it is killed."""
log = logging.getLogger("uvicorn.error")


@dataclass(slots=True)
class _Place:
    """A worker's place: who has it, and for how long its event loop has stood still.

    The time is summed up from check to check, so that a stop of all processes, or of the machine,
    counts as one check.
    """

    worker: ForkProcess
    ticked: float = 0.0
    silent_s: float = 0.0
    stuck: bool = False


class Supervisor:
    """Keeps the workers of a server running.

    Parameters
    ----------
    config
        The application and how it is served.
    bound
        Socket on which the workers wait.
    link
        Pipe to the command: told once when a worker serves; its end ends the server.
    shares
        What the workers know of each other.
    home
        State folder with the server's record.
    stuck_s
        How long an event loop may stand still.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        bound: socket.socket,
        link: Connection,
        shares: Shares,
        home: Path,
        stuck_s: float = STUCK_S,
    ) -> None:
        self._config, self._bound, self._link = config, bound, link
        self._shares, self._home, self._stuck_s = shares, home, stuck_s
        self._places: list[_Place] = []
        self._served = False
        self._ending = False
        self._last = ""

    def run(self, begun: Callable[[], None] = lambda: None) -> int:
        """Serve until told to end; return 0, or 1 where no worker ever served.

        `begun` is called once the first workers are forked.
        """
        for number in HANDLED:
            signal.signal(number, self._end)
        self._places = [_Place(self._fork(number)) for number in range(len(self._shares))]
        begun()
        self._note()
        checked = time.monotonic()
        while not self._ending:
            sentinels = [place.worker.sentinel for place in self._places]
            if self._link in wait([self._link, *sentinels], CHECK_S if self._served else FIRST_S):
                break
            now = time.monotonic()
            self._watch(min(now - checked, 2 * CHECK_S))
            checked = now
        self._end_all()
        return 0 if self._served else 1

    def _end(self, *_: object) -> None:
        self._ending = True

    def _fork(self, number: int) -> ForkProcess:
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        process = get_context("fork").Process(target=self._work, args=(number, os.getpid()))
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        return process

    def _work(self, number: int, parent: int) -> None:
        self._link.close()
        work(self._config, self._bound, self._shares, number, parent)

    def _watch(self, passed_s: float) -> None:
        """Kill workers that stand still once they told where, replace those that have ended."""
        for number, place in enumerate(self._places):
            ticked = self._shares.ticked(number)
            if ticked != place.ticked:
                place.ticked, place.silent_s = ticked, 0.0
                self._tell_ready()
            elif ticked:
                place.silent_s += passed_s
            if place.stuck:
                place.worker.kill()
            elif place.silent_s > self._stuck_s:
                place.stuck = True
                os.kill(place.worker.pid or 0, TELL)
            if not place.worker.is_alive():
                self._replace(number, place)

    def _tell_ready(self) -> None:
        if not self._served:
            self._served = True
            with contextlib.suppress(OSError):
                self._link.send(True)

    def _replace(self, number: int, place: _Place) -> None:
        """Start another worker; end the server where one cannot start at all."""
        code = place.worker.exitcode
        if code == STARTUP_FAILURE and not self._served:
            self._ending = True
            return
        process = f"server process {place.worker.pid}"
        why = f"did not answer for {self._stuck_s:g} s and was killed" if place.stuck else (
            f"ended with {code}"
        )  # fmt: skip
        say(f"{process} {why}: starting another")
        self._last = f"{time.strftime('%F %T%z')}: {process} {why}"
        self._shares.forget(number)
        if not place.ticked and self._link.poll(RESTART_PAUSE_S):
            self._ending = True
            return
        self._places[number] = _Place(self._fork(number))
        self._shares.count_restart(stuck=place.stuck)
        self._note()

    def _note(self) -> None:
        """Note in the state folder which processes there are."""
        record = Record.read(self._home)
        if record is None:
            return
        pids = [os.getpid(), *(place.worker.pid or 0 for place in self._places)]
        found = (Life.find(pid) for pid in pids)
        shares = self._shares
        record = replace(record, others=tuple(life for life in found if life),
                         restarts=shares.restarts, stuck=shares.stuck, last=self._last)  # fmt: skip
        try:
            record.write(self._home)
        except OSError as error:
            say(f"{self._home} cannot be written: {error.strerror}")

    def _end_all(self) -> None:
        """End all workers in order; kill those that do not, such as stopped ones."""
        workers = [place.worker for place in self._places]
        for worker in workers:
            life = Life.find(worker.pid or 0)
            if life:
                life.ask_to_end()
        deadline = time.monotonic() + END_WAIT_S
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join(KILL_WAIT_S)


def main(link_handle: int, socket_handle: int) -> int:
    """Import all that workers need, wait for what to serve, then serve it.

    Parameters
    ----------
    link_handle, socket_handle
        File descriptors of the pipe to the command and of the bound socket.
    """
    gc.disable()
    raise_file_limit()
    link, bound = Connection(link_handle), socket.socket(fileno=socket_handle)
    try:
        _load_framework()
        from api.app import create_app
        from api.http.app_state import own
        from api.http.gauges import Gauges
        from api.services import Handed, load_catalog
        from layers.processes.registry import find_processes

        # Beside the command's own work; what is wrong is told once, before any process serves.
        find_processes()
        catalog = load_catalog(Settings.from_env().areas)
        with contextlib.suppress(EOFError):
            environment, keys = link.recv()
            os.environ.update(environment)
            settings, handed = Settings.from_env(), Handed(keys, catalog)
            app, shares = create_app(settings, handed), Shares(settings.workers)
            show(shares, own(app.app, Gauges))
            config = configured(app, settings.log_level)
            gc.freeze()
            gc.enable()
            supervisor = Supervisor(config, bound, link, shares, settings.home)
            return supervisor.run(handed.forget)
    except SigangError as error:
        log.error("%s %s", error.en, error.mend_en)
    except Exception:
        log.exception("The application cannot be made")
    return STARTUP_FAILURE


def _load_framework() -> None:
    """Import FastAPI, its models of OpenAPI unbuilt until the API's definition is first asked for.

    To build them takes as long as fifty modules.
    """
    BaseModel.model_config["defer_build"] = True
    try:
        import_module("fastapi")
    finally:
        del BaseModel.model_config["defer_build"]


def configured(app: Callable[..., Any], log_level: str) -> uvicorn.Config:
    """Return how an application is served, with everything loaded that this needs."""
    from api.http.door import Bounds, door_within

    config = uvicorn.Config(
        app,
        http=door_within(Bounds()),
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        log_level=log_level if log_level != "info" else "warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    config.load()
    config.get_loop_factory()
    return config


def show(shares: Shares, gauges: Gauges) -> None:
    """Show on /metrics, whichever worker is asked, how all workers do."""
    gauges.add("worker_restarts_total", "Server processes started again.",
               lambda: shares.restarts, "counter")  # fmt: skip
    gauges.add("worker_stuck_total", "Server processes killed because they stood still.",
               lambda: shares.stuck, "counter")  # fmt: skip
    gauges.add("worker_silence_seconds", "Longest time that a process's event loop stands still.",
               shares.silent_s)  # fmt: skip


if __name__ == "__main__":
    code = main(*map(int, sys.argv[1:]))
    sys.stderr.flush()
    os._exit(code)  # all is closed; to take every module apart would take long
