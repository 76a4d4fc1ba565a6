"""Facts that are written down with their sources, a file of the sample each."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "sample" / "facts"


Facts = dict[str, Any]
"""A table of a facts file, whose own head tells its keys."""


def read_facts(name: str) -> Facts:
    """Read a facts file of the sample."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
