"""The map of a dispatcher: what is shown is true, can be reached by keys, and comes back."""

import io
import re

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from api.cli.parser import parse
from spatial.geo.crs import segment_lengths_m
from tests.browser import heat, linkage, planner, scenarios, sky, water
from tests.browser.conftest import PHONE, jump, settle, until

pytestmark = [pytest.mark.browser, pytest.mark.db, pytest.mark.timeout(600)]

BRIDGE = "杭州湾跨海大桥"
JIAXING = "m=11/30.72/120.8"
QUIET_MAP = "#m=9/30.35/121.1&lang=zh&theme=dark"
# After this long without a tick the page calls itself stale.
MISSED_TICKS_MS = 16_000
# Two frames: the drawing has taken in a click, and the page has shown it.
# Twelve closures that the province's desk has still to acknowledge.
RING = """() => { window.sigang.data.events.value = Array.from({length: 12}, (_, at) => ({
  type: 'Feature', id: `${at}`, geometry: null, properties: {
    kind: 'closure', state: 'open', created_by: 'ningbo', edges: [], version: 1,
    valid_from: '2026-03-02T00:00:00+08:00', valid_to: '2026-03-03T00:00:00+08:00',
    receipts: [{ party: '330000', name: { zh: '浙江省', en: 'Zhejiang' } }] } })) }"""
NEXT_FRAMES = "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"


def state(page):
    """Return what the address holds, as the page reads it."""
    return page.evaluate("() => window.sigang.state()")


def bounds(page):
    return page.evaluate("() => window.sigang.map.getBounds().toArray().flat()")


def drawn(page, layer):
    """Return the features that are drawn of a layer."""
    return page.evaluate(
        "layer => window.sigang.map.queryRenderedFeatures().filter(f => f.source === layer)"
        ".map(f => ({id: f.properties.id, at: f.geometry.coordinates}))",
        layer,
    )


def canvas(page):
    """Return the map's picture as an array of RGB."""
    settle(page)
    shot = page.locator("canvas.maplibregl-canvas").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), np.int16)


def pixel(page, lon, lat):
    """Return where a position is in the window."""
    at = page.evaluate("p => window.sigang.map.project(p)", [lon, lat])
    box = page.locator("#map").bounding_box()
    return box["x"] + at["x"], box["y"] + at["y"]


def violations(page, within="body"):
    """Return what axe finds in a part of the page, without the map's canvas."""
    context = {"include": [[within]], "exclude": [["canvas"]]}
    found = Axe().run(page, context, {"resultTypes": ["violations"]})
    return [
        (found_["id"], [node["target"] for node in found_["nodes"]])
        for found_ in found.response["violations"]
    ]


LOOK = """() => ({
  lang: document.documentElement.lang,
  theme: document.documentElement.dataset.theme,
  background: getComputedStyle(document.body).backgroundColor,
  legend: document.querySelector('[data-testid=legend-roads]').innerText,
  names: window.sigang.map.queryRenderedFeatures()
    .filter(f => f.source === 'places' && f.layer.type === 'symbol')
    .map(f => String(f.layer.layout['text-field'])).join(' '),
  land: JSON.stringify(window.sigang.map.getStyle().layers
    .filter(l => l.source === 'land').map(l => l.paint)),
})"""


def look(page):
    """Return what language and theme make of the page."""
    settle(page)
    return page.evaluate(LOOK)


def ids_of_all_pages(page):
    """Turn the table's pages to the last and return the ids of all rows."""
    rows, seen = page.get_by_test_id("table-row"), set()
    while True:
        seen |= {row.get_attribute("data-id") for row in rows.all()}
        if page.get_by_test_id("table-next").is_disabled():
            return seen
        first = rows.first.get_attribute("data-id")
        page.get_by_test_id("table-next").click()
        expect(rows.first).not_to_have_attribute("data-id", first)


def test_an_address_survives_reloading(open_page, server):
    first = httpx.get(f"{server.base_url}/api/collections/ports/items?limit=1").json()
    port = first["features"][0]["id"]
    page = open_page(
        hash_=f"#m=9.5/30.4/121.3/20/30&lang=en&theme=light&view=table&table=ports&sort=-name_zh"
        f"&within=0&on=stakes&off=roads&sel=ports,{port}&panel=path&by=truck&v=4.2,,,49,"
        "&plan=reach&haz=E&when=arrive@2026-03-02T12%3A00%3A00%2B08%3A00&alt=1"
        "&o=121.5,29.9,Ningbo&reach=to,km,10,20&near=ports,from_point,30"
        "&w=120.75,30.75,Jiaxing;121.84,29.89,Beilun&t=2026-03-02T12%3A00%3A00%2B08%3A00"
        "&sc=safety_index"
    )
    until(page, "() => window.sigang.layers().includes('incidents')")
    page.get_by_test_id("toggle-admin").uncheck()
    jump(page, 121.234567, 30.345678, 9.25)
    settle(page)
    until(page, "() => location.hash.includes('m=9.25/30.34568/121.23457/20/30')")
    before, address = state(page), page.evaluate("() => location.hash")
    assert before["off"] == ["admin", "roads"]
    assert before["selection"] == {"layer": "ports", "id": port}
    assert before["former"]["on"] == ["stakes"]
    assert (before["lang"], before["theme"], before["table"]) == ("en", "light", "ports")
    assert before["contours"] == {"way": "to", "unit": "km", "values": [10, 20]}
    assert before["when"] == {"mode": "arrive", "at": "2026-03-02T12:00:00+08:00"}

    page.reload()
    settle(page)
    after = state(page)
    for name, value in before["camera"].items():
        assert after["camera"][name] == pytest.approx(value, abs=1e-5)
    del before["camera"], after["camera"]
    assert after == before
    assert page.evaluate("() => location.hash") == address
    layers = page.evaluate("() => window.sigang.layers()")
    assert {"stakes", "incidents"} <= set(layers)
    assert not {"roads", "admin"} & set(layers)
    expect(page.get_by_test_id("table-panel")).to_be_visible()


def test_the_table_is_the_api(open_page, server):
    page = open_page(
        "dispatcher", "#m=8/30.2/121&lang=zh&theme=dark&view=table&table=ports&within=1"
    )
    total, rows = page.get_by_test_id("table-total"), page.get_by_test_id("table-row")
    box = ",".join(f"{edge:.5f}" for edge in bounds(page))
    api = f"{server.base_url}/api/collections/ports"
    in_view = httpx.get(f"{api}/count", params={"bbox": box}).json()["count"]
    every = httpx.get(f"{api}/count").json()["count"]
    assert 0 < in_view < every
    expect(total).to_have_attribute("data-count", str(in_view))
    assert rows.count() == in_view

    page.get_by_test_id("table-within").uncheck()
    expect(total).to_have_attribute("data-count", str(every))
    page.get_by_test_id("sort-un_locode").click()
    page.get_by_test_id("sort-un_locode").click()
    until(page, "() => location.hash.includes('sort=-un_locode')")
    wanted = httpx.get(f"{api}/items", params={"sortby": "-un_locode", "limit": 100}).json()
    ids = [feature["id"] for feature in wanted["features"]]
    expect(rows.first).to_have_attribute("data-id", ids[0])
    assert [row.get_attribute("data-id") for row in rows.all()] == ids
    csv = page.request.get(page.get_by_test_id("table-csv").get_attribute("href"))
    assert csv.headers["content-type"].startswith("text/csv")
    assert len(csv.text().splitlines()) == every + 1

    page.get_by_test_id("table-layer").select_option("structures")
    expect(total).not_to_have_attribute("data-count", str(every))
    seen = ids_of_all_pages(page)
    count = httpx.get(f"{server.base_url}/api/collections/structures/count").json()["count"]
    assert count > 100
    assert len(seen) == count

    chosen = rows.nth(2)
    wanted_id = chosen.get_attribute("data-id")
    chosen.locator("td").nth(1).click()
    expect(page.get_by_test_id("inspector")).to_have_attribute("data-id", wanted_id)
    settle(page)
    assert drawn(page, "sg-selection")
    scenarios.walk(page, server)


def test_keys_alone_reach_a_feature(open_page):
    page = open_page(hash_=QUIET_MAP)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement?.id") == "search":
            break
    search = page.get_by_test_id("search")
    expect(search).to_be_focused()
    page.keyboard.type("北仑")
    rows = page.get_by_test_id("search-result")
    rows.nth(1).wait_for()
    expect(search).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(rows.count())
    expect(page.get_by_test_id("search-where").first).to_have_text(re.compile("北仑区 · .* k?m"))
    assert violations(page, "sg-search") == []
    page.keyboard.press("ArrowDown")
    expect(search).to_have_attribute("aria-activedescendant", "search-1")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    key = rows.nth(1).get_attribute("data-key").split(" ", 1)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("inspector")).to_have_attribute("data-id", key[1])
    expect(page.get_by_test_id("search-list")).to_be_hidden()
    assert state(page)["selection"] == {"layer": key[0], "id": key[1]}
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("inspector")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_test_id("dialog-keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("dialog-keys")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.get_by_test_id("table-panel")).to_be_visible()
    page.keyboard.press("t")
    planner.fly_to_a_stake(page)
    planner.see_a_stretch(page)
    planner.choose_an_alternative(page)
    assert violations(page) == []
    planner.keep_a_pinned_path(page)
    planner.tell_the_steps(page)
    planner.move_a_stop_by_keys(page)


def test_two_languages_two_themes_no_barrier(open_page, server):
    page = open_page(hash_=QUIET_MAP, expected=("/api/paths", "status of 422"))
    dark = look(page)
    assert (dark["lang"], dark["theme"]) == ("zh-CN", "dark")
    assert re.search("[一-鿿]", dark["legend"])
    assert re.search("[一-鿿]", dark["names"])
    assert violations(page) == []

    page.get_by_test_id("lang").click()
    page.get_by_test_id("theme").click()
    until(page, "() => window.sigang.map.getStyle().metadata?.['sigang:theme'] === 'light'")
    light = look(page)
    assert (light["lang"], light["theme"]) == ("en", "light")
    assert not re.search("[一-鿿]", light["legend"])
    assert "Shaoxing" in light["names"]
    assert not re.search("[一-鿿]", light["names"])
    assert light["background"] != dark["background"]
    assert light["land"] != dark["land"]
    page.get_by_test_id("table").click()
    page.get_by_test_id("table-row").first.wait_for()
    assert violations(page) == []
    planner.reach_is_the_api(page, server)
    planner.nearest_are_the_api(page, server)
    assert violations(page) == []
    planner.say_why_not(page, server)
    assert violations(page) == []


def test_a_switched_layer_comes_and_goes(open_page, server):
    page = open_page(hash_=f"#{JIAXING}&lang=zh&theme=dark&on=stakes")
    west, south, east, north = bounds(page)
    answer = httpx.get(
        f"{server.base_url}/api/collections/stakes/items",
        params={"bbox": f"{west},{south},{east},{north}", "side": "up", "limit": 1000},
    ).json()
    shown = {
        stake["id"] for stake in drawn(page, "stakes")
        if west <= stake["at"][0] <= east and south <= stake["at"][1] <= north
    }  # fmt: skip
    assert len(shown) > 5
    assert shown == {feature["id"] for feature in answer["features"]}
    assert drawn(page, "roads")
    on = canvas(page)
    page.get_by_test_id("toggle-stakes").uncheck()
    page.get_by_test_id("toggle-roads").uncheck()
    off = canvas(page)
    assert drawn(page, "roads") == []
    assert drawn(page, "stakes") == []
    changed = (np.abs(on - off).max(axis=2) > 16).mean()
    assert changed > 0.01
    page.get_by_test_id("toggle-roads").check()
    settle(page)
    assert drawn(page, "roads")


def test_the_phone(open_page, server):
    page = open_page("dispatcher", "#m=8/30.3/121.1&lang=zh&theme=dark", viewport=PHONE)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    page.evaluate(RING)
    expect(page.get_by_test_id("alarm-count")).to_have_attribute("data-count", "12")
    box = page.locator("#map").bounding_box()
    page.evaluate("() => window.sigang.data.events.value = []")
    expect(page.get_by_test_id("alarm-count")).to_have_count(0)
    assert page.locator("#map").bounding_box() == box
    assert box["width"] >= 380
    assert box["height"] > 350
    assert violations(page) == []
    expect(page.locator(".left")).to_be_hidden()
    expect(page.locator(".right")).to_be_hidden()
    page.get_by_test_id("open-layers").click()
    expect(page.get_by_test_id("toggle-roads")).to_be_visible()
    page.get_by_test_id("layers-close").click()
    expect(page.locator(".left")).to_be_hidden()

    page.get_by_test_id("search").fill(BRIDGE)
    page.locator("[data-testid=search-result][data-layer=structures]").first.click()
    inspector = page.get_by_test_id("inspector")
    expect(inspector).to_be_in_viewport()
    page.get_by_test_id("inspect-close").click()
    form = page.get_by_test_id("closure-form")
    for name in ("closure-direction", "closure-cause", "closure-until", "closure-submit"):
        form.get_by_test_id(name).scroll_into_view_if_needed()
        expect(form.get_by_test_id(name)).to_be_in_viewport()
    form.get_by_test_id("closure-cancel").click()
    page.get_by_test_id("tab-path").click()
    page.get_by_test_id("path-via").click()
    page.get_by_test_id("profile").select_option("truck")
    for part in ("stop-down", "vehicle-axle_t", "when"):
        page.get_by_test_id(part).first.scroll_into_view_if_needed()
        expect(page.get_by_test_id(part).first).to_be_in_viewport(ratio=1)
    panel = page.locator("#side-panel")
    assert panel.evaluate("e => e.scrollWidth <= e.clientWidth")
    page.get_by_test_id("side-close").click()
    expect(page.locator(".right")).to_be_hidden()
    planner.drag_a_stop_by_finger(page)
    page.get_by_test_id("open-side").click()
    page.get_by_test_id("tab-air").click()
    assert violations(page) == []
    linkage.on_the_phone(page)
    assert violations(page) == []
    page.get_by_test_id("side-close").click()
    page.get_by_test_id("account").click()
    dialog = page.get_by_test_id("dialog-account")
    expect(dialog).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("account-scope")).to_have_text("330000")
    with page.expect_navigation():
        page.get_by_test_id("sign-out").click()
    settle(page)
    expect(page.get_by_test_id("account")).to_have_attribute("data-role", "anonymous")
    page.get_by_test_id("account").click()
    expect(page.get_by_test_id("signin-how")).to_be_in_viewport(ratio=1)
    page.get_by_test_id("dialog-close").click()
    expect(dialog).to_be_hidden()
    administer_by_phone(page, server)


def administer_by_phone(page, server):
    page.request.post(f"{server.base_url}/signin", form={"link": server.link("admin")})
    page.evaluate("() => localStorage.setItem('theme', 'light')")
    page.goto(f"{server.base_url}/admin")
    row = page.locator("#accounts tr", has_text="Jiaxing")
    expect(row.get_by_role("button", name="Disable")).to_be_in_viewport(ratio=1)
    own = page.locator("#accounts tr", has_text="Administrator")
    expect(own.get_by_role("button")).to_have_count(2)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("#accounts tr").last.get_by_role("button", name="Key").click()
    expect(page.locator("#told")).to_contain_text("sg_")
    expect(page.locator("#told")).to_be_in_viewport(ratio=1)
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"
    assert violations(page) == []


def test_the_picture_says_what_it_is(open_page):
    page = open_page(hash_="#m=8/30.3/121.1&lang=zh&theme=dark&t=2020-01-01T05%3A00%3A00%2B08%3A00")
    expect(page.get_by_test_id("map-time")).to_contain_text("实时地图")
    page.evaluate(
        "() => { window.written = []; const own = CanvasRenderingContext2D.prototype.fillText;"
        " CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {"
        " window.written.push(text); return own.call(this, text, ...rest); }; }"
    )
    with page.expect_download() as saved:
        page.get_by_test_id("export-png").click()
    picture = Image.open(saved.value.path()).convert("RGB")
    box = page.locator("#map").bounding_box()
    assert saved.value.suggested_filename.endswith(".png")
    assert picture.width > box["width"]
    assert picture.height > box["height"]
    inside = np.asarray(picture)[60 : int(box["height"]), : int(box["width"])]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) > 200
    written = page.evaluate("() => window.written.join('\\n')")
    assert page.title() in written
    assert re.search(r"实时地图，截至 20(?!20)\d\d-.* \+08:00；查询按 2020-01-01 05:00", written)
    assert "2020" not in saved.value.suggested_filename
    assert "含合成数据" in written
    assert re.search(r"\d+ k?m\n", written)
    for source in ("OpenStreetMap", "GSHHG"):
        assert source in written
    for layer in page.evaluate("() => window.sigang.layers()"):
        title = page.get_by_test_id(f"layer-{layer}").locator(".layer-title").inner_text()
        assert title in written


def test_measuring_and_drawing(open_page, server):
    page = open_page(
        "dispatcher", "#m=9/30.35/121.1&lang=zh&theme=dark&off=roads,land,admin",
        expected=(
            "/api/waterway/path", "/api/waterway/loading", "status of 422",
            "/api/processes/heat-scan/execution", "status of 400",
            "/api/linkage/itineraries", "/api/linkage/profile",
        ),
    )  # fmt: skip
    line = [(120.9, 30.5), (121.2, 30.45), (121.3, 30.2)]
    page.get_by_test_id("draw-distance").click()
    expect(page.get_by_test_id("draw-card")).to_be_visible()
    draw(page, line)
    shown = page.get_by_test_id("draw-length").inner_text()
    number, unit = re.fullmatch(r"([\d.,]+) (k?m)", shown).groups()
    metres = float(number.replace(",", "")) * (1000 if unit == "km" else 1)
    lon, lat = np.array(line).T
    assert metres == pytest.approx(float(segment_lengths_m(lon, lat).sum()), rel=0.01)
    page.get_by_test_id("draw-clear").click()
    expect(page.get_by_test_id("draw-card")).to_be_hidden()

    page.get_by_test_id("draw-closure").click()
    draw(page, [(121.0, 30.4), (121.2, 30.4), (121.2, 30.3)], ring=True)
    page.get_by_test_id("draw-close-area").click()
    expect(page.get_by_test_id("closure-form")).to_be_visible()
    expect(page.get_by_test_id("closure-until")).to_have_value(re.compile(r"\d{4}-.* \d\d:\d\d"))
    page.get_by_test_id("closure-cancel").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("draw-card")).to_be_hidden()
    the_tool_follows_the_store(page)
    enter_where_it_is(page)
    planner.pull_the_line(page)
    eight_figures_leave_the_name_whole(page)
    heat.walk(page)
    water.walk(page, server, violations)
    linkage.walk(page, violations)
    sky.walk(page, server, violations)


def enter_where_it_is(page):
    """A stretch between stakes is closed from the search; it is said that it is, and undone."""
    form, preview = page.get_by_test_id("closure-form"), page.get_by_test_id("preview")
    page.get_by_test_id("search").fill("G92 K100-K104")
    page.get_by_test_id("search-enter").first.click()
    expect(preview).to_have_attribute("data-state", "ready")
    expect(page.get_by_test_id("preview-size")).to_contain_text("km")
    expect(form.get_by_test_id("closure-side").locator("option").last).to_contain_text("往")
    settle(page)
    assert page.evaluate(
        "() => window.sigang.map.queryRenderedFeatures().some(f => f.layer.id === 'sg-desk-line')"
    )
    assert violations(page) == []
    form.get_by_test_id("closure-submit").click()
    card = page.get_by_test_id("event").filter(has_text="G92 K100+000–K104+000").first
    expect(card.get_by_test_id("event-place")).to_contain_text("往")
    page.get_by_test_id("search").fill("G92 K100-K104")
    page.get_by_test_id("search-enter").first.click()
    expect(page.get_by_test_id("preview-closed")).to_be_visible()
    form.get_by_test_id("closure-cancel").click()
    page.get_by_test_id("events-search").fill("k100+000")
    expect(page.get_by_test_id("event")).to_have_count(1)
    card.get_by_test_id("event-undo").click()
    assert violations(page) == []
    card.get_by_test_id("event-undo-confirm").click()
    expect(card).to_have_count(0)


def the_tool_follows_the_store(page):
    """What ends a drawing elsewhere, as a closure that was sent does, takes it off the map."""
    drawing = "window.sigang.map.getStyle().layers.some(layer => layer.id.startsWith('td-'))"
    page.get_by_test_id("draw-area").click()
    until(page, f"() => {drawing}")
    page.evaluate("() => { window.sigang.data.draw.value = { mode: null }; }")
    until(page, f"() => !{drawing}")


def eight_figures_leave_the_name_whole(page):
    page.set_viewport_size({"width": 1440, "height": 760})
    page.evaluate(
        "() => { const held = window.sigang.data.catalogue, kpis = held.value.kpis;"
        " const eight = Array.from({length: 8}, (_, i) => ({...kpis[0], id: `figure-${i}`}));"
        " held.value = {...held.value, kpis: eight}; }"
    )
    expect(page.get_by_test_id("kpi-figure-7")).to_be_attached()
    name = page.get_by_test_id("account").locator("span")
    assert name.inner_text() == "省调度中心"
    assert name.evaluate("e => e.scrollWidth <= e.clientWidth")
    bar = page.locator("sg-topbar")
    assert bar.evaluate("e => e.scrollWidth <= e.clientWidth")


def draw(page, line, ring=False):
    """Click along a line, and once more where it ends."""
    until(page, "() => window.sigang.map.getCanvas().style.cursor === 'crosshair'")
    points = [pixel(page, *position) for position in line]
    last = points[0] if ring else points[-1]
    for x, y in [*points, last]:
        page.mouse.move(x, y, steps=4)
        page.mouse.click(x, y)
        page.evaluate(NEXT_FRAMES)
    until(page, "() => window.sigang.data.draw.value.done")


def test_a_visitor_learns_what_signing_in_would_give(open_page, server):
    answer = httpx.post(f"{server.base_url}/signin", data={"link": "worn-out"})
    assert answer.headers["location"] == "/?signin=expired"
    page = open_page(
        path=answer.headers["location"], hash_=QUIET_MAP, expected=("Content Security Policy",)
    )
    expect(page.get_by_test_id("dialog-expired")).to_be_visible()
    expect(page.get_by_test_id("signin-expired")).not_to_be_empty()
    command = page.get_by_test_id("signin-command").inner_text().split()
    assert command[0] == "./sigang"
    assert parse(command[1:]).link
    page.get_by_test_id("dialog-close").click()
    expect(page.get_by_test_id("account")).to_have_attribute("data-role", "anonymous")
    expect(page.get_by_test_id("draw-distance")).to_be_visible()
    expect(page.get_by_test_id("draw-closure")).to_have_count(0)
    page.get_by_test_id("search").fill(BRIDGE)
    page.locator("[data-testid=search-result][data-layer=structures]").first.click()
    expect(page.get_by_test_id("inspect-close")).to_be_disabled()
    expect(page.locator(".hint", has_text="登录后可以封闭")).to_be_visible()
    heat.published_alone(page)

    policy = httpx.get(f"{server.base_url}/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    ran = page.evaluate(
        "() => new Promise(resolve => setTimeout(() => {"
        " try { new Function('')(); resolve('ran'); } catch (e) { resolve(e.name); } }))"
    )
    assert ran == "EvalError"


def test_an_ended_stream_is_told(open_page):
    opened = []

    def end(route):
        opened.append(route.request.url)
        if len(opened) == 1:
            tick = 'event: tick\ndata: {"tiles_lag_s": 75}\n\n'
            route.fulfill(content_type="text/event-stream", body=f"retry: 500\n\n{tick}")
        else:
            route.abort()

    def prepare(page):
        page.route("**/api/stream", end)
        page.clock.install()

    page = open_page(hash_=QUIET_MAP, expected=("ERR_FAILED",), prepare=prepare)
    live = page.get_by_test_id("live")
    until(page, "() => window.sigang.data.live.value.at")
    expect(live).to_have_attribute("data-state", "lagging")
    assert "00:01" in live.inner_text()
    page.clock.fast_forward(MISSED_TICKS_MS)
    expect(live).to_have_attribute("data-state", "stale")
    assert re.search(r"\d\d:\d\d:\d\d", live.inner_text())
    assert len(opened) > 1
    page.unroute("**/api/stream")
    expect(live).to_have_attribute("data-state", "live")
