"""The air on the map: what stands at a height is drawn where it is, day and section come back."""

from __future__ import annotations

import io
import math
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from spatial.postgres.db import connect
from tests.browser.conftest import jump, settle, until

AT = (119.9, 30.1)
"""A place inland, over the sample's hills."""
VIEW = "m=13/30.1/119.9/-20/60"
TILE = 512
FIELD_OF_VIEW = 0.6435011087932844  # MapLibre's default, radians
EARTH_M = 2 * math.pi * 6371008.8  # the sphere that MapLibre measures heights on
ACCEPTED = (0x6F, 0xB7, 0xFF)
MOST_PX = 3.0
UNDER = """() => {
  const map = window.sigang.map, size = map.getContainer();
  for (const road of map.queryRenderedFeatures({ layers: map.getLayersOrder().filter(
      id => id.startsWith('roads:') && map.getLayer(id).type === 'line') })) {
    for (const at of road.geometry.coordinates.flat(road.geometry.type === 'LineString' ? 0 : 1)) {
      const { x, y } = map.project(at);
      if (x < 400 || y < 60 || x > size.clientWidth - 80 || y > size.clientHeight - 60) continue;
      const hit = map.queryRenderedFeatures([x, y]).map(one => one.source);
      if (hit.includes('roads') && hit.includes('sg-blocks')) return hit;
    }
  }
  return null;
}"""


def on_screen(camera, size, place, metres):
    """Return where a place at a height is on the screen (px), from the camera alone."""
    world = TILE * 2 ** camera["zoom"]

    def mercator(lon, lat):
        y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
        return (lon + 180) / 360 * world, (0.5 - y / (2 * math.pi)) * world

    cx, cy = mercator(camera["lng"], camera["lat"])
    x, y = mercator(*place)
    up = metres * world / (EARTH_M * math.cos(math.radians(place[1])))
    turn, tilt = math.radians(camera["bearing"]), math.radians(camera["pitch"])
    dx, dy = x - cx, y - cy
    right = dx * math.cos(turn) + dy * math.sin(turn)
    down = -dx * math.sin(turn) + dy * math.cos(turn)
    far = size["height"] / 2 / math.tan(FIELD_OF_VIEW / 2)
    depth = far - down * math.sin(tilt) - up * math.cos(tilt)
    below = down * math.cos(tilt) - up * math.sin(tilt)
    return size["width"] / 2 + right * far / depth, size["height"] / 2 + below * far / depth


def blob(page, at, reach):
    """Return the middle of the pixels of a mark's colour around a point, and how many there are."""
    shot = page.locator("canvas.maplibregl-canvas").screenshot()
    image = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), np.int16)
    left, top = (max(0, round(v) - reach) for v in at)
    part = image[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    rows, columns = np.nonzero(np.abs(part - ACCEPTED).max(axis=2) <= 3)
    assert len(rows) >= 3, f"no mark around {at}"
    return (columns.mean() + left + 0.5, rows.mean() + top + 0.5), len(rows)


def plan(client, begin):
    """File a plan that stays in a circle, 300 m to 340 m above the ellipsoid."""
    low, high = ({"value": h, "reference": "W84", "units": "M"} for h in (300, 340))
    centre = {"lng": AT[0], "lat": AT[1]}
    times = [begin, begin + timedelta(hours=1)]
    start, end = ({"value": t.isoformat(), "format": "RFC3339"} for t in times)
    volume = {
        "volume": {
            "outline_circle": {"center": centre, "radius": {"value": 60, "units": "M"}},
            "altitude_lower": low,
            "altitude_upper": high,
        },
        "time_start": start,
        "time_end": end,
    }
    body = {"volumes": [volume], "title": "高处悬停", "visibility": "province"}
    answer = client.post("/api/airspace/operations", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def go(page, address):
    page.evaluate("hash => { location.hash = hash; }", address)
    until(page, "() => window.sigang.data.sky.value !== null")
    settle(page)


def walk(page, server, violations):
    """Look at one flight from the side, follow it, cut the air along a line, come back."""
    begin = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    with closing(server.client("dispatcher")) as client:
        number = plan(client, begin)
    try:
        moment = quote((begin + timedelta(minutes=30)).isoformat())
        common = f"{VIEW}&lang=zh&theme=dark&off=admin&t={moment}"
        go(page, f"#{common}&dim=3d&x=2")
        posts_stand_where_they_are(page, number)
        roads_lie_below(page)
        the_list_follows(page, number)
        a_line_is_cut(page, f"#{common}&dim=3d&list=1&fl={number}&cut=120.1,30.1;120.4,30.2")
        assert violations(page) == []
    finally:
        with connect(server.database_url) as conn:
            for table in ("operation", "utm_entity"):
                conn.execute(f"DELETE FROM sigang.{table} WHERE id = %s", [number])
            conn.commit()


def posts_stand_where_they_are(page, number):
    """Foot and head of a post at 60° are within 3 px of the place computed from the camera."""
    errors = []
    for datum, times in (("AGL", 2), ("AMSL", 5)):
        page.get_by_test_id(f"datum-{datum}").click()
        page.get_by_test_id("exaggeration").select_option(str(times))
        settle(page)
        state = page.evaluate("() => window.sigang.state()")
        assert (state["datum"], state["exaggeration"]) == (datum, times)
        size = page.locator("#map").bounding_box()
        flight = page.evaluate(
            "id => window.sigang.data.sky.value.flights.find(one => one.id === id).path", number
        )
        ground, sea = flight["ground_m"][0], flight["amsl_m"][0]
        assert ground > 20
        foot_m, head_m = (0.0, sea - ground) if datum == "AGL" else (ground, sea)
        for metres, reach in ((foot_m, 6), (head_m, 14)):
            wanted = on_screen(state["camera"], size, AT, metres * times)
            found, _ = blob(page, wanted, reach)
            errors.append(math.dist(wanted, found))
    assert max(errors) <= MOST_PX, errors


def roads_lie_below(page):
    """Under a block of air a road is still there to be picked."""
    jump(page, 120.35, 30.25, 10.5)
    settle(page)
    assert until(page, UNDER)


def the_list_follows(page, number):
    page.keyboard.press("f")
    row = page.locator(f"[data-testid=flight][data-id='{number}']")
    page.get_by_test_id("map-home").click()
    page.get_by_test_id("flights-filter").fill("悬停")
    expect(page.get_by_test_id("flight")).to_have_count(1)
    expect(row.get_by_test_id("flight-height")).to_contain_text("m AMSL")
    page.get_by_test_id("flights-datum").select_option("W84")
    expect(row.get_by_test_id("flight-height")).to_have_text("320 m W84")
    row.get_by_test_id("flight-follow").click()
    expect(page.get_by_test_id("followed")).to_have_attribute("data-id", number)
    centre = page.evaluate("() => window.sigang.map.getCenter().toArray()")
    assert math.dist(centre, AT) < 1e-4
    page.keyboard.press("Escape")
    page.get_by_test_id("flights-close").click()
    expect(page.get_by_test_id("flights")).to_have_count(0)


def a_line_is_cut(page, address):
    """Section, list and view are the same after a reload."""
    go(page, address)
    until(page, "() => window.sigang.data.section.value !== null")
    before = page.evaluate("() => window.sigang.state()")
    page.reload()
    settle(page)
    until(page, "() => window.sigang.data.section.value && window.sigang.flights().seen.length")
    assert page.evaluate("() => window.sigang.state()") == before
    section = page.get_by_test_id("section")
    section.locator("summary").click()
    rows = page.evaluate("() => window.sigang.data.section.value.zones.map(one => one.id)")
    shown = [row.get_attribute("data-id") for row in page.get_by_test_id("section-zone").all()]
    assert shown == rows
    assert rows
    expect(page.get_by_test_id("section-unknown")).to_be_visible()
    page.keyboard.press("v")
    until(
        page, "() => window.sigang.map.getPitch() === 0 && location.hash.includes('dim') === false"
    )
