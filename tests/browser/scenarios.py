"""The walk through all shipped scenarios that a test of the map's pages takes."""

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import settle, until

LOADED = """id => {
  const { page, tiles, indicators, examples, error, numbersError, examplesError } =
    window.sigang.data.scenario;
  if (page.value?.id !== id) return false;
  const told = page.value.numbers.every(
    n => indicators.value && (!indicators.value[n.indicator] || tiles.value[n.indicator]));
  return told && examples.value && !error.value && !numbersError.value && !examplesError.value;
}"""
TELL = (
    "ids => new BroadcastChannel('sigang-stream')"
    ".postMessage({kind: 'indicators', text: JSON.stringify({indicators: ids})})"
)
SIDES = "[data-testid^=number-][data-sum='']:not([data-count=''])"
COUNTS = f"{SIDES}, [data-testid=veto-open]"


def walk(page, server):
    """Open each scenario: no barrier, every count opens its rows, what was shown returns."""
    before = page.evaluate("() => window.sigang.layers()")
    page.get_by_test_id("tab-scenarios").click()
    rows = page.get_by_test_id("scenario")
    rows.first.wait_for()
    shipped = httpx.get(f"{server.base_url}/api/scenarios").json()["scenarios"]
    listed = [row.get_attribute("data-id") for row in rows.all()]
    assert listed == [scenario["id"] for scenario in shipped]
    expect(page.get_by_test_id("reports").get_by_role("heading").first).to_be_visible()
    page.get_by_test_id("scenarios-filter").fill("S36")
    expect(rows).to_have_count(1)
    page.get_by_test_id("scenarios-filter").fill("")
    assert sum(visit(page, name) for name in listed) > 0
    assert page.evaluate("() => window.sigang.layers()") == before
    board(page)


def board(page):
    """Put tiles on one screen: no barrier, a unit's number opens its rows, the address has it."""
    page.get_by_test_id("board").click()
    page.get_by_test_id("board-period-input").fill("2026-02")
    page.get_by_test_id("board-period-input").press("Enter")
    expect(page.get_by_test_id("board-period")).to_have_text("2026-02")
    page.get_by_test_id("level-county").click()
    tiles = page.locator("[data-testid^=tile-][data-state]")
    many = tiles.count()
    assert many > 3
    page.get_by_test_id("board-choose").click()
    page.locator("[data-testid^=choose-]").first.uncheck()
    expect(tiles).to_have_count(many - 1)
    assert tiles.first.locator(".bar").count() == 90
    found = Axe().run(page, ".board", {"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    before = page.evaluate("() => window.sigang.data.live.value")
    page.evaluate("() => { window.sigang.data.live.value = { state: 'stale', at: null } }")
    expect(tiles.first).to_have_attribute("data-state", "stale")
    page.evaluate("live => { window.sigang.data.live.value = live }", before)
    expect(tiles.first).to_have_attribute("data-state", "live")
    page.get_by_test_id("kiosk").click()
    expect(page.get_by_test_id("search")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("search")).to_be_visible()
    until(page, "() => !location.hash.includes('kiosk')")  # written a moment later
    address = page.evaluate("() => location.hash")
    known = page.evaluate("() => window.sigang.data.board.known.value.map(one => one.id)")
    with page.expect_response(lambda answer: "/api/board?" in answer.url):
        page.evaluate(TELL, known)
    unit = page.locator("[data-testid=unit-open][data-sum='']:not([data-count='0'])").first
    rows = unit.get_attribute("data-count")
    unit.click()
    expect(page.get_by_test_id("table-total")).to_have_attribute("data-count", rows)
    expect(page.get_by_test_id("board-screen")).to_have_count(0)
    until(page, "() => location.hash.includes('view=table')")  # the address follows a moment later
    page.evaluate("hash => { location.hash = hash }", address)
    page.reload()
    expect(tiles).to_have_count(many - 1)
    assert page.evaluate("() => window.sigang.map") is None  # it starts when it comes into view
    page.get_by_test_id("board-close").click()
    settle(page)


def visit(page, name):
    """Open a scenario, go through its numbers, leave it; return how many counts opened rows."""
    page.locator(f"[data-testid=scenario][data-id={name}]").click()
    until(page, LOADED, name)
    wanted = page.evaluate("() => window.sigang.data.scenario.page.value.view.layers")
    assert set(wanted) <= set(page.evaluate("() => window.sigang.layers()"))
    in_order(page)
    examples = page.get_by_test_id("example")
    told = {one.get_attribute("data-ok") for one in examples.all()}
    assert told <= {"true", ""}, told  # without a sample's load nothing is known of its truths
    page.evaluate("() => document.querySelectorAll('#side-panel details').forEach(d => d.open = 1)")
    found = Axe().run(page, "#side-panel", {"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    colour_units(page)
    run_processes(page)
    hear_of_numbers(page)
    opened = [open_rows(page, count) for count in page.locator(COUNTS).all()]
    page.get_by_test_id("scenario-back").click()
    return len(opened)


ORDER = """() => {
  const view = window.sigang.data.scenario.page.value.view.layers;
  const shown = window.sigang.map.getLayersOrder().map(id => window.sigang.map.getLayer(id))
    .filter(l => l.type !== 'symbol').map(l => l.metadata?.['sigang:layer']);
  return [view, shown.filter(id => view.includes(id))];
}"""


def in_order(page):
    """The lines and areas of a scenario's layers lie as it names them, the first lowest."""
    wanted, drawn = page.evaluate(ORDER)
    places = [wanted.index(one) for one in drawn]
    assert places == sorted(places), drawn


NUMBERED = "() => window.sigang.data.scenario.units.value.county.values.some(v => v.value !== null)"


def colour_units(page):
    """Where an indicator colours the units, the map shows each county that has a number."""
    colour = page.evaluate("() => window.sigang.data.scenario.page.value.view.colour")
    if colour is None:
        return
    until(page, "() => window.sigang.data.scenario.units.value")
    if not page.evaluate(NUMBERED):
        return
    wanted, drawn = page.evaluate(
        "() => [window.sigang.data.scenario.units.value.county.values"
        ".filter(v => v.value !== null).map(v => v.unit.code),"
        " window.sigang.map.getPaintProperty('sg-units-county', 'fill-color').slice(2, -1)"
        ".filter((_, at) => at % 2 === 0)]"
    )
    assert sorted(drawn) == sorted(wanted)
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    printed = page.get_by_test_id("print-scenario").text_content()
    for figure in page.locator("[data-testid^=number-][data-value]").all():
        if figure.get_attribute("data-value"):
            assert figure.locator("h4").inner_text() in printed


def hear_of_numbers(page):
    """Numbers that the stream says have changed are asked for again."""
    shown = page.evaluate("() => Object.keys(window.sigang.data.scenario.tiles.value)")
    if not shown:
        return
    with page.expect_response(lambda answer: "/api/board?" in answer.url):
        page.evaluate(TELL, shown[:1])


def run_processes(page):
    """Run what needs nothing filled in and answers at once; its features are drawn."""
    for form in page.locator("[data-testid=process-risk-grade]").all():
        form.get_by_test_id("process-run").click()
        form.get_by_test_id("process-result").wait_for()
        form.get_by_test_id("process-baseline").click()
        form.get_by_test_id("process-run").click()
        expect(form.get_by_test_id("process-difference").locator("tr").nth(1)).to_be_visible()
        assert page.evaluate(
            "() => window.sigang.map.getSource('sg-result').serialize().data.features.length"
        )


def open_rows(page, count):
    """Click on a count; the table has as many rows."""
    count.click()
    text = count.get_attribute("data-count")
    expect(page.get_by_test_id("table-filter")).to_be_visible()
    expect(page.get_by_test_id("table-total")).to_have_attribute("data-count", text)
