"""What tests of the map do at the desk of enforcement heat."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import jump, settle, until

OPEN = "hash => { location.hash = hash }"
DRAWN = """() => window.sigang.map.queryRenderedFeatures()
  .filter(f => f.source === 'sg-heat' && f.layer.id === 'sg-heat-fill').length"""
FOUND = """part => window.sigang.map.queryRenderedFeatures()
  .filter(f => f.source === 'sg-found' && f.properties.part === part).length"""
CENTRE = "() => window.sigang.map.getCenter().toArray()"
ASKED = "() => JSON.stringify(window.sigang.state().heat)"


def counts_are_not_rates(page):
    """The cell with most hits falls in rank when the rate is shown, and the page says why."""
    jump(page, 120.2, 29.6, 7.5)
    page.get_by_test_id("tab-heat").click()
    page.get_by_test_id("heat-surface-count").check()
    page.get_by_test_id("heat-sort-events").check()
    first = page.get_by_test_id("heat-row").first
    expect(first).to_have_attribute("data-rank-events", "1")
    settle(page)
    until(page, f"() => ({DRAWN})() > 0")  # its source follows the legend's answer
    with page.expect_response(lambda answer: "surface=rate" in answer.url):
        page.get_by_test_id("heat-surface-rate").check()
    settle(page)
    until(page, f"() => ({DRAWN})() > 0")  # its source follows the legend's answer
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


def published_alone(page):
    """Who may not count anew is told so, and one click shows the counts that are published."""
    page.get_by_test_id("tab-heat").click()
    expect(page.get_by_test_id("heat-none")).to_be_visible()
    expect(page.get_by_test_id("heat-surface-rate")).to_have_count(0)
    with page.expect_response(lambda one: "/cases_published_map/tiles/" in one.url) as drawn:
        page.get_by_test_id("heat-published").click()
    assert drawn.value.ok
    until(page, "() => location.hash.includes('cases_published_map')")


def no_barrier(page):
    """Return what axe finds wrong with the desk."""
    found = Axe().run(page, "sg-heat", {"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def begin_scan(page):
    """Scan the whole period; what is chosen meanwhile changes nothing of it."""
    page.get_by_test_id("heat-replications").fill("99")
    page.get_by_test_id("heat-found-run").click()


def clusters(page):
    """The clusters of the scan are listed, drawn and flown to."""
    first = page.get_by_test_id("heat-cluster").first
    expect(first).to_contain_text(re.compile(r"相对风险 [\d.]+\s*查获 [\d,]+ · 按检查量应为 \d"))
    expect(first).to_contain_text(re.compile(r"99 次随机重复（种子 \d+）中 \d 次.*显著（p 0.0"))
    expect(page.get_by_test_id("heat-found-stale")).to_have_count(0)
    before = page.evaluate(CENTRE)
    first.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(CENTRE) != before
    until(page, f"() => ({FOUND})('circle') > 0 && ({FOUND})('cells') > 0")


def spread_along_roads(page):
    """A number that cannot be is told; all events of the week lie along the roads."""
    expect(page.get_by_test_id("heat-found-stale")).to_be_visible()  # the scan is of all days
    page.get_by_test_id("heat-replications").fill("5")
    page.get_by_test_id("heat-found-run").click()
    expect(page.get_by_test_id("heat-found").get_by_role("alert")).to_contain_text("replications")
    page.get_by_test_id("heat-tool-roads").check()
    page.get_by_test_id("heat-kernel").select_option("discontinuous")
    page.get_by_test_id("heat-bandwidth").fill("300")
    page.get_by_test_id("heat-found-run").click()
    density = page.get_by_test_id("heat-density")
    expect(density).to_contain_text(re.compile(r"等分不连续，带宽 300 米.*附近没有道路的 \d+ 件"))
    mass, events = (float(density.get_attribute(f"data-{name}")) for name in ("mass", "events"))
    assert events > 0 and abs(mass - events) < 1e-6 * events
    page.get_by_test_id("heat-road").first.click()
    until(page, f"() => ({FOUND})('lixel') > 0 && ({FOUND})('circle') === 0")


def walk(page):
    """Choose days, hours, slices, a cell and two periods by keys; the address brings all back."""
    page.get_by_test_id("tab-heat").click()
    begin_scan(page)
    page.get_by_test_id("heat-row").first.wait_for()
    page.get_by_test_id("heat-hours").locator("summary").click()
    hour = page.locator("[role=gridcell][tabindex='0']")
    hour.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("[role=gridcell][aria-selected=true]")).to_have_count(2)
    expect(page.get_by_test_id("heat-counted")).to_contain_text("2 个小时")
    page.get_by_test_id("heat.hours.all").click()
    page.get_by_test_id("heat-events").select_option("case")
    page.get_by_test_id("heat-kinds").select_option("hazmat")
    expect(page.get_by_test_id("heat-counted")).to_contain_text("危险货物")
    page.get_by_test_id("heat-events").select_option("hit")
    expect(page.get_by_test_id("heat-counted")).not_to_contain_text("危险货物")
    clusters(page)
    with page.expect_response(lambda answer: "since=" in answer.url and "/tiles/" in answer.url):
        page.get_by_test_id("heat-slice-next").click()
    spread_along_roads(page)
    page.get_by_test_id("heat-row").first.click()
    expect(page.get_by_test_id("heat-cell")).to_contain_text(re.compile(r"[区县市] N5"))
    expect(page.get_by_test_id("heat-stretches-here")).to_be_visible()
    expect(page.get_by_test_id("heat-cell").get_by_test_id("heat-class")).to_be_visible()
    expect(page.locator(".heat-weeks title").first).to_contain_text("30")
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
    expect(page.get_by_test_id("heat-density")).to_contain_text("带宽 300 米")
    page.get_by_test_id("heat-found-clear").click()
    assert "ran" not in page.evaluate(ASKED)
    page.get_by_test_id("heat-swipe").uncheck()
    expect(page.locator(".swipe-map")).to_have_count(0)
    with page.expect_response(lambda one: "surface=difference" in one.url) as drawn:
        page.get_by_test_id("heat-surface-difference").check()
    assert drawn.value.ok and "before=" in drawn.value.url and "before_until=" in drawn.value.url
    expect(page.get_by_test_id("heat-shown")).to_contain_text("相比")
    with page.expect_response(lambda one: "cells=county" in one.url) as drawn:
        page.get_by_test_id("heat-cells").select_option("county")
    assert drawn.value.ok
    page.get_by_test_id("heat-since").fill("2026-13-01")
    page.get_by_test_id("heat-since").press("Enter")
    expect(page.get_by_test_id("heat-wrong-day")).to_be_visible()
