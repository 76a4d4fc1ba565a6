"""Reports as a part of the catalogue: read, and resolved against the indicators that they name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from layers.declare.catalog import Declared
from layers.declare.layer import DERIVED
from layers.declare.reading import checked
from layers.declare.reading import wrong as wrong_key
from layers.indicators.catalog import read_indicators
from layers.reports.model import Report

PATTERN = "*/*.report.toml"
ENDING = ".report.toml"
TAKEN = frozenset({"key"})
"""Ids that addresses below `/api/reports` have for something else."""
DOCS = "reports"
Reports = Mapping[str, Report]
wrong = partial(wrong_key, docs=DOCS)


def read_reports(declared: Declared) -> Reports:
    """Return all reports by id, in the order of areas and then their own.

    Raises
    ------
    ConfigError
        A report is wrong, or names an indicator that there is not; names file and key.
    """
    indicators = declared.part(read_indicators)
    known = indicators.stands_on
    found: dict[str, Report] = {}
    for path in sorted(declared.reading.folder.glob(PATTERN)):
        report = _read(path, declared)
        if report.id in found or report.id in TAKEN:
            raise wrong(path, "id", f"{report.id} is declared twice or taken")
        for number, item in enumerate(report.items):
            if item.indicator not in known:
                key = f"items.{number}.indicator"
                raise wrong(path, key, f"no indicator {item.indicator!r}")
            counted = indicators.populations.get(item.indicator)
            if item.interval and (counted is None or counted.denominator is None):
                raise wrong(path, f"items.{number}.interval", f"{item.indicator} is no rate")
        _check_lists(path, report, declared)
        found[report.id] = report
    place = {area: number for number, area in enumerate(declared.areas)}
    ordered = sorted(found.values(), key=lambda one: (place[one.area], one.order, one.id))
    return MappingProxyType({one.id: one for one in ordered})


def _check_lists(path: Path, report: Report, declared: Declared) -> None:
    for number, listed in enumerate(report.lists):
        relation = declared.relations.get(listed.layer)
        if relation is None or relation.layer.source.table != DERIVED:
            raise wrong(path, f"lists.{number}.layer", f"no computed layer {listed.layer!r}")
        known = {column.name: column for column in relation.layer.columns}
        for name in (*listed.columns, *listed.only, listed.order):
            if name not in known:
                raise wrong(path, f"lists.{number}", f"{listed.layer} has no column {name!r}")
        if known[listed.order].type not in ("int", "number"):
            raise wrong(path, f"lists.{number}.order", f"{listed.order} is no number")


def _read(path: Path, declared: Declared) -> Report:
    document, area = declared.reading.document(path), path.parent.name
    for key in ("id", "area"):
        if key in document:
            raise wrong(path, key, f"the {'file' if key == 'id' else 'folder'} is the {key}")
    if area not in declared.areas:
        raise wrong(path.parent / "area.toml", "title", "the area has no area.toml")
    given = {"id": path.name.removesuffix(ENDING), "area": area, **document}
    return checked(Report, path, given, DOCS)
