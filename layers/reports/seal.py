"""What a frozen report is signed as: canonical JSON, its SHA-256, an Ed25519 signature.

Numbers are decimal strings, keys are sorted, the text is UTF-8 without blanks: the same parts give
the same bytes in every process and in every version.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Frozen = str | int | bool | None | Sequence["Frozen"] | Mapping[str, "Frozen"]
"""What a frozen document is made of: no number but a whole one that counts."""
Told = dict[str, Any]
"""Such a document where its members are read and made one by one."""


def canonical(document: Frozen) -> bytes:
    """Return the one text of a document.

    Raises
    ------
    TypeError
        It holds a floating number, or something else that has no one text.
    """
    _check(document)
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _check(value: object) -> None:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                raise TypeError(f"a member is called {name!r}")
            _check(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _check(member)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} has no one text")


def digits(number: Decimal | float | None) -> str | None:
    """Return a number as decimal digits without exponent or needless zeros."""
    if number is None:
        return None
    exact = number if isinstance(number, Decimal) else Decimal(repr(float(number)))
    if exact == exact.to_integral_value():
        return format(exact.to_integral_value(), "f") if exact else "0"
    return format(exact.normalize(), "f")


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal digits."""
    return sha256(data).hexdigest()


def sign(key: Ed25519PrivateKey, manifest: bytes) -> str:
    """Return the signature of a manifest in hexadecimal digits."""
    return key.sign(manifest).hex()


def verifies(manifest: bytes, signature: str, key: str) -> bool:
    """Tell whether a public key signed a manifest; both are hexadecimal digits."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), manifest)
    except (ValueError, TypeError, binascii.Error, InvalidSignature):
        return False
    return True


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key in hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


Value = Sequence[str | None]
"""Indicator, unit, and both sides; of an index its value alone."""


def changed_cells(before: Iterable[Value], after: Iterable[Value]) -> list[dict[str, str]]:
    """Return the numbers in which two versions differ, in the order of the later one."""
    old = {(str(one[0]), str(one[1])): _told(one) for one in before}
    new = {(str(one[0]), str(one[1])): _told(one) for one in after}
    return [
        {"indicator": key[0], "unit": key[1], "from": old.get(key, ""), "to": new.get(key, "")}
        for key in dict.fromkeys([*new, *old])
        if old.get(key, "") != new.get(key, "")
    ]


def _told(value: Value) -> str:
    return "/".join(side for side in value[2:] if side is not None)
