"""Clauses of conditional tags: `no @ (Mo; Tu); yes @ (We)` has two."""

from __future__ import annotations

import re

_CLAUSES = re.compile(r";(?![^(]*\))")


def split_clauses(text: str) -> list[str]:
    """Return the clauses of a conditional tag."""
    return _CLAUSES.split(text)
