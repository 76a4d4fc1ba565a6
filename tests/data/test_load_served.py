"""What is loaded while the server runs is served without a restart: items, tile, path."""

import time
from pathlib import Path

import httpx
import pytest

from data.osm.load import load_osm
from spatial.postgres.db import connect
from tests.conftest import Server
from tests.data.osm_maps import ORIGIN, Map
from tests.mvt import tile_of

pytestmark = [pytest.mark.db, pytest.mark.timeout(600)]

PLACE = (ORIGIN[0] + 0.002, ORIGIN[1] + 0.001)
WAIT_S = 120


def until(reached) -> object:
    """Return the first true answer of a question asked again and again."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := reached():
            return found
        time.sleep(0.5)
    pytest.fail(f"not so within {WAIT_S} s")


def test_an_extract_is_served_as_soon_as_it_is_loaded(
    module_server: Server, tmp_path: Path
) -> None:
    drawn = Map(" a b c d").way("abcd", highway="secondary", name="新装载路", ref="S999")
    with connect(module_server.database_url) as conn:
        conn.rollback()
        load_osm(conn, drawn.write(tmp_path / "new.osm.pbf"), "new", lambda line: None)
    box = f"{PLACE[0] - 0.01},{PLACE[1] - 0.01},{PLACE[0] + 0.01},{PLACE[1] + 0.01}"
    column, row = (int(v) for v in tile_of(*PLACE, 14))
    with httpx.Client(base_url=module_server.base_url, timeout=30, trust_env=False) as client:
        items = client.get("/api/collections/roads/items", params={"bbox": box, "ref": "S999"})
        (feature,) = items.json()["features"]
        assert feature["properties"]["origin"] == "real"
        tile = f"/api/collections/roads/tiles/WebMercatorQuad/14/{row}/{column}"
        until(lambda: b"S999" in client.get(tile, params={"f": "mvt"}).content)
        body = {"profile": "car", "waypoints": [[120.0011, 30.001], [120.0069, 30.001]]}

        def refs() -> bool:
            answer = client.post("/api/paths", json=body).json()
            return "S999" in str(answer.get("features", [{}])[0].get("properties", {}).get("refs"))

        until(refs)
