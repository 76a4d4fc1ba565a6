"""Limits of edges and of structures on them, as arrays: what must hold for a vessel to pass.

A vessel passes an edge if it passes each of its *groups*: the edge itself, and every structure on
it. It passes a group if one of its *options* admits it: the edge has one, a structure one for each
of its openings or chambers. It passes an option if all of its *terms* do: each is one limit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from routing.cost.weekly_hours import WEEK_MIN, read_hours
from routing.graph.graph import Graph
from routing.graph.weights import Bools, Floats, Ints
from routing.waterway.levels import Levels
from routing.waterway.rule_models import CLASS_TONNAGE, NEEDED, Needed
from spatial.networks.model import NetworkKind
from spatial.rules import Rules, find_rule, get_rule

SCHEMATIC = "schematic"
NEVER_READABLE = np.zeros(WEEK_MIN, np.bool_)


class LimitRow(NamedTuple):
    """One limit as it is kept: of an edge, or of a structure and perhaps one of its openings.

    `value` is in m or t, None where nobody knows it; `reference_level_m` is the level at the gauge
    for which it holds. `declared` is what an account says for itself; a `notice` limits, and makes
    nothing known that was not.
    """

    id: str
    kind: str
    value: float | None
    edge: UUID | None = None
    facility: UUID | None = None
    opening: int | None = None
    datum: str | None = None
    reference_level_m: float | None = None
    gauge: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    source: str | None = None
    origin: str = "real"
    declared: bool = False
    notice: bool = False


class Opening(NamedTuple):
    """One opening of a bridge or chamber of a lock; `hours` are when it is passed, None always."""

    number: int
    kind: str
    name: dict[str, str | None]
    hours: str | None = None
    lockage_s: float | None = None


class Structure(NamedTuple):
    """A bridge, lock or the like on the way, with its openings; none are one of no number."""

    id: UUID
    kind: str
    name: dict[str, str | None]
    edges: tuple[UUID, ...]
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True)
class LimitRows:
    """All that is known of limits at one time, before a graph or a rule is looked at."""

    limits: Sequence[LimitRow]
    structures: Sequence[Structure]
    levels: Levels

    @classmethod
    def none(cls) -> LimitRows:
        """Return what is known where nothing is."""
        return cls((), (), Levels.none())

    def with_declared(self, rows: Sequence[LimitRow]) -> LimitRows:
        """Return what is known with what an account declares; it never takes a value's place."""
        return LimitRows([*self.limits, *rows], self.structures, self.levels)


class Option(NamedTuple):
    """What an option is of: an edge (by number), and of a structure one opening, if it has any."""

    edge: int
    structure: Structure | None
    opening: Opening | None


@dataclass(frozen=True)
class LimitTable:
    """Terms, options and groups of one graph as parallel arrays.

    `term_column` is the place of the limit among those of the kind, `term_gauge` -1 without one,
    `term_doubt` True where datum or reference do not fit the gauge. Of `need_*` a limit of that
    kind must be known. `hours` (rows, minutes of the week) is True where an option is shut, whose
    row `option_hours` names; row 0 is never.
    """

    rows: Sequence[LimitRow]
    options: Sequence[Option]
    term_row: Ints
    term_option: Ints
    term_kind: Ints
    term_column: Ints
    term_value: Floats
    term_reference: Floats
    term_gauge: Ints
    term_doubt: Bools
    term_since: Floats
    term_until: Floats
    term_schematic: Bools
    need_option: Ints
    need_kind: Ints
    need_column: Ints
    option_group: Ints
    option_hours: Ints
    hours: Bools
    group_edge: Ints
    schematic: Bools
    kinds: tuple[str, ...]
    edge_count: int
    options_of: Mapping[int, list[int]] = field(default_factory=dict)


def column_of(kind: NetworkKind) -> dict[str, int]:
    """Return the place of the limit that each kind of row is about."""
    return {name: place for place, limit in enumerate(kind.limits) for name in limit.kinds}


def compile_limits(graph: Graph, rows: LimitRows, rules: Rules) -> LimitTable:
    """Return the limits of a graph; those of edges that it has not are left out.

    Columns of the edges count as limits without reference, their class as one of tonnage. In a lock
    the depth is that over its sill.
    """
    maker = _Maker(graph, rows, get_rule(rules, NEEDED).value, rules)
    for edge in range(len(graph.edges)):
        maker.of_edge(edge)
    for structure in rows.structures:
        maker.of_structure(structure)
    return maker.made()


class _Maker:
    """Collects terms, options and groups."""

    def __init__(self, graph: Graph, rows: LimitRows, needed: Needed, rules: Rules) -> None:
        self._graph, self._levels, self._needed = graph, rows.levels, needed
        kind = graph.edges.kind
        self._columns = column_of(kind)
        self._kinds = tuple(self._columns)
        self._code = {name: code for code, name in enumerate(self._kinds)}
        self._rows = list(rows.limits)
        self._locked = {e for one in rows.structures if one.kind == "lock" for e in one.edges}
        self._of_edge: dict[UUID, list[int]] = defaultdict(list)
        self._of_structure: dict[UUID, list[int]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            owner = self._of_structure if row.edge is None else self._of_edge
            owner[row.facility if row.edge is None else row.edge].append(number)  # type: ignore[index]
        tonnage = find_rule(rules, CLASS_TONNAGE)
        self._tonnage: Mapping[str, float] = tonnage.value.root if tonnage else {}  # type: ignore[assignment]
        self._options: list[Option] = []
        self._option_group: list[int] = []
        self._option_hours: list[int] = []
        self._group_edge: list[int] = []
        self._terms: list[tuple[int, int]] = []
        self._needs: list[tuple[int, str]] = []
        self._weeks: dict[bytes, int] = {np.zeros(WEEK_MIN, np.bool_).tobytes(): 0}

    def of_edge(self, edge: int) -> None:
        """Add the group of an edge: its rows, its columns, its class."""
        numbers = list(self._of_edge.get(self._graph.edges.row_id(edge), ()))
        numbers += [self._add_row(row) for row in self._own(edge)]
        self._group(edge)
        in_lock = self._graph.edges.row_id(edge) in self._locked
        needed = [kind for kind in self._needed.edge if not (in_lock and kind == "depth")]
        self._option(Option(edge, None, None), numbers, needed)

    def of_structure(self, structure: Structure) -> None:
        """Add a group of a structure to each edge that it stands on."""
        numbers = self._of_structure.get(structure.id, [])
        for row_id in structure.edges:
            edge = self._graph.ids.find(row_id)
            if edge is None:
                continue
            self._group(edge)
            needed = self._needed.of(structure.kind)
            for opening in structure.openings or (None,):
                mine = [n for n in numbers if self._rows[n].opening in
                        (None, opening.number if opening else None)]  # fmt: skip
                self._option(Option(edge, structure, opening), mine, needed)

    def _own(self, edge: int) -> Iterable[LimitRow]:
        edges = self._graph.edges
        row_id, origin = edges.row_id(edge), edges.origin.get(edge) or "real"
        for place, limit in enumerate(edges.kind.limits):
            value = float(edges.limits[edge, place])
            if np.isfinite(value):
                yield LimitRow(f"{row_id}:{limit.column}", limit.kinds[0], value, row_id,
                               source=edges.source.get(edge), origin=origin)  # fmt: skip
        place = edges.kind.columns.index("tonnage_t")
        tonnes = self._tonnage.get(edges.edge_class.get(edge) or "")
        if tonnes is not None and not np.isfinite(edges.limits[edge, place]):
            yield LimitRow(f"{row_id}:class", "tonnage", tonnes, row_id,
                           source=edges.source.get(edge), origin=origin)  # fmt: skip

    def _add_row(self, row: LimitRow) -> int:
        self._rows.append(row)
        return len(self._rows) - 1

    def _group(self, edge: int) -> None:
        self._group_edge.append(edge)

    def _option(self, option: Option, numbers: Sequence[int], needed: Sequence[str]) -> None:
        here = len(self._options)
        self._options.append(option)
        self._option_group.append(len(self._group_edge) - 1)
        self._option_hours.append(self._week(option.opening))
        self._terms += [(number, here) for number in self._counting(numbers)]
        self._needs += [(here, kind) for kind in needed]

    def _counting(self, numbers: Sequence[int]) -> Iterable[int]:
        """Leave out what is declared of a kind of which a value is published.

        A published row without value gives way where one that is declared holds as long.
        """
        rows = [self._rows[number] for number in numbers]
        published = {row.kind for row in rows if not row.declared and row.value is not None}
        declared = [row for row in rows if row.declared and row.kind not in published]
        for number, row in zip(numbers, rows, strict=True):
            if row.declared and row.kind in published:
                continue
            nothing = not row.declared and row.value is None
            if nothing and any(one.kind == row.kind and _holds(one, row) for one in declared):
                continue
            yield number

    def _week(self, opening: Opening | None) -> int:
        """Number the minutes at which an opening is shut; hours nobody can read never open it."""
        if opening is None or opening.hours is None:
            return 0
        open_ = read_hours(opening.hours)
        shut = ~(NEVER_READABLE if open_ is None else open_)
        return self._weeks.setdefault(shut.tobytes(), len(self._weeks))

    def made(self) -> LimitTable:
        """Return the arrays."""
        row, option = np.array(self._terms, np.int64).reshape(-1, 2).T
        rows = [self._rows[number] for number in row.tolist()]
        gauge = [self._levels.number.get(r.gauge, -2) if r.gauge else -1 for r in rows]
        need = np.array([(o, self._code[k], self._columns[k]) for o, k in self._needs], np.int64)
        need = need.reshape(-1, 3)
        options_of: dict[int, list[int]] = defaultdict(list)
        for number, one in enumerate(self._options):
            options_of[one.edge].append(number)
        edges = self._graph.edges
        return LimitTable(
            rows=self._rows,
            options=self._options,
            term_row=row,
            term_option=option,
            term_kind=np.array([self._code[r.kind] for r in rows], np.int64),
            term_column=np.array([self._columns[r.kind] for r in rows], np.int64),
            term_value=_numbers(r.value for r in rows),
            term_reference=_numbers(r.reference_level_m for r in rows),
            term_gauge=np.array(gauge, np.int64),
            term_doubt=np.array([self._doubted(r) for r in rows], np.bool_),
            term_since=np.array([_moment(r.valid_from, -np.inf) for r in rows], np.float64),
            term_until=np.array([_moment(r.valid_to, np.inf) for r in rows], np.float64),
            term_schematic=self._schematic(rows, option),
            need_option=need[:, 0],
            need_kind=need[:, 1],
            need_column=need[:, 2],
            option_group=np.array(self._option_group, np.int64),
            option_hours=np.array(self._option_hours, np.int64),
            hours=np.array([np.frombuffer(week, np.bool_) for week in self._weeks]),
            group_edge=np.array(self._group_edge, np.int64),
            schematic=edges.origin.mask([SCHEMATIC]),
            kinds=self._kinds,
            edge_count=len(edges),
            options_of=options_of,
        )

    def _schematic(self, rows: Sequence[LimitRow], option: Ints) -> Bools:
        """Return which terms are schematic on an edge that is not so as a whole."""
        drawn = self._graph.edges.origin.mask([SCHEMATIC])
        edge = np.array([self._options[o].edge for o in option.tolist()], np.int64)
        own = np.array([row.origin == SCHEMATIC for row in rows], np.bool_)
        return np.asarray(own & ~drawn[edge])

    def _doubted(self, row: LimitRow) -> bool:
        """Tell whether a limit names a gauge but not what its value holds for there."""
        if row.gauge is None:
            return False
        number = self._levels.number.get(row.gauge)
        datum = None if number is None else self._levels.gauges[number].datum
        return row.reference_level_m is None or number is None or datum != row.datum


def _holds(one: LimitRow, row: LimitRow) -> bool:
    """Tell whether a row is valid at least as long as another one."""
    begins = _moment(one.valid_from, -np.inf) <= _moment(row.valid_from, -np.inf)
    return begins and _moment(one.valid_to, np.inf) >= _moment(row.valid_to, np.inf)


def _numbers(values: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _moment(at: datetime | None, never: float) -> float:
    return never if at is None else at.timestamp()
