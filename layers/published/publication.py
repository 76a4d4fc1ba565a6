"""Publishing the enforcement cases of a month: counted from the cube once, and never again.

A late or withdrawn row changes nothing of what was published, and there is no correction: the
difference of two versions would tell of the very rows that came between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import TupleRow

from layers.indicators.periods import Period, period_at, series
from layers.published import store
from layers.published.closing import Count, Path, tell
from layers.published.store import Conn
from routing.statistics.rule_models import PUBLISHED, Published
from spatial.ids import stable_uuid7
from spatial.rules import Rules, find_rule
from spatial.schema.heat_tables import CUBE_LEVEL

LEVELS = ("province", "prefecture", "county", "cell")
"""Depths of the tree of each kind."""


@dataclass(frozen=True, slots=True)
class Told:
    """One published count: of which level, unit and kind, in which cell."""

    level: str
    admin_code: str
    violation: str
    cell: int | None
    n: int
    synthetic: bool


def publish_due(conn: Conn, rules: Rules, now: datetime) -> list[str]:
    """Publish each month whose time has come and that never was; return these months.

    The caller commits. Nothing is done while another process does it, or without the rule.

    Parameters
    ----------
    conn
        The owner's, in a transaction.
    rules, now
        The rules in force, and the time.
    """
    rule = find_rule(rules, PUBLISHED)
    if rule is None:
        return []
    if not store.lock(conn):
        return []
    known = store.published_months(conn)
    last, made = period_at("month", now).previous, []
    for month in series(last, max(rule.value.back, 1)):
        if rule.value.moment(month.end) <= now and month.first not in known:
            version = f"{PUBLISHED.key}@{rule.version}"
            publish(conn, month, rule.value, version, now)
            made.append(month.id)
    return made


def publish(conn: Conn, month: Period, how: Published, version: str, now: datetime) -> int:
    """Publish a month as it is counted now; return how many counts are told."""
    asked = {"shift": 2 * (CUBE_LEVEL - how.level), "month": month.first}
    told = list(_told(conn.execute(store.COUNTS, asked).fetchall(), how.k))
    conn.execute(store.PUBLISH, [month.first, now, how.level, how.k, version, len(told)])
    columns = {
        "ids": [stable_uuid7("heat_published", _name(month.first, one)) for one in told],
        "level": [one.level for one in told],
        "violation": [one.violation for one in told],
        "admin_code": [one.admin_code for one in told],
        "cell": [one.cell for one in told],
        "n": [one.n for one in told],
        "origin": ["synthetic" if one.synthetic else "derived" for one in told],
    }
    more = {
        "z": how.level, "since": month.start, "until": month.end, "rule": version,
        "month": month.id, "k": how.k,
    }  # fmt: skip
    conn.execute(store.PUT, columns | more)
    return len(told)


def _told(rows: list[TupleRow], k: int) -> Iterator[Told]:
    """Yield what is told of a month's counts: a tree of its own for each kind."""
    trees: defaultdict[str, dict[Path, Count]] = defaultdict(dict)
    synthetic = False
    for kind, code, cell, n, apart, made in rows:
        trees[kind][(code[:2], code[:4], code, str(cell))] = Count(n, apart)
        synthetic = synthetic or made
    for kind in sorted(trees):
        for path, n in tell(trees[kind], k).items():
            level, code = LEVELS[len(path) - 1], path[min(len(path), 3) - 1].ljust(6, "0")
            cell = int(path[3]) if level == "cell" else None
            yield Told(level, code, kind, cell, n, synthetic)


def _name(month: date, one: Told) -> str:
    return f"{month}/{one.violation}/{one.level}/{one.admin_code}/{one.cell}"
