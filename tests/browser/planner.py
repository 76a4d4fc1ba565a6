"""Steps through the planner that the tests of the map's pages share."""

import json

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settle, until

JIAXING, BEILUN = [120.75, 30.75], [121.84, 29.89]
STOPS = "w=120.75,30.75,Jiaxing;121.84,29.89,Beilun"
CIXI = [121.2, 30.2]
PATH = "() => window.sigang.data.path.value.now?.features ?? null"
MINUTES = (15, 30, 60)
DRAWN = "window.sigang.map.queryRenderedFeatures({{ layers: ['{}'] }}).length"
PINNED = (
    "window.sigang.map.queryRenderedFeatures({ layers: ['sg-waypoint'] })"
    ".map((found) => found.properties.label)"
)


def waypoints(page):
    """Return the stops as [longitude, latitude]."""
    stops = page.evaluate("() => window.sigang.state().waypoints")
    return [stop and [stop["lon"], stop["lat"]] for stop in stops]


def answered(page, stops):
    """Wait for the answer to a question for that many stops, and return its paths."""
    until(
        page,
        "n => { const path = window.sigang.data.path.value;"
        " return path.state === 'ready' && path.now.feature.properties.snap_m.length === n; }",
        stops,
    )
    return page.evaluate(PATH)


def go(page, hash_):
    """Change the address of an open page, as a permalink does."""
    page.evaluate("hash => { location.hash = hash; }", hash_)


def fly_to_a_stake(page):
    """Write a stake with direction and lanes into the search box; Enter flies there."""
    page.get_by_test_id("search").fill("Ｇ９２ K12+300 往平湖独山方向 1、2车道")
    row = page.get_by_test_id("search-result").first
    expect(row).to_have_attribute("data-label", "G92 K12+300 往平湖独山 1、2车道")
    page.keyboard.press("Enter")
    until(page, "() => window.sigang.map.getZoom() >= 12 && !window.sigang.map.isMoving()")
    until(page, f"() => {PINNED}.includes('G92 K12+300 往平湖独山 1、2车道')")
    page.get_by_test_id("search").fill("G92 K12+300 往巴黎")
    expect(page.get_by_test_id("search-none")).to_contain_text("可用：")
    page.keyboard.press("Escape")


def see_a_stretch(page):
    """Write a stretch towards a town: its line is drawn, and Escape takes line and pin away."""
    page.get_by_test_id("search").fill("沪昆高速 K120-K125 往杭州")
    row = page.get_by_test_id("search-result").first
    expect(row).to_have_attribute("data-label", "G60 K120+000–K125+000 往杭州")
    page.keyboard.press("Enter")
    until(page, f"() => {DRAWN.format('sg-selection-line')} > 0 && !window.sigang.map.isMoving()")
    expect(page.get_by_test_id("search-list")).to_be_hidden()
    page.keyboard.press("Escape")
    page.locator("body").press("Escape")
    until(page, f"() => {DRAWN.format('sg-selection-line')} + {PINNED}.length === 0")


def choose_an_alternative(page):
    """Choose the second card; card, map and address follow."""
    go(page, f"#m=8/30.3/121.2&lang=zh&theme=dark&panel=path&{STOPS}")
    best, second, *_ = answered(page, 2)
    options = page.get_by_test_id("path-option")
    expect(options.nth(1)).to_be_visible()
    assert options.count() == len(page.evaluate(PATH))
    assert second["properties"]["duration_s"] >= best["properties"]["duration_s"]
    assert 0 <= second["properties"]["shared_share"] < 1
    options.nth(1).focus()
    page.keyboard.press("Space")
    card = page.get_by_test_id("path-card")
    expect(card).to_have_attribute("data-length", str(second["properties"]["length_m"]))
    until(page, "() => location.hash.includes('alt=1')")
    settle(page)
    shown = page.evaluate(
        "() => window.sigang.map.queryRenderedFeatures()"
        ".filter(f => f.layer.id.startsWith('sg-') && f.properties.rank !== undefined)"
        ".map(f => [f.layer.id, f.properties.rank])"
    )
    assert ["sg-now", 1] in shown
    assert ["sg-other-0", 0] in shown


def keep_a_pinned_path(page):
    """Pin the second way; the address compares with the very same path when opened again."""
    page.get_by_test_id("path-pin").click()
    kept = page.evaluate("() => window.sigang.data.pinned.value.properties.length_m")
    assert kept == page.evaluate(PATH)[1]["properties"]["length_m"]
    until(page, "() => location.hash.includes('pin=')")
    link = page.evaluate("() => location.hash").replace("&alt=1", "")
    go(page, f"#m=8/30.3/121.2&lang=zh&theme=dark&panel=path&{STOPS}")
    until(page, "() => window.sigang.data.pinned.value === null")
    go(page, link)
    until(page, "kept => window.sigang.data.pinned.value?.properties.length_m === kept", kept)
    expect(page.get_by_test_id("path-compare")).to_be_visible()
    page.get_by_test_id("path-pin").click()
    until(page, "() => !location.hash.includes('pin=')")
    page.get_by_test_id("path-option").nth(1).check()


def tell_the_steps(page):
    """Read the steps of the chosen path, and save it as GPX."""
    path = page.evaluate(PATH)[1]
    page.get_by_test_id("path-steps").locator("summary").click()
    steps = page.get_by_test_id("path-step")
    assert steps.count() == len(path["properties"]["steps"])
    assert path["properties"]["steps"][0]["text"]["zh"] in steps.first.inner_text()
    with page.expect_download() as saved:
        page.get_by_test_id("path-gpx").click()
    assert "<trkpt" in saved.value.path().read_text(encoding="utf-8")


def move_a_stop_by_keys(page):
    """Push the start north by an arrow key, then put it last in the list."""
    page.get_by_test_id("pin-start").focus()
    page.keyboard.press("Shift+ArrowUp")
    until(page, "at => window.sigang.state().waypoints[0].lat > at", JIAXING[1])
    start = waypoints(page)[0]
    assert start[0] == pytest.approx(JIAXING[0], abs=1e-6)
    expect(page.get_by_test_id("pin-start")).to_be_focused()
    page.get_by_test_id("path-via").click()
    page.get_by_test_id("pick-via").click()
    answered(page, 3)
    page.get_by_test_id("stop-down").first.click()
    assert waypoints(page)[1] == start


def pull_the_line(page):
    """Drag the path's line into a via point, then that via point on."""
    go(page, f"#m=8/30.3/121.2&lang=zh&theme=dark&panel=path&off=roads,land,admin&{STOPS}")
    answered(page, 2)
    settle(page)
    drag(page, "window.sigang.data.path.value.now.feature.geometry.coordinates", (-60, 40))
    paths = answered(page, 3)
    assert len(paths) == 1
    assert [waypoints(page)[0], waypoints(page)[2]] == [JIAXING, BEILUN]
    via = waypoints(page)[1]
    settle(page)
    drag(page, "[window.sigang.state().waypoints.map(w => [w.lon, w.lat])[1]]", (30, 50))
    until(page, "at => window.sigang.state().waypoints[1].lat < at", via[1] - 0.05)
    assert len(waypoints(page)) == 3
    until(page, "() => window.sigang.data.dragged.value === null")
    page.get_by_test_id("path-clear").click()
    expect(page.get_by_test_id("path-empty")).to_be_visible()


def drag_a_stop_by_finger(page):
    """Drag the end of a path with a finger, as touch events of the browser say it."""
    go(page, f"#m=7/30.3/121.3&lang=zh&theme=dark&off=roads,land,admin&{STOPS}")
    answered(page, 2)
    settle(page)
    x, y = page.evaluate(
        "() => { const { lon, lat } = window.sigang.state().waypoints[1];"
        " const p = window.sigang.map.project([lon, lat]);"
        " const box = document.querySelector('#map').getBoundingClientRect();"
        " return [p.x + box.x, p.y + box.y]; }"
    )
    finger = page.context.new_cdp_session(page)
    steps = [("touchStart", 0), ("touchMove", 10), ("touchMove", 30), ("touchMove", 60)]
    for kind, by in steps:
        points = [{"x": x - by, "y": y - by}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.evaluate("() => window.sigang.data.dragged.value?.index") == 1
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(page, "() => window.sigang.data.dragged.value === null")
    end = waypoints(page)[1]
    assert end[0] < BEILUN[0] - 0.05
    assert end[1] > BEILUN[1] + 0.05
    assert waypoints(page)[0] == JIAXING
    answered(page, 2)


def drag(page, line, by):
    """Press on the middle of a line, move by some pixels, let go."""
    at = page.evaluate(
        f"() => {{ const line = {line}; const p = window.sigang.map.project("
        "line[Math.floor(line.length / 2)]);"
        " const box = document.querySelector('#map').getBoundingClientRect();"
        " return [p.x + box.x, p.y + box.y]; }"
    )
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + by[0] / 2, at[1] + by[1] / 2, steps=3)
    page.mouse.move(at[0] + by[0], at[1] + by[1], steps=3)
    page.mouse.up()


def reach_is_the_api(page, server):
    """Draw contours; the table's areas are the API's, and the map draws each."""
    go(
        page,
        "#m=9/30.2/121.2&lang=en&theme=light&panel=path&plan=reach"
        f"&o={CIXI[0]},{CIXI[1]},Cixi&reach=from,min,15,30,60",
    )
    rows = page.get_by_test_id("reach-row")
    expect(rows).to_have_count(len(MINUTES))
    body = {
        "profile": "car", "points": [CIXI], "direction": "from",
        "contours": [{"duration_s": 60 * minutes} for minutes in MINUTES],
    }  # fmt: skip
    answer = httpx.post(f"{server.base_url}/api/reach", json=body, timeout=60).json()
    areas = sorted(feature["properties"]["area_km2"] for feature in answer["features"])
    assert [float(row.get_attribute("data-area")) for row in rows.all()] == areas
    assert areas[0] < areas[-1]
    settle(page)
    drawn = page.evaluate(
        "() => window.sigang.map.queryRenderedFeatures({layers: ['sg-reach-line']})"
        ".map(f => f.properties.label)"
    )
    assert set(drawn) == {f"{minutes} min" for minutes in MINUTES}


def nearest_are_the_api(page, server):
    """List ports by driving time as the API does; a click draws the path."""
    page.get_by_test_id("plan-nearest").check()
    page.get_by_test_id("near-layer").select_option("ports")
    rows = page.get_by_test_id("near-row")
    rows.first.wait_for()
    body = {
        "profile": "car", "point": CIXI, "layer": "ports", "limit": 10,
        "direction": "to_point", "max_duration_s": 3600,
    }  # fmt: skip
    answer = httpx.post(f"{server.base_url}/api/nearest", json=body, timeout=60).json()
    wanted = [(port["id"], port["properties"]["duration_s"]) for port in answer["features"]]
    assert wanted
    listed = [(r.get_attribute("data-id"), r.get_attribute("data-duration")) for r in rows.all()]
    assert [(id_, float(seconds)) for id_, seconds in listed] == wanted
    rows.first.click()
    path = answered(page, 2)[0]
    assert path["properties"]["duration_s"] == pytest.approx(wanted[0][1], rel=0.02)
    assert waypoints(page)[1] == CIXI


def say_why_not(page, server):
    """Show a refusal: the edges, the law, and the path that a relaxation gives."""
    question = {"profile": "truck", "waypoints": [JIAXING, BEILUN], "include": ["edges"]}
    real = httpx.post(f"{server.base_url}/api/paths", json=question, timeout=60).json()
    path = real["features"][0]
    edges = [refusing(edge) for edge in path["properties"]["edges"][3:5]]
    way = {
        "edges": edges, "places": 1, "give": [{"limit": "max_height_m", "from": 4.2, "to": 4.5}],
        "length_m": path["properties"]["length_m"], "duration_s": path["properties"]["duration_s"],
        "geometry": path["geometry"],
    }  # fmt: skip
    problem = {
        "type": "/problems/limit-violated", "title": "Limit violated", "status": 422,
        "mend": "Use a smaller vehicle.", "edges": edges, "relaxations": [way],
    }  # fmt: skip
    page.route("**/api/paths", lambda r: r.fulfill(status=422, body=json.dumps(problem)))
    go(page, f"#m=9/30.3/121.2&lang=en&theme=light&panel=path&by=truck&v=4.5,,,,&{STOPS}")
    expect(page.get_by_test_id("why-edge")).to_have_count(len(edges))
    text = page.get_by_test_id("whynot").inner_text()
    for told in ("4.2 m", "4.5 m", "(Chinese original) 车货总高不得超限", "Highway Law, Art. 50"):
        assert told in text
    assert page.get_by_test_id("why-law").locator("[lang=zh-CN]").count() == 2
    page.get_by_test_id("why-way").click()
    settle(page)
    parts = page.evaluate(
        "() => window.sigang.map.queryRenderedFeatures().filter(f => f.source === 'sg-path')"
        ".map(f => f.properties.part)"
    )
    assert {"give", "blocking"} <= set(parts)
    zoom = page.evaluate("() => window.sigang.map.getZoom()")
    page.get_by_test_id("why-edge").first.click()
    until(page, "zoom => window.sigang.map.getZoom() > zoom + 0.5", zoom)
    page.unroute("**/api/paths")
    go(page, f"#m=9/30.3/121.2&lang=en&theme=light&panel=path&by=truck&{STOPS}")
    told = answered(page, 2)[0]["properties"]
    unsure = page.get_by_test_id("path-unsure")
    expect(unsure).to_contain_text(f"{told['limits_unknown_share'] * 100:.0f} %")
    assert told["limits_unknown_first"]["at_m"] < told["length_m"]


def refusing(edge):
    """Return a row of a refusal for an edge."""
    return {
        "edge": edge, "ref": None, "name": {"zh": None, "en": None}, "source": "sample",
        "origin": "derived", "limit": "max_height_m", "value": 4.2, "vehicle": 4.5,
        "legal_text": "车货总高不得超限。", "law": "《公路法》第五十条 / Highway Law, Art. 50",
    }  # fmt: skip
