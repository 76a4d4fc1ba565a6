"""A frozen version opened for a reader: its own numbers, rows, and the editions it may see."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from uuid import UUID

from layers.declare.catalog import Catalog, may_read
from layers.declare.layer import Layer
from layers.features.features import reading
from layers.indicators.numbers import Numbers
from layers.indicators.periods import Period, parse_period
from layers.indicators.units import Unit
from layers.indicators.values import reader_of, reads_rows
from layers.reports import store
from layers.reports.definitions import Definitions
from layers.reports.document import AUDIENCES, may_be_told, stamp
from layers.reports.rows import Groups, numbers_of, read_seen
from layers.reports.seal import Told
from spatial.actor import Actor
from spatial.errors import NotFound
from spatial.postgres.db import Database


@dataclass(frozen=True)
class Opened:
    """A version with its definitions."""

    id: UUID
    period: Period
    version: int
    facts: Told
    """Times and notes of the version."""
    definitions: Definitions

    @property
    def home(self) -> Unit:
        """The province."""
        found = self.definitions.units.home
        assert found is not None  # noqa: S101
        return found

    def told(self, actor: Actor, catalog: Catalog) -> list[str]:
        """Return the numbers that an actor is told of, by the access then and now."""
        return [
            item.indicator
            for item in self.definitions.report.items
            if may_be_told(self.definitions, item.indicator, self.period, actor)
            and all(_still(layer, actor, catalog) for layer in self._layers(item.indicator))
        ]

    def opens(self, key: str, actor: Actor, catalog: Catalog) -> bool:
        """Tell whether an actor may open the rows of a number."""
        layers = self._layers(key)
        now = [catalog.layers[one.id] for one in layers if one.id in catalog.layers]
        return all(may_read(layer, actor) for layer in (*layers, *now))

    def audiences(self, actor: Actor, catalog: Catalog) -> list[str]:
        """Return the editions that an actor may see, the fullest first."""
        province = actor.provincial and self.home.prefix == actor.prefix
        keys = self.definitions.indicators.populations
        whole = province and all(self.opens(key, actor, catalog) for key in keys)
        return [one for one in reversed(AUDIENCES) if one == "public" or whole]

    def _layers(self, key: str) -> list[Layer]:
        declared = self.definitions.indicators
        return [declared.populations[leaf].relation.layer for leaf in declared.stands_on[key]]


def _still(layer: Layer, actor: Actor, catalog: Catalog) -> bool:
    now = catalog.layers.get(layer.id)
    return now is None or may_read(now, actor) or now.access.sensitive


async def open_version(
    db: Database, report: str, period: Period, version: int | None = None
) -> Opened:
    """Return a version of a period, the last one where no number is given.

    Raises
    ------
    NotFound
        There is none.
    """
    async with db.public.acquire() as conn:
        row = await store.find_version(conn, report, period.id, version)
    if row is None:
        which = ("", "") if version is None else (f" in version {version}", f"第 {version} 版")
        raise NotFound(
            f"{period.id} of {report} is not frozen{which[0]}",
            f"{report} 的 {period.id} {which[1]}尚未冻结",
            mend_en=f"/api/reports/{report} lists what is.",
            mend_zh=f"/api/reports/{report} 列出已冻结的周期。",
        )  # fmt: skip
    return _opened(row)


def _opened(row: Told) -> Opened:
    return Opened(
        row["id"], parse_period(row["period"]), row["version"], version_facts(row),
        Definitions.load(row["definitions"]),
    )  # fmt: skip


def version_facts(row: Told) -> Told:
    """Return what is told of a version beside its numbers."""
    return {
        "period": row["period"],
        "version": row["version"],
        "cutoff": stamp(row["cutoff"]),
        "frozen_at": stamp(row["frozen_at"]),
        "retroactive": row["retroactive"],
        "reason": row["reason"],
    }


async def numbers_for(db: Database, opened: Opened, actor: Actor, keys: Iterable[str]) -> Numbers:
    """Return the numbers that the frozen rows which an actor sees give it."""
    stands_on = opened.definitions.indicators.stands_on
    needed = {leaf for key in keys for leaf in stands_on[key]}
    populations = opened.definitions.indicators.populations
    before: Numbers | None = None
    if not all(reads_rows(populations[leaf], actor) for leaf in needed):
        report, period = opened.definitions.report.id, opened.period.id
        async with db.public.acquire() as conn:
            rows = await store.find_earlier(conn, report, period, opened.version)
        for row in rows:
            before = await _added_up(db, _opened(row), actor, needed, before)
    return await _added_up(db, opened, actor, needed, before)


async def _added_up(
    db: Database, opened: Opened, actor: Actor, leaves: Set[str], before: Numbers | None
) -> Numbers:
    """Return the numbers of some indicators, those that a version has."""
    populations = opened.definitions.indicators.populations
    needed = leaves & populations.keys()
    readers: dict[Actor, set[str]] = {}
    for leaf in needed:
        reader = reader_of(populations[leaf], actor)
        readers.setdefault(reader, set()).add(populations[leaf].relation.layer.id)
    found: Told = {}
    for reader, layers in readers.items():
        async with reading(db, reader) as conn:
            found |= await read_seen(conn, opened.id, opened.definitions, sorted(layers), reader)
    groups: Groups = {leaf: found[leaf] for leaf in needed}
    return numbers_of(
        opened.definitions, groups, actor, opened.period, opened.period.end, before
    )  # fmt: skip
