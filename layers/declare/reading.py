"""Files of declarations read and checked: each fault told with file and key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from layers.declare.base import Declaration
from spatial.errors import ConfigError
from spatial.faults import list_faults, wrong_file
from spatial.toml_file import TomlTable, Unreadable, parse_toml, read_bytes

D = TypeVar("D", bound=Declaration)


@dataclass(frozen=True)
class Reading:
    """A folder of areas while it is read; the digest covers every file that was."""

    folder: Path
    _digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=8))

    @property
    def version(self) -> str:
        """Digest of all that was read so far."""
        return str(self._digest.hexdigest())

    def document(self, path: Path) -> TomlTable:
        """Return what a file says.

        Raises
        ------
        ConfigError
            It is no TOML.
        """
        try:
            data = read_bytes(path)
            name = f"{path.parent.name}/{path.name}\0{len(data)}\0"
            self._digest.update(name.encode() + data)
            return parse_toml(data)
        except Unreadable as error:
            raise wrong(path, "TOML", str(error)) from error


def checked(
    model: type[D], path: Path, document: TomlTable, docs: str = "layers", head: str = ""
) -> D:
    """Return a document as its model.

    `docs` is the page that tells its keys; `head` goes before the key of a fault.

    Raises
    ------
    ConfigError
        Names file and key of the first fault.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        key, why = list_faults(error, model, document)[0]
        raise wrong(path, head + key, why, docs) from error


def wrong(path: Path, key: str, why: str, docs: str = "layers") -> ConfigError:
    """Return the error for a key of a file; `docs` is the page that tells its keys."""
    return wrong_file(
        f"{path.parent.name}/{path.name}",
        key,
        why,
        mend_en=f"docs/{docs}.md lists every key of a declaration.",
        mend_zh=f"docs/{docs}.md 列出声明的所有键。",
        file=str(path),
        key=key,
    )
