"""The command's side of a server: its claim, its port, its processes, their end.

Nothing here imports what takes long: the supervisor is to begin its own imports at once.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import TYPE_CHECKING

from api.cli import lives
from api.cli.claim import Record, claimed, recorded
from api.cli.lives import Life
from api.cli.progress import say
from spatial.errors import SetupError
from spatial.settings import PROJECT, Settings

if TYPE_CHECKING:
    from api.network.key_rows import Key

READY_WAIT_S = 900  # the first start with a million edges orders and contracts them
END_WAIT_S = 15.0
"""How long the supervisor may take to end all workers before it is killed."""
LAST_WAIT_S = 5.0
"""How long the workers of a killed supervisor may take before they are killed."""
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


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
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
        if not _answers(settings):
            return bound
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    except OSError as error:
        bound.close()
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


class Server:
    """The processes of a server, seen from the command that runs it.

    The supervisor begins to import at once, beside whatever the command has to do with the
    database; it has a session of its own, so that a key on the terminal reaches the command alone.

    Parameters
    ----------
    settings
        Settings of the server.
    bound
        Its socket, from `bind`.
    """

    def __init__(self, settings: Settings, bound: socket.socket) -> None:
        self._settings = settings
        self._link, theirs = Pipe()
        handles = [theirs.fileno(), bound.fileno()]
        self._supervisor = subprocess.Popen(
            [sys.executable, "-P", "-m", "api.cli.supervisor", *map(str, handles)],
            pass_fds=handles, stdin=subprocess.DEVNULL, start_new_session=True, env=_environment(),
        )  # fmt: skip
        theirs.close()

    def run(self, settings: Settings, on_ready: Callable[[str], None]) -> int:
        """Serve until SIGINT or SIGTERM; return the exit code.

        Parameters
        ----------
        settings
            The same settings, with the database to serve.
        on_ready
            Called once with the server's address when it answers.
        """
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            if self._wait_ready(settings):
                on_ready(address(self._settings))
                self._supervisor.wait()
                say(f"the supervisor ended with {self._supervisor.returncode}")
        return self.end()

    def end(self) -> int:
        """End all processes, whatever state they are in; return 0 where they ended in order."""
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        self._link.close()
        life = Life.find(self._supervisor.pid)
        if life and self._supervisor.poll() is None:
            life.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(END_WAIT_S)
        if self._supervisor.poll() is None:
            self._supervisor.kill()
            self._supervisor.wait(lives.KILL_WAIT_S)
        record = Record.read(self._settings.home)
        if record and not lives.wait_gone(record.others, LAST_WAIT_S):
            lives.kill(record.others)
        return 0 if self._supervisor.returncode == 0 else 1

    def _wait_ready(self, settings: Settings) -> bool:
        """Tell the supervisor what to serve; return whether a worker serves it."""
        try:
            _forget_unread(settings)
            self._link.send((settings.to_env(), _committed(settings)))
            if self._link.poll(READY_WAIT_S):
                return bool(self._link.recv())
        except (EOFError, OSError):
            return False
        say(f"the server does not get ready in {READY_WAIT_S} s; see the messages above")
        return False


def _forget_unread(settings: Settings) -> None:
    from api.network.kept import forget_unread  # here, when the supervisor is at its own imports

    for path in forget_unread(settings.home):
        say(f"deleted {path}: kept by an earlier version, nothing reads it")


def _committed(settings: Settings) -> dict[str, Key]:
    """Return what is committed of the networks, read while the supervisor imports.

    What cannot be read now the workers read, and tell of.
    """
    if not (settings.routing and settings.database_url):
        return {}
    import psycopg  # here, when the supervisor is already at its own imports

    from api.network.key_rows import read_keys

    try:
        return read_keys(settings.database_url)
    except psycopg.Error:
        return {}


def _environment() -> dict[str, str]:
    """Return the environment of the supervisor, which must not run a thread of its own.

    It keeps byte code beside the sources as it keeps machine code there, whatever the environment
    says, as images often do: to compile all anew takes a quarter of a start.
    """
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONDONTWRITEBYTECODE": ""}
    return {"OPENBLAS_NUM_THREADS": "1"} | os.environ | own


@contextmanager
def opened(settings: Settings) -> Iterator[Server]:
    """Claim state folder and port, and start the processes of a server; end them at the end.

    Raises
    ------
    SetupError
        A server runs on the state folder, or the port cannot be used.
    """
    command = Life.find(os.getpid())
    assert command is not None  # noqa: S101
    record = Record(command, address(settings), time.time())
    with claimed(settings.home), recorded(settings.home, record), bind(settings) as bound:
        server = Server(settings, bound)
        try:
            yield server
        finally:
            server.end()
