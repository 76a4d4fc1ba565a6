"""How long a browser takes from the address of a board until it is drawn and can be used.

A new browser with an empty profile for each round, as cold as a desk in the morning: Debian's
Chromium with the flags of the browser tests, drawing in software. Drawn is when the last tile has
its units and the frame with it is on the screen; used is when a click on the other level of units,
made that moment, has been answered by all tiles. Both by the page's own clock, from the navigation.
The processor time of the page's main thread until then tells how much of it is the page's own, the
number of requests whether the bundle was served or its modules one by one.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.browser.conftest import DESK, FLAGS, until
from tests.conftest import Server, program

ROUNDS = 7
PATIENCE_MS = 60_000
SIZE = ViewportSize(width=DESK["width"], height=DESK["height"])
WATCH = """
(() => {
  const told = (name, then) => requestAnimationFrame(() => requestAnimationFrame(() => {
    if (window[name]) return;
    window[name] = performance.now();
    then?.();
  }));
  const other = () => document.querySelector('[data-testid=level-county]').click();
  const drawn = code => [...document.querySelectorAll('li.tile')].filter(tile =>
    tile.querySelector(`.bar[data-code="${code}"]`)).length;
  const look = () => {
    if (drawn('330100') === TILES) told('drawnAt', other);
    if (drawn('330101') === TILES) told('usedAt');
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
})();
"""
REQUESTS = "() => performance.getEntriesByType('resource').length + 1"


def measure(server: Server, account: str, keys: Sequence[str], rounds: int = ROUNDS) -> None:
    """Open the board of some indicators as an account, again and again; print what it took."""
    address = f"{server.base_url}/#view=board&tiles={','.join(keys)}"
    drawn, used, worked, asked = [], [], [], []
    with sync_playwright() as play:
        for _ in range(rounds):
            browser = play.chromium.launch(
                executable_path=program("chromium", "chromium-browser"), args=list(FLAGS)
            )
            page = browser.new_context(viewport=SIZE, locale="zh-CN").new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.request.post(f"{server.base_url}/signin", form={"link": server.link(account)})
            page.add_init_script(WATCH.replace("TILES", str(len(keys))))
            clock = page.context.new_cdp_session(page)
            clock.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(address, wait_until="commit")
            drawn.append(_at(page, "drawnAt"))
            used.append(_at(page, "usedAt"))
            told = clock.send("Performance.getMetrics")["metrics"]
            worked += [one["value"] for one in told if one["name"] == "TaskDuration"]
            asked.append(page.evaluate(REQUESTS))
            browser.close()
    for name, seconds in (("drawn", drawn), ("used", used), ("main thread", worked)):
        told = ", ".join(f"{one:.2f}" for one in seconds)
        middle = statistics.median(seconds)
        print(f"page of the board, {name}: median {middle:.2f} s, in order {told}")
    print(f"page of the board, requests: {statistics.median(asked):.0f}")


def _at(page: Page, name: str) -> float:
    """Return when something was so, in seconds from the navigation."""
    until(page, f"() => window.{name}", patience_ms=PATIENCE_MS)
    return float(page.evaluate(f"() => window.{name}")) / 1000
