"""The process that freezes reports for a server: `python -m api.cli.freezer`.

One order comes as a line of JSON on standard input; what came of it goes out as one. It ends with
whoever started it, and what it has not finished then is not frozen at all.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from contextlib import closing
from datetime import UTC, datetime

import orjson

from api.jobs import store as jobs
from api.network.rule_models import GATHERED
from api.services import load_catalog
from layers.indicators.periods import parse_period
from layers.reports import store
from layers.reports.catalogue import read_reports
from layers.reports.due import due_periods
from layers.reports.fonts import unpacked_fonts
from layers.reports.freeze import Ground, Order, freeze
from layers.reports.keys import signing_key
from layers.reports.render_pdf import Press
from layers.reports.rule_models import CLOCK, ReportClock
from spatial.errors import Conflict, SigangError
from spatial.json_types import Document
from spatial.postgres.db import connect
from spatial.rule_store import read_stored
from spatial.rules import RuleBook, find_rule
from spatial.settings import Settings

NICENESS = 10
PR_SET_PDEATHSIG = 1
SYSTEM = "system"
DUE = "*"
"""Whose lock is held while what is due is frozen; no report is called so."""


def ground_of(settings: Settings, url: str) -> Ground:
    """Return what reports are frozen with."""
    assert GATHERED  # noqa: S101  # all rules have their models
    press = Press(unpacked_fonts(settings.home))
    key = signing_key(settings.home)
    return Ground(url, load_catalog(settings.areas), press, key, settings.map_review_number)


def freeze_due(ground: Ground, now: datetime | None = None) -> list[tuple[str, str]]:
    """Freeze what is due and never was, as of the time at which it was; return what.

    One process does it at a time, so that each period finds the one before it frozen.
    """
    now = now or datetime.now(UTC)
    with closing(connect(ground.url)) as conn:
        if not store.try_lock(conn, DUE):
            return []
        known = {(row[0], row[1]) for row in conn.execute(store.KNOWN)}
        rule = find_rule(RuleBook.of(*read_stored(conn)).at(now), CLOCK)
        conn.commit()
        return [] if rule is None else _freeze_all(ground, rule.value, known, now)


def _freeze_all(
    ground: Ground, clock: ReportClock, known: set[tuple[str, str]], now: datetime
) -> list[tuple[str, str]]:
    done, reports = [], ground.catalog.part(read_reports)
    for report, period in due_periods(reports, clock, known, now):
        try:
            freeze(ground, Order(report, period, SYSTEM, due=True), now)
        except Conflict:
            continue
        done.append((report, period.id))
    return done


def _answer(settings: Settings, order: Document) -> Document:
    ground = ground_of(settings, settings.database_url or "")
    if due := order.get("due"):
        return {"frozen": freeze_due(ground, datetime.fromisoformat(str(due)))}
    asked = Order(
        str(order["report"]), parse_period(str(order["period"])), str(order["by"]),
        order.get("corrects"), order.get("reason"),  # type: ignore[arg-type]
    )  # fmt: skip
    return {"version": freeze(ground, asked)}


def main() -> None:
    """Carry out one order."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s: %(name)s: %(message)s")
    order = orjson.loads(sys.stdin.buffer.readline())
    if order.get("due"):
        os.nice(NICENESS)
    try:
        told = _answer(Settings.from_env(), order)
    except SigangError as error:
        told = {"problem": jobs.as_problem(error)}
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


if __name__ == "__main__":
    main()
