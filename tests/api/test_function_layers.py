"""Function layers over HTTP: tiles by the parameters of their address, fresh, scoped, explained."""

from __future__ import annotations

import time

import pytest

from spatial.geo.zorder import keys_of
from spatial.postgres.bulk import copy_rows
from spatial.postgres.db import connect
from tests.mvt import decode_tile, tile_of

pytestmark = pytest.mark.db

TILES = "/api/collections/heat/tiles/WebMercatorQuad"
SEEN = ["source_id", "key", "kind", "admin_code", "unit_id", "visibility", "origin", "at", "n",
        "z_key"]  # fmt: skip
HANGZHOU, NINGBO = (120.153, 30.253), (121.553, 29.873)
SINCE = {"exposure": "passage", "events": "case", "since": "2020-01-01", "until": "2020-03-01"}


def address(place, z):
    column, row = tile_of(*place, z)
    return f"{TILES}/{z}/{row}/{column}"


def cells(client, place, z, **asked):
    answer = client.get(address(place, z), params=SINCE | asked)
    assert answer.status_code in (200, 204), answer.text
    found = decode_tile(answer.content) if answer.content else {}
    return [one["properties"] for one in found.get("heat", [])]


@pytest.fixture(scope="module")
def looked(server):
    """Write looks at two places in a time of their own; take them away again."""
    with connect(server.database_url) as conn:
        source = conn.execute("SELECT id FROM sigang.source ORDER BY id LIMIT 1").fetchone()[0]

        def write(key, place, code, n, day="2020-01-07"):
            row = (source, key, "passage", code, None, "unit", "synthetic", f"{day}T09:30:00+08:00",
                   n, int(keys_of(*place)))  # fmt: skip
            copy_rows(conn, "exposure", SEEN, [row])
            conn.commit()

        write("looks-1", HANGZHOU, "330102", 40)
        write("looks-2", NINGBO, "330203", 10)
        yield write
        conn.execute("DELETE FROM sigang.exposure WHERE key LIKE 'looks-%'")
        conn.commit()


def test_a_tile_has_what_its_address_asks_for(dispatcher, looked):
    (one,) = cells(dispatcher, HANGZHOU, 12)
    assert (one["state"], one["events"], one["exposure"], one["colour"]) == ("rated", 0, 40, 0)
    assert cells(dispatcher, HANGZHOU, 12, since="2020-02-01") == []
    assert len(cells(dispatcher, HANGZHOU, 5)) == 2
    assert len(cells(dispatcher, HANGZHOU, 5, hours="33")) == 2  # Tuesday 09:00
    assert cells(dispatcher, HANGZHOU, 5, hours="0-32") == []


@pytest.mark.parametrize(("name", "value"), [("kinds", "overlaod"), ("units", "nobody")])
def test_a_misspelt_kind_or_unit_is_refused_and_not_shown_as_none(dispatcher, name, value):
    asked = {"events": "case", name: value}
    answer = dispatcher.get("/api/collections/heat/items", params=asked)
    assert (answer.status_code, answer.json()["parameter"]) == (400, name), answer.text
    for process in ("heat-surface", "heat-space-time", "hot-stretches"):
        body = {"inputs": {"events": "case", name: [value]}}
        answer = dispatcher.post(f"/api/processes/{process}/execution", json=body)
        if answer.status_code != 201:  # it answers at once
            assert (answer.status_code, answer.json()["parameter"]) == (400, name), answer.text


def test_a_change_is_in_the_tile_within_a_second(dispatcher, looked):
    before = cells(dispatcher, HANGZHOU, 14)[0]["exposure"]
    looked(f"looks-{time.monotonic_ns()}", HANGZHOU, "330102", 5)
    until = time.monotonic() + 1
    while cells(dispatcher, HANGZHOU, 14)[0]["exposure"] != before + 5:
        assert time.monotonic() < until


def test_a_slice_without_a_statistic_and_a_difference_are_drawn(dispatcher, looked):
    hot = cells(dispatcher, NINGBO, 9, surface="gi")
    assert [(one["state"], one["reason"]) for one in hot] == [("no_statistic", "no_neighbours")]
    change = cells(dispatcher, NINGBO, 9, surface="difference", before="2019-11-01")
    assert {one["state"] for one in change} == {"one_period"}
    asked = {"f": "png", "surface": "difference", **SINCE}
    picture = dispatcher.get(address(NINGBO, 9), params=asked)
    assert picture.content[:4] == b"\x89PNG"


def test_the_process_counts_what_was_just_written(dispatcher, looked):
    def exposure():
        answer = dispatcher.post(
            "/api/processes/heat-surface/execution",
            json={"inputs": SINCE | {"surface": "count"}, "response": "document"},
        )
        assert answer.status_code == 200, answer.text
        summary = answer.json()["summary"]
        return summary.get("value", summary)["exposure"]

    before = exposure()
    looked(f"looks-{time.monotonic_ns()}", HANGZHOU, "330102", 7)
    assert exposure() == before + 7


def test_counties_are_cells_of_what_each_account_may_see(clients, looked):
    every, own = (
        {one["cell"]: one["exposure"] for one in cells(clients[who], NINGBO, 8, cells="county")}
        for who in ("dispatcher", "ningbo")
    )
    assert own == {"330203": 10} and every["330203"] == 10
    asked = SINCE | {"cells": "county", "lang": "en"}
    (page,) = [
        one for one in clients["dispatcher"].get(
            "/api/collections/heat/items", params=asked
        ).json()["features"] if one["id"] == "330203"
    ]  # fmt: skip
    assert page["properties"]["admin_code"] == "330203"
    assert page["geometry"]["type"] == "MultiPolygon"
    no = clients["anonymous"].get("/api/collections/heat/items", params=asked)
    assert no.status_code == 404


def test_each_account_counts_what_it_may_see(clients, looked):
    every, own = clients["dispatcher"], clients["ningbo"]
    assert {c["exposure"] for c in cells(every, NINGBO, 5)} > {10}
    assert {c["exposure"] for c in cells(own, NINGBO, 5)} == {10}
    assert clients["anonymous"].get(address(NINGBO, 5)).status_code == 404


def test_a_place_has_one_colour_at_every_zoom(dispatcher, looked):
    for z in range(5, 15):
        found = {cell["colour"] for cell in cells(dispatcher, HANGZHOU, z) if cell["exposure"] > 30}
        assert found == {0}, z


def test_a_filter_leaves_what_the_process_counts_by_it(clients, dispatcher):
    asked = {"events": "case", "surface": "count", "filter": "verdict = 'fine'"}
    page = dispatcher.get("/api/collections/heat/items", params=asked | {"limit": "1"}).json()
    fined = dispatcher.get("/api/collections/cases/count", params={
        "filter": "verdict = 'fine' AND stage <> 'withdrawn'"}).json()  # fmt: skip
    assert page["summary"]["events"] == fined["count"] > 100
    answer = dispatcher.post(
        "/api/processes/heat-surface/execution",
        json={"inputs": asked, "outputs": {"summary": {}}}, timeout=60,
    )  # fmt: skip
    assert answer.json()["events"] == fined["count"], answer.text
    tile = dispatcher.get(address(HANGZHOU, 10), params=asked)
    assert tile.status_code in (200, 204)
    for account in ("anonymous", "developer"):
        assert clients[account].get(address(HANGZHOU, 10), params=asked).status_code == 404


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"filter": "plate_hash = 'x'", "events": "case"}, "No property 'plate_hash'"),
        ({"filter": "verdict ="}, "filter"),
        ({"filter": "opened_at > 5", "events": "case"}, "since and until"),
        ({"surface": "rates"}, "rate, difference, count"),
        ({"bandwidth_m": "0", "surface": "kde"}, "200 to 50000 metres"),
        ({"bandwidth_m": "1e9"}, "200 to 50000 metres"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "until must be after since"),
        ({"since": "2026-01-02", "hours": "3"}, "whole months"),
        ({"hours": "168"}, "hours"),
        ({"hours": "9-2"}, "does not rise"),
        ({"party_name": "x"}, "heat takes"),
        ({"level": "17"}, "level"),
        ({"cells": "beidou", "surface": "gi"}, "cells=zorder"),
        ({"cells": "county", "surface": "kde"}, "cells of one size"),
        ({"cells": "county", "level": "12"}, "size of the rule"),
        ({"surface": "difference"}, "give since and until"),
        ({"before": "2026-01-01"}, "surface=difference"),
        (
            {
                "surface": "difference",
                "since": "2026-03-01",
                "until": "2026-04-01",
                "before_until": "2026-03-02",
            },
            "not after since",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(dispatcher, asked, says):
    answer = dispatcher.get(f"{TILES}/5/13/26", params={"lang": "en"} | asked)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert says in problem["detail"] + problem.get("mend", ""), problem
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_catalogue_says_what_may_be_asked(dispatcher, client):
    (layer,) = dispatcher.get("/api/catalogue").json()["functions"]
    assert {"surface", "events", "since", "hours"} <= set(layer["parameters"]["properties"])
    entries = layer["surfaces"][0]["entries"]
    assert entries[0]["label"]["en"] == "Fewer than 2 finds per 100 looks"
    assert [e["state"] for e in entries if "state" in e] == ["not_inspected", "short"]
    assert client.get("/api/catalogue").json()["functions"] == []
    ids = [c["id"] for c in dispatcher.get("/api/collections").json()["collections"]]
    assert "heat" in ids
    told = dispatcher.get(f"{TILES}/tilejson", params={"surface": "kde"}).json()
    assert "surface=kde" in told["tiles"][0] and told["parameters"]["surface"] == "kde"
    legend = dispatcher.get("/api/collections/heat/legend", params={"surface": "gi"}).json()
    assert legend["rule"]["key"] == "law.heat_breaks.gi" and len(legend["style"]["dark"]) == 2
