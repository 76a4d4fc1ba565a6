"""What keeps a backup from being changed, and from being read by others.

A file is a ZIP of a manifest, a dump and a seal. The seal holds the SHA-256 of both as they are
stored, signed by the key of the state folder, so that a change is found before anything is done
with them. With a passphrase both are stored in AES-256-GCM, block by block: a block that was
changed, moved or left out does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypedDict

import orjson
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from spatial.errors import BadParameter, Quarantined
from spatial.json_types import Document
from spatial.postgres.machine import MB

PASSPHRASE = "BACKUP_PASSPHRASE"  # noqa: S105
FEWEST_CHARACTERS = 12
BLOCK, TAG, SALT = MB, 16, 16
COST = {"n": 2**17, "r": 8, "p": 1}
"""Cost of trying a passphrase: 128 MB of memory and a third of a second."""


class Cipher:
    """Encrypts the parts of one file under a key that no other file has.

    Parameters
    ----------
    passphrase
        What the key is made from.
    salt
        Random bytes of the file, which make its key its own.
    """

    def __init__(self, passphrase: bytes, salt: bytes) -> None:
        self._key = AESGCM(Scrypt(salt=salt, length=32, **COST).derive(passphrase))

    def encrypt(self, part: int, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the blocks of a part encrypted, each bound to its place and the last one marked."""
        for number, (block, last) in enumerate(_marked(blocks)):
            yield self._key.encrypt(_nonce(part, number, last), block, None)

    def decrypt(self, part: int, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the blocks of a part in plain.

        Raises
        ------
        Quarantined
            The passphrase is another one, or a block was changed.
        """
        for number, (block, last) in enumerate(_marked(blocks)):
            try:
                yield self._key.decrypt(_nonce(part, number, last), block, None)
            except InvalidTag:
                raise Quarantined(
                    "The backup does not open with this passphrase.", "口令无法打开该备份。"
                ) from None


def _nonce(part: int, number: int, last: bool) -> bytes:
    return part.to_bytes(2) + number.to_bytes(9) + bytes([last])


def _marked(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each block and whether it is the last; without any there is an empty last one."""
    held = next(blocks, b"")
    for block in blocks:
        yield held, False
        held = block
    yield held, True


def read_blocks(source: IO[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """Yield what a file holds in blocks of one size; only the last one is shorter."""
    while block := _read_full(source, size):
        yield block


def _read_full(source: IO[bytes], size: int) -> bytes:
    parts, left = [], size
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def find_passphrase(file: Path | None) -> bytes | None:
    """Return the passphrase of a file's first line, else of the environment, None without one.

    Raises
    ------
    BadParameter
        It is too short, or its file cannot be read.
    """
    if file is None and PASSPHRASE not in os.environ:
        return None
    try:
        text = file.read_text("utf-8") if file else os.environ[PASSPHRASE]
    except (OSError, UnicodeDecodeError) as error:
        why = f"{file}: {error}"
        raise BadParameter(
            f"The passphrase cannot be read: {why}", f"无法读取口令：{why}"
        ) from error
    line = text.partition("\n")[0].strip()
    if len(line) < FEWEST_CHARACTERS:
        raise BadParameter(
            f"The passphrase has fewer than {FEWEST_CHARACTERS} characters.",
            f"口令少于 {FEWEST_CHARACTERS} 个字符。",
        )
    return line.encode()


class Seal(TypedDict):
    """What a backup's seal says."""

    sha256: dict[str, str]
    salt: str | None
    key: str


def sealed(key: Ed25519PrivateKey, digests: dict[str, str], salt: bytes | None) -> bytes:
    """Return the seal of a file: digests of its parts, its salt, key and signature."""
    body: Document = {
        "sha256": digests,
        "salt": salt.hex() if salt else None,
        "key": key.public_key().public_bytes_raw().hex(),
    }
    return orjson.dumps(body | {"signature": base64.b64encode(key.sign(_text(body))).decode()})


def opened(seal: bytes) -> Seal:
    """Return what a seal says, once its signature holds.

    Raises
    ------
    Quarantined
        It was changed, or is none.
    """
    try:
        body = orjson.loads(seal)
        signature = base64.b64decode(body.pop("signature"), validate=True)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(body["key"])).verify(
            signature, _text(body)
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, InvalidSignature):
        raise Quarantined(
            "The backup's seal was changed; nothing was touched.",
            "备份的封签已被更改；未作任何更改。",
        ) from None
    return Seal(sha256=body["sha256"], salt=body["salt"], key=body["key"])


def _text(body: Document) -> bytes:
    return b"sigang backup " + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def digest_of(blocks: Iterator[bytes]) -> str:
    """Return the SHA-256 of blocks."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
