"""The bus: notices by kind, broken subscribers, and a connection that is lost."""

import asyncio
import json

import psycopg
import pytest

from api.http.notifications import Bus

pytestmark = pytest.mark.db


async def _with_bus(url, work):
    bus = Bus(url)
    await bus.start()
    try:
        return await work(bus)
    finally:
        await bus.stop()


def notify(url, notice):
    text = notice if isinstance(notice, str) else json.dumps(notice)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT pg_notify('sigang', %s)", [text])


def collector(bus, *kinds):
    found = asyncio.Queue()
    for kind in kinds:
        bus.subscribe(kind, found.put_nowait)
    return lambda: asyncio.wait_for(found.get(), 10)


def test_notices_reach_the_subscribers_of_their_kind(database_url):
    async def work(bus):
        get = collector(bus, "a")
        for notice in ({"k": "b"}, "no json", "[1]", {"k": "a", "n": 1}):
            notify(database_url, notice)
        return await get()

    assert asyncio.run(_with_bus(database_url, work)) == {"k": "a", "n": 1}


def test_a_subscriber_that_fails_does_not_stop_the_others(database_url):
    async def work(bus):
        def fails(_notice):
            raise RuntimeError

        async def fails_later(_notice):
            raise RuntimeError

        bus.subscribe("a", fails)
        bus.subscribe("a", fails_later)
        get = collector(bus, "a")
        notify(database_url, {"k": "a"})
        notify(database_url, {"k": "a", "n": 2})
        return [await get(), await get()]

    assert len(asyncio.run(_with_bus(database_url, work))) == 2


def test_an_ended_subscription_is_not_called(database_url):
    async def work(bus):
        gone, get = [], collector(bus, "a")
        bus.subscribe("a", gone.append)()
        notify(database_url, {"k": "a"})
        await get()
        return gone

    assert asyncio.run(_with_bus(database_url, work)) == []


def test_a_lost_connection_is_replaced_and_told(database_url):
    async def work(bus):
        get = collector(bus, "a", "reconnected")
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'sigang_bus' AND datname = current_database()"
            )
        first = await get()
        notify(database_url, {"k": "a"})
        return [first, await get()]

    assert asyncio.run(_with_bus(database_url, work)) == [{"k": "reconnected"}, {"k": "a"}]
