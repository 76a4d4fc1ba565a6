"""What a state folder keeps of the audit: the last line, and a list of lines signed by its key.

Both lie outside the database, so that whoever may change its rows cannot make them fit again. The
list grows only; a copy of it kept elsewhere shows also what was done with the rights of the server.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from spatial.signing_key import make_key, read_key

log = logging.getLogger("sigang")

HEAD, LIST, KEY, KEYS, LOCK = "audit.head", "audit.heads", "audit.key", "audit.keys", "audit.lock"
FILES = (HEAD, LIST, KEY, KEYS, LOCK)
LIST_EVERY_S, LIST_EVERY_LINES = 60.0, 10_000
KINDS = frozenset({"head", "month", "prune", "break", "accept", "settle", "restore", "reset"})
_SIGNED = "sigang audit {} {} {} {}"


class Head(NamedTuple):
    """Number and hash of a line."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One signed line of the list: `time kind number hash key signature`."""

    at: str
    kind: str
    head: Head
    key: str
    signature: str

    @classmethod
    def parse(cls, text: str) -> Record | None:
        """Read a line; None where it is none, as one that a crash cut off."""
        parts = text.split()
        if len(parts) != 6 or parts[1] not in KINDS:
            return None
        at, kind, seq, digest, key, signature = parts
        with suppress(ValueError):
            return cls(at, kind, Head(int(seq), bytes.fromhex(digest)), key, signature)
        return None

    def text(self) -> str:
        """Return the line."""
        head = self.head
        parts = (self.at, self.kind, str(head.seq), head.digest.hex(), self.key, self.signature)
        return " ".join(parts)

    def signed(self) -> bytes:
        """Return what the signature covers."""
        seq, digest = self.head
        return _SIGNED.format(self.at, self.kind, seq, digest.hex()).encode()

    def holds(self, keys: frozenset[str]) -> bool:
        """Tell whether one of the keys signed it."""
        if self.key not in keys:
            return False
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            public.verify(base64.b64decode(self.signature, validate=True), self.signed())
        except (ValueError, binascii.Error, InvalidSignature):
            return False
        return True


def parse_records(text: str) -> list[Record]:
    """Return the signed lines of a list; comments and cut lines are left out."""
    found = (Record.parse(line) for line in text.splitlines() if not line.startswith("#"))
    return [record for record in found if record is not None]


class Heads:
    """The audit's files in a state folder, shared by all processes that write lines."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._head, self._list = home / HEAD, home / LIST

    def read(self) -> Head | None:
        """Return the last noted line; None where none was noted, or it cannot be read."""
        try:
            seq, digest = self._head.read_text("ascii").split()
            return Head(int(seq), bytes.fromhex(digest))
        except (OSError, ValueError):
            return None

    def records(self) -> list[Record]:
        """Return all signed lines."""
        if not self._list.exists():
            return []
        return parse_records(self._list.read_text("utf-8", "replace"))

    def keys(self) -> frozenset[str]:
        """Return the public keys whose signatures count."""
        file = self.home / KEYS
        return frozenset(file.read_text("ascii").split()) if file.exists() else frozenset()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process of this state folder from writing meanwhile."""
        lock = self._open_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def try_hold(self) -> int | None:
        """Return the lock's descriptor, whose closing frees it; None while another holds it."""
        lock = self._open_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _open_lock(self) -> int:
        return os.open(self.home / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def note(self, head: Head) -> None:
        """Note a line that is committed; an older one than the noted is left out."""
        with self.held():
            self.note_held(head)

    def note_held(self, head: Head) -> None:
        """Note a line while the lock is held."""
        known = self.read()
        if known is not None and known.seq >= head.seq:
            return
        self._replace(head)
        if self._list_is_due(head.seq):
            self.sign("head", head)

    def list_last(self) -> None:
        """Add the noted head to the list, if it is not its last line, as when a server stops."""
        with self.held():
            head = self.read()
            last = self._last_record() if self._list.exists() else None
            if head is not None and (last is None or last.head != head):
                self.sign("head", head)

    def sign(self, kind: str, head: Head) -> Record:
        """Add a signed line to the list, while the lock is held, and return it."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        key = self.private_key()
        public = key.public_key().public_bytes_raw().hex()
        bare = Record(at, kind, head, public, "")
        signature = base64.b64encode(key.sign(bare.signed())).decode()
        record = Record(at, kind, head, public, signature)
        self._append(self._list, record.text())
        return record

    def restore(self, head: Head | None, keys: list[str]) -> None:
        """Begin anew at the head of a restored database, with the keys that signed for it."""
        with self.held():
            for key in set(keys) - self.keys():
                self._append(self.home / KEYS, key)
            self.sign("restore", head or Head(0, bytes(32)))
            self._begin(head)

    def reset(self) -> None:
        """Begin anew with an empty table."""
        with self.held():
            self.sign("reset", Head(0, bytes(32)))
            self._begin(None)

    def _begin(self, head: Head | None) -> None:
        if head is None:
            self._head.unlink(missing_ok=True)
        else:
            self._replace(head)

    def _replace(self, head: Head) -> None:
        part = self._head.with_suffix(".new")
        with part.open("w", encoding="ascii") as file:
            file.write(f"{head.seq} {head.digest.hex()}")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._head)

    def _list_is_due(self, seq: int) -> bool:
        try:
            age = time.time() - self._list.stat().st_mtime
        except OSError:
            return True
        if not 0 <= age < LIST_EVERY_S:
            return True
        last = self._last_record()
        return last is None or seq - last.head.seq >= LIST_EVERY_LINES

    def _last_record(self) -> Record | None:
        with self._list.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1_000))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return Record.parse(lines[-1]) if lines else None

    def _append(self, file: Path, line: str) -> None:
        """Add a line durably, on a line of its own also where a crash cut the last one off."""
        with file.open("a+b") as out:
            size = out.seek(0, os.SEEK_END)
            if size:
                out.seek(size - 1)
                line = line if out.read(1) == b"\n" else f"\n{line}"
            out.write(f"{line}\n".encode())
            out.flush()
            os.fsync(out.fileno())

    def private_key(self) -> Ed25519PrivateKey:
        """Return this state folder's key, made at the first need; the lock is held."""
        file = self.home / KEY
        key = read_key(file)
        if key is None:
            if self.keys():
                log.warning("%s is gone: a new key signs the heads from now on", file)
            key = make_key(file)
        public = key.public_key().public_bytes_raw().hex()
        if public not in self.keys():
            self._append(self.home / KEYS, public)
        return key
