"""Forbidden sequences of keys, matched at once.

After Aho and Corasick, "Efficient string matching" (1975): a trie of the sequences, in which each
beginning points to its longest ending that is a beginning too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Ban(NamedTuple):
    """Who is exempt from a forbidden sequence, and when it is forbidden; None is always."""

    spared: frozenset[str]
    hours: str | None


def who_may(bans: Sequence[Ban]) -> tuple[bool, str | None]:
    """Tell whether somebody may complete forbidden sequences, and write who alone; None is all.

    The classes exempt from what is always forbidden come first, then `|` and those exempt from each
    other ban with `@` and its hours.
    """
    fixed = [ban.spared for ban in bans if ban.hours is None]
    spared = frozenset.intersection(*fixed) if fixed else frozenset()
    texts = [",".join(sorted(spared))] if fixed else []
    timed = {f"{','.join(sorted(ban.spared))}@{ban.hours}" for ban in bans if ban.hours is not None}
    return bool(spared) or not fixed, "|".join([*texts, *sorted(timed)]) or None


@dataclass
class State:
    """A beginning of forbidden sequences: the last key, where it ends and what may follow.

    `away_m` is how far it ends behind a restricted junction, infinite where it is none's; `wall`
    tells that it ends in front of a barrier.
    """

    key: int
    node: int
    away_m: float = math.inf
    wall: bool = False
    step: dict[int, int] = field(default_factory=dict)
    fail: int = -1
    bans: list[Ban] = field(default_factory=list)


class Automaton:
    """All forbidden sequences as one trie; state -1 is the root."""

    def __init__(self, head_of: dict[int, int]) -> None:
        self.states: list[State] = []
        self.roots: dict[int, int] = {}
        self._head_of = head_of

    def add(self, sequence: Sequence[int], ban: Ban, *, wall: bool) -> None:
        """Add a forbidden sequence; `wall` is one that ends in front of a barrier."""
        at, step = -1, self.roots
        for key in sequence:
            if wall and at >= 0:
                self.states[at].wall = True
            if key not in step:
                step[key] = len(self.states)
                self.states.append(State(key, self._head_of[key]))
            at = step[key]
            step = self.states[at].step
        self.states[at].bans.append(ban)

    def remember(self, key: int, away_m: float) -> None:
        """Have a copy at the end of a key; infinite is behind no restricted junction."""
        if key not in self.roots:
            self.roots[key] = len(self.states)
            self.states.append(State(key, self._head_of[key]))
        state = self.states[self.roots[key]]
        state.away_m = min(state.away_m, away_m)

    def link(self) -> None:
        """Point each state to its longest proper ending that is also a beginning."""
        queue = list(self.roots.values())
        for at in queue:
            for key, child in self.states[at].step.items():
                self.states[child].fail = self.follow(self.states[at].fail, key)
                queue.append(child)

    def follow(self, state: int, key: int) -> int:
        """Return the state after `key` is driven, -1 for the root."""
        while state >= 0:
            found = self.states[state].step.get(key)
            if found is not None:
                return found
            state = self.states[state].fail
        return self.roots.get(key, -1)

    def away_m(self, state: int) -> float:
        """Return how far a state ends behind a restricted junction: 0 is at one."""
        least = math.inf
        while state >= 0:
            least = min(least, 0.0 if self.states[state].step else self.states[state].away_m)
            state = self.states[state].fail
        return least

    def bans(self, state: int) -> list[Ban]:
        """Return the bans of all sequences that a state completes."""
        found: list[Ban] = []
        while state >= 0:
            found += self.states[state].bans
            state = self.states[state].fail
        return found
