"""The desk of low altitude: a plan that is refused, the inbox of two officers, a restriction."""

import re
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser import air
from tests.browser.conftest import settle, until
from tests.browser.test_map import NEXT_FRAMES, pixel, violations

pytestmark = [pytest.mark.browser, pytest.mark.db]

# In force at every client within so many seconds.
IN_FORCE_S = 5
PLACE = "121.62, 29.85"
COURSE = [(121.61, 29.845), (121.62, 29.852), (121.63, 29.847)]
DESK = "#m=13/29.85/121.62&panel=air&lang=zh&theme=dark&off=roads,land,admin"
# Refusals that the test asks for.
EXPECTED = ("/api/airspace/", "status of 400", "status of 409")
DRAWN = """() => window.sigang.map.queryRenderedFeatures()
  .filter(f => f.source === 'airspace_restrictions').length"""


def a_course_is_drawn(page):
    """Draw a line of two legs: the form has its places, and the desk stays open."""
    page.get_by_test_id("flight-shape-line").check(force=True)
    page.get_by_test_id("flight-draw").click()
    until(page, "() => window.sigang.map.getCanvas().style.cursor === 'crosshair'")
    clicks = [pixel(page, *place) for place in COURSE]
    for at in (*clicks, clicks[-1]):
        page.mouse.move(*at, steps=4)
        page.mouse.click(*at)
        page.evaluate(NEXT_FRAMES)
    places = page.get_by_test_id("flight-places")
    expect(places).to_have_value(re.compile(r"^121\.6\d*, 29\.8\d*(\n121\.6\d*, 29\.8\d*){2}$"))
    page.get_by_test_id("flight-new").click()
    expect(places).to_have_value("")


def a_plan_is_refused_and_takes_an_alternative(page):
    """File a plan twice: the second is refused by the first, and a shift of it stands."""
    a_course_is_drawn(page)
    page.get_by_test_id("flight-upper").fill("hundred")
    page.get_by_test_id("flight-places").fill(PLACE)
    page.get_by_test_id("flight-check").click()
    wrong = page.get_by_test_id("field-error")
    expect(wrong).to_have_attribute("data-field", "upper")
    expect(page.get_by_test_id("flight-upper")).to_be_focused()
    expect(page.get_by_test_id("flight-places")).to_have_value(PLACE)
    page.get_by_test_id("flight-upper").fill("100")
    page.get_by_test_id("flight-check").click()
    expect(page.get_by_test_id("air-answer")).to_be_visible()
    page.get_by_test_id("flight-accept").click()
    plan = page.get_by_test_id("plan")
    expect(plan).to_have_attribute("data-state", "Accepted")
    first = plan.get_attribute("data-id")
    page.get_by_test_id("flight-accept").click()
    expect(page.get_by_test_id("conflict")).to_have_attribute("data-id", first)
    until(
        page,
        "() => window.sigang.map.queryRenderedFeatures({layers: ['sg-air-conflict']}).length > 0",
    )
    assert page.get_by_test_id("shift").count() == 3
    page.get_by_test_id("shift").first.click()
    expect(page.get_by_test_id("overlap")).to_have_count(0)
    expect(plan).not_to_have_attribute("data-id", first)
    expect(plan).to_have_attribute("data-state", "Accepted")
    assert violations(page) == []
    return [first, plan.get_attribute("data-id")]


def file_by_an_operator(server, title, east_m=0):
    """File a plan that waits for an officer, and return its id."""
    with closing(server.client("developer")) as client:
        answer = client.post("/api/airspace/operations", json=air.waiting_plan(title, east_m))
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def row_of(page, plan):
    return page.locator(f"[data-testid=waiting][data-id='{plan}']")


def begin_to_approve(page, plan):
    """Go to a plan by keys and open the form that approves it."""
    row = row_of(page, plan)
    expect(row).to_be_visible()
    for _ in range(page.get_by_test_id("waiting").count()):
        page.keyboard.press("j")
        if row.get_attribute("aria-current") == "true":
            break
    expect(row).to_have_attribute("aria-current", "true")
    page.keyboard.press("a")
    expect(page.get_by_test_id("decision-ground")).to_be_focused()
    assert page.get_by_test_id("decision-ground").locator("option").count() > 3


def the_slower_officer_is_told_who_won(page, server, plan):
    """A colleague approves in the moment before: the page says who it was."""
    begin_to_approve(page, plan)
    page.evaluate(
        """async ([plan, key]) => {
          await fetch(`/api/airspace/operations/${plan}/decision`, {
            method: 'POST', credentials: 'omit',
            headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
            body: JSON.stringify({ decision: 'approve', legal_text: '第二十六条' }),
          });
          document.querySelector('[data-testid=decision-send]').click();
        }""",
        [plan, server.key("dispatcher")],
    )
    expect(page.get_by_test_id("decision-lost")).to_have_attribute("data-by", "dispatcher")
    expect(row_of(page, plan)).to_have_count(0)


def two_officers_override(page, other, plan):
    """One proposes, which the other sees without reloading, and confirms."""
    expect(row_of(page, plan)).to_contain_text("冲突 1")
    begin_to_approve(page, plan)
    page.get_by_test_id("decision-send").click()
    expect(row_of(other, plan)).to_contain_text("dispatcher")
    begin_to_approve(other, plan)
    other.get_by_test_id("decision-send").click()
    for desk in (page, other):
        expect(row_of(desk, plan)).to_have_count(0)


def a_restriction_is_in_force_at_once(page, other, plan):
    """Restrict flight at one desk; the open map of another shows it, and that it ended.

    The owner of a plan inside is told, and receives it.
    """
    for desk in (page, other):
        desk.get_by_test_id("air-restrict").check(force=True)
    page.get_by_test_id("restriction-submit").click()
    expect(page.get_by_test_id("field-error")).to_have_attribute("data-field", "until")
    fields = {
        "places": PLACE, "size": "900", "upper": "300", "name": "灯光秀", "reason": "大型活动",
        "text": "活动期间禁止飞行", "authority": "省空管",
    }  # fmt: skip
    for name, text in fields.items():
        page.get_by_test_id(f"restriction-{name}").fill(text)
    page.get_by_test_id("until-2").click()
    settle(other)
    assert other.evaluate(DRAWN) == 0
    page.get_by_test_id("restriction-submit").click()
    expect(page.get_by_test_id("restriction-card")).to_contain_text("活动期间禁止飞行")
    issued = time.monotonic()
    until(other, f"() => ({DRAWN})() > 0")
    assert time.monotonic() - issued < IN_FORCE_S
    expect(other.get_by_test_id("restriction")).to_contain_text("灯光秀")
    affected = page.locator(f"[data-testid=affected][data-id='{plan}']")
    expect(affected).to_have_attribute("data-effect", "inside")
    page.locator(f"[data-testid=notice][data-id='{plan}']").get_by_test_id("notice-receive").click()
    expect(affected).to_contain_text("✓")
    end = page.get_by_test_id("restriction-new-end")
    typed = end.input_value()
    moved = f"{typed[:-2]}{(int(typed[-2:]) + 1) % 60:02}"
    end.fill(moved)
    page.get_by_test_id("restriction-move-send").click()
    expect(page.get_by_test_id("restriction-card")).to_contain_text(
        re.compile(rf"– (\d\d-\d\d )?{moved[-5:]}")
    )
    page.get_by_test_id("restriction-end").click()
    page.get_by_test_id("restriction-end-sure").click()
    until(other, f"() => ({DRAWN})() === 0")
    expect(other.get_by_test_id("restriction")).to_have_count(0)


def end_plans(server, plans):
    """End plans, so that the province is as it was."""
    with closing(server.client("dispatcher")) as client:
        for plan in plans:
            at = f"/api/airspace/operations/{plan}"
            ovn = client.get(at).json()["ovn"]
            assert client.patch(at, json={"state": "Ended", "ovn": ovn}).status_code == 200


def test_the_desk_of_low_altitude(open_page, server):
    page = open_page("dispatcher", DESK, expected=EXPECTED)
    other = open_page("ningbo", f"{DESK}&air=inbox", expected=EXPECTED)
    plans = a_plan_is_refused_and_takes_an_alternative(page)
    page.get_by_test_id("air-inbox").check(force=True)
    waiting = [file_by_an_operator(server, f"巡查 {at}", 1000 + 100 * at) for at in range(2)]
    the_slower_officer_is_told_who_won(other, server, waiting[0])
    two_officers_override(page, other, waiting[1])
    a_restriction_is_in_force_at_once(page, other, plans[0])
    end_plans(server, [*plans, *waiting])
