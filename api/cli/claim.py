"""Who serves a state folder: one server at a time, by a lock that ends with its process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from api.cli import lives
from api.cli.lives import Life
from api.cli.progress import say
from spatial.errors import SetupError

LOCK, RECORD = "server.lock", "server.json"
LEFTOVERS_WAIT_S = 12.0
"""How long the processes of a killed server may take to end in order."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a server notes of itself in its state folder.

    Attributes
    ----------
    command
        The process of `up` or `serve`.
    url
        Address under which clients reach the server.
    started_at
        Seconds since 1970.
    others
        Its further processes: the supervisor, then the workers.
    restarts, stuck
        Workers that were started again, and how many of them had been killed as stuck.
    last
        What was told of the last one.
    """

    command: Life
    url: str
    started_at: float
    others: tuple[Life, ...] = ()
    restarts: int = 0
    stuck: int = 0
    last: str = ""

    @classmethod
    def read(cls, home: Path) -> Record | None:
        """Return the record in a state folder, of a server that runs or did."""
        try:
            found = json.loads((home / RECORD).read_text("utf-8"))
            found["command"] = Life(**found["command"])
            found["others"] = tuple(Life(**life) for life in found["others"])
            return cls(**found)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, home: Path) -> None:
        """Replace the record in a state folder."""
        part = home / f"{RECORD}.part"
        part.write_text(json.dumps(asdict(self)), "utf-8")
        part.replace(home / RECORD)


def find_server(home: Path) -> Record | None:
    """Return the record of the server that runs on a state folder, None where none does."""
    record = Record.read(home)
    return record if record and record.command.goes_on() else None


@contextmanager
def claimed(home: Path) -> Iterator[None]:
    """Keep every other server off a state folder while inside.

    Raises
    ------
    SetupError
        A server runs on it, or a command holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    handle = _lock(home / LOCK)
    if handle is None:
        raise _held(home)
    try:
        end_leftovers(home)
        yield
    finally:
        os.close(handle)


def _lock(path: Path) -> int | None:
    """Return the handle of the locked file, None where somebody else has it locked."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        os.close(handle)  # it was deleted before we had it


def _held(home: Path) -> SetupError:
    server = find_server(home)
    text = f"Sigang already runs at {server.url}" if server else f"Another command uses {home}"
    chinese = f"本系统已在 {server.url} 运行" if server else f"另一命令正在使用 {home}"
    return SetupError(
        f"{text}.", f"{chinese}。",
        mend_en="./sigang down stops it.", mend_zh="请先运行 ./sigang down。",
    )  # fmt: skip


def end_leftovers(home: Path) -> None:
    """End what a killed server has left behind, and forget its record."""
    record = Record.read(home)
    if record is None or record.command.goes_on():
        return
    for life in record.others:
        life.ask_to_end()
    if not lives.wait_gone(record.others, LEFTOVERS_WAIT_S):
        say("ending processes that a killed server left behind")
        lives.kill(record.others)
    (home / RECORD).unlink(missing_ok=True)


@contextmanager
def recorded(home: Path, record: Record) -> Iterator[None]:
    """Keep a server's record in its state folder while inside."""
    record.write(home)
    try:
        yield
    finally:
        found = Record.read(home)
        if found is None or found.command == record.command:
            (home / RECORD).unlink(missing_ok=True)
