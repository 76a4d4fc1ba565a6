"""The files of profiles, `profiles/<network>/*.toml`, as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spatial.errors import ConfigError
from spatial.faults import wrong_file
from spatial.toml_file import TomlTable, Unreadable, parse_toml, read_bytes

PROFILES = Path(__file__).parent.parent / "profiles"


def read_documents(folder: Path) -> Iterator[tuple[Path, TomlTable]]:
    """Yield the files of a folder with what they say.

    Raises
    ------
    ConfigError
        One is no TOML.
    """
    for path in sorted(folder.glob("*.toml")):
        try:
            yield path, parse_toml(read_bytes(path))
        except Unreadable as error:
            raise wrong_profile(path, str(error)) from error


def wrong_profile(path: Path, why: str) -> ConfigError:
    """Return the error for what is wrong with a file."""
    return wrong_file(
        f"profiles/{path.parent.name}/{path.name}", why,
        mend_en="docs/profiles.md tells each key of a profile.",
        mend_zh="docs/profiles.md 说明车型文件的每个键。",
    )  # fmt: skip
