"""Steps at the desk of low altitude that the tests of the map's pages share."""

from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import expect

from spatial.geo import beidou_grid
from tests.browser.conftest import pick, settle, until

ANSWER = "() => window.sigang.data.flight.answer.value"
ANOTHER = "before => ![undefined, before].includes(window.sigang.data.flight.answer.value?.id)"
BRIDGE, AIRPORT = "杭州湾跨海大桥", "萧山国际机场"


def ask_at(page, text, layer):
    """Search a place, ask whether one may fly there, and return the answer."""
    pick(page, text, layer).get_by_test_id("search-result").click()
    before = page.evaluate("() => window.sigang.data.flight.answer.value?.id ?? ''")
    page.get_by_test_id("inspect-fly").click()
    until(page, ANOTHER, before)
    return page.evaluate(ANSWER)


def asked_again(page, answer):
    """Ask the very question of an answer at the door, and return what is said now."""
    given = page.evaluate(
        "async id => (await fetch(`/api/airspace/answers/${id}`)).json()", answer["id"]
    )
    assert given["answer"] == answer
    assert given["question"]["geometry"]["type"] in {"Circle", "LineString"}  # as it is filed
    origin = page.evaluate("() => location.origin")
    return httpx.post(f"{origin}/api/airspace/check", json=given["question"], timeout=60).json()


def equals_the_door(page, answer):
    """Check that the page says what the door says, and nothing that sounds like "allowed"."""
    again = asked_again(page, answer)
    for name in ("verdict", "verdict_range", "zones", "ground", "airspace_class"):
        assert again[name] == answer[name], name
    card = page.get_by_test_id("air-answer")
    expect(card).to_have_attribute("data-id", answer["id"])
    expect(card.get_by_test_id("verdict")).to_have_attribute("data-verdict", answer["verdict"])
    assert answer["ground"]["unknown"]
    assert answer["verdict"] != "suitable"
    unknown = card.get_by_test_id("not-loaded").inner_text()
    assert unknown.startswith("未加载：")
    assert "军事" in unknown
    assert unknown.endswith("不代表可飞。")
    shown = [row.get_attribute("data-id") for row in card.get_by_test_id("air-zone").all()]
    assert shown == [zone["id"] for zone in answer["zones"]]


def may_i_fly(page):
    """Inspect the bridge by drone, 100 m above ground, now; then the same at the airport."""
    page.get_by_test_id("search").fill("无人机巡桥")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("flight-form")).to_be_visible()
    bridge = ask_at(page, BRIDGE, "structures")
    equals_the_door(page, bridge)
    law = page.get_by_test_id("air-class")
    law.locator("summary").click()
    expect(law).to_contain_text("真高120米以下")
    airport = ask_at(page, AIRPORT, "airports")
    equals_the_door(page, airport)
    assert airport["verdict"] == "needs_approval"
    assert bridge["verdict"] != airport["verdict"]
    zone = page.get_by_test_id("air-zone").first
    zone.get_by_test_id("zone-law").locator("summary").click()
    expect(zone).to_contain_text("airspace.class_b_rings")
    expect(zone).to_contain_text("B类空域划设在民用运输机场上空")
    expect(page.get_by_test_id("filing")).to_contain_text("申请截止")
    it_comes_back(page, airport)
    cells_say(page, airport)


def it_comes_back(page, answer):
    """Reload: form and answer are those of before."""
    until(page, "id => location.hash.includes(`ans=${id}`)", answer["id"])
    draft = page.evaluate("() => window.sigang.data.flight.draft.value")
    page.reload()
    until(page, "() => Boolean(window.sigang?.data.flight.answer.value)")
    assert page.evaluate(ANSWER) == answer
    assert page.evaluate("() => window.sigang.data.flight.draft.value") == draft
    expect(page.get_by_test_id("answer-stale")).to_have_count(0)


def waiting_plan(title, east_m):
    """Return a flight in an hour, some metres east of the place where the desk's test looks."""
    begin = datetime.now(UTC) + timedelta(hours=1)
    metres = 96_500.0  # of a degree of longitude there
    circle = {
        "center": {"lat": 29.85, "lng": 121.62 + east_m / metres},
        "radius": {"value": 200, "units": "M"},
    }
    heights = {"reference": "W84", "units": "M"}
    volume = {
        "outline_circle": circle,
        "altitude_lower": {"value": 20, **heights},
        "altitude_upper": {"value": 120, **heights},
    }
    start, end = (
        {"value": at.isoformat(), "format": "RFC3339"} for at in (begin, begin + timedelta(hours=1))
    )
    return {
        "volumes": [{"volume": volume, "time_start": start, "time_end": end}],
        "title": title, "aircraft": "light", "task": "urgent", "state": "Filed",
        "visibility": "public",
    }  # fmt: skip


CELLS = """() => window.sigang.map.queryRenderedFeatures({layers: ['sg-cells-area']})
  .map(({properties}) => properties)"""


def cells_say(page, answer):
    """Show the cells in which one may fly: they say what was answered, in words and codes."""
    until(page, "() => Boolean(window.sigang.map)")  # the page was opened anew
    page.get_by_test_id("cells-on").check()
    until(page, f"() => ({CELLS})().length > 5")
    settle(page)
    cells = {one["code"]: one for one in page.evaluate(CELLS)}
    places = page.evaluate("() => window.sigang.data.flight.draft.value.places")
    middle = beidou_grid.encode(*map(float, places.split(",")), 5)
    here = [one for code, one in cells.items() if middle.startswith(code)]
    assert [one["verdict"] for one in here] == [answer["verdict"]]
    assert all(one["verdict"] != "suitable" for one in cells.values() if one["ground"] != "known")
    expect(page.get_by_test_id("cells-legend").locator("dt")).to_have_count(6)
    page.get_by_test_id("cells-on").uncheck()
    expect(page.get_by_test_id("cells-legend")).to_have_count(0)
