"""Pages of other origins read what anybody may; listed ones write with a key; cookies never."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.http.asgi import Front
from api.http.cors import Cors

LISTED, OTHER = "https://desk.example.org", "https://other.example"
ALLOW = "access-control-allow-origin"
ITEMS, PATHS, EVENTS = "/api/collections/ports/items", "/api/paths", "/api/events"


async def _text(_: Request) -> PlainTextResponse:
    return PlainTextResponse("here", headers={"Vary": "Accept, Origin"})


def ask(method: str, path: str, cors: Cors | None = None, **headers: str) -> httpx.Response:
    """Send one request to an application that knows three addresses."""
    app = Starlette(
        routes=[
            Route(ITEMS, _text, methods=["GET"]),
            Route("/metrics", _text, methods=["GET"]),
            Route(PATHS, _text, methods=["POST"]),
            Route(EVENTS, _text, methods=["POST"]),
        ]
    )
    front = Front(app, cors=cors or Cors([LISTED], [PATHS]))
    given = {name.replace("_", "-"): value for name, value in headers.items()}

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=given)

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("method", "path", "origin", "allowed"),
    [
        ("GET", ITEMS, OTHER, "*"),
        ("HEAD", ITEMS, OTHER, "*"),
        ("GET", ITEMS, LISTED, LISTED),
        ("GET", ITEMS, "null", "*"),
        ("GET", "/api/nowhere", OTHER, "*"),  # errors can be read too
        ("POST", ITEMS, LISTED, LISTED),
        ("POST", PATHS, OTHER, "*"),
        ("POST", EVENTS, LISTED, LISTED),
        ("POST", EVENTS, OTHER, None),
        ("GET", "/metrics", OTHER, None),
        ("GET", "/metrics", LISTED, None),
        ("GET", "/", OTHER, None),
    ],
)
def test_an_answer_says_whose_pages_may_read_it(method, path, origin, allowed):
    answer = ask(method, path, origin=origin)
    assert answer.headers.get(ALLOW) == allowed
    assert "access-control-allow-credentials" not in answer.headers
    if allowed:
        assert "Origin" in answer.headers["vary"]
        wanted = {"etag", "content-crs", "retry-after", "sigang-total", "idempotency-replayed"}
        assert wanted <= set(answer.headers["access-control-expose-headers"].lower().split(", "))


def test_a_program_is_told_nothing_of_it():
    answer = ask("GET", ITEMS)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("path", "origin", "methods", "with_key"),
    [
        (ITEMS, OTHER, {"GET", "HEAD"}, False),
        (PATHS, OTHER, {"GET", "HEAD", "POST"}, False),
        (EVENTS, OTHER, {"GET", "HEAD"}, False),
        (EVENTS, LISTED, {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, True),
    ],
)
def test_a_preflight_is_answered(path, origin, methods, with_key):
    answer = ask("OPTIONS", path, origin=origin, access_control_request_method="POST")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers[ALLOW] == (origin if with_key else "*")
    assert set(answer.headers["access-control-allow-methods"].split(", ")) == methods
    names = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert "content-type" in names
    assert ("authorization" in names) is with_key
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answer.headers


def test_options_that_no_page_sends_stay_refused():
    assert ask("OPTIONS", ITEMS).status_code == 405
    assert ask("OPTIONS", ITEMS, origin=OTHER).status_code == 405


def test_off_lets_no_page_read():
    asked = {"origin": LISTED, "access_control_request_method": "GET"}
    assert ask("OPTIONS", ITEMS, Cors(on=False), **asked).status_code == 405
    assert ALLOW not in ask("GET", ITEMS, Cors(on=False), origin=LISTED).headers
