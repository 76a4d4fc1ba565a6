"""How many requests a caller may send: told in headers, refused beyond, by address or account."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.http.asgi import Front
from api.http.concurrency import by_address
from api.http.rates import KEPT, KNOWN_TIMES, WRONG_KEYS, Buckets, Rates
from spatial.errors import TooMany
from spatial.gates import Caller

VISITOR, LOCAL, ALICE = by_address("203.0.113.7"), by_address("127.0.0.1"), Caller("alice", True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
    ],
)
def test_a_network_of_ipv6_is_one_address(one, other, same):
    assert (by_address(one) == by_address(other)) is same


def test_a_bucket_fills_steadily_up_to_a_minutes_worth():
    rates = Rates(60, 1)

    def admitted(count: int, now: float) -> int:
        return sum(rates.count(VISITOR, now).refusal is None for _ in range(count))

    assert admitted(70, 0.0) == 60
    assert admitted(5, 2.0) == 2
    assert admitted(70, 1_000.0) == 60
    assert sum(rates.count(ALICE, 0.0).refusal is None for _ in range(200)) == 60 * KNOWN_TIMES


def test_callers_that_are_remembered_are_bounded():
    buckets = Buckets(10)
    for number in range(KEPT + 100):
        buckets.filled(Caller(str(number), False), 0.0)
    assert len(buckets._kept) == KEPT


def test_wrong_keys_of_an_address_are_bounded():
    rates = Rates(0, 1)
    for _ in range(WRONG_KEYS):
        rates.check_sign_in(VISITOR, 0.0)
        rates.note_wrong_key(VISITOR, 0.0)
    with pytest.raises(TooMany):
        rates.check_sign_in(VISITOR, 0.0)
    rates.check_sign_in(by_address("203.0.113.8"), 0.0)
    rates.check_sign_in(VISITOR, 2.0)


def asked(client: str, count: int, per_minute: int) -> list[httpx.Response]:
    """Return the answers of a server with a limit to the requests of one address."""

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    front = Front(Starlette(routes=[Route("/", hello)]), rates=Rates(per_minute, 1))

    async def work() -> list[httpx.Response]:
        transport = httpx.ASGITransport(front, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as session:
            return [await session.get("/") for _ in range(count)]

    return asyncio.run(work())


def test_answers_tell_the_limit_and_one_too_many_is_refused():
    answers = asked("203.0.113.7", 6, 5)
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert {a.headers["ratelimit-policy"] for a in answers} == {'"requests";q=5;w=60'}
    left = [re.fullmatch('"requests";r=([0-9]+);t=[0-9]+', a.headers["ratelimit"]) for a in answers]
    assert [int(found[1]) for found in left] == [4, 3, 2, 1, 0, 0]
    assert answers[-1].json()["type"] == "/problems/too-many-requests"
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_machine_itself_has_room_and_no_limit_tells_nothing():
    answers = asked("127.0.0.1", 20, 5)
    assert {a.status_code for a in answers} == {200}
    assert "ratelimit" not in asked("203.0.113.7", 1, 0)[0].headers


def test_the_address_is_what_a_trusted_proxy_says(server):
    def policy(**headers: str) -> str:
        answer = httpx.get(f"{server.base_url}/healthz", headers=headers, trust_env=False)
        return answer.headers["ratelimit-policy"]

    own = int(re.search("q=([0-9]+)", policy())[1])
    others = int(re.search("q=([0-9]+)", policy(**{"X-Forwarded-For": "203.0.113.7"}))[1])
    assert own == 100 * others
