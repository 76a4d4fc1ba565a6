"""What tests of the map do at the desk of waterways."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from data.sample.lock_day import write_lock_day
from spatial.postgres.db import connect
from tests.browser.conftest import jump, until
from tests.conftest import ANCHOR, Server

WEST, EAST = "121.060, 30.140", "121.410, 30.200"
REFUSING = {"gap", "room", "size", "cargo"}
DRAWN = """(part) => window.sigang.map.querySourceFeatures('sg-voyage')
  .filter(f => f.properties.part === part).length"""


def bring_levels_to_now(server: Server) -> None:
    """Move the levels of the gauges from the day of the sample to today: nobody sails back then."""
    later = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - ANCHOR
    with connect(server.database_url) as conn:
        conn.execute(
            "UPDATE sigang.water_level SET at = at + %s, issued_at = issued_at + %s", [later, later]
        )
        conn.commit()


def bring_vessels_to_now(server: Server) -> tuple[str, dict[str, Any]]:
    """Bring the sample's vessels to the training locks and plan one; return it with its plan."""
    with connect(server.database_url) as conn:
        write_lock_day(conn, datetime.now(UTC))
        conn.commit()
    with closing(server.client("dispatcher")) as client:
        locks = client.get("/api/locks").json()["locks"]
        lock = next(one["id"] for one in locks if one["name"]["zh"].startswith("训练三闸"))
        return lock, client.post(f"/api/locks/{lock}/plans", json={}).json()["plan"]


def find_move(server: Server, lock: str, plan: dict[str, Any]) -> tuple[str, int, int, int]:
    """Return a vessel, a lockage that it may go to, what that costs others, one that refuses it."""
    with closing(server.client("dispatcher")) as client:
        for ship in [key for x in plan["lockages"] for key in x["ships"]]:
            body = {"version": 1, "ship": ship}
            answer = client.post(f"/api/locks/{lock}/moves", json=body)
            options = answer.json()["options"] if answer.is_success else []
            no = [x["to"] for x in options if x.get("refusal", {}).get("cause") in REFUSING]
            for one in options:
                others = [v for k, v in one.get("later", {}).items() if k != ship]
                if one["allowed"] and one["to"] is not None and any(others) and no:
                    return ship, one["to"], sum(others), no[0]
    raise AssertionError("no vessel may be moved")


def walk(page: Page, server: Server, violations: Callable[[Page], list[str]]) -> None:
    """Ask for a voyage on the training canal, its locks, then one that no bridge lets pass."""
    bring_levels_to_now(server)
    lock, plan = bring_vessels_to_now(server)
    page.get_by_test_id("tab-water").click()
    page.get_by_test_id("water-chart").check(force=True)
    until(page, "() => window.sigang.layers().includes('clearances')")
    jump(page, 121.23, 30.17, 10)
    places = page.get_by_test_id("water-places")
    places.fill(f"{WEST}\n{EAST}")
    places.dispatch_event("change")
    page.get_by_test_id("water-ask").click()
    expect(page.get_by_test_id("water-verdict")).to_have_attribute("data-answer", "passes")
    expect(page.get_by_test_id("water-profile")).to_be_visible()
    expect(page.get_by_test_id("water-day")).to_have_count(7)
    until(page, f"() => ({DRAWN})('sure') > 0")
    walk_locks(page, server, lock, plan, violations)
    high = page.get_by_test_id("water-air")
    high.fill("12")
    high.dispatch_event("change")
    page.get_by_test_id("water-ask").click()
    refusal = page.get_by_test_id("water-refusal")
    expect(refusal).to_contain_text("净高")
    expect(refusal.get_by_test_id("water-edge").first).to_contain_text("训练")
    assert "sail=" in page.url


def walk_locks(
    page: Page, server: Server, lock: str, plan: dict[str, Any],
    violations: Callable[[Page], list[str]],
) -> None:  # fmt: skip
    """Go from the voyage to one of its locks, move a vessel by keys and by mouse, and undo it."""
    page.get_by_test_id("water-view-locks").check(force=True)
    along = page.get_by_test_id("lock-table").first
    expect(along.get_by_test_id("lock-row")).to_have_count(6)
    along.locator(f"[data-id='{lock}']").get_by_role("button").click()
    expect(page.get_by_test_id("lock-proven")).to_contain_text("已证明最优")
    expect(page.get_by_test_id("lock-synthetic")).to_contain_text("合成")
    ship, to, cost, no = find_move(server, lock, plan)
    vessel = page.locator(f"[data-ship='{ship}']")
    drawn_to_scale(vessel)
    vessel.focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("move-to").select_option(str(no))
    expect(page.get_by_test_id("move-refused")).to_have_attribute(
        "data-cause", until(page, CAUSE, no)
    )
    expect(page.get_by_test_id("move-apply")).to_be_disabled()
    expect(page.get_by_test_id("lock-age")).to_contain_text("第 1 版")
    vessel.focus()
    aim_by_keys(page, to)
    expect(page.get_by_test_id("move-total")).to_have_attribute("data-seconds", str(cost))
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("lock-age")).to_contain_text("第 2 版")
    page.get_by_test_id("lock-undo").click()
    expect(page.get_by_test_id("lock-age")).to_contain_text("第 3 版")
    drag(page, vessel, page.locator(f".sequence [data-lockage='{to}']"))
    expect(page.get_by_test_id("move-total")).to_have_attribute("data-seconds", str(cost))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("move-card")).to_be_hidden()
    assert f"lock={lock}" in page.url
    a_reader_has_no_buttons(page)
    page.get_by_test_id("water-view-voyage").check(force=True)


CAUSE = """(to) => document.querySelector('[data-testid=move-refused]')?.dataset.cause"""


def drawn_to_scale(vessel: Locator) -> None:
    """A vessel's pixels are to the chamber's as its metres are."""
    ratio = """g => { const svg = g.ownerSVGElement, hull = g.querySelector('.hull');
      const [walls] = svg.getElementsByClassName('walls');
      const box = e => e.getBoundingClientRect(), metres = e => e.width.baseVal.value;
      return [box(hull).width / box(walls).width, metres(hull) / metres(walls)]; }"""
    pixels, metres = vessel.evaluate(ratio)
    assert abs(pixels - metres) < 0.02


def aim_by_keys(page: Page, to: int) -> None:
    """Walk through the lockages by the arrow keys, back and on, until one is aimed at."""
    aimed = page.locator("[data-testid=lockage].aimed")
    for key in ("ArrowLeft",) * 30 + ("ArrowRight",) * 30:
        if aimed.count() and aimed.get_attribute("data-lockage") == str(to):
            return
        page.keyboard.press(key)
    raise AssertionError(f"lockage {to} is not come to")


def drag(page: Page, one: Locator, other: Locator) -> None:
    """Drag a vessel onto a lockage of the sequence."""
    one.scroll_into_view_if_needed()
    box = one.bounding_box()
    assert box
    page.mouse.move(box["x"] + 9, box["y"] + 9)
    page.mouse.down()
    page.get_by_test_id("move-to").wait_for()
    other.scroll_into_view_if_needed()
    place = other.bounding_box()
    assert place
    page.mouse.move(place["x"] + 4, place["y"] + 12, steps=4)
    page.mouse.up()


def a_reader_has_no_buttons(page: Page) -> None:
    """Where the server says that an account may not publish, nothing offers it."""

    def reader(route: Route) -> None:
        told = route.fetch()
        may = {"may": {"ask": False, "publish": False}}
        route.fulfill(response=told, body=json.dumps(told.json() | may))

    expect(page.get_by_test_id("lock-no-show").first).to_be_visible()
    page.route("**/api/locks/*-*", reader)
    page.get_by_test_id("lock-board").click()
    page.get_by_test_id("lock-row").nth(2).get_by_role("button").click()
    expect(page.get_by_test_id("lock-queue")).to_be_visible()
    for offer in ("lock-no-show", "lock-check-in", "lock-plan-anew", "lock-undo"):
        expect(page.get_by_test_id(offer)).to_have_count(0)
    expect(page.locator("[data-ship]")).to_have_count(0)
    page.unroute("**/api/locks/*-*")
