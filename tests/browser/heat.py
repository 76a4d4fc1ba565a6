"""What tests of the map do at the desk of enforcement heat."""

import re
from contextlib import closing

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from shapely.geometry import Polygon, shape

from tests.browser.conftest import settle, until

OPEN = "hash => { location.hash = hash }"
DRAWN = """() => window.sigang.map.queryRenderedFeatures()
  .filter(f => f.source === 'sg-heat' && f.layer.id === 'sg-heat-fill').length"""
ASKED = "() => JSON.stringify(window.sigang.state().heat)"


def counts_are_not_rates(page):
    """The cell with most hits falls in rank when the rate is shown, and the page says why."""
    page.get_by_test_id("tab-heat").click()
    page.get_by_test_id("heat-surface-count").check()
    page.get_by_test_id("heat-sort-events").check()
    first = page.get_by_test_id("heat-row").first
    expect(first).to_have_attribute("data-rank-events", "1")
    settle(page)
    assert page.evaluate(DRAWN) > 0
    with page.expect_response(lambda answer: "surface=rate" in answer.url):
        page.get_by_test_id("heat-surface-rate").check()
    settle(page)
    assert page.evaluate(DRAWN) > 0
    busiest, cells = first.get_attribute("data-id"), page.get_by_test_id("heat-list")
    rank, of = int(first.get_attribute("data-rank-value")), int(cells.get_attribute("data-count"))
    assert rank > of // 2
    page.get_by_test_id("heat-sort-value").check()
    expect(page.get_by_test_id("heat-row").first).to_have_attribute("data-rank-value", "1")
    expect(page.get_by_test_id("heat-row").first).not_to_have_attribute("data-id", busiest)
    why = page.get_by_test_id("heat-why")
    expect(why).to_have_text(
        re.compile(r"查获 [\d,]+ 件，检查 [\d,]+ 次.*列第 \d+.*查获多因检查多")
    )
    expect(page.get_by_test_id("heat-legend")).to_contain_text("未检查")


def no_barrier(page):
    """Return what axe finds wrong with the desk."""
    found = Axe().run(page, "sg-heat", {"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def walk(page):
    """Choose days, hours, slices, a cell and two periods by keys; the address brings all back."""
    page.get_by_test_id("tab-heat").click()
    page.get_by_test_id("heat-row").first.wait_for()
    page.get_by_test_id("heat-hours").locator("summary").click()
    hour = page.locator("[role=gridcell][tabindex='0']")
    hour.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("[role=gridcell][aria-selected=true]")).to_have_count(2)
    page.get_by_test_id("heat.hours.all").click()
    with page.expect_response(lambda answer: "since=" in answer.url and "/tiles/" in answer.url):
        page.get_by_test_id("heat-slice-next").click()
    page.get_by_test_id("heat-row").first.click()
    expect(page.get_by_test_id("heat-cell")).to_be_visible()
    page.get_by_test_id("heat-swipe").check()
    handle = page.get_by_test_id("heat-handle")
    expect(handle).to_have_attribute("aria-valuenow", "50")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "48")
    expect(page.locator(".swipe-map canvas")).to_have_count(1)
    settle(page)
    assert no_barrier(page) == []
    asked = page.evaluate(ASKED)
    until(page, "() => location.hash.includes('swipe')")
    page.reload()
    settle(page)
    assert page.evaluate(ASKED) == asked
    expect(handle).to_have_attribute("aria-valuenow", "48")
    page.get_by_test_id("heat-swipe").uncheck()
    expect(page.locator(".swipe-map")).to_have_count(0)
    page.get_by_test_id("heat-since").fill("2026-13-01")
    page.get_by_test_id("heat-since").press("Enter")
    expect(page.get_by_test_id("heat-wrong-day")).to_be_visible()


def count_an_area(page, server, draw):
    """What is drawn is counted: the cells whose middle lies in it, as the process tells them."""
    page.get_by_test_id("heat-since").fill("")
    page.get_by_test_id("heat-since").press("Enter")
    page.get_by_test_id("map-home").click()
    settle(page)
    page.get_by_test_id("heat-draw").click()
    draw(page, [(120.9, 30.6), (121.5, 30.6), (121.5, 29.8)], ring=True)
    sums = page.get_by_test_id("heat-sums")
    expect(sums).to_be_visible()
    area = page.evaluate("() => window.sigang.state().heat.area")
    ring = Polygon([tuple(map(float, at.split(","))) for at in area.split()])
    with closing(server.client("dispatcher")) as client:
        answer = client.post(
            "/api/processes/heat-surface/execution", json={"inputs": {}, "response": "document"}
        ).json()
    cells = answer["cells"].get("value", answer["cells"])["features"]
    inside = [
        cell["properties"] for cell in cells if ring.contains(shape(cell["geometry"]).centroid)
    ]
    expect(sums).to_have_attribute("data-cells", str(len(inside)))
    rated = [cell for cell in inside if cell["state"] == "rated"]
    for name in ("events", "exposure"):
        expect(sums).to_have_attribute(f"data-{name}", str(sum(cell[name] for cell in rated)))
    expect(sums).to_contain_text(re.compile(r"%.*\(.*%–.*%\)"))
    with page.expect_download() as saved:
        page.get_by_test_id("heat-save").click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert "合成" in lines[0]
    assert len(lines) == len(inside) + 2
    page.get_by_test_id("heat-area-clear").click()
    expect(sums).to_have_count(0)
