"""Which edges keep a class of the standard, which fall short, and of which it is not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from routing.graph.graph import Edges
from routing.graph.weights import Ints
from routing.waterway.judge import FAIL, PASS, UNKNOWN, WORDS, Judge
from routing.waterway.limits import SCHEMATIC
from routing.waterway.rule_models import CLASS_STANDARD, ClassName
from spatial.json_types import Document
from spatial.networks.waterway import CLASSES
from spatial.rules import Rules, get_rule

ON_EDGE = ("depth", "width", "bend_radius")
ON_BRIDGE = ("clearance",)


@dataclass(frozen=True)
class Shortfall:
    """An edge that falls short of a class, or of which it is not known, and by which limits."""

    edge: int
    verdict: int
    reasons: list[Document]


def shortfalls(
    judge: Judge, edges: Edges, chosen: Ints, rules: Rules, name: ClassName
) -> Iterator[Shortfall]:
    """Yield the chosen edges that do not keep a class for sure, in their order.

    A value counts at the level that it is stated for; of several openings the best one counts. An
    edge that is published with a lower class falls short by that.
    """
    standard = get_rule(rules, CLASS_STANDARD).value.root[name].model_dump()
    known = np.array([*CLASSES])
    for edge in chosen.tolist():
        reasons = _of_edge(judge, edge, standard)
        own = edges.edge_class.get(edge)
        if own in known and CLASSES.index(own) > CLASSES.index(name):
            reasons.append({"kind": "class", "value": own, "needed": name, "verdict": WORDS[FAIL]})
        if edges.origin.get(edge) == SCHEMATIC:
            reasons.append({"kind": "survey", "value": None, "verdict": WORDS[UNKNOWN]})
        verdict = _worst(reasons)
        if verdict != PASS:
            short = [one for one in reasons if one["verdict"] != WORDS[PASS]]
            yield Shortfall(edge, verdict, short)


def _of_edge(judge: Judge, edge: int, standard: dict[str, float]) -> list[Document]:
    """Return what an edge has of each dimension, of each structure its best opening."""
    by_group: dict[int, list[list[Document]]] = {}
    for option in judge.table.options_of[edge]:
        structure = judge.table.options[option].structure
        kinds = ON_EDGE if structure is None else ON_BRIDGE if structure.kind == "bridge" else ()
        told = [_of_kind(judge, option, kind, standard[kind]) for kind in kinds]
        group = int(judge.table.option_group[option])
        by_group.setdefault(group, []).append(told)
    best = [max(options, key=_worst) for options in by_group.values()]
    return [one for told in best for one in told]


def _worst(told: list[Document]) -> int:
    return min((WORDS.index(str(one["verdict"])) for one in told), default=PASS)


def _of_kind(judge: Judge, option: int, kind: str, needed: float) -> Document:
    table = judge.table
    rows = [table.rows[table.term_row[term]] for term in judge.terms_of(option)]
    mine = [row for row in rows if row.kind == kind]
    values = [row.value for row in mine if row.value is not None]
    least = min(values, default=None)
    doubted = least is None or any(row.origin == SCHEMATIC for row in mine)
    verdict = FAIL if least is not None and least < needed else UNKNOWN if doubted else PASS
    source = next((row.source for row in mine if row.value == least), None)
    structure = table.options[option].structure
    return {
        "kind": kind, "value": least, "needed": needed, "verdict": WORDS[verdict],
        "source": source, "structure": None if structure is None else str(structure.id),
    }  # fmt: skip
