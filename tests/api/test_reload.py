"""A new layer is one file: dropped in and read again, everything else follows from it."""

from __future__ import annotations

import time

import pytest

from data.accounts import load_accounts
from spatial.postgres.db import connect
from tests.conftest import running_server
from tests.layers.small import seed, write_areas

pytestmark = pytest.mark.db

NEW = """
id = "airports"
title = {zh = "机场", en = "Airports"}
description = {zh = "机场", en = "Airports"}
visible = true
[source]
table = "facility"
kinds = ["airport"]
[geometry]
type = "point"
[access]
public = true
[[columns]]
name = "name_zh"
title = {zh = "名称", en = "Name"}
type = "text"
[tiles]
columns = ["name_zh"]
[[style.rules]]
id = "dot"
slot = "point"
type = "circle"
paint = {circle-radius = 4, circle-color = {dark = "#4CC9F0", light = "#0B6BA8"}}
[legend]
title = {zh = "机场", en = "Airports"}
[[legend.entries]]
label = {zh = "机场", en = "Airport"}
symbol = "circle"
color = {dark = "#4CC9F0", light = "#0B6BA8"}
"""
AT = "/api/collections/airports"


@pytest.fixture(scope="module")
def areas(tmp_path_factory):
    return write_areas(tmp_path_factory.mktemp("areas"))


@pytest.fixture(scope="module")
def served(module_database_url, areas):
    with connect(module_database_url) as conn:
        seed(conn)
        load_accounts(conn)
        conn.commit()
    with running_server(module_database_url, areas=str(areas), routing="0") as server:
        yield server


@pytest.fixture
def dropped(served, areas):
    """Give the file of a layer that is not there; afterwards it is gone everywhere again."""
    path = areas / "port" / "airports.layer.toml"
    yield path
    path.unlink()
    served.client("dispatcher").post("/api/admin/reload")
    eventually(lambda: served.client().get(AT).status_code == 404)


def eventually(check, seconds: float = 20) -> None:
    """Wait until a check holds several times in a row, so on every worker."""
    deadline, held = time.monotonic() + seconds, 0
    while held < 12:
        held = held + 1 if check() else 0
        assert time.monotonic() < deadline, "it never held on every worker"
        if not held:
            time.sleep(0.1)


def test_a_new_layer_is_one_file(served, dropped):
    client = served.client("dispatcher")
    assert client.get(AT).status_code == 404
    dropped.write_text(NEW, encoding="utf-8")
    answer = client.post("/api/admin/reload")
    assert answer.status_code == 200, answer.text
    assert answer.json()["changed"]

    def fresh(path: str):
        return served.client().get(path)

    eventually(lambda: fresh(AT).status_code == 200)
    assert fresh(f"{AT}/queryables").json()["properties"]["name_zh"]
    assert fresh(f"{AT}/items").json()["numberMatched"] == 1
    eventually(lambda: fresh(f"{AT}/tiles/WebMercatorQuad/0/0/0").status_code == 200)
    assert fresh(f"{AT}/tiles/WebMercatorQuad/tilejson").json()["vector_layers"]
    style = fresh("/api/styles/dark").json()
    assert any(x["metadata"]["sigang:layer"] == "airports" for x in style["layers"]
               if "metadata" in x)  # fmt: skip
    catalogue = fresh("/api/catalogue").json()
    entry = next(x for x in catalogue["layers"] if x["id"] == "airports")
    assert entry["legend"]["entries"]
    assert entry["visible"]
    assert "airports" in next(a for a in catalogue["areas"] if a["id"] == "port")["layers"]


def test_a_wrong_file_changes_nothing_and_is_named(served, dropped):
    client = served.client("dispatcher")
    dropped.write_text(NEW.replace("visible", "visibel"), encoding="utf-8")
    answer = client.post("/api/admin/reload", headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "port/airports.layer.toml: visibel" in answer.json()["detail"]
    assert client.get("/api/collections/ports").status_code == 200
    assert client.get(AT).status_code == 404


@pytest.mark.parametrize(("account", "status"), [(None, 401), ("ningbo", 403), ("planner", 403)])
def test_only_dispatchers_and_administrators_reload(served, account, status):
    assert served.client(account).post("/api/admin/reload").status_code == status


def test_a_reload_needs_the_csrf_token(served):
    client = served.client("dispatcher")
    del client.headers["X-CSRF-Token"]
    assert client.post("/api/admin/reload").status_code == 403
