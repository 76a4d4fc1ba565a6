"""Pages of docs/ as steps: the blocks of code that a reader writes into files or runs."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from tests.conftest import ROOT

_BLOCK = re.compile(r"(?:^`([^`\n]+)`[^\n]*:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block: its language, its text, and the file that the line before it names."""

    language: str
    text: str
    file: str | None


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return [Block(language, body, file or None) for file, language, body in _BLOCK.findall(text)]


def files(page: str) -> dict[str, str]:
    """Return the files that a page has its reader write."""
    return {block.file: block.text for block in blocks(page) if block.file}


def commands(page: str) -> list[list[str]]:
    """Return the commands that a page has its reader run, as words."""
    lines = [line for b in blocks(page) if b.language == "sh" for line in b.text.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def told(page: str) -> list[str]:
    """Return what a page says is answered."""
    return [block.text.strip() for block in blocks(page) if block.language == "text"]
