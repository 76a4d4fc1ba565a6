"""Whether a vessel passes edges: yes, no, or not known, by the levels of a time.

A limit admits a vessel for sure where it does so at the least favourable level (p10 under the keel,
p90 under a bridge), refuses it where it does so at the most favourable one, and else is not known.
Kleene's logic of three values carries that from terms to options, groups and edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.cost.weekly_hours import WEEK_MIN, minute_of_week
from routing.graph.weights import Bools, Floats, Ints
from routing.waterway.levels import HOUR_S, Levels
from routing.waterway.limits import LimitTable
from routing.waterway.rule_models import LEVELS, MARGINS
from spatial.networks.model import NetworkKind
from spatial.rules import Rules, get_rule

Verdicts = NDArray[np.int8]
FAIL, UNKNOWN, PASS = 0, 1, 2
WORDS = ("refused", "cannot_tell", "passes")
EPS = 1e-6


class Unknown(NamedTuple):
    """Something that is not known: of what sort, of which row, place, gauge or dimension."""

    sort: str
    name: str
    kind: str = ""


@dataclass(frozen=True)
class LevelState:
    """The lowest, middle and highest level of each gauge in a span of time; NaN is not known.

    `begin` and `end` are s since 1970; `minute` is that of the week where the span is one moment.
    """

    low: Floats
    middle: Floats
    high: Floats
    begin: float
    end: float
    minute: int | None = None


@dataclass(frozen=True)
class Verdict:
    """Verdicts by term, by what must be known, by option and by edge.

    `between` are the terms whose level, known within its spread, decides.
    """

    term: Verdicts
    need: Verdicts
    option: Verdicts
    edge: Verdicts
    between: Bools


class Judge:
    """Judges vessels on the edges of one graph under some rules; never changed."""

    def __init__(self, table: LimitTable, levels: Levels, kind: NetworkKind, rules: Rules) -> None:
        self.table, self.levels, self.kind = table, levels, kind
        self.reach = get_rule(rules, LEVELS).value
        self.margins_rule = get_rule(rules, MARGINS)
        margins = [self.margins_rule.value.of(name) for name in table.kinds]
        self._times = np.array([one.times for one in margins])[table.term_kind]
        self._add = np.array([one.add for one in margins])[table.term_kind]
        self._rises = np.array([limit.rises for limit in kind.limits])[table.term_column]
        notice = np.array([row.notice for row in table.rows], np.bool_)
        self._tells = ~notice[table.term_row]
        self._pair = table.term_option * len(table.kinds) + table.term_kind
        self._need_pair = table.need_option * len(table.kinds) + table.need_kind

    # levels

    def at(self, when: float) -> LevelState:
        """Return the levels of a moment (s since 1970)."""
        found = self.levels_at(np.array([when]))[:, :, 0]
        minute = int(minute_of_week(datetime.fromtimestamp(when, UTC))) % WEEK_MIN
        return LevelState(found[0], found[1], found[2], when, when, minute)

    def during(self, when: Floats, low: int = 0, high: int = 2) -> LevelState:
        """Return the levels of a span, seen at some moments of it; opening hours do not count.

        The lowest are of one of p10, p50 and p90 (0, 1, 2), the highest of another one: so a span
        is judged by what is sure, expected or hoped for.
        """
        levels = self.levels_at(when)
        middle = levels[1].mean(axis=1)
        low_m, high_m = levels[low].min(axis=1), levels[high].max(axis=1)
        return LevelState(low_m, middle, high_m, float(when[0]), float(when[-1]))

    def levels_at(self, when: Floats) -> Floats:
        """Return the (3, gauges, moments) low, middle and high levels; NaN is not known."""
        reach = self.reach
        return self.levels.at(when, reach.reading_hours * HOUR_S, reach.gap_hours * HOUR_S)

    # limits at a level

    def available(self, state: LevelState) -> tuple[Floats, Floats]:
        """Return by term what there is (m or t) at the least and the most favourable level."""
        return self._available(state.low, state.high, slice(None))

    def _available(self, low: Floats, high: Floats, chosen: Ints | slice) -> tuple[Floats, Floats]:
        """Return it for some terms; `low` and `high` may have a second axis of moments."""
        table = self.table
        gauge, rises = table.term_gauge[chosen], self._rises[chosen]
        many = (slice(None),) + (None,) * (low.ndim - 1)
        reference, value = table.term_reference[chosen][many], table.term_value[chosen][many]
        none = np.full((2, *low.shape[1:]), np.nan)  # the level of no gauge, and of an unknown one
        down, up = np.concatenate([low, none])[gauge], np.concatenate([high, none])[gauge]
        sign = rises[many]
        least = np.where(sign > 0, down - reference, reference - up)
        most = np.where(sign > 0, up - reference, reference - down)
        doubt = table.term_doubt[chosen][many]
        free = (gauge == -1)[many] | (sign == 0)
        least = np.where(free, 0.0, np.where(doubt, np.nan, least))
        most = np.where(free, 0.0, np.where(doubt, np.nan, most))
        return value + least, value + most

    def admitted(self, state: LevelState) -> tuple[Floats, Floats]:
        """Return by term the largest size that it admits at the least and most favourable level."""
        least, most = self.available(state)
        return (least - self._add) / self._times, (most - self._add) / self._times

    def needed(self, term: int, size: float) -> float:
        """Return how much a vessel of a size needs of a term."""
        return float(size * self._times[term] + self._add[term])

    def rises(self, term: int) -> int:
        """Return 1 where what a term admits rises with the level, -1 where it falls, else 0."""
        return int(self._rises[term])

    def column(self, kind: str) -> int:
        """Return the place of the limit that a kind of row is about."""
        return next(n for n, limit in enumerate(self.kind.limits) if kind in limit.kinds)

    def level_share(self, state: LevelState, term: int) -> float:
        """Return by how much (m) the least favourable level makes a term more than its value."""
        gauge = int(self.table.term_gauge[term])
        if gauge < 0 or not self._rises[term]:
            return 0.0
        reference = float(self.table.term_reference[term])
        low, high = float(state.low[gauge]), float(state.high[gauge])
        return low - reference if self._rises[term] > 0 else reference - high

    def applies(self, state: LevelState) -> Bools:
        """Return which terms are valid at some moment of a span."""
        table = self.table
        return np.asarray((table.term_since <= state.end) & (table.term_until > state.begin))

    # verdicts

    def verdict(self, state: LevelState, sizes: Floats) -> Verdict:
        """Judge a vessel on all edges.

        `sizes` are by limit of the kind; NaN is a size that is not known.
        """
        least, most = self.admitted(state)
        return self._judged(least, most, sizes, state)

    def _judged(self, least: Floats, most: Floats, sizes: Floats, state: LevelState) -> Verdict:
        size = sizes[self.table.term_column]
        term = np.full(len(size), UNKNOWN, np.int8)
        term[size <= least + EPS] = PASS
        term[size > most + EPS] = FAIL
        applies = self.applies(state)
        between = (size > least + EPS) & (size <= most + EPS)
        term[self.table.term_schematic & (term == PASS)] = UNKNOWN
        term[~applies] = PASS
        need = np.where(self._known(applies), PASS, UNKNOWN).astype(np.int8)
        option = self._fold_options(term, need, state)
        return Verdict(term, need, option, self._fold_edges(option), between)

    def term_verdicts(self, terms: Ints, when: Floats, sizes: Floats, applies: Bools) -> Verdicts:
        """Return the (terms, moments) verdicts of some terms at some moments."""
        levels = self.levels_at(when)
        least, most = self._available(levels[0], levels[2], terms)
        add, times = self._add[terms][:, None], self._times[terms][:, None]
        size = sizes[self.table.term_column[terms]][:, None]
        found = np.full(least.shape, UNKNOWN, np.int8)
        found[size <= (least - add) / times + EPS] = PASS
        found[size > (most - add) / times + EPS] = FAIL
        found[self.table.term_schematic[terms][:, None] & (found == PASS)] = UNKNOWN
        found[~applies] = PASS
        return found

    def need_verdicts(self, needs: Ints, terms: Ints, applies: Bools) -> Verdicts:
        """Return the (needs, moments) verdicts of some needs, of which all terms are given."""
        order = np.argsort(self._pair[terms], kind="stable")
        pair = self._pair[terms][order]
        count = np.zeros((len(terms) + 1, applies.shape[1]), np.int64)
        np.cumsum((applies & self._tells[terms][:, None])[order], axis=0, out=count[1:])
        first = np.searchsorted(pair, self._need_pair[needs], side="left")
        last = np.searchsorted(pair, self._need_pair[needs], side="right")
        return np.where(count[last] > count[first], PASS, UNKNOWN).astype(np.int8)

    def _known(self, applies: Bools) -> Bools:
        """Return of which needs there is a term that is valid."""
        count = len(self.table.options) * len(self.table.kinds)
        there = np.bincount(self._pair[applies & self._tells], minlength=count)
        return np.asarray(there[self._need_pair] > 0)

    def _fold_options(self, term: Verdicts, need: Verdicts, state: LevelState) -> Verdicts:
        """Return the verdict of each option: the least of its terms and needs; shut ones fail."""
        table = self.table
        option = np.full(len(table.options), PASS, np.int8)
        np.minimum.at(option, table.term_option, term)
        np.minimum.at(option, table.need_option, need)
        if state.minute is not None:
            option[table.hours[table.option_hours, state.minute]] = FAIL
        return option

    def _fold_edges(self, option: Verdicts) -> Verdicts:
        """Return the verdict of each edge: its worst group, of which each is its best option."""
        table = self.table
        group = np.full(len(table.group_edge), FAIL, np.int8)
        np.maximum.at(group, table.option_group, option)
        edge = np.full(table.edge_count, PASS, np.int8)
        np.minimum.at(edge, table.group_edge, group)
        edge[table.schematic & (edge == PASS)] = UNKNOWN
        return edge

    def capacity(
        self, state: LevelState, column: int, sizes: Floats, *, sure: bool, others: bool = True
    ) -> Floats:
        """Return by edge the largest size in one dimension that passes; -inf none, inf any.

        Parameters
        ----------
        state, column, sizes
            Levels, the dimension (place of its limit), sizes by limit; that of `column` is ignored.
        sure
            Whether what is not known refuses; else it admits any size.
        others
            Whether the vessel must fit in its other dimensions too.
        """
        table, (least, most) = self.table, self.admitted(state)
        mine = (table.term_column == column) & self.applies(state)
        size = np.where(np.isnan(least), -np.inf, least) if sure else most
        size = np.where(
            table.term_schematic & sure, -np.inf, np.where(np.isnan(size), np.inf, size)
        )
        option = np.full(len(table.options), np.inf)
        np.minimum.at(option, table.term_option[mine], size[mine])
        judged = self._judged(least, most, sizes, state)
        lacking = (judged.need == UNKNOWN) & (table.need_column == column)
        option[table.need_option[lacking & sure]] = -np.inf
        if others:
            option[self._unfit(judged, column, UNKNOWN if sure else FAIL)] = -np.inf
        if state.minute is not None:
            option[table.hours[table.option_hours, state.minute]] = -np.inf
        return self._largest(option, sure=sure)

    def _unfit(self, judged: Verdict, column: int, bad: int) -> Ints:
        """Return the options that do not admit a vessel for a dimension other than one."""
        table = self.table
        terms = (table.term_column != column) & (judged.term <= bad)
        needs = (table.need_column != column) & (judged.need <= bad)
        return np.concatenate([table.term_option[terms], table.need_option[needs]])

    def _largest(self, option: Floats, *, sure: bool) -> Floats:
        """Return of each edge the least of its groups, of which each is its largest option."""
        table = self.table
        group = np.full(len(table.group_edge), -np.inf)
        np.maximum.at(group, table.option_group, option)
        edge = np.full(table.edge_count, np.inf)
        np.minimum.at(edge, table.group_edge, group)
        if sure:
            edge[table.schematic] = -np.inf
        return edge

    # what is not known

    @cached_property
    def _by_option(self) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
        """Return terms and needs in the order of their options, and where each option's begin."""
        count = len(self.table.options)
        return _sorted(self.table.term_option, count), _sorted(self.table.need_option, count)

    def terms_of(self, option: int) -> list[int]:
        """Return the terms of an option."""
        order, first = self._by_option[0]
        return [int(one) for one in order[first[option] : first[option + 1]]]

    def needs_of(self, option: int) -> list[int]:
        """Return the needs of an option."""
        order, first = self._by_option[1]
        return [int(one) for one in order[first[option] : first[option + 1]]]

    def unknown_of(
        self, option: int, judged: Verdict, state: LevelState, sizes: Floats
    ) -> frozenset[Unknown]:
        """Return what must become known before an option is decided, if it is not yet."""
        found = [one for term in self.terms_of(option) if judged.term[term] == UNKNOWN
                 for one in self._of_term(term, judged, state, sizes)]  # fmt: skip
        found += [self._of_need(need) for need in self.needs_of(option)
                  if judged.need[need] == UNKNOWN]  # fmt: skip
        return frozenset(found)

    def _of_term(
        self, term: int, judged: Verdict, state: LevelState, sizes: Floats
    ) -> Iterator[Unknown]:
        table = self.table
        row, column = table.rows[table.term_row[term]], int(table.term_column[term])
        gauge = int(table.term_gauge[term])
        if np.isnan(sizes[column]):
            yield Unknown("vessel", self.kind.limits[column].size)
        if np.isnan(table.term_value[term]):
            yield Unknown("value", row.id, row.kind)
        if table.term_doubt[term]:
            yield Unknown("reference", row.id, row.kind)
        elif (
            gauge >= 0
            and self._rises[term]
            and (judged.between[term] or np.isnan(state.low[gauge] + state.high[gauge]))
        ):
            yield Unknown("level", str(self.levels.gauges[gauge].id))
        if table.term_schematic[term]:
            yield Unknown("survey", row.id, row.kind)

    def _of_need(self, need: int) -> Unknown:
        table = self.table
        option = table.options[table.need_option[need]]
        kind = table.kinds[table.need_kind[need]]
        if option.structure is None:
            return Unknown("limit", f"edge {option.edge}", kind)
        number = option.opening.number if option.opening else 0
        return Unknown("limit", f"{option.structure.id} {number}", kind)

    def ways_to_pass(
        self, edge: int, judged: Verdict, state: LevelState, sizes: Floats
    ) -> list[frozenset[Unknown]]:
        """Return the least sets of unknowns of which each, all favourable, lets the vessel pass.

        An edge that passes has the empty set, one that refuses has none.
        """
        sets: list[frozenset[Unknown]] = [frozenset()]
        by_group: dict[int, list[frozenset[Unknown]]] = {}
        for option in self.table.options_of[edge]:
            ways = by_group.setdefault(int(self.table.option_group[option]), [])
            if judged.option[option] != FAIL:
                ways.append(self.unknown_of(option, judged, state, sizes))
        for ways in by_group.values():
            sets = least_sets(one | way for one in sets for way in ways)
        if self.table.schematic[edge]:
            sets = [one | {Unknown("survey", f"edge {edge}")} for one in sets]
        return sets


def least_sets(sets: Iterable[frozenset[Unknown]]) -> list[frozenset[Unknown]]:
    """Return the sets that hold no other one, the smallest first."""
    kept: list[frozenset[Unknown]] = []
    for one in sorted(set(sets), key=lambda s: (len(s), sorted(s))):
        if not any(other <= one for other in kept):
            kept.append(one)
    return kept


def _sorted(owner: Ints, count: int) -> tuple[Ints, Ints]:
    order = np.argsort(owner, kind="stable")
    return order, np.searchsorted(owner[order], np.arange(count + 1))


def sizes_of(kind: NetworkKind, sizes: Sequence[tuple[str, float]]) -> Floats:
    """Return sizes by limit of a kind; NaN is not known."""
    known = dict(sizes)
    return np.array([known.get(limit.size, np.nan) for limit in kind.limits], np.float64)
