"""Identifiers: UUIDv7 (RFC 9562), random for new rows and stable for rows from a source."""

from __future__ import annotations

import hashlib
import os
import time
from uuid import UUID

_STABLE_EPOCH_MS = 1_577_836_800_000  # 2020-01-01T00:00:00Z, the time part of stable ids


def _compose(ms: int, tail: int) -> UUID:
    value = (ms & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= ((tail >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= tail & ((1 << 62) - 1)
    return UUID(int=value)


def uuid7() -> UUID:
    """Return a new time-ordered UUIDv7."""
    return _compose(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big"))


def stable_uuid7(source_id: str, key: str) -> UUID:
    """Return the UUIDv7 that a row of a source always gets, so that loading twice is idempotent.

    The time part is fixed; the 74 random bits are BLAKE2b of source and key.
    """
    digest = hashlib.blake2b(f"{source_id}\x00{key}".encode(), digest_size=10).digest()
    return _compose(_STABLE_EPOCH_MS, int.from_bytes(digest, "big"))


def record_id(source_id: str, kind: str, key: str) -> UUID:
    """Return the id of a case or inspection that its source knows by a key."""
    return stable_uuid7(source_id, f"{kind}/{key}")
