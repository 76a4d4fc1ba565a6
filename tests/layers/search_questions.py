"""The list of questions to the search box, and whether an answer is the one that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".tsv")
HELD = "held"
AT_ONCE = 3
"""The answer must be among that many."""
NEAR_DEGREES = 1e-5
NEAR_M = 1.0


@dataclass(frozen=True)
class Question:
    """What is typed, and the answers that are right."""

    group: str
    text: str
    meant: tuple[str, ...]

    def is_found(self, results: list[dict[str, Any]]) -> bool:
        """Tell whether one of the first results is meant."""
        return any(_is(hit, meant) for hit in results[:AT_ONCE] for meant in self.meant)


def read_questions() -> list[Question]:
    """Return all questions of the list."""
    lines = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    cells = [line.split("\t") for line in lines]
    return [Question(group, text, tuple(meant.split(" | "))) for group, text, meant in cells]


def _is(hit: dict[str, Any], meant: str) -> bool:
    kind, _, rest = meant.partition(" ")
    if kind in {"stake", "span"}:
        route, side, *metres = rest.split()
        told = ("k_m",) if kind == "stake" else ("from_m", "to_m")
        return (hit["action"], hit.get("route"), hit.get("side")) == (kind, route, side) and all(
            abs(hit[key] - float(m)) < NEAR_M for key, m in zip(told, metres, strict=True)
        )
    if kind == "coordinate":
        at = [float(part) for part in rest.split()]
        return hit["action"] == kind and all(
            abs(a - b) < NEAR_DEGREES for a, b in zip(hit["center"], at, strict=True)
        )
    if kind == "cell":
        return bool(hit["action"] == kind)
    return hit["layer"] == kind and fnmatchcase(hit["label"]["zh"], rest)
