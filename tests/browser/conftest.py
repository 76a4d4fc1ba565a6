"""Browser fixtures: Debian's Chromium in software, one context a page, and a guard on each.

The guard fails a test on a console error or warning, a page error, an answer of 400 or more that
the test did not name, and on any request that leaves the server; the browser knows no other host.
Requests are watched, not intercepted: that would slow each one down and switch the cache off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import Server, program

FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
    "--font-render-hinting=none", "--disable-lcd-text", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
PATIENCE_MS = 60_000
POLL_MS = 50
DESK = {"width": 1280, "height": 760}
PHONE = {"width": 390, "height": 844}


@dataclass
class Guard:
    """What went wrong on a page, and what the test expects to go wrong."""

    base_url: str
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to everything that a page says and asks."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("response", self._response)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning") and not self._known(message.text):
            self.problems.append(f"console {message.type}: {message.text}")

    def _response(self, response: Any) -> None:
        if response.status >= 400 and not self._known(response.url):
            self.problems.append(f"{response.status} {response.url}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base_url, "data:", "blob:")):
            self.problems.append(f"a request left the server: {request.url}")

    def _known(self, text: str) -> bool:
        return any(part in text for part in self.expected)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Yield the one browser of these tests; it ends with them, and with it its event loop."""
    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=program("chromium", "chromium-browser"), args=list(FLAGS)
        )
        yield opened
        opened.close()


Opener = Callable[..., Page]


@contextmanager
def pages(browser: Browser, server: Server) -> Iterator[Opener]:
    """Yield a function that opens guarded pages; at the end all guards must be clean."""
    guards, contexts = [], []

    def open_page(
        account: str | None = None, hash_: str = "", *, viewport: dict[str, int] | None = None,
        lang: str = "zh-CN", expected: tuple[str, ...] = (), path: str = "/",
        prepare: Callable[[Page], None] | None = None,
    ) -> Page:  # fmt: skip
        context = browser.new_context(
            viewport=viewport or DESK, locale=lang, timezone_id="Asia/Shanghai",
            reduced_motion="reduce", accept_downloads=True,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        guard = Guard(server.base_url, expected=list(expected))
        guard.watch(page)
        guards.append(guard)
        if prepare:
            prepare(page)
        if account and not hash_:
            page.goto(f"{server.base_url}/signin?link={server.link(account)}")
            page.get_by_test_id("signin").click()
        else:
            if account:
                page.request.post(f"{server.base_url}/signin", form={"link": server.link(account)})
            page.goto(f"{server.base_url}{path}{hash_}")
        settle(page)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    problems = [problem for guard in guards for problem in guard.problems]
    assert problems == []


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Opener]:
    """Yield the opener of guarded pages on the shared server."""
    with pages(browser, server) as opener:
        yield opener


def settle(page: Page) -> None:
    """Wait until style, tiles and images are there and nothing is drawn any more."""
    until(page, "() => Boolean(window.sigang?.map)")
    page.evaluate("() => window.sigang.settled(60000)")


def jump(page: Page, lon: float, lat: float, zoom: float) -> None:
    """Move the map at once; the script returns nothing, as a map would be written out whole."""
    page.evaluate(
        "([lon, lat, zoom]) => { window.sigang.map.jumpTo({ center: [lon, lat], zoom }); }",
        [lon, lat, zoom],
    )


def until(page: Page, script: str, arg: Any = None, patience_ms: float = PATIENCE_MS) -> Any:
    """Ask the page until the answer is true, and return it.

    Playwright's own `wait_for_function` polls with eval, which the page's policy forbids.
    """
    deadline = time.monotonic() + patience_ms / 1000
    while not (answer := page.evaluate(script, arg)):
        assert time.monotonic() < deadline, f"not in {patience_ms} ms: {script}"
        page.wait_for_timeout(POLL_MS)
    return answer


def pick(page: Page, text: str, layer: str | None = None) -> Any:
    """Type into the search box and return the first result's row, or that of a layer."""
    page.get_by_test_id("search").fill(text)
    wanted = "[data-testid=search-result]" + (f"[data-layer={layer}]" if layer else "")
    row = page.locator(".search-row", has=page.locator(wanted)).first
    row.wait_for()
    return row
