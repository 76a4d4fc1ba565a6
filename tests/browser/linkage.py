"""What tests of the map do at the desk of the four ports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from data.facts import read_facts
from tests.browser.conftest import settle, until
from tests.conftest import Server

BRIDGE = "杭州湾跨海大桥"
ANSWER = "() => window.sigang.data.linkage.value"
OTHER_VERSION = "version => (window.sigang.data.linkage.value?.network_version ?? 0) > version"
DRAWN = """part => window.sigang.map.querySourceFeatures('sg-linkage')
  .filter(f => f.properties.part === part).length"""


def choose_hub(page: Page, side: str, text: str, hub: str) -> None:
    """Name a hub by keys alone."""
    box = page.get_by_test_id(f"link-{side}")
    box.fill(text)
    expect(page.get_by_test_id("hub-option").first).to_have_attribute("data-id", hub)
    box.press("Enter")
    expect(page.get_by_test_id("hub-option")).to_have_count(0)


def card(page: Page, mode: str) -> Locator:
    """Return the card of a way by one mode."""
    return page.locator(f"[data-testid=link-card][data-modes={mode}]")


def facts(one: Locator) -> str:
    """Return what a card says, without what became of it."""
    return one.locator("dl").inner_text()


def by_mode(page: Page) -> dict[str, dict[str, Any]]:
    """Return the itineraries of one leg on show, without their place in the answer."""
    found = page.evaluate(ANSWER)["itineraries"]
    return {one["legs"][0]["mode"]: {**one, "id": 0} for one in found if len(one["legs"]) == 1}


def sheets_have_sources(page: Page) -> None:
    """Open the sheet of each leg on show: mass × km × factor is what the leg tells."""
    for leg in page.get_by_test_id("link-leg").all():
        leg.get_by_test_id("link-sheet-open").click()
        expect(leg.get_by_test_id("link-sheet")).to_contain_text("20 t ×")
        expect(leg.get_by_test_id("link-source")).to_contain_text("GLEC")


def the_bridge_changes_the_truck_alone(page: Page, server: Server) -> None:
    """Send two boxes over the bay: a closed bridge changes the truck's card, not the feeder's."""
    page.get_by_test_id("tab-linkage").click()
    choose_hub(page, "start", "乍浦", "zhapu")
    choose_hub(page, "goal", "beilun", "beilun")
    page.get_by_test_id("link-ask").click()
    for mode in ("road", "feeder"):
        expect(card(page, mode)).to_be_visible()
    settle(page)
    before, first = by_mode(page), page.evaluate(ANSWER)
    truck_is_that_of_the_planner(page, server, before["road"])
    until(page, f"() => ({DRAWN})('road') > 0")
    sheets_have_sources(page)
    feeder = card(page, "feeder")
    expect(feeder).to_contain_text("合成")
    said = {mode: facts(card(page, mode)) for mode in ("road", "feeder")}
    with closing(server.client("dispatcher")) as client:
        event = client.post("/api/events", json=closure(client)).json()
        until(page, OTHER_VERSION, first["network_version"])
        expect(card(page, "road").get_by_test_id("link-change")).to_contain_text("路网变化前")
        after = by_mode(page)
        assert json.dumps(after["feeder"]) == json.dumps(before["feeder"])
        assert facts(feeder) == said["feeder"]
        expect(feeder.get_by_test_id("link-change")).to_have_attribute("data-change", "none")
        assert after["road"]["legs"][0]["km"] > before["road"]["legs"][0]["km"] + 20
        assert facts(card(page, "road")) != said["road"]
        version = page.evaluate(ANSWER)["network_version"]
        client.post(f"/api/events/{event['id']}/undo")
        until(page, OTHER_VERSION, version)
    assert by_mode(page)["road"]["cost_cny"] == before["road"]["cost_cny"]
    feeder.get_by_test_id("link-choose").click()
    sheets_have_sources(page)
    until(page, f"() => ({DRAWN})('straight') > 0")
    expect(page.get_by_test_id("link-legs")).to_contain_text("直线示意")
    nothing_is_amiss_in_the_desk(page)


def nothing_is_amiss_in_the_desk(page: Page) -> None:
    """Let axe look at the desk alone."""
    found = Axe().run(page, "sg-linkage", {"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def closure(client: Any) -> dict[str, Any]:
    """Return the question that closes the bridge for some hours."""
    results = client.get("/api/search", params={"q": BRIDGE}).json()["results"]
    bridge = next(one["id"] for one in results if one["layer"] == "structures")
    until = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
    return {
        "kind": "closure", "target": {"facility_id": bridge}, "cause": "wind", "valid_to": until,
    }  # fmt: skip


def truck_is_that_of_the_planner(page: Page, server: Server, truck: dict[str, Any]) -> None:
    """Check the truck's kilometres by the planner's path between the hubs."""
    lines = [
        one
        for one in page.evaluate(ANSWER)["legs"]["features"]
        if one["properties"]["mode"] == "road"
    ]
    body = {
        "profile": "truck", "waypoints": lines[0]["geometry"]["coordinates"],
        "depart_at": truck["departs"],
    }  # fmt: skip
    with closing(server.client("dispatcher")) as client:
        path = client.post("/api/paths", json=body).json()["features"][0]["properties"]
    assert truck["legs"][0]["km"] == pytest.approx(path["length_m"] / 1000, rel=0.01)


def walk(page: Page, violations: Callable[[Page], list[str]]) -> None:
    """Ask wrongly and rightly, walk the chart by keys, read a board and the chain of a box."""
    page.get_by_test_id("tab-linkage").click()
    start = page.get_by_test_id("link-start")
    start.fill("CNZPX")
    choose_hub(page, "goal", "CNBLG", "beilun")
    page.get_by_test_id("link-ask").click()
    wrong = page.get_by_test_id("link-wrong")
    expect(wrong).to_have_attribute("data-field", "start")
    expect(wrong).to_contain_text("CNZPU")
    expect(start).to_have_attribute("aria-invalid", "true")
    choose_hub(page, "start", "安吉", "anji")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    page.get_by_test_id("link-ready").fill(f"{tomorrow} 08:00")
    page.get_by_test_id("link-ready").dispatch_event("change")
    page.get_by_test_id("link-ask").click()
    expect(page.get_by_test_id("link-card")).to_have_count(5)
    expect(wrong).to_have_count(0)
    point = page.locator("[data-testid=link-pareto] [data-point][tabindex='0']")
    point.focus()
    page.keyboard.press("ArrowRight")
    told = page.get_by_test_id("link-pointed").inner_text()
    page.keyboard.press("Enter")
    chosen = page.evaluate("() => Number(document.activeElement.dataset.point)")
    assert page.locator(f"[data-point='{chosen}']").get_attribute("aria-label") == told
    expect(page.get_by_test_id("link-course")).to_be_visible()
    expect(page.get_by_test_id("link-order")).to_have_attribute("data-depends", "true")
    assert violations(page) == []
    the_week_sets_the_ready_time(page)
    read_board(page)
    follow_boxes(page)
    assert violations(page) == []
    read_berths(page)
    plan_a_gate(page)
    nothing_is_amiss_in_the_desk(page)


def the_week_sets_the_ready_time(page: Page) -> None:
    """Take a later day's latest departure: the cargo is ready then."""
    day = page.get_by_test_id("link-day").nth(2)
    wanted = day.get_by_test_id("link-day-latest")
    said = wanted.inner_text()
    wanted.click()
    expect(page.get_by_test_id("link-ready")).to_have_value(re.compile(rf"\d{{4}}-{said}"))


def read_board(page: Page) -> None:
    """Open the board of a hub: what leaves, and how long its gate is open."""
    page.get_by_test_id("link-view-hub").check(force=True)
    choose_hub(page, "hub", "zhapu", "zhapu")
    expect(page.get_by_test_id("hub-board")).to_be_visible()
    rows = page.get_by_test_id("hub-departure")
    assert {row.get_attribute("data-mode") for row in rows.all()} == {"barge", "feeder"}
    expect(page.get_by_test_id("hub-gate").last).to_contain_text("小时")


def read_berths(page: Page) -> None:
    """All terminals are there; who has a berth is drawn and listed, the others are told.

    The sample's calls are long past where its day is, so that some or all of them are overdue.
    """
    page.get_by_test_id("link-view-berth").check(force=True)
    chosen = page.get_by_test_id("berth-terminal")
    expect(chosen.locator("option")).to_have_count(len(read_facts("terminals")["terminal"]))
    expect(page.get_by_test_id("berth-proven")).to_contain_text("下界")
    zhapu = next(one for one in read_facts("terminals")["terminal"] if one["key"] == "zhapu-1")
    option = chosen.locator("option", has_text=zhapu["zh"])
    chosen.select_option(value=option.get_attribute("value"))
    expect(page.locator("h3", has_text=zhapu["zh"])).to_be_visible()
    drawn = page.locator("[data-testid=berth-chart] [data-call]").count()
    assert drawn == page.get_by_test_id("berth-vessel").count()
    told = drawn + page.locator("[data-testid=berth-unplanned] li").count()
    assert f"{told} 艘次" in option.inner_text()


def plan_a_gate(page: Page) -> None:
    """All trucks of a day have a slot; a slot lists its trucks by keys; a lane less is too few."""
    page.get_by_test_id("link-view-gate").check(force=True)
    beilun = next(one for one in read_facts("terminals")["terminal"] if one["key"] == "beilun-1")
    page.get_by_test_id("gate-terminal").select_option(label=beilun["zh"])
    sums = page.get_by_test_id("gate-sums")
    expect(sums).to_have_attribute("data-appointed", str(beilun["requests"]))
    expect(page.get_by_test_id("gate-all")).to_be_visible()
    page.locator("[data-testid=gate-slot][tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    held = page.get_by_test_id("gate-slot-said").inner_text()
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == held
    assert f"{page.get_by_test_id('gate-truck').count()} 辆" in held
    lanes = page.get_by_test_id("gate-lanes")
    lanes.fill("1")
    lanes.dispatch_event("change")
    expect(page.get_by_test_id("gate-cause")).to_have_attribute("data-cause", "full")
    refused = page.get_by_test_id("gate-refused").count()
    expect(sums).to_have_attribute("data-refused", str(refused))
    expect(sums).to_have_attribute("data-appointed", str(beilun["requests"] - refused))


def follow_boxes(page: Page) -> None:
    """Type a number with a wrong check digit, then follow a box that was returned twice."""
    page.get_by_test_id("link-view-box").check(force=True)
    number = page.get_by_test_id("unit-number")
    number.fill("CSQU 305438-4")
    verdict = page.get_by_test_id("unit-verdict")
    expect(verdict).to_have_attribute("data-kind", "wrong")
    expect(verdict).to_contain_text("CSQU3054383")
    for kind, words in (("returned-twice", "重复还箱"), ("lost-scan", "漏扫")):
        page.locator(f"[data-testid=unit-fault][data-kind={kind}]").click()
        fault = page.locator(f"[data-testid=unit-anomaly][data-kind={kind}]")
        expect(fault).to_contain_text(words)
    missing = page.locator("[data-testid=unit-step][data-status=inferred]")
    expect(missing).to_have_count(1)
    expect(missing).to_contain_text("缺报")


def on_the_phone(page: Page) -> None:
    """Look at the desk in a narrow window: nothing is wider than it."""
    page.get_by_test_id("tab-linkage").click()
    choose_hub(page, "start", "zpu", "zhapu")
    choose_hub(page, "goal", "北仑", "beilun")
    page.get_by_test_id("link-ask").click()
    expect(page.get_by_test_id("link-card").first).to_be_visible()
    panel = page.locator("#side-panel")
    assert panel.evaluate("e => e.scrollWidth <= e.clientWidth")
