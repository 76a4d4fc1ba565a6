"""Loading the road network: kept between starts, made anew beside the old one when roads change."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from weakref import ref

import pytest

from api.match_answer import matcher_of
from api.path_answer import prepared
from api.roads import Roads
from api.rule_keeper import RuleKeeper
from routing import saved
from routing.network import Conditions, PathQuery
from spatial.db import Database, connect
from spatial.settings import Settings
from tests.api.roadworld import at, edge, fill

pytestmark = pytest.mark.db
CAR, NOW = Conditions("car"), datetime.now(UTC)
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
async def opened(url, home):
    settings = Settings(home=home, database_url=url)
    db = await Database.open(settings, url)
    rules = RuleKeeper(db, SilentBus())
    await rules.start()
    roads = Roads(settings, db, SilentBus(), rules)
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


def test_a_second_start_reads_no_rows_and_answers_the_same(filled, tmp_path, monkeypatch):
    async def once():
        async with opened(filled, tmp_path) as roads:
            return (await length(roads))[1]

    first = asyncio.run(once())
    assert len(list((tmp_path / "graphs" / "motor").iterdir())) == 1

    def refuse(*_):
        raise AssertionError("the rows were read again")

    monkeypatch.setattr("api.road_build.read_rows", refuse)
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


async def replaced(roads, network):
    """Return the network that takes the place of one."""
    async with asyncio.timeout(60):
        while (now := await roads.ensure_current()) is network:
            await asyncio.sleep(0.02)
    return now


def test_networks_that_were_replaced_are_given_back(filled, tmp_path):
    async def through():
        gone = []
        async with opened(filled, tmp_path) as roads:
            network, _ = await length(roads)
            assert prepared(network).instructor
            matcher_of(network).lengths(CAR, datetime.now(UTC))
            for number in range(3):
                change(filled, grown(number))
                gone += [ref(network), ref(network.graph), ref(network.ready(CAR, NOW).metric)]
                network = await replaced(roads, network)
                await length(roads)
            return [one() is None for one in gone], len(network.graph.edges)

    gc.disable()  # what only a search for unused rings would find stays for long
    try:
        gone, _ = asyncio.run(through())
    finally:
        gc.enable()
    assert all(gone), gone
    assert len(list((tmp_path / "graphs" / "motor").iterdir())) == saved.KEPT
