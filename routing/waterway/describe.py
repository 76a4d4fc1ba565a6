"""What is told of limits, edges and unknowns: each number with its unit, reference and source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routing.graph.graph import Edges
from routing.graph.weights import Floats
from routing.waterway.judge import WORDS, Judge, LevelState, Unknown, Verdict
from routing.waterway.limits import LimitRow, Opening, Structure
from routing.waterway.missing import Missing, fewest_of
from spatial.json_types import Document


class Teller:
    """Tells of one vessel at one time; sizes are by limit of the kind."""

    def __init__(
        self, judge: Judge, edges: Edges, state: LevelState, sizes: Floats, verdict: Verdict
    ) -> None:
        self.judge, self._edges, self._state = judge, edges, state
        self._sizes, self.verdict = sizes, verdict
        self._least, self._most = judge.available(state)

    def waiting(self, edges: Sequence[int]) -> Missing:
        """Return the fewest unknowns that some edges, all to be passed, wait for."""
        sets = {
            edge: self.judge.ways_to_pass(edge, self.verdict, self._state, self._sizes)
            for edge in edges
        }
        return fewest_of(sets)

    def edge(self, edge: int) -> Document:
        """Tell of an edge: its verdict, its own limits, and the structures on it."""
        own: list[Document] = []
        about_it: dict[str, Document] = {}
        openings: dict[str, list[Document]] = {}
        for option in self.judge.table.options_of[edge]:
            about = self.judge.table.options[option]
            if about.structure is None:
                own = self._option(option)
                continue
            name = str(about.structure.id)
            about_it[name] = about_structure(about.structure)
            verdict = WORDS[self.verdict.option[option]]
            limits = {"verdict": verdict, "limits": self._option(option)}
            openings.setdefault(name, []).append({**about_opening(about.opening), **limits})
        return {
            "edge": str(self._edges.row_id(edge)),
            "name": {"zh": self._edges.name_zh.get(edge), "en": self._edges.name_en.get(edge)},
            "class": self._edges.edge_class.get(edge),
            "origin": self._edges.origin.get(edge),
            "verdict": WORDS[self.verdict.edge[edge]],
            "limits": own,
            "structures": [{**about_it[one], "openings": openings[one]} for one in about_it],
        }

    def _option(self, option: int) -> list[Document]:
        judge = self.judge
        told = [self.term(term) for term in judge.terms_of(option)]
        for need in judge.needs_of(option):
            if WORDS[self.verdict.need[need]] == "cannot_tell":
                kind = judge.table.kinds[judge.table.need_kind[need]]
                told.append({"kind": kind, "value": None, "verdict": "cannot_tell"})
        return told

    def term(self, term: int) -> Document:
        """Tell of one limit: what it is, what there is at the level of the time, what is needed."""
        judge, table = self.judge, self.judge.table
        row, column = table.rows[table.term_row[term]], int(table.term_column[term])
        size = float(self._sizes[column])
        return {
            **about_limit(row),
            "gauge": self.gauge(int(table.term_gauge[term])),
            "available": {"least": _known(self._least[term]), "most": _known(self._most[term])},
            "size": judge.kind.limits[column].size,
            "vessel": _known(size),
            "needed": _known(judge.needed(term, size)),
            "verdict": WORDS[self.verdict.term[term]],
        }

    def gauge(self, number: int) -> Document | None:
        """Tell of a gauge and its level at the time, None where there is none."""
        if number < 0:
            return None
        gauge, state = self.judge.levels.gauges[number], self._state
        return {
            "id": str(gauge.id),
            "code": gauge.code,
            "name": gauge.name,
            "datum": gauge.datum,
            "level_m": {
                "p10": _known(state.low[number]),
                "p50": _known(state.middle[number]),
                "p90": _known(state.high[number]),
            },
        }

    def unknown(self, one: Unknown, edges: list[int]) -> Document:
        """Tell of something that is not known, where it counts, and what would be enough."""
        told: Document = {
            "what": one.sort,
            "kind": one.kind or None,
            "edges": [str(self._edges.row_id(edge)) for edge in edges],
        }
        if one.sort == "vessel":
            return {**told, "size": one.name}
        if one.sort == "level":
            numbers = {str(gauge.id): n for n, gauge in enumerate(self.judge.levels.gauges)}
            return {
                **told,
                "gauge": self.gauge(numbers[one.name]),
                **self._enough_level(one, edges),
            }
        about = self._place(one, edges)
        return {**told, **about, "at_least": self._enough(one, edges)}

    def _place(self, one: Unknown, edges: list[int]) -> Document:
        """Tell on which edge, structure or opening a limit is missing."""
        table = self.judge.table
        row = next((row for row in table.rows if row.id == one.name), None)
        told: Document = {} if row is None else {"limit": about_limit(row)}
        for option in table.options_of[edges[0]]:
            structure, opening = table.options[option].structure, table.options[option].opening
            if structure is None:
                continue
            number = opening.number if opening else 0
            own = row is not None and row.facility == structure.id
            if own or one.name == f"{structure.id} {number}":
                whole = row is not None and row.opening is None
                if whole or row is None or row.opening == number:
                    named = None if whole else opening
                    about = {"structure": about_structure(structure)}
                    return {**told, **about, "opening": named and about_opening(named)}
        return told

    def _enough(self, one: Unknown, edges: list[int]) -> float | None:
        """Return what a value must be at least for the vessel to pass at any level of the time."""
        judge, table = self.judge, self.judge.table
        for edge in edges:
            for option in table.options_of[edge]:
                for term in judge.terms_of(option):
                    if table.rows[table.term_row[term]].id == one.name and one.sort == "value":
                        size = float(self._sizes[table.term_column[term]])
                        rest = judge.level_share(self._state, term)
                        return _known(judge.needed(term, size) - rest)
        if one.sort != "limit":
            return None
        column = self.judge.column(one.kind)
        margin = judge.margins_rule.value.of(one.kind)
        return _known(float(self._sizes[column]) * margin.times + margin.add)

    def _enough_level(self, one: Unknown, edges: list[int]) -> Document:
        """Return between which levels the vessel passes all that waits for a gauge."""
        judge, table = self.judge, self.judge.table
        low, high = -np.inf, np.inf
        for edge in edges:
            for option in table.options_of[edge]:
                for term in judge.terms_of(option):
                    number = int(table.term_gauge[term])
                    if number < 0 or str(judge.levels.gauges[number].id) != one.name:
                        continue
                    size = float(self._sizes[table.term_column[term]])
                    spare = float(table.term_value[term]) - judge.needed(term, size)
                    at = float(table.term_reference[term])
                    if judge.rises(term) > 0:
                        low = np.fmax(low, at - spare)
                    elif judge.rises(term) < 0:
                        high = np.fmin(high, at + spare)
        return {"at_least": _known(low), "at_most": _known(high)}


def about_limit(row: LimitRow) -> Document:
    """Tell of a limit as it is kept."""
    return {
        "kind": row.kind,
        "value": row.value,
        "datum": row.datum,
        "reference_level_m": row.reference_level_m,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "source": row.source,
        "origin": row.origin,
        "declared": row.declared,
        "notice": row.notice,
    }


def about_structure(structure: Structure) -> Document:
    """Tell of a structure what it is and is called."""
    return {"id": str(structure.id), "kind": structure.kind, "name": structure.name}


def about_opening(opening: Opening | None) -> Document:
    """Tell of an opening or chamber; a structure without any is one of no number."""
    if opening is None:
        return {"number": None, "kind": None, "name": None, "hours": None, "lockage_s": None}
    return opening._asdict()


def _known(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
