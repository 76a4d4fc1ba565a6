"""docs/add-a-layer.md followed step by step: declared, checked, filled, served with its types."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from api.cli import store
from api.cli.parser import parse
from api.ogc.schemas import queryables
from layers.declare.catalog import Catalog
from layers.features.features import read_page
from layers.query.filters import read_query
from layers.tiles.rebuild import refresh_tiles
from spatial.actor import ANONYMOUS
from spatial.errors import ConfigError, Quarantined
from spatial.postgres.db import Database, connect
from spatial.settings import PROJECT, Settings
from tests.layers.tiled import fetch, run
from tests.pages import commands, files, told

pytestmark = pytest.mark.db

PAGE = "add-a-layer.md"
TILE = (12, 3415, 1686)


@pytest.fixture
def areas(tmp_path) -> Path:
    """Return a copy of the areas with the page's layer file in it."""
    folder = shutil.copytree(PROJECT / "layers" / "areas", tmp_path / "layers" / "areas")
    for name, text in files(PAGE).items():
        (tmp_path / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def load(database_url, areas, tmp_path, monkeypatch):
    """Return what runs the page's command that loads the file."""
    settings = Settings(database_url=database_url, home=tmp_path / "home", areas=areas)
    monkeypatch.chdir(tmp_path)
    (words,) = [words for words in commands(PAGE) if words[0] == "./sigang"]

    def command(*more: str) -> int:
        return store.load(settings, parse([*words[1:], *more]))

    return command


def test_the_layer_is_filled_and_served_with_its_types(load, areas, database_url):
    assert load() == 0
    relation = Catalog.load(areas).get_relation("wells")
    schema = queryables(relation, "en")
    depth = schema["depth_m"]
    assert (depth["type"], depth["x-unit"], depth["title"]) == ("number", "m", "Depth")
    assert (depth["minimum"], depth["maximum"]) == (0, 500)
    assert schema["aquifer"]["enum"] == ["shallow", "deep"]
    with connect(database_url) as conn:
        refresh_tiles(conn, Catalog.load(areas).layers.values())
        conn.commit()
    asked = next(words[-1] for words in commands(PAGE) if words[-1].startswith("filter="))

    async def ask(service, catalog, _):
        wells = catalog.get_relation("wells")
        query = await read_query(wells, dict([asked.split("=", 1)]))
        db = await Database.open(Settings(database_url=database_url, pool_size=1), database_url)
        try:
            page = await read_page(db, wells, ANONYMOUS, query, 10, None)
        finally:
            await db.close()
        _, drawn = await fetch(service, catalog, "wells", TILE)
        return [json.loads(text) for text in page.features], drawn

    items, drawn = run(database_url, areas, ask)
    assert [f["properties"]["name_zh"] for f in items] == ["二号井"]
    assert items[0]["properties"]["depth_m"] == 210
    shown = {f["properties"]["name_zh"]: f["properties"] for f in drawn}
    assert shown["一号井"]["depth_m"] == 35.5 and shown["二号井"]["aquifer"] == "deep"


def test_a_value_out_of_range_is_named_with_row_and_member(load, tmp_path):
    path = tmp_path / "wells.csv"
    path.write_text(path.read_text("utf-8").replace("35.5", "900"), "utf-8")
    assert load("--bad-rows", str(tmp_path / "bad.csv")) == 0
    with (tmp_path / "bad.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert f"row {row['refused_row']}: {row['refused_detail']}" in told(PAGE)
    path.write_text(path.read_text("utf-8").replace("210", "deep"), "utf-8")
    with pytest.raises(Quarantined, match=r"wells\.csv: 2 of 2 .* row 1: props\.depth_m"):
        load()


def test_a_member_that_is_not_declared_is_named_with_those_that_are(load, tmp_path):
    path = tmp_path / "wells.toml"
    path.write_text(path.read_text("utf-8").replace("depth_m =", "dept_m ="), "utf-8")
    with pytest.raises(ConfigError, match=r"props\.dept_m: well has no such member.*depth_m"):
        load()


def test_a_wrong_translation_and_a_file_without_rows_are_named(load, tmp_path):
    path, rows = tmp_path / "wells.toml", tmp_path / "wells.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("translate.aquifer", "translate.aqifer"), "utf-8")
    with pytest.raises(ConfigError, match=r"translate\.aqifer: is none of depth_m, aquifer, name"):
        load()
    path.write_text(text, "utf-8")
    rows.write_text(rows.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    with pytest.raises(Quarantined, match=r"wells\.csv has no row"):
        load()


def test_a_slip_in_the_paint_is_told_as_the_page_says(areas):
    path = areas / "works" / "wells.layer.toml"
    path.write_text(path.read_text("utf-8").replace("circle-radius", "circle-raduis"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        Catalog.load(areas)
    assert caught.value.en in told(PAGE)
    assert caught.value.extra["key"] == "style.rules.0.paint.circle-raduis"
