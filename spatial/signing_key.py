"""The signing keys of a state folder: made at the first need, read by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def read_key(file: Path) -> Ed25519PrivateKey | None:
    """Return the key that a file holds as hexadecimal digits; None where there is no file."""
    if not file.exists():
        return None
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read_text("ascii")))


def make_key(file: Path) -> Ed25519PrivateKey:
    """Write a new key; a crash leaves the whole file or none."""
    key, part = Ed25519PrivateKey.generate(), file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(key.private_bytes_raw().hex())
    part.replace(file)
    return key
