"""The catalogue against SQL truth for each reader: counts, origins, key figures, style."""

from __future__ import annotations

from contextlib import closing

import httpx
import pytest

from api.services import load_catalog
from layers.tiles.tile_sql import base_condition, relation
from spatial.postgres.db import connect
from spatial.settings import Settings

pytestmark = pytest.mark.db

SEEN = {
    None: "t.visibility = 'public'",
    "ningbo": "(t.visibility = 'public' OR (t.visibility = 'unit' AND"
    " (t.admin_code LIKE '3302%%' OR t.unit_id = '330200-duty')))",
    "dispatcher": "(t.visibility = 'public' OR t.admin_code LIKE '33%%'"
    " OR (t.visibility = 'unit' AND t.unit_id = '330000-dispatch'))",
}
PUBLIC_ONLY = {"cases", "vehicles", "risks", "sensors"}


@pytest.fixture(scope="module", params=SEEN, ids=str)
def reader(request, server):
    with closing(server.client(request.param)) as client:
        yield client, SEEN[request.param], request.param


@pytest.fixture(scope="module")
def document(reader):
    return reader[0].get("/api/catalogue").json()


def test_counts_by_origin_equal_sql(server, reader, document):
    _, seen, account = reader
    catalog = load_catalog(Settings().areas)
    assert document["version"] == catalog.version
    with connect(server.database_url) as conn:
        for entry in document["layers"]:
            layer = catalog.get_layer(entry["id"])
            rows = conn.execute(
                f"SELECT t.origin, count(*) FROM {relation(layer)}"
                f" WHERE {base_condition(layer)} AND {seen.replace('%%', '%')} GROUP BY 1"
            ).fetchall()
            assert entry["origins"] == dict(rows), (account, layer.id)
            assert entry["count"] == sum(entry["origins"].values())


def test_layers_that_are_not_public_are_not_named_to_strangers(reader, document):
    ids = {entry["id"] for entry in document["layers"]}
    listed = {x for area in document["areas"] for x in area["layers"]}
    assert ids == listed
    if reader[2] is None:
        assert not ids & PUBLIC_ONLY
    else:
        assert ids >= PUBLIC_ONLY


def test_each_key_figure_equals_the_items_that_it_counts(reader, document):
    client = reader[0]
    assert len(document["kpis"]) >= 4
    for figure in document["kpis"]:
        count = client.get(f"/api/collections/{figure['layer']}/count").json()["count"]
        assert figure["value"] == count, figure["id"]
        assert client.get(figure["href"], params={"limit": 1}).status_code == 200


def test_every_row_of_the_legend_can_name_its_origin_and_source(document):
    for entry in document["layers"]:
        assert set(entry["origins"]) <= {"real", "derived", "schematic", "synthetic"}
        if entry["count"]:
            assert entry["source"], entry["id"]
            assert all(source["license"] and source["attribution"] for source in entry["source"])
        assert entry["legend"]["entries"], entry["id"]
        assert entry["title"]["zh"]
        assert entry["title"]["en"]


def test_the_strip_says_where_roads_waterways_and_airspace_come_from(document):
    strip = {item["title"]["en"]: item for item in document["origin_strip"]}
    assert strip["Waterways"]["origin"] == "schematic"
    assert strip["Airspace"]["note"] == {"zh": "推算", "en": "derived"}
    assert strip["Roads"]["note"]["zh"] == "实测≈100 m，另有推算、示意、合成"


def test_time_extents_name_their_zone(document):
    timed = [entry["time"] for entry in document["layers"] if entry["time"]]
    assert timed
    assert all(moment.endswith("+08:00") for time in timed for moment in time["extent"])


def test_catalogue_and_style_answer_304_and_refuse_unknown_parameters(reader):
    client = reader[0]
    for path in ("/api/catalogue", "/api/styles/dark?lang=en"):
        etag = client.get(path).headers["etag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get("/api/catalogue?colour=1").status_code == 400
    assert client.get("/api/styles/pink").status_code == 404


def test_style_draws_the_layers_of_the_catalogue_and_no_others(reader, document):
    style = reader[0].get("/api/styles/light?lang=en").json()
    drawn = {layer["id"]: layer.get("source") for layer in style["layers"][1:]}
    told = {x: entry["id"] for entry in document["layers"] for x in entry["style_layers"]}
    assert drawn == told
    for source in style["sources"].values():
        assert source["tiles"][0].startswith("http://")
        assert source["attribution"] is not None


def test_every_source_of_the_style_serves_a_tile(server):
    with httpx.Client(base_url=server.base_url, timeout=60, trust_env=False) as client:
        style = client.get("/api/styles/dark").json()
        for key, source in style["sources"].items():
            z = min(max(8, source["minzoom"]), source["maxzoom"])
            x, y = (214 << z) >> 8, (106 << z) >> 8
            answer = client.get(source["tiles"][0].format(z=z, x=x, y=y))
            assert answer.status_code in {200, 204}, key
