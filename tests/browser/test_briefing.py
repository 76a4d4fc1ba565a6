"""The briefing opens from a file with the network off, draws, and stays what it is."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.browser.conftest import until
from tests.layers.briefed import HOSTILE, briefed

SIZE = {"width": 900, "height": 560}


def test_a_briefing_opens_offline(browser: Browser, tmp_path: Path) -> None:
    file, said = tmp_path / "briefing.html", []
    file.write_text(briefed(HOSTILE), "utf-8")
    context = browser.new_context(offline=True, viewport=SIZE, reduced_motion="reduce")
    try:
        page = context.new_page()
        page.on("console", lambda one: said.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda error: said.append(f"page error: {error}"))
        page.on("request", lambda one: said.append(f"asks for {one.url}"))
        page.goto(file.as_uri())
        until(page, "() => document.querySelector('#deck canvas')?.width > 600")
        deck = page.locator("#deck")
        colours = 0
        for _ in range(200):
            picture = Image.open(io.BytesIO(deck.screenshot())).convert("RGB")
            colours = len(picture.getcolors(1 << 24) or ())
            if colours > 100:
                break
        assert colours > 100  # zones, names and counties stand there
        assert page.title() == "低空简报"
        assert page.locator("tbody tr").count() > 5
        assert page.locator("tbody").inner_text().count("onerror")
        quiet = ("info:", "log:", f"asks for {file.as_uri()}")
        assert [one for one in said if not one.startswith(quiet)] == []
    finally:
        context.close()
