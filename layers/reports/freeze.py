"""Freezing a period: rows, numbers, documents, files and seals in one snapshot transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import IsolationLevel

from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.indicators.periods import Period
from layers.indicators.units import Units, shapes_statement, units_of, units_statement
from layers.reports import store
from layers.reports.catalogue import read_reports
from layers.reports.contributions import contribution_statement
from layers.reports.definitions import Definitions
from layers.reports.document import (
    AUDIENCES,
    Audience,
    Beside,
    Version,
    audience_actor,
    document,
    stamp,
    told_items,
    values_of,
)
from layers.reports.files import draw_file, drawn_names, make_kept
from layers.reports.listed import read_listed
from layers.reports.model import Report
from layers.reports.outlines import project
from layers.reports.render_pdf import Press
from layers.reports.rows import (
    MEMORY,
    Groups,
    digest_rows,
    numbers_of,
    read_corrected,
    read_groups,
    run,
    write_rows,
)
from layers.reports.rule_models import CLOCK
from layers.reports.seal import Told, Value, canonical, changed_cells, digest, public_key, sign
from spatial.actor import Actor
from spatial.errors import BadParameter, Conflict, NotFound, SetupError, StaleVersion
from spatial.ids import uuid7
from spatial.postgres.db import connect
from spatial.rule_store import read_stored
from spatial.rules import RuleBook, get_rule


@dataclass(frozen=True)
class Order:
    """What to freeze.

    Parameters
    ----------
    report, period
        Which.
    by
        The account, or `system`.
    corrects
        The last version, which a new one corrects; None for a first one.
    reason
        Why it is corrected.
    due
        Frozen as of the time at which it was due.
    """

    report: str
    period: Period
    by: str
    corrects: int | None = None
    reason: str | None = None
    due: bool = False


@dataclass(frozen=True)
class Ground:
    """What reports are frozen with: the owner's URL, declarations, press, key, map's number."""

    url: str
    catalog: Catalog
    press: Press
    key: Ed25519PrivateKey
    review_number: str | None


def freeze(ground: Ground, order: Order, now: datetime | None = None) -> int:
    """Freeze a period of a report; return the number of the version. All of it, or nothing.

    Parameters
    ----------
    ground, order
        With what, and what.
    now
        When it is frozen; the time of this process where none is told.

    Raises
    ------
    NotFound
        There is no such report.
    BadParameter
        The period is of another kind.
    Conflict
        It has not ended, is frozen already, or is being frozen.
    StaleVersion
        What is to be corrected is not the last version.
    """
    report = find_report(ground.catalog, order.report)
    now = now or datetime.now(UTC)
    check_period(report, order.period, now)
    with closing(connect(ground.url)) as conn:
        if not store.try_lock(conn, report.id):
            raise Conflict(
                f"{report.id} is being frozen", f"{report.id} 正在冻结",
                mend_en="Ask again in a few seconds.", mend_zh="请数秒后再试。",
            )  # fmt: skip
        conn.commit()
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        with conn.transaction():
            return _Freezing(ground, order, report, conn, now).run()


def find_report(catalog: Catalog, key: str) -> Report:
    """Return a report.

    Raises
    ------
    NotFound
    """
    found = catalog.part(read_reports).get(key)
    if found is None:
        raise NotFound(
            f"No report {key[:80]!r}", f"没有报告 {key[:80]!r}",
            mend_en="/api/reports lists them.", mend_zh="/api/reports 列出全部报告。",
        )  # fmt: skip
    return found


def check_period(report: Report, period: Period, now: datetime) -> None:
    """Refuse a period of another kind, and one that has not ended.

    Raises
    ------
    BadParameter, Conflict
    """
    check_kind(report, period)
    if now < period.end:
        raise Conflict(
            f"{period.id} has not ended", f"{period.id} 尚未结束",
            mend_en=f"It ends at {stamp(period.end)}.", mend_zh=f"结束于 {stamp(period.end)}。",
        )  # fmt: skip


def check_kind(report: Report, period: Period) -> None:
    """Refuse a period of another kind than a report's.

    Raises
    ------
    BadParameter
    """
    if period.kind != report.period:
        form = {"week": "2026-W10", "month": "2026-03"}[report.period]
        raise BadParameter(
            f"{report.id} is by {report.period}, {period.id} is a {period.kind}",
            f"{report.id} 的周期为 {report.period}，而 {period.id} 为 {period.kind}",
            mend_en=f"Write it as {form}.", mend_zh=f"格式：{form}。", parameter="period",
        )  # fmt: skip


class _Freezing:
    """One freeze inside its transaction."""

    def __init__(
        self, ground: Ground, order: Order, report: Report, conn: store.Conn, now: datetime
    ) -> None:
        self.ground, self.order, self.report, self.conn, self.now = (
            ground, order, report, conn, now,
        )  # fmt: skip
        self.id = uuid7()

    def run(self) -> int:
        """Freeze, and return the number of the version."""
        last = store.last_version(self.conn, self.report.id, self.order.period.id)
        number = self._number(last)
        book = RuleBook.of(*read_stored(self.conn))
        clock = get_rule(book.at(self.now), CLOCK).value.of(self.report.period)
        period = self.order.period
        version = Version(
            period, number, clock.moment(period) if self.order.due else self.now, self.now,
            clock.is_late(period, self.now), self.order.reason,
        )  # fmt: skip
        declared = self.ground.catalog.part(read_indicators)
        units = self._units()
        at = period.end - timedelta(microseconds=1)
        definitions = Definitions.of(self.report, declared, units, book, at)
        self._write_version(version, definitions)
        groups = self._write_rows(definitions, version)
        outlines = self._outlines(units)
        for audience in AUDIENCES:
            self._edition(audience, definitions, groups, version, outlines, last)
        return number

    def _number(self, last: tuple[UUID, int] | None) -> int:
        corrects, period = self.order.corrects, self.order.period.id
        if last is None and corrects is None:
            return 1
        if last is None or (corrects is not None and corrects != last[1]):
            raise StaleVersion(
                f"The last version of {period} is {last[1] if last else 'none'}",
                f"{period} 的最新版本为 {last[1] if last else '无'}",
            )
        if corrects is None:
            raise Conflict(
                f"{period} is frozen as version {last[1]}", f"{period} 已冻结为第 {last[1]} 版",
                mend_en=f"To correct it, name `corrects` {last[1]} and a `reason`.",
                mend_zh=f"如需更正，请注明 corrects {last[1]} 与 reason。",
                version=last[1],
            )  # fmt: skip
        return last[1] + 1

    def _units(self) -> Units:
        units = units_of(run(self.conn, units_statement()))
        if units.home is None:
            raise SetupError(
                "No single province is loaded", "未加载唯一的省",
                mend_en="Load its administrative units first.", mend_zh="请先加载行政区划。",
            )  # fmt: skip
        return units

    def _write_version(self, version: Version, definitions: Definitions) -> None:
        store.write_head(
            self.conn,
            store.Head(
                self.id, self.report.id, self.report.period, version.period.id, version.number,
                version.cutoff, version.frozen_at, self.order.by, version.retroactive,
                version.reason, definitions.dump(),
            ),
        )  # fmt: skip

    def _write_rows(self, definitions: Definitions, version: Version) -> Groups:
        self.conn.execute(MEMORY)
        for layer in definitions.layers:
            populations = [
                definitions.indicators.populations[leaf] for leaf in definitions.leaves_of(layer)
            ]
            statement = contribution_statement(populations, version.period, version.cutoff)
            write_rows(self.conn, self.id, statement)
        return read_groups(self.conn, self.id, definitions)

    def _outlines(self, units: Units) -> tuple[str, Told]:
        assert units.home is not None  # noqa: S101
        codes = [unit.code for unit in units.within(units.home, self.report.level)]
        found: dict[str, str] = dict(run(self.conn, shapes_statement(codes)))
        outlines = project({code: text for code, text in found.items() if text})
        sha256 = digest(canonical(outlines))
        store.write_outline(self.conn, sha256, outlines)
        return sha256, outlines

    def _edition(
        self, audience: Audience, definitions: Definitions, groups: Groups, version: Version,
        outlines: tuple[str, Told], last: tuple[UUID, int] | None,
    ) -> None:  # fmt: skip
        home = definitions.units.home
        assert home is not None  # noqa: S101
        actor = audience_actor(audience, home)
        if not told_items(definitions, version.period, actor):
            return
        before = read_corrected(
            self.conn, self.report.id, version.period, version.number, actor
        )  # fmt: skip
        numbers = numbers_of(definitions, groups, actor, version.period, version.cutoff, before)
        codes = [unit.code for unit in definitions.units.all()]
        every = audience != "public"
        earlier = store.read_edition(self.conn, last[0], audience) if last else None
        lists = self._lists(version, actor, earlier)
        named = [source for one in lists for source in one["sources"]]
        beside = Beside(
            store.read_sources(self.conn, self.id, codes, every=every)
            | store.read_named_sources(self.conn, named),
            outlines[0], self.ground.review_number, self._before(version.period, audience), lists,
        )  # fmt: skip
        made = document(definitions, numbers, audience, version, beside)
        values = values_of(made["items"])
        changed = changed_cells(earlier["manifest"]["values"], values) if earlier else []
        kept = make_kept(made, outlines[1], changed, self.ground.press)
        files = kept | {
            name: draw_file(name, made, outlines[1], changed) for name in drawn_names(made)
        }
        manifest = self._manifest(made, values, changed) | {
            "previous": earlier["sha256"] if earlier else None,
            "rows": self._rows() if every else None,
            "files": {name: digest(body) for name, body in sorted(files.items())},
        }
        self._seal(audience, home.code, made, manifest, kept)

    def _lists(self, version: Version, actor: Actor, earlier: Told | None) -> list[Told]:
        """Return the lists of an edition; a correction keeps those of the version before."""
        layers = {layer.id: layer for layer in self.ground.catalog.list_layers(actor)}
        before = earlier["document"].get("lists", ()) if earlier else ()
        kept = {one["layer"]: one for one in before}
        return [
            kept.get(one.layer)
            or read_listed(self.conn, one, layers[one.layer], actor, late=version.retroactive)
            for one in self.report.lists
            if one.layer in layers
        ]

    def _manifest(self, made: Told, values: Sequence[Value], changed: Sequence[Told]) -> Told:
        told = ("report", "period", "version", "audience", "cutoff", "frozen_at", "retroactive")
        return {name: made[name] for name in told} | {
            "origin": "synthetic" if "synthetic" in made["origins"] else "real",
            "definitions": {item["id"]: item["digest"] for item in made["items"]},
            "rules": {rule["key"]: rule["version"] for rule in made["rules"]},
            "values": values,
            "changed": changed,
        }

    def _rows(self) -> dict[str, str]:
        count, sha256 = digest_rows(self.conn, self.id)
        return {"count": str(count), "sha256": sha256}

    def _seal(
        self, audience: Audience, home: str, made: Told, manifest: Told,
        kept: Mapping[str, bytes],
    ) -> None:  # fmt: skip
        text = canonical(manifest)
        edition = store.Edition(
            audience, home, audience, made, manifest, digest(text),
            public_key(self.ground.key), sign(self.ground.key, text),
        )  # fmt: skip
        store.write_edition(self.conn, self.id, edition, kept)

    def _before(self, period: Period, audience: Audience) -> Told | None:
        """Return the document of the period before, of its last version."""
        last = store.last_version(self.conn, self.report.id, period.previous.id)
        found = store.read_edition(self.conn, last[0], audience) if last else None
        return found["document"] if found else None
