"""How soon a changed filter of enforcement heat is on the map, by the page's own clock.

    python -m bench.heat_page URL LINK [ZOOM]

Over a served sample: surface, events, exposure, period and slice are changed in turn at the desk of
heat. Told are the milliseconds from the change until all tiles of the surface are there and
decoded, until a frame with them is handed to the graphics, and until it is drawn; what the main
thread used of the processor meanwhile; and how long a tile takes from the server, asked for once
more without a cache. Chromium draws in software here: a frame without any change is told beside.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.conftest import FLAGS, settle
from tests.conftest import program

WINDOW = {"width": 1440, "height": 900}
ROUNDS, PATIENCE_MS = 5, 120_000
PLACE, ZOOM = [120.55, 29.95], 10.0
CHANGES: dict[str, tuple[tuple[str, str | None], ...]] = {
    "surface": tuple((f"surface-{one}", None) for one in ("count", "kde", "gi", "rate")),
    "events": (("events", "case"), ("events", "hit")),
    "exposure": (("exposure", "passage"), ("exposure", "inspection")),
    "slice": (("slice-next", None), ("slice-next", None), ("slice-whole", None)),
    "period": (("since", "2026-06-01"), ("since", "")),
}
CHANGE = """async ([id, value]) => {
  const map = window.sigang.map, gl = map.painter.context.gl, source = 'sg-heat';
  const finish = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  finish();
  const began = performance.now(), since = () => performance.now() - began;
  let asked = false, there = null;
  const loading = (e) => { asked ||= e.sourceId === source; };
  const data = (e) => {
    if (asked && e.sourceId === source && e.tile) there = since();
  };
  map.on('sourcedataloading', loading);
  map.on('sourcedata', data);
  const drawn = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${id}: nothing drawn`)), 20_000);
    const frame = () => {
      if (there === null || !map.isSourceLoaded(source)) return;
      map.off('render', frame);
      const handed = since();
      finish();
      resolve([handed, since()]);
    };
    map.on('render', frame);
  });
  const field = document.querySelector(`[data-testid='heat-${id}']`);
  if (value === null) field.click();
  else { field.value = value; field.dispatchEvent(new Event('change', { bubbles: true })); }
  const [handed, end] = await drawn;
  map.off('sourcedataloading', loading);
  map.off('sourcedata', data);
  return [there, handed, end];
}"""
REPAINT = """async () => {
  const map = window.sigang.map, gl = map.painter.context.gl;
  const finish = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  finish();
  const began = performance.now();
  map.triggerRepaint();
  await new Promise((resolve) => map.once('render', resolve));
  finish();
  return performance.now() - began;
}"""
TILE = """async () => {
  const map = window.sigang.map, { lng, lat } = map.getCenter(), z = Math.floor(map.getZoom());
  const x = Math.floor((lng + 180) / 360 * 2 ** z);
  const y = Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * 2 ** z);
  const [template] = map.getSource('sg-heat').tiles;
  const began = performance.now();
  const url = template.replace('{z}', z).replace('{x}', x).replace('{y}', y);
  await (await fetch(url, { cache: 'no-store' })).arrayBuffer();
  return performance.now() - began;
}"""


def busy_ms(session: CDPSession) -> float:
    """Return the milliseconds of the processor that the main thread has used."""
    told = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(one["value"] for one in told if one["name"] == "TaskDuration")


def show(label: str, values: list[float]) -> str:
    """Return median and 95th percentile."""
    return f"{label} p50 {np.median(values):.0f} p95 {np.quantile(values, 0.95):.0f} ms"


def measure(page: Page, session: CDPSession) -> None:
    """Change each filter in some rounds and print the times."""
    every: dict[str, list[list[float]]] = {name: [] for name in CHANGES}
    bare: list[float] = []
    for _ in range(ROUNDS):
        for name, changes in CHANGES.items():
            for change in changes:
                before = busy_ms(session)
                times: list[Any] = page.evaluate(CHANGE, change)
                worked = busy_ms(session) - before
                settle(page)
                every[name].append([*times, worked, page.evaluate(TILE)])
                settle(page)
        bare.append(page.evaluate(REPAINT))
    labels = ("tiles there", "frame handed over", "drawn", "main thread", "one tile")
    every["all"] = [row for rows in every.values() for row in rows]
    for name, rows in every.items():
        columns = zip(labels, zip(*rows, strict=True), strict=True)
        print(f"{name}: {'; '.join(show(label, list(column)) for label, column in columns)}")
    print(show("a frame without any change, drawn:", bare))


def main() -> None:
    """Open the desk and measure."""
    base_url, link, *zoom = sys.argv[1:]
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=program("chromium", "chromium-browser"), args=list(FLAGS)
        )
        page = browser.new_context(viewport=WINDOW, locale="zh-CN").new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.request.post(f"{base_url}/signin", form={"link": link})
        at = f"{zoom[0] if zoom else ZOOM}/{PLACE[1]}/{PLACE[0]}"
        page.goto(f"{base_url}/#m={at}&panel=heat")
        page.get_by_test_id("heat-row").first.wait_for()
        settle(page)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        measure(page, session)
        browser.close()


if __name__ == "__main__":
    main()
