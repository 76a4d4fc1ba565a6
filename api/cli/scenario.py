"""scenario check: the examples of scenarios, run; whatever comes out otherwise is told."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from api.cli.ground import ground
from api.network.rule_models import RuleBook, read_rules
from api.services import load_catalog
from layers.declare.catalog import Catalog
from layers.processes.registry import find_processes
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.model import Scenario
from layers.scenarios.run import Ground, Result, run_example
from spatial.errors import NotFound
from spatial.postgres.db import Database
from spatial.settings import Settings

CONNECTIONS = 2


def scenario(settings: Settings, options: Namespace) -> int:
    """Run the examples of one scenario or of all; 1 where something else came out."""
    catalog = load_catalog(settings.areas)
    known = catalog.part(read_scenarios)
    if options.id is not None and options.id not in known:
        raise NotFound(
            f"No scenario {options.id!r}", f"没有情景 {options.id!r}",
            mend_en=f"There are: {', '.join(known)}.", mend_zh=f"可用：{'、'.join(known)}。",
        )  # fmt: skip
    wanted = [one for one in known.values() if options.id in (None, one.id)]
    with ground(settings) as base:
        return asyncio.run(_check(base.settings, base.url, catalog, wanted))


async def _check(settings: Settings, url: str, catalog: Catalog, wanted: Iterable[Scenario]) -> int:
    now = datetime.now(UTC)
    rules = RuleBook.of(read_rules(settings.areas), now).at(now)
    db = await Database.open(replace(settings, pool_size=CONNECTIONS), url)
    failed = 0
    try:
        on = Ground(db, catalog, find_processes(), rules)
        for one in wanted:
            for example in one.examples:
                result = await run_example(example, on)
                failed += not result.ok
                _print(one, result)
    finally:
        await db.close()
    return 1 if failed else 0


def _print(one: Scenario, result: Result) -> None:
    mark = "skip" if result.skipped else "ok  " if result.ok else "FAIL"
    print(f"{mark}  {one.id}: {result.example.title.en}")
    if result.skipped is not None:
        print(f"      {result.skipped.en}")
    if result.error is not None:
        print(f"      {result.error.en}")
    for line in result.compared:
        if not line.ok:
            print(f"      {line.at}: expected {line.expected!r}, got {line.got!r}")
