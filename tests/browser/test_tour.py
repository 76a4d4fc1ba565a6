"""The tour of a newcomer: a gale closes the Hangzhou Bay Bridge (README)."""

import asyncio
import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace

import asyncpg
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from api.network.edge_rows import make_graph, read_rows
from routing.cch.reference import Reference
from routing.cost.profile import compile_costs, load_profiles
from routing.graph.weights import INFINITE
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import MOTOR
from spatial.postgres.db import connect
from tests.browser import air, heat, linkage
from tests.browser.conftest import pick, settle, until
from tests.conftest import ROOT
from tests.routing.maps import shipped_rules

pytestmark = [pytest.mark.browser, pytest.mark.db, pytest.mark.timeout(600)]

BRIDGE = "杭州湾跨海大桥"
# The parts of the first and last edge that lead to where the waypoints are snapped.
SNAP_EDGES_M = 10_000
# Until an open map shows another desk's closure, on a busy machine.
STREAM_S = 5
# Messages that need no answer have left the page by then.
PAST_A_TOAST_MS = 8_000
README = (ROOT / "README.md").read_text("utf-8")
COUNT_TONES = (
    "window.tones = 0; const start = OscillatorNode.prototype.start;"
    " OscillatorNode.prototype.start = function (...at) {"
    " window.tones++; window.heard ??= performance.now(); start.apply(this, at); }"
)
FROM_ANOTHER_TAB = (
    "newValue => window.dispatchEvent(new StorageEvent('storage', {key: 'alarm-muted', newValue}))"
)


@pytest.fixture(scope="module")
def network(server):
    """Return the loaded car network with plain Dijkstra over it."""

    async def read():
        conn = await asyncpg.connect(
            server.database_url, server_settings={"search_path": "sigang, public"}
        )
        try:
            await conn.set_type_codec(
                "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
            )
            return await read_rows(conn, ROAD, MOTOR)
        finally:
            await conn.close()

    with ThreadPoolExecutor(1) as pool:  # the browser's loop runs in this thread
        rows = pool.submit(asyncio.run, read()).result()
    graph = make_graph(rows, ROAD, MOTOR)
    costs = compile_costs(load_profiles(ROAD)["car"], graph, shipped_rules())
    return SimpleNamespace(graph=graph, costs=costs)


def lengths_m(network, feature, closed=()):
    """Return the length of a path between its first and last place, and that of Dijkstra's.

    A line is drawn through the junctions of the network; an edge's length is a column of its
    own. A junction with turns that cost has several nodes in one place.
    """
    graph = network.graph
    shut = np.zeros(2 * len(graph.edges), np.bool_)
    for row_id in closed:
        edge = graph.ids.find(row_id)
        shut[2 * edge : 2 * edge + 2] = True
    caps = np.full(2 * len(graph.edges), np.nan, np.float32)
    weights = network.costs.weights(graph.arcs, np.arange(len(graph.arcs)), shut, caps)
    places = places_of(graph)
    between = {}
    ends = zip(graph.arcs.tail.tolist(), graph.arcs.head.tolist(), strict=True)
    for arc, (tail, head) in enumerate(ends):
        pair = places[tail], places[head]
        if pair not in between or weights[arc] < weights[between[pair]]:
            between[pair] = arc
    junctions = set(places)
    line = [tuple(np.round(point, 6).tolist()) for point in feature["geometry"]["coordinates"]]
    passed = [place for place in line if place in junctions]
    served = [between[pair] for pair in pairwise(passed)]
    assert weights[served].max() < INFINITE
    tails, heads = nodes_at(places, passed[0]), nodes_at(places, passed[-1])
    reference = Reference(graph, weights)
    shortest = reference.join(tails, [0] * len(tails), heads, [0] * len(heads)).arcs
    of_arcs = graph.edges.length_m[graph.arcs.edge]
    return float(of_arcs[served].sum()), float(of_arcs[shortest].sum())


def places_of(graph):
    """Return the place of each node."""
    return list(zip(graph.lon.round(6).tolist(), graph.lat.round(6).tolist(), strict=True))


def nodes_at(places, place):
    return [node for node, at in enumerate(places) if at == place]


def path_of(page):
    return page.evaluate("() => window.sigang.data.path.value.now?.feature ?? null")


def km(page):
    return float(page.get_by_test_id("path-card").get_attribute("data-length")) / 1000


def readme_km(what):
    """Return the kilometres that the README promises."""
    return int(re.search(rf"about\s+(\d+) km {what}", README)[1])


def kpis_equal_sql(page, server):
    page.get_by_test_id("kpis").locator("button").first.wait_for()
    kinds = {"kpi-structures": ["bridge", "tunnel"], "kpi-ports": ["port"]}
    with connect(server.database_url) as conn:
        for kpi, of in kinds.items():
            count = conn.execute("SELECT count(*) FROM facility WHERE kind = ANY (%s)", [of])
            value = page.get_by_test_id(kpi).get_attribute("data-value")
            assert float(value) == count.fetchone()[0]


def the_province_opens(page, server):
    expect(page.get_by_test_id("account")).to_have_attribute("data-role", "dispatcher")
    strip = page.get_by_test_id("origin-strip").inner_text()
    for word in ("样例", "实测", "示意", "推算", "合成"):
        assert word in strip
    for legend in page.locator("[data-testid^=legend-]").all():
        assert re.search("实测|示意|推算|合成|—", legend.inner_text())
    kpis_equal_sql(page, server)
    counties = page.evaluate(
        "() => window.sigang.map.queryRenderedFeatures().filter(f => f.source === 'places').length"
    )
    assert counties > 5


def the_path_crosses_the_bay(page, network):
    pick(page, "嘉兴").get_by_test_id("search-start").click()
    pick(page, "beilun", "ports").get_by_test_id("search-end").click()
    expect(page.get_by_test_id("path-card")).to_be_visible()
    settle(page)
    path = path_of(page)
    assert km(page) == pytest.approx(readme_km("over the bay"), abs=1)
    between_nodes, dijkstra = lengths_m(network, path)
    assert between_nodes == pytest.approx(dijkstra, rel=0.002)
    assert 0 <= 1000 * km(page) - between_nodes < SNAP_EDGES_M
    assert path["properties"]["duration_basis"] == "assumed"
    assert len(path["properties"]["snap_m"]) == 2
    assert "假定" in page.get_by_test_id("path-basis").inner_text()
    assert BRIDGE in page.get_by_test_id("planner").inner_text()
    return path


def close_the_bridge(page, other):
    pick(page, BRIDGE, "structures").get_by_test_id("search-result").click()
    page.get_by_test_id("inspect-close").click()
    page.get_by_test_id("closure-cause").select_option("wind")
    page.get_by_test_id("closure-direction").select_option("both")
    expect(page.get_by_test_id("preview")).to_have_attribute("data-state", "ready")
    assert int(page.get_by_test_id("preview").get_attribute("data-edges")) >= 2
    page.get_by_test_id("closure-submit").click()
    closed_at = time.monotonic()
    other.get_by_test_id("event").filter(has_text=BRIDGE).first.wait_for()
    assert time.monotonic() - closed_at < STREAM_S
    page.get_by_test_id("toast-action").first.wait_for()


def the_path_goes_round(page, server, network, first):
    before = first["properties"]["length_m"] / 1000
    page.get_by_test_id("tab-path").click()
    expect(page.get_by_test_id("path-change")).to_be_visible()
    settle(page)
    after = path_of(page)
    assert after["properties"]["network_version"] > first["properties"]["network_version"]
    assert km(page) - before == pytest.approx(readme_km("longer"), abs=1)
    change = page.get_by_test_id("path-change").inner_text()
    assert f"{round(before)}" in change
    assert f"{round(km(page))}" in change
    with connect(server.database_url) as conn:
        closed = conn.execute(
            "SELECT DISTINCT edge_id FROM edge_state"
            " WHERE version_to IS NULL AND kind = 'closure' AND valid @> now()"
        ).fetchall()
    assert closed
    between_nodes, dijkstra = lengths_m(network, after, [row[0] for row in closed])
    assert between_nodes == pytest.approx(dijkstra, rel=0.002)
    assert page.evaluate(
        "() => window.sigang.map.queryRenderedFeatures().some(f => f.source === 'closures')"
    )


def count_tones(page):
    page.add_init_script(COUNT_TONES)


def the_alarm_stays(other):
    alarm = other.get_by_test_id("alarm").filter(has_text=BRIDGE)
    expect(alarm).to_be_visible()
    expect(alarm.get_by_test_id("alarm-place")).to_contain_text(BRIDGE)
    assert other.evaluate("() => document.documentElement.dataset.alarm") == "true"
    waiting = int(other.get_by_test_id("alarm-count").get_attribute("data-count"))
    expect(other.get_by_test_id("events-count")).to_have_text(str(waiting))
    assert other.title().startswith(f"({waiting}) ")
    until(other, "() => window.tones > 0")
    other.get_by_test_id("alarm-mute").click()
    assert other.evaluate("() => localStorage.getItem('alarm-muted')") == "1"
    expect(alarm.get_by_test_id("alarm-silent")).to_be_visible()
    other.evaluate(FROM_ANOTHER_TAB, "0")
    expect(alarm.get_by_test_id("alarm-silent")).to_have_count(0)
    other.evaluate(FROM_ANOTHER_TAB, "1")
    expect(other.get_by_test_id("alarm-mute")).to_have_attribute("data-sound", "off")
    until(other, "ms => performance.now() - window.heard > ms", PAST_A_TOAST_MS)
    expect(alarm).to_be_visible()
    return waiting


def ningbo_acknowledges(other, server):
    waiting = the_alarm_stays(other)
    alarms = other.get_by_test_id("alarm-count")
    card = other.get_by_test_id("event").filter(has_text=BRIDGE).first
    expect(card.get_by_test_id("event-undo")).to_have_count(0)  # the province decided it
    expect(card.get_by_test_id("receipt-called").first).to_have_attribute("data-called", "330000")
    card.get_by_test_id("event-acknowledge").click()
    expect(card.get_by_test_id("event-acknowledge")).to_be_hidden()
    expect(other.get_by_test_id("alarm").filter(has_text=BRIDGE)).to_have_count(0)
    if waiting > 1:
        expect(alarms).to_have_attribute("data-count", str(waiting - 1))
    else:
        expect(alarms).to_have_count(0)
        assert not other.title().startswith("(")
    with connect(server.database_url) as conn:
        stored = conn.execute(
            "SELECT count(*) FROM event_receipt WHERE account_id = 'ningbo'"
            " AND acknowledged_at IS NOT NULL"
        ).fetchone()[0]
    assert stored >= 1


def an_end_is_typed_while_another_saves(page, server):
    page.get_by_test_id("tab-events").click()
    card = page.get_by_test_id("event").filter(has_text=BRIDGE).first
    card.get_by_test_id("event-extend").click()
    typed = card.get_by_test_id("extend-until")
    before = typed.input_value()
    typed.fill(f"{before[:10]} 23:51")
    url = f"{server.base_url}/api/events/{card.get_attribute('data-id')}"
    tag = page.request.get(url).headers["etag"]
    csrf = page.request.get(f"{server.base_url}/api/session").json()["csrf"]
    page.request.patch(
        url, data={"valid_to": f"{before[:10]}T23:52:00+08:00"},
        headers={"If-Match": tag, "X-CSRF-Token": csrf},
    )  # fmt: skip
    expect(card.locator(".span")).to_contain_text("23:52")
    expect(typed).to_have_value(f"{before[:10]} 23:51")
    card.get_by_test_id("extend-save").click()
    conflict = card.get_by_test_id("extend-conflict")
    expect(conflict).to_contain_text("23:52")
    expect(conflict).to_contain_text("23:51")
    assert page.request.get(url).json()["properties"]["valid_to"].startswith(before[:8])
    card.get_by_test_id("extend-save").click()
    expect(card.locator(".span")).to_contain_text("23:51")


def the_closure_is_undone(page, first):
    page.get_by_test_id("tab-events").click()
    card = page.get_by_test_id("event").filter(has_text=BRIDGE).first
    card.get_by_test_id("event-undo").click()
    question = card.get_by_test_id("undo-question")
    expect(question).to_have_attribute("data-still", "0")
    question.get_by_test_id("event-undo-confirm").click()
    page.get_by_test_id("tab-path").click()
    until(
        page,
        "m => window.sigang.data.path.value.now?.feature.properties.length_m === m",
        first["properties"]["length_m"],
    )
    assert path_of(page)["geometry"] == first["geometry"]


def the_sheet_is_printed(page):
    page.emulate_media(media="print")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    sheet = page.get_by_test_id("print-sheet")
    expect(sheet).to_be_visible()
    text = sheet.inner_text()
    assert re.search(r"实时地图，截至 .* \+08:00", text)
    assert "OpenStreetMap" in text
    assert "含合成数据" in text
    expect(page.get_by_test_id("print-legend")).to_be_visible()
    expect(page.get_by_test_id("print-scale")).to_be_visible()
    expect(page.get_by_test_id("print-air")).to_contain_text("不代表可飞")
    Image.open(io.BytesIO(page.screenshot())).verify()


def test_tour(open_page, server, network):
    page = open_page("dispatcher", expected=("/api/events/", "status of 412"))
    the_province_opens(page, server)
    first = the_path_crosses_the_bay(page, network)
    other = open_page("ningbo", "#panel=events", prepare=count_tones)
    mute = other.get_by_test_id("alarm-mute")
    expect(mute).to_have_attribute("data-sound", "untouched")
    mute.click()  # makes sound possible, and mutes nothing
    expect(mute).to_have_attribute("data-sound", "on")
    until(other, "() => window.sigang.data.eventsLoaded.value")
    expect(other.get_by_test_id("live")).to_have_attribute("data-state", "live")
    expect(other.get_by_test_id("event").filter(has_text=BRIDGE)).to_have_count(0)
    close_the_bridge(page, other)
    the_path_goes_round(page, server, network, first)
    ningbo_acknowledges(other, server)
    an_end_is_typed_while_another_saves(page, server)
    the_closure_is_undone(page, first)
    heat.counts_are_not_rates(page)
    linkage.the_bridge_changes_the_truck_alone(page, server)
    air.may_i_fly(page)
    the_sheet_is_printed(page)


def test_wenzhou_gets_no_restricted_row(open_page, server):
    page = open_page("wenzhou", "#panel=events")
    until(page, "() => window.sigang.data.eventsLoaded.value")
    shown = page.evaluate("() => window.sigang.data.events.value.map(e => e.id)")
    every = page.evaluate(
        "async () => (await (await fetch('/api/events?kind=incident')).json())"
        ".features.map(f => f.id)"
    )
    listed = [*shown, *every]
    restricted = "visibility <> 'public' AND admin_code NOT LIKE '3303%'"
    with connect(server.database_url) as conn:
        others = conn.execute(
            f"SELECT id::text FROM event WHERE kind = 'incident' AND {restricted}"
        ).fetchall()
    assert listed
    assert others
    assert not set(listed) & {row[0] for row in others}
    page.get_by_test_id("tab-heat").click()
    expect(page.get_by_test_id("heat-counted")).to_contain_text("辖区之外仅含公开记录")
    expect(page.get_by_test_id("heat-list")).to_have_attribute("data-count", re.compile(r"\d"))
    page.get_by_test_id("tab-events").click()
    it_is_signed_out_elsewhere(page, server)


def it_is_signed_out_elsewhere(page, server):
    session = page.request.get(f"{server.base_url}/api/session").json()
    page.request.post(
        f"{server.base_url}/api/session/end", headers={"X-CSRF-Token": session["csrf"]}
    )
    expect(page.get_by_test_id("dialog-ended")).to_be_visible()
    expect(page.get_by_test_id("account")).to_have_attribute("data-role", "anonymous")
