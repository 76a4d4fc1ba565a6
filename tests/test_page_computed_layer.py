"""docs/add-a-computed-layer.md followed: computed, served by scope, stale, anew; never half."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from uuid import UUID

import orjson
import pytest

from api.jobs import store
from api.jobs.computed import keep_computed
from api.jobs.worker import Ground, Report, _run_job
from layers import processes
from layers.computed.catalogue import read_computed
from layers.computed.store import Made, exchange, read_states
from layers.declare.catalog import Catalog
from layers.features.features import read_page
from layers.processes.registry import find_processes
from layers.query.filters import parse_query
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import ConfigError
from spatial.ids import uuid7
from spatial.postgres.db import Database, connect
from spatial.rules import RuleSet
from spatial.settings import Settings
from tests.conftest import ROOT
from tests.layers.small import seed, write_areas
from tests.pages import files, told

PAGE = "add-a-computed-layer.md"
CODE, LAYER = files(PAGE)
PROVINCE = Actor("planner", "planner", "330000")
NINGBO = Actor("ningbo", "duty", "330200")
COUNTY = """
INSERT INTO sigang.zone (kind, level, admin_code, code, visibility, origin, source_id, geom)
SELECT 'county', 'county', '330203', '330203', 'public', 'synthetic', id,
  ST_Multi(ST_MakeEnvelope(121, 29, 122, 30, 4326)) FROM sigang.source LIMIT 1"""


@pytest.fixture
def areas(tmp_path, monkeypatch):
    """Write the page's files into a copy of the processes, and beside two small layers."""
    folder = shutil.copytree(ROOT / "layers" / "processes", tmp_path / "layers" / "processes")
    (tmp_path / CODE).parent.mkdir(exist_ok=True)
    (tmp_path / CODE).write_text(files(PAGE)[CODE], "utf-8")
    monkeypatch.setattr(processes, "__path__", [str(folder)])
    found = write_areas(tmp_path / "areas")
    small = next(found.glob("*/ports.layer.toml"))
    text = small.read_text("utf-8")
    if '"admin_code"' not in text:
        column = '[[columns]]\nname = "admin_code"\ntitle = {zh = "区划", en = "Unit"}\n'
        small.write_text(text + f'\n{column}type = "text"\n', "utf-8")
    (small.parent / "port_load.layer.toml").write_text(files(PAGE)[LAYER], "utf-8")
    yield found
    for module in [name for name in sys.modules if name.startswith("layers.processes.port")]:
        del sys.modules[module]


SEEN_BY_UNITS = """
SELECT admin_code, sum(coalesce(capacity, 0)) FROM sigang.facility
WHERE kind = 'port' AND visibility <> 'province' GROUP BY 1"""


@pytest.fixture
def world(areas, database_url):
    """Return the catalogue, and what runs something on the database of a small province."""
    catalog = Catalog.load(areas, read_computed)
    with connect(database_url) as conn:
        seed(conn)
        conn.execute(COUNTY)
        conn.commit()

    def on(ask):
        async def go():
            db = await Database.open(Settings(database_url=database_url, pool_size=2), database_url)
            try:
                return await ask(db)
            finally:
                await db.close()

        return asyncio.run(go())

    return catalog, on


def kept(url, catalog) -> list[UUID]:
    """Look what is due; return the jobs that were added."""
    with connect(url) as conn:
        keep_computed(conn, list(catalog.part(read_computed).values()), RuleSet(()))
        conn.commit()
        found = conn.execute("SELECT id FROM sigang.job WHERE state = 'accepted'").fetchall()
    return [job for (job,) in found]


async def no_network(kind: str):
    raise AssertionError(kind)


async def run_job(db, catalog, job: UUID) -> None:
    async with store.runner(db) as conn:
        await conn.execute("UPDATE sigang.job SET state = 'running' WHERE id = $1", job)
    await _run_job(Ground(db, catalog, find_processes(), no_network), job, Report())


async def items(db, catalog, actor, **asked) -> dict[str, float]:
    relation = catalog.get_relation("port_load")
    query = parse_query(relation, asked)
    page = await read_page(db, relation, actor, query, 100, None)
    rows = [orjson.loads(text)["properties"] for text in page.features]
    assert {row["origin"] for row in rows} <= {"synthetic"}
    return {row["admin_code"]: row["capacity"] for row in rows}


async def state(db) -> dict:
    async with db.public.acquire() as conn:
        return await read_states(conn, ["port_load"])


@pytest.mark.db
def test_it_is_a_layer_like_any_other_and_follows_its_inputs(world, database_url):
    catalog, on = world
    assert on(state) == {}
    (job,) = kept(database_url, catalog)
    assert kept(database_url, catalog) == [job]  # one at a time
    on(lambda db: run_job(db, catalog, job))
    told_of = on(state)["port_load"]
    assert not told_of.stale
    assert told_of.run == job
    assert told_of.made_of
    every = on(lambda db: items(db, catalog, PROVINCE))
    assert len(every) > 1
    with connect(database_url) as conn:
        seen_by_units = conn.execute(SEEN_BY_UNITS).fetchall()
    assert every == dict(seen_by_units)  # a county can take off what it sees, and has nothing left
    own = on(lambda db: items(db, catalog, NINGBO))
    assert own == {code: value for code, value in every.items() if code.startswith("3302")}
    assert on(lambda db: items(db, catalog, ANONYMOUS)) == {}
    most = max(every.values())
    asked = {"filter": f"capacity >= {most}"}
    assert on(lambda db: items(db, catalog, PROVINCE, **asked)) == {
        code: value for code, value in every.items() if value == most
    }
    assert kept(database_url, catalog) == []
    with connect(database_url) as conn:
        conn.execute("UPDATE sigang.facility SET capacity = capacity + 5 WHERE kind = 'port'")
        conn.execute("UPDATE sigang.job SET created_at = created_at - interval '2 min'")
        conn.commit()
    (again,) = kept(database_url, catalog)
    assert on(state)["port_load"].stale
    assert on(lambda db: items(db, catalog, PROVINCE)) == every
    on(lambda db: run_job(db, catalog, again))
    assert not on(state)["port_load"].stale
    assert on(lambda db: items(db, catalog, PROVINCE)) != every


@pytest.mark.db
def test_a_process_killed_in_the_middle_leaves_the_old_rows_whole(world, database_url):
    catalog, on = world
    layer, made = catalog.part(read_computed)["port_load"], Made("d", (), ("synthetic",))

    def row(code: str, capacity: float):
        props = {"admin_code": code, "capacity": capacity}
        return {"type": "Feature", "id": code, "geometry": None, "properties": props}

    async def write(db, rows, end=None):
        async with store.runner(db) as conn:
            await exchange(conn, layer, uuid7(), made, None, rows)
            if end:
                end()

    old = {"330203": 1.0, "330206": 2.0}
    on(lambda db: write(db, [row(*one) for one in old.items()]))
    child = os.fork()
    if child == 0:
        kill = lambda: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
        on(lambda db: write(db, [row("330203", 9.0), row("330212", 3.0)], kill))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert on(lambda db: items(db, catalog, PROVINCE)) == old
    on(lambda db: write(db, [row("330203", 1.0), row("330212", 3.0)]))
    assert on(lambda db: items(db, catalog, PROVINCE)) == {"330203": 1.0, "330212": 3.0}


@pytest.mark.db
def test_what_reads_the_network_is_stale_as_soon_as_its_version_moves(world, database_url):
    _, on = world
    with connect(database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.derived_layer (layer, inputs_digest, network, network_version,"
            " rule_versions, made_of, run, rows, computed_at) SELECT 'port_load', 'd', network,"
            " version, '{}', '{}', sigang.uuid7(), 1, now() FROM sigang.network_version"
            " WHERE network = 'road'"
        )
        conn.commit()
        assert not on(state)["port_load"].stale
        conn.execute("UPDATE sigang.network_version SET version = version + 1")
        conn.commit()
    assert on(state)["port_load"].stale


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('output = "counties"', 'output = "areas"', "computed.output"),
        ('process = "port-load"', 'process = "portload"', "computed.process"),
        ('layer = "ports"', 'layer = "prots"', "computed.inputs.ports.layer"),
        ("inputs = { ports =", "inputs = { sports =", "computed.inputs.ports"),
        ('kinds = ["port_load"]', 'kinds = ["port"]', "source.kinds"),
        ('table = "derived_row"', 'table = "facility"', "source.table"),
        ('visibility = "unit"', 'rules = ["port.none"]', "computed.rules.0"),
        ('visibility = "unit"', 'stands_on = ["port_load"]', "computed.inputs"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(areas, old, new, key):
    path = next(areas.glob("*/port_load.layer.toml"))
    assert old in files(PAGE)[LAYER]
    path.write_text(files(PAGE)[LAYER].replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError) as caught:
        Catalog.load(areas, read_computed)
    assert f": {key}" in caught.value.en
    if 'output = "areas"' in new:
        assert caught.value.en in told(PAGE)
