"""What tests of the map do at the desk of waterways."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from spatial.postgres.db import connect
from tests.browser.conftest import jump, until
from tests.conftest import ANCHOR, Server

WEST, EAST = "121.060, 30.140", "121.410, 30.200"
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


def walk(page: Page, server: Server) -> None:
    """Ask for a voyage on the training canal; then for one that no bridge lets pass."""
    bring_levels_to_now(server)
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
    high = page.get_by_test_id("water-air")
    high.fill("12")
    high.dispatch_event("change")
    page.get_by_test_id("water-ask").click()
    refusal = page.get_by_test_id("water-refusal")
    expect(refusal).to_contain_text("净高")
    expect(refusal.get_by_test_id("water-edge").first).to_contain_text("训练")
    assert "sail=" in page.url
