"""Loading the road network: kept between starts, made anew beside the old one when roads change."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from weakref import ref

import httpx
import pytest

from api.app import create_app
from api.network.kept import forget_unread
from api.network.key_rows import read_key, read_keys
from api.network.rule_keeper import RuleKeeper
from api.network.service import Roads
from routing.index import mapped_store
from routing.query.model import Conditions, PathQuery
from spatial.networks.road import KIND as ROAD
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.api.roadworld import at, edge, fill

pytestmark = pytest.mark.db
NOW = datetime.now(UTC)
FAR, NEAR = at(2, 2), at(12, 2)
BRIDGE = [edge("4,2 10,2"), edge("4,2 10,2 twin")]
WITHOUT_BRIDGE = [
    f"DELETE FROM sigang.{table} WHERE {column} = '{name}'"
    for table, column in (("edge_structure", "edge_id"), ("edge", "id"))
    for name in BRIDGE
]


class SilentBus:
    """A bus on which nothing is said."""

    def subscribe(self, kind, callback):
        """Take note of nobody."""


@asynccontextmanager
async def opened(url, home, known=None):
    settings = Settings(home=home, database_url=url)
    db = await Database.open(settings, url)
    rules = RuleKeeper(db, SilentBus())
    await rules.start()
    roads = Roads(settings, db, SilentBus(), rules, ROAD, known=known)
    try:
        await roads.start()
        yield roads
    finally:
        await roads.stop()
        await rules.stop()
        await db.close()


async def length(roads):
    network = await roads.ensure_current()
    found = network.path(PathQuery("car", [tuple(FAR), tuple(NEAR)]), datetime.now(UTC))
    return network, round(found.sums()[0])


def change(url, *statements):
    with connect(url) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.execute(
            "UPDATE sigang.network_version SET topology = topology + 1, version = version + 1"
            " WHERE network = 'road'"
        )


@pytest.fixture
def filled(database_url):
    fill(database_url)
    return database_url


def test_what_earlier_versions_kept_elsewhere_is_deleted(tmp_path):
    for place in ("graphs/motor/1a", "graphs/road/motor/2b", "routing/3c", "routing/road/4d"):
        (tmp_path / place).mkdir(parents=True)
    for name in ("graphs/lock", "routing/lock"):
        (tmp_path / name).touch()
    assert forget_unread(tmp_path) == [tmp_path / "graphs" / "motor", tmp_path / "routing" / "3c"]
    assert (tmp_path / "graphs" / "road" / "motor" / "2b").is_dir()
    assert (tmp_path / "routing" / "road" / "4d").is_dir()
    assert forget_unread(tmp_path) == forget_unread(tmp_path / "none") == []


def test_a_second_start_reads_no_rows_and_answers_the_same(filled, tmp_path, monkeypatch):
    async def once():
        async with opened(filled, tmp_path) as roads:
            return (await length(roads))[1]

    first = asyncio.run(once())
    assert len(list((tmp_path / "graphs" / "road" / "motor").iterdir())) == 1

    def refuse(*_):
        raise AssertionError("the rows were read again")

    monkeypatch.setattr("api.network.build.read_rows", refuse)
    assert asyncio.run(once()) == first


def test_an_edit_without_a_new_topology_is_not_missed_by_the_next_start(filled, tmp_path):
    async def once():
        async with opened(filled, tmp_path) as roads:
            return (await length(roads))[1]

    first = asyncio.run(once())
    with connect(filled) as conn:
        conn.execute(
            "UPDATE sigang.edge SET length_m = length_m + 500 WHERE id = ANY (%s::uuid[])",
            [BRIDGE],
        )
    assert asyncio.run(once()) == first + 500


def test_the_old_network_serves_while_the_new_one_is_made(filled, tmp_path):
    async def through():
        async with opened(filled, tmp_path) as roads:
            old, short = await length(roads)
            change(filled, *WITHOUT_BRIDGE)
            seen = [await length(roads)]
            while seen[-1][0] is old and len(seen) < 500:
                await asyncio.sleep(0.02)
                seen.append(await length(roads))
            return old, short, seen

    old, short, seen = asyncio.run(through())
    assert seen[0] == (old, short)
    network, long = seen[-1]
    assert network is not old
    assert long > short + 5_000
    assert {metres for _, metres in seen} == {short, long}
    assert network.version == 2


def grown(number):
    """Return a statement that adds one road more at the end of the west shore."""
    return (
        "INSERT INTO sigang.edge (id, kind, visibility, origin, source_id, mode, class, from_node,"
        " to_node, length_m, geom) SELECT gen_random_uuid(), kind, visibility, origin, source_id,"
        f" mode, class, from_node, gen_random_uuid(), {1000 + number}, geom FROM sigang.edge"
        f" WHERE id = '{edge('2,4 2,8')}'"
    )


async def until(condition):
    async with asyncio.timeout(90):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def answering(url, home):
    """Yield the services of an application in this process, and its client."""
    app = create_app(Settings(home=home, database_url=url))
    async with app.app.router.lifespan_context(app.app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield app.app.state.services, client


GAUGES = ("network_topology_served", "network_topology_committed")
QUESTIONS = [
    ("paths", {"waypoints": [FAR, NEAR]}),
    ("paths", {"waypoints": [FAR, NEAR], "profile": "truck", "include": ["steps"]}),
    ("paths", {"waypoints": [FAR, NEAR], "vehicle": {"height_m": 3.2}, "alternatives": 2}),
    ("paths", {"waypoints": [[10.0, 10.0], [11.0, 11.0]]}),
    ("paths", {"waypoints": [FAR, NEAR], "profile": "foot"}),
    ("paths", {"waypoints": [FAR, NEAR], "profile": "sledge"}),
    ("matrix", {"sources": [FAR], "targets": [NEAR]}),
    ("reach", {"points": [FAR], "contours": [{"duration_s": 60}]}),
    ("match", {"trace": [{"point": FAR}, {"point": NEAR}]}),
]


def test_what_is_read_before_a_start_is_what_a_process_reads(filled, tmp_path):
    async def through():
        before = read_keys(filled)[ROAD.name]
        async with opened(filled, tmp_path) as roads, roads._db.public.acquire() as conn:
            assert await read_key(conn, ROAD, ROAD.traffic) == before
        with connect(filled) as conn:
            conn.execute("UPDATE sigang.network_version SET topology = topology + 1")
            conn.commit()
        async with opened(filled, tmp_path, before) as roads:  # the roads were loaded meanwhile
            await roads.ensure_current()

            async def renewed():
                await roads.ensure_current()
                return roads._held.topology == before.topology + 1

            await until(renewed)

    asyncio.run(through())


def test_networks_that_were_replaced_are_given_back(filled, tmp_path):
    async def through():
        gone, codes = [], set()
        async with answering(filled, tmp_path) as (served, client):
            for number in range(2):
                for name, body in QUESTIONS:
                    codes.add((await client.post(f"/api/{name}", json=body)).status_code)
                network = await served.roads.ensure_current()
                foot = await (await served.roads.of_profile("foot")).ensure_current()
                change(filled, grown(number))
                for roads, old in ((served.roads, network), (foot_roads(served), foot)):
                    gone += [ref(old), ref(old.graph)]
                    await until(partial(is_replaced, roads, old))
                del network, foot, old
            shown = (await client.get("/metrics")).text
        assert {name: numbers(shown, name) for name in GAUGES} == {name: [3] for name in GAUGES}
        assert numbers(shown, "networks_held") == [1]
        return codes, [one() is None for one in gone]

    gc.collect()
    gc.disable()  # what only a search for unused rings would find stays for long
    try:
        codes, gone = asyncio.run(through())
    finally:
        gc.enable()
    assert codes == {200, 400, 422}
    assert all(gone), gone
    for kind in ("motor", "active"):
        assert len(list((tmp_path / "graphs" / "road" / kind).iterdir())) == mapped_store.KEPT


def numbers(shown, name):
    """Return the values of a gauge."""
    lines = [line for line in shown.splitlines() if line.startswith(f"sigang_{name}{{")]
    return [float(line.split()[-1]) for line in lines]


def foot_roads(served):
    return served.roads._active


async def is_replaced(roads, network):
    return await roads.ensure_current() is not network


def test_a_killed_builder_is_replaced_and_loads_in_a_row_are_one(filled, tmp_path):
    async def through():
        async with opened(filled, tmp_path) as one, opened(filled, tmp_path) as other:
            before = [await length(roads) for roads in (one, other)]
            change(filled, *WITHOUT_BRIDGE)
            await asyncio.gather(one.ensure_current(), other.ensure_current())
            await until(partial(as_awaitable, builder))
            os.kill(builder(), signal.SIGKILL)
            for number in range(3):
                change(filled, grown(number))
            for roads, (network, _) in zip((one, other), before, strict=True):
                await until(partial(is_current, roads, 5))
                assert await roads.ensure_current() is not network
            return before[0][1], [(await length(roads))[1] for roads in (one, other)]

    short, long = asyncio.run(through())
    assert min(long) == max(long) > short + 5_000
    assert builder() is None
    assert len(list((tmp_path / "graphs" / "road" / "motor").iterdir())) <= mapped_store.KEPT


async def as_awaitable(find):
    return find()


async def is_current(roads, loads):
    await roads.ensure_current()
    return roads._held.topology == loads


def builder():
    """Return the process that builds for this one, None where there is none."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            command = (stat.parent / "cmdline").read_bytes()
            if int(parent) == os.getpid() and b"api.network.build" in command:
                return int(stat.parent.name)
    return None


def test_a_reload_misses_no_closure_and_the_new_network_has_its_metrics(filled, tmp_path):
    truck, car = Conditions("truck", sizes={"height_m": 3.2}), PathQuery("car", [FAR, NEAR])

    async def through():
        async with opened(filled, tmp_path) as roads:
            network, short = await length(roads)
            network.prepared(truck, NOW)
            change(filled, grown(1))
            await roads.ensure_current()
            close_bridge(filled)
            old = await length(roads)
            await until(partial(is_replaced, roads, network))
            made = await roads.ensure_current()
            there = (
                made.quick_path(car, NOW),
                made._preparer.is_made(made._resolver.resolve(truck, NOW)),
            )
            return network, short, old, await length(roads), there

    network, short, old, new, there = asyncio.run(through())
    assert old[0] is network is not new[0]
    assert old[1] == new[1] > short + 5_000
    assert new[0].version == old[0].version == 3
    assert None not in there
    assert there[1]


def close_bridge(url):
    with connect(url) as conn:
        conn.execute(
            "INSERT INTO sigang.edge_state (edge_id, kind, valid, event_id, version_from)"
            " SELECT unnest(%s::uuid[]), 'closure', tstzrange(now(), NULL), gen_random_uuid(), 3",
            [BRIDGE],
        )
        conn.execute("UPDATE sigang.network_version SET version = 3 WHERE network = 'road'")
