"""Papers of a vessel: which of those it needs are missing or expired, by which article."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from routing.waterway.rule_models import PAPERS, Paper
from spatial.json_types import Document
from spatial.rules import Rules, find_rule

Fault = Literal["missing", "expired", "not_yet_valid", "too_few_on_board", "grade", "not_told"]


class HeldPaper(NamedTuple):
    """A paper that a vessel has: its kind, grade, least crew, and from when until when it holds."""

    kind: str
    number: str | None = None
    grade: str | None = None
    persons: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class PaperFault(NamedTuple):
    """What is wrong with a paper that a vessel needs; `not_told` is not a refusal but not known."""

    kind: str
    fault: Fault
    paper: Paper
    held: HeldPaper | None
    rule_version: str

    @property
    def refuses(self) -> bool:
        """Whether it refuses the vessel, rather than leaving it in doubt."""
        return self.fault != "not_told"

    def told(self) -> Document:
        """Tell of it with the article that asks for the paper."""
        held = self.held
        return {
            "kind": self.kind,
            "title": self.paper.title.model_dump(),
            "fault": self.fault,
            "article": self.paper.article,
            "number": held and held.number,
            "valid_to": held.valid_to.isoformat() if held and held.valid_to else None,
            "rule_version": self.rule_version,
        }


def judge_papers(
    rules: Rules,
    held: Sequence[HeldPaper],
    begin: datetime,
    end: datetime,
    *,
    crew: int | None = None,
    gross_tonnage: float | None = None,
) -> list[PaperFault]:
    """Return what is wrong with the papers of a vessel on a voyage, in the order of the rule.

    Of several papers of one kind one that is in order is enough.

    Parameters
    ----------
    rules, held
        Rules in force, and the papers that the vessel has.
    begin, end
        Of the voyage: a paper must hold all the time.
    crew, gross_tonnage
        Persons on board and gross tonnage, None where they are not told.
    """
    rule = find_rule(rules, PAPERS)
    faults = []
    for kind, paper in (rule.value.root if rule else {}).items():
        mine = [one for one in held if one.kind == kind]
        found = [_fault(paper, one, begin, end, crew, gross_tonnage) for one in mine]
        if rule is None or None in found:
            continue
        version = f"{rule.key}@{rule.version}"
        fault: Fault = (found[0] if found else None) or "missing"
        faults.append(PaperFault(kind, fault, paper, mine[0] if mine else None, version))
    return faults


def _fault(
    paper: Paper,
    held: HeldPaper,
    begin: datetime,
    end: datetime,
    crew: int | None,
    gross_tonnage: float | None,
) -> Fault | None:
    """Return what is wrong with one paper, None where nothing is."""
    if held.valid_to is not None and held.valid_to <= end:
        return "expired"
    if held.valid_from is not None and held.valid_from > begin:
        return "not_yet_valid"
    needed, most = held.persons if paper.persons else None, paper.grades.get(held.grade or "")
    if (needed is not None and crew is None) or (most is not None and gross_tonnage is None):
        return "not_told"
    if needed is not None and crew is not None and crew < needed:
        return "too_few_on_board"
    over = most is not None and gross_tonnage is not None and gross_tonnage >= most
    return "grade" if over else None
