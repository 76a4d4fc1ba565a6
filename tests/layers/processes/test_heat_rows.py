"""Cells of a question: the cube in memory answers as the database does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from layers.declare.catalog import Catalog
from layers.heat.counted import Counted
from layers.heat.cube_rows import EPOCH, Series, rows_of
from layers.heat.cubes import Cubes
from layers.heat.held_cube import HeldCube
from layers.processes.readers.heat_rows import READER, HeatAsked, held_cells
from layers.processes.runtime.model import Sources
from layers.scenarios.truth_rows import PROVINCE
from spatial.actor import Actor
from spatial.postgres.db import Database
from spatial.settings import Settings

ALL = date(2000, 1, 1), date(2100, 1, 1)
QUESTIONS = [
    HeatAsked(16, Counted(*ALL, None, "hit", None, "inspection", None)),
    HeatAsked(10, Counted(*ALL, None, "case", None, "shift", None)),
    HeatAsked(12, Counted(*ALL, [0, 5, 30, 100, 167], "hit", None, "inspection", None)),
    HeatAsked(16, Counted(date(2025, 11, 3), date(2026, 2, 9), None, "case", ["overload"],
                          "inspection", None)),
    HeatAsked(8, Counted(*ALL, None, "hit", None, "inspection", ["330203-law"])),
    HeatAsked(16, Counted(date(1999, 1, 1), date(1999, 2, 1), None, "hit", None, "shift", None)),
]  # fmt: skip


@pytest.mark.db
@pytest.mark.parametrize("actor", [PROVINCE, Actor("n", "duty", "330200")])
def test_the_cube_in_memory_answers_as_the_database_does(sample_url, actor):
    async def compare():
        db = await Database.open(replace(Settings(), pool_size=2), sample_url)
        try:
            cubes = Cubes(db, sample_url)
            catalog = Catalog.load(Settings().areas)
            plain = Sources(db, catalog, actor, lambda kind: None)
            held = replace(plain, cube=lambda grain: cubes.get(actor, grain, now=True))
            return [[await READER.read(one, "heat", q) for one in (plain, held)] for q in QUESTIONS]
        finally:
            await db.close()

    found = asyncio.run(compare())
    for one, two in found:
        assert one.keys.tolist() == two.keys.tolist()
        assert one.admin_codes == two.admin_codes
        assert one.events.tolist() == two.events.tolist()
        assert one.exposure.tolist() == two.exposure.tolist()
    assert len(found[0][0].keys) > 20 and len(found[-1][0].keys) == 0
    assert any(len(one.keys) for one, _ in found[1:5])


def test_a_cell_is_of_the_smallest_unit_that_has_all_its_rows():
    codes = ["330702", "330203", None, "330102", "330106", "320506"]
    series = Series(
        {i: i for i in range(6)}, np.array(["hit"] * 6), np.array(["inspection"] * 6), codes,
        np.array([""] * 6),
    )  # fmt: skip
    day = (date(2026, 1, 1) - EPOCH).days
    rows = [  # cell, day, hour, series, n
        (1, day, 0, 0, 9), (1, day + 1, 0, 1, 1), (1, day + 2, 0, 1, 1), (1, day, 0, 2, 5),
        (2, day, 0, 2, 4),
        (3, day, 0, 3, 1), (3, day, 0, 0, 1),
        (4, day, 0, 0, 1), (4, day + 1, 0, 0, 2), (4, day, 0, 1, 1),
        (6, day, 0, 3, 5), (6, day, 0, 1, 2), (6, day + 9, 0, 2, 1),
        (7, day, 0, 3, 1), (7, day, 0, 4, 1), (8, day, 0, 5, 1), (8, day, 0, 3, 1),
    ]  # fmt: skip
    changed = [
        (4, day, 0, 0, -1), (4, day + 1, 0, 0, 5), (5, day, 0, 1, 2), (6, day, 0, 1, -2),
        (6, day + 9, 0, 2, -1),
    ]  # fmt: skip
    cube = HeldCube(1, series, *(rows_of(*np.array(part, np.int64).T) for part in (rows, changed)))
    asked = HeatAsked(16, Counted(*ALL, None, "hit", None, "inspection", None))
    found = held_cells(cube, asked)
    told = dict(zip(found.keys.tolist(), found.admin_codes, strict=True))
    assert told == {
        1: "330000", 2: None, 3: "330000", 4: "330000", 5: "330203", 6: "330102", 7: "330100",
        8: "000000",
    }  # fmt: skip
    assert found.events.tolist() == [16, 4, 2, 8, 2, 5, 2, 2]
