"""The file of a backup: a ZIP of a manifest, a dump and the seal that both are checked by first."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NotRequired, TypedDict

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.cli.seal import (
    BLOCK,
    PASSPHRASE,
    SALT,
    TAG,
    Cipher,
    digest_of,
    opened,
    read_blocks,
    sealed,
)
from spatial.errors import BadParameter, Quarantined, SetupError

MANIFEST, DUMP, SEAL = "manifest.json", "database.dump", "seal.json"
PARTS = (MANIFEST, DUMP)
BROKEN = (OSError, EOFError, LookupError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a broken ZIP may raise."""


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file that only its owner may read; it takes its place once it is whole on disk.

    Raises
    ------
    SetupError
        It cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written: {error.strerror}.",
            f"无法写入 {path}：{error.strerror}。",
            mend_en="Name a file in a folder that has room and that you may write to.",
            mend_zh="请指定有足够空间且可写的目录中的文件。",
        ) from error


class Writer:
    """Writes the parts of a backup into a file.

    Parameters
    ----------
    file
        Where to.
    passphrase
        Encrypts the parts; None leaves them readable.
    """

    def __init__(self, file: IO[bytes], passphrase: bytes | None) -> None:
        self._archive = zipfile.ZipFile(file, "w")
        self._salt = os.urandom(SALT) if passphrase else None
        self._cipher = Cipher(passphrase, self._salt) if passphrase and self._salt else None
        self._digests: dict[str, str] = {}

    def add(self, name: str, blocks: Iterator[bytes]) -> None:
        """Add a part from its blocks."""
        digest = hashlib.sha256()
        if self._cipher:
            blocks = self._cipher.encrypt(PARTS.index(name), blocks)
        with self._archive.open(name, "w", force_zip64=True) as target:
            for block in blocks:
                digest.update(block)
                target.write(block)
        self._digests[name] = digest.hexdigest()

    def close(self, key: Ed25519PrivateKey) -> None:
        """Seal the file with a key."""
        self._archive.writestr(SEAL, sealed(key, self._digests, self._salt))
        self._archive.close()


class Manifest(TypedDict):
    """What a backup holds: of when and which version, and the hashes of its tables."""

    made_at: str
    revision: str
    audit_head: str | None
    audit_keys: NotRequired[list[str]]
    tables: dict[str, list[str]]


class Reader:
    """A backup whose seal holds.

    Parameters
    ----------
    path
        The file.
    passphrase
        Opens an encrypted file.
    trusted
        Public keys whose seals count.

    Raises
    ------
    Quarantined
        It is no backup, it was changed, or somebody unknown sealed it.
    BadParameter
        It is encrypted and no passphrase is given.
    """

    def __init__(self, path: Path, passphrase: bytes | None, trusted: Collection[str]) -> None:
        self._path = path
        self._cipher: Cipher | None = None
        try:
            with zipfile.ZipFile(path) as archive:
                seal = opened(archive.read(SEAL))
                found = {part: digest_of(read_blocks(archive.open(part))) for part in PARTS}
        except BROKEN as error:
            raise Quarantined(
                f"{path} is not a backup: {error}", f"{path} 不是备份文件：{error}"
            ) from error
        wrong = [part for part in PARTS if seal["sha256"].get(part) != found[part]]
        if wrong:
            raise Quarantined(
                f"{path} was changed in {', '.join(wrong)}; nothing was touched.",
                f"{path} 的 {'、'.join(wrong)} 已被更改；未作任何更改。",
            )
        self.key = seal["key"]
        if self.key not in trusted:
            raise _unknown(path, self.key)
        if seal["salt"]:
            self._cipher = Cipher(_needed(path, passphrase), bytes.fromhex(seal["salt"]))
        self.manifest: Manifest = orjson.loads(b"".join(self.blocks(MANIFEST)))

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield a part in plain."""
        with zipfile.ZipFile(self._path) as archive, archive.open(name) as source:
            if self._cipher is None:
                yield from read_blocks(source)
            else:
                stored = read_blocks(source, BLOCK + TAG)
                yield from self._cipher.decrypt(PARTS.index(name), stored)


def _unknown(path: Path, key: str) -> Quarantined:
    return Quarantined(
        f"{path} was sealed by a key that this state folder does not know: {key}.",
        f"{path} 由本状态目录未知的密钥封签：{key}。",
        mend_en=f"If `backup` printed this key where the file was made, add --signer {key}.",
        mend_zh=f"若制作该备份时 backup 打印了此密钥，请加 --signer {key}。",
    )


def _needed(path: Path, passphrase: bytes | None) -> bytes:
    if passphrase is None:
        raise BadParameter(
            f"{path} is encrypted.", f"{path} 已加密。",
            mend_en=f"Add --passphrase-file FILE, or set {PASSPHRASE}.",
            mend_zh=f"请加 --passphrase-file 文件，或设置 {PASSPHRASE}。",
        )  # fmt: skip
    return passphrase
