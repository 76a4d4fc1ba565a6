"""How long the map's own script holds the main thread for each frame while 300 flights move.

Every flight of the sample's day is stretched over its whole day, and some stand twice, so that 300
are in the air at once, and time runs at ×720 with the list of flights open. What draws in software
is slow, and not ours: counted is the processor time of the main thread with a function of the map
on the stack, as the profiler samples it each 250 µs, summed over each time from one frame to the
next.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import cycle, islice, pairwise
from typing import Any
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Route, sync_playwright

from tests.browser.conftest import DESK, FLAGS, until
from tests.conftest import program

RUN_S, EVERY_US, SPEED = 20, 250, 720
FLIGHTS = 300
OURS = ("/js/", "/bundle/")
"""Modules one by one, and bundled with the small libraries that the page is written with."""
PATIENCE_MS = 240_000
MARK = """() => {
  window.frames_at = [];
  const frame = () => { frames_at.push(performance.now()); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  const began = performance.now();
  (function sigangMark() { while (performance.now() - began < 30); })();
  return began;
}"""


def stretched(route: Route) -> None:
    """Answer with the picture of a day whose flights last all of it."""
    answer = route.fetch(timeout=PATIENCE_MS)
    picture = answer.json()
    begin = datetime.fromisoformat(picture["begin"])
    end = begin + timedelta(days=1)
    once = picture["flights"]
    again = (deepcopy(one) | {"id": f"{one['id']}-{n}"} for n, one in enumerate(cycle(once)))
    picture["flights"] = [*once, *islice(again, max(0, FLIGHTS - len(once)))] if once else []
    for flight in picture["flights"]:
        flight |= {"begin": begin.isoformat(), "end": end.isoformat()}
        for volume in flight["volumes"]:
            volume |= {"begin": begin.isoformat(), "end": end.isoformat()}
        if path := flight["path"]:
            at = np.array(path["at_s"], float)
            share = (at - at[0]) / max(1.0, float(at[-1] - at[0]))
            path["at_s"] = (begin.timestamp() + share * 86_399).tolist()
    route.fulfill(response=answer, body=json.dumps(picture))


def measure(base_url: str, link: str, day: str) -> None:
    """Play a day of a served sample; print script time per frame and where it goes.

    Parameters
    ----------
    base_url, link
        The server, and a sign-in link of an account that sees all plans.
    day
        A time of the sample's day, with offset.
    """
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=program("chromium", "chromium-browser"), args=list(FLAGS)
        )
        page = browser.new_context(
            viewport={"width": DESK["width"], "height": DESK["height"]}, locale="zh-CN"
        ).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.request.post(f"{base_url}/signin", form={"link": link})
        page.route("**/api/airspace/picture*", stretched)
        page.goto(f"{base_url}/#m=8/29.6/120.6&dim=3d&list=1&sp={SPEED}&t={quote(day)}")
        until(page, f"() => window.sigang.data.sky.value?.flights.length >= {FLIGHTS}",
              patience_ms=PATIENCE_MS)  # fmt: skip
        clock = page.context.new_cdp_session(page)
        clock.send("Profiler.enable")
        clock.send("Profiler.setSamplingInterval", {"interval": EVERY_US})
        clock.send("Profiler.start")
        began = page.evaluate(MARK)
        page.get_by_test_id("time-play").click()
        page.wait_for_timeout(RUN_S * 1000)
        profile = clock.send("Profiler.stop")["profile"]
        frames = page.evaluate("() => window.frames_at")
        aloft = page.get_by_test_id("flights-aloft").get_attribute("data-count")
        browser.close()
    _tell(profile, began, frames, str(aloft))


def _tell(profile: dict[str, Any], began_ms: float, frames: Iterable[float], aloft: str) -> None:
    nodes = {one["id"]: one for one in profile["nodes"]}
    parent = {child: one["id"] for one in nodes.values() for child in one.get("children", ())}
    first: dict[int, str | None] = {}
    mark = None
    for number, one in nodes.items():
        above = first.get(parent.get(number, -1))
        call = one["callFrame"]
        if call["functionName"] == "sigangMark":
            mark = number
        mine = any(part in call["url"] for part in OURS) and "/vendor/" not in call["url"]
        name = f"{call['url'].rpartition('/')[-1]}:{call['lineNumber']}:{call['functionName']}"
        first[number] = above or (name if mine else None)
    at = profile["startTime"] + np.cumsum(profile["timeDeltas"])
    samples = profile["samples"]
    offset = at[samples.index(mark)] / 1000 - began_ms
    took = np.append(np.diff(at), 0) / 1000
    own = np.array([took[n] if first[number] else 0.0 for n, number in enumerate(samples)])
    edges = np.array(list(frames)) + offset
    index = np.searchsorted(at / 1000, edges)
    per = np.array([own[a:b].sum() for a, b in pairwise(index)])
    p50, p95, most = np.percentile(per, 50), np.percentile(per, 95), per.max()
    print(f"{aloft} flights in the air at ×{SPEED}, {len(per)} frames in {RUN_S} s: own script "
          f"per frame p50 {p50:.1f} ms, p95 {p95:.1f} ms, most {most:.1f} ms")  # fmt: skip
    where: Counter[str] = Counter()
    slow: Counter[str] = Counter()
    for (a, b), ms in zip(pairwise(index), per, strict=True):
        for n in range(a, b):
            if name := first[samples[n]]:
                where[name] += took[n]
                slow[name] += took[n] if ms >= p95 else 0
    for name, ms in where.most_common(12):
        print(f"  {name}: {ms:.0f} ms, of it {slow[name]:.0f} ms in the slowest frames")


if __name__ == "__main__":
    measure(*sys.argv[1:4])
