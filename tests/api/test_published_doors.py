"""Who may not count enforcement is told what is published, by every door, and nothing else."""

from __future__ import annotations

import pytest

from tests.api.planningworld import ended

pytestmark = pytest.mark.db

CLOSED = ("cases", "inspections", "heat_rate", "hot_stretches", "heat")
FORMS = (
    "", "/items", "/items?f=csv", "/items?f=geojson&filter=S_DWITHIN(geom,POINT(121 30),5,'km')",
    "/count?filter=S_INTERSECTS(geom,POLYGON((120 29,121 29,121 30,120 30,120 29)))",
    "/queryables", "/schema", "/tiles/WebMercatorQuad/8/105/214",
)  # fmt: skip


@pytest.mark.parametrize("account", ["anonymous", "developer"])
def test_rows_and_surfaces_of_enforcement_are_not_there(clients, account):
    client = clients[account]
    listed = {one["id"] for one in client.get("/api/collections").json()["collections"]}
    assert listed.isdisjoint(CLOSED) and {"cases_published", "cases_published_map"} <= listed
    for layer in CLOSED:
        for form in FORMS:
            answer = client.get(f"/api/collections/{layer}{form}")
            assert answer.status_code == 404, (layer, form, answer.status_code)
    for process, inputs in (
        ("heat-surface", {}), ("heat-surface", {"surface": "kde"}), ("hot-stretches", {}),
        ("heat-scan", {}), ("network-heat", {}),
    ):  # fmt: skip
        answer = client.post(f"/api/processes/{process}/execution", json={"inputs": inputs})
        assert answer.status_code in (401, 403, 404), answer.text
    covered = {
        "count": 2, "max_duration_s": 600.0, "sites": {"layer": "checkpoints"},
        "demand": {"layer": "cases"},
    }  # fmt: skip
    answer = client.post("/api/processes/cover/execution", json={"inputs": covered})
    if account == "anonymous":
        assert answer.status_code in (401, 403), answer.text
    else:
        ended(client, answer.json()["jobID"], "failed")
    assert client.get("/api/indicators/inspection_hit_rate").status_code == 404
    split = client.get("/api/indicators/cases_opened/values?by=verdict&period=2026-01")
    assert split.status_code == 400
    assert client.get("/api/indicators/cases_opened/values?period=2026-W05").status_code == 400


@pytest.mark.parametrize("account", ["anonymous", "developer", "planner"])
def test_what_is_published_is_a_layer_like_any_other(clients, account):
    client = clients[account]
    page = client.get("/api/collections/cases_published/items?filter=level='cell'&limit=1")
    assert page.status_code == 200, page.text
    tile = client.get("/api/collections/cases_published_map/tiles/WebMercatorQuad/8/105/214")
    assert tile.status_code in (200, 204)
