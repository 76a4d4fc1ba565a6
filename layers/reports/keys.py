"""The key of a state folder that signs frozen reports, and the public halves of all it ever had."""

from __future__ import annotations

import fcntl
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from layers.reports.seal import public_key
from spatial.signing_key import make_key, read_key

KEY, KEYS, LOCK = "report.key", "report.keys", "report.lock"


def signing_key(home: Path) -> Ed25519PrivateKey:
    """Return the key that signs, made at the first need."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = read_key(home / KEY) or make_key(home / KEY)
        public = public_key(key)
        if public not in known_keys(home):
            with (home / KEYS).open("a", encoding="ascii") as keys:
                keys.write(f"{public}\n")
    return key


def known_keys(home: Path) -> list[str]:
    """Return the public keys whose signatures count, the oldest first, as hexadecimal digits."""
    file = home / KEYS
    return file.read_text("ascii").split() if file.exists() else []
