"""The text of a benchmark: parts, goals judged, and what could not be measured."""

from __future__ import annotations

import contextlib
import statistics
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

README = Path(__file__).with_name("README.md")
MARKS = "<!-- routing: begin -->", "<!-- routing: end -->"


class Unequal(RuntimeError):
    """The engines do not answer the same, so a race between them would mean nothing."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


@dataclass
class Report:
    """The text so far; each part says how long it took."""

    parts: list[str] = field(default_factory=list)
    goals: list[list[str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    begin: float = field(default_factory=time.perf_counter)

    def add(self, title: str, text: str) -> None:
        """Append a part and show it."""
        part = f"### {title}\n\n{text}\n"
        self.parts.append(part)
        print(f"\n{part}\n[{time.perf_counter() - self.begin:.0f} s]", flush=True)

    def judge(self, what: str, where: str, found: float, goal: float, unit: str = "×") -> None:
        """Note a figure that is to be at least a goal."""
        text = f"{found:,.2f} {unit}".strip(), f"≥ {goal:g} {unit}".strip()
        self._judge(what, where, *text, found >= goal)

    def judge_most(self, what: str, where: str, found: float, goal: float, unit: str) -> None:
        """Note a figure that is to be at most a goal."""
        self._judge(what, where, f"{found:,.1f} {unit}", f"≤ {goal:g} {unit}", found <= goal)

    def _judge(self, what: str, where: str, found: str, goal: str, met: bool) -> None:
        self.goals.append([what, where, found, goal, "yes" if met else "**no**"])

    @contextlib.contextmanager
    def attempt(self, title: str) -> Iterator[None]:
        """Go on with the next part where this one fails, and say so."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, Unequal):
                traceback.print_exc()
            self.failed.append(f"{title}: {error}")
            self.add(title, f"**Not measured**: {error}")

    def text(self, head: str) -> str:
        """Return the whole report: what it rests on, what failed, goals, then the parts."""
        failed = "\n".join(f"- {line}" for line in self.failed) or "- nothing"
        goals = table(["what", "network", "found", "goal", "met"], self.goals)
        lines = [head, "", "Checks that failed:", "", failed, "", "### Goals", "", goals, ""]
        return "\n".join([*lines, *self.parts])


def write_readme(text: str) -> None:
    """Put the text between the marks of README.md."""
    whole = README.read_text("utf-8")
    before, rest = whole.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    README.write_text(f"{before}{MARKS[0]}\n{text.strip()}\n{MARKS[1]}{after}", "utf-8")
