"""A frozen edition as one file that can be verified anywhere: its files, manifest and seal."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping

import orjson

from layers.reports.seal import Told, canonical, digest, verifies

MANIFEST, SEAL = "manifest.json", "seal.json"
DAY = (1980, 1, 1, 0, 0, 0)
LARGEST = 1 << 30
"""Bytes that a package may hold unpacked."""


def pack(manifest: Told, seal: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    """Return a package; the same parts give the same bytes."""
    out = io.BytesIO()
    parts = {MANIFEST: canonical(manifest), SEAL: canonical(seal), **files}
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            package.writestr(zipfile.ZipInfo(name, DAY), body)
    return out.getvalue()


def faults(data: bytes, keys: Collection[str]) -> Iterator[str]:
    """Return what is wrong with a package; nothing where all of it is as it was signed.

    Parameters
    ----------
    data
        The package.
    keys
        Public keys that are trusted, as hexadecimal digits.
    """
    try:
        parts = _parts(data)
        manifest, seal = orjson.loads(parts[MANIFEST]), orjson.loads(parts[SEAL])
        sha256, key, signature = (str(seal[name]) for name in ("sha256", "key", "signature"))
        files = dict(manifest["files"])
        same = canonical(manifest) == parts[MANIFEST]
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        yield f"is no package of a frozen report ({error})"
        return
    if not same or digest(parts[MANIFEST]) != sha256:
        yield f"{MANIFEST} was changed"
    if not verifies(parts[MANIFEST], signature, key):
        yield "the signature does not hold"
    if key not in keys:
        yield f"the key {key} is not trusted"
    for name in sorted(files.keys() | parts.keys() - {MANIFEST, SEAL}):
        if name not in parts:
            yield f"{name} is missing"
        elif files.get(name) != digest(parts[name]):
            yield f"{name} was changed"


def signed_digests(data: bytes) -> set[str]:
    """Return the SHA-256 of each file that a package's manifest names."""
    return set(orjson.loads(_parts(data)[MANIFEST])["files"].values())


def told(data: bytes) -> str:
    """Return what a package is of."""
    manifest = orjson.loads(_parts(data)[MANIFEST])
    names = ("report", "period", "version", "audience", "frozen_at")
    return " ".join(str(manifest.get(name)) for name in names)


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = package.namelist()
        if len(set(names)) != len(names):
            raise ValueError("a part stands twice")
        if sum(one.file_size for one in package.infolist()) > LARGEST:
            raise ValueError("it is too large")
        return {name: package.read(name) for name in names}
