"""Declarations: a good one is served, a wrong one stops with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from layers.declare.catalog import Catalog, check_names, may_read
from layers.declare.layer import Access, Column, Geometry, Layer, Parameter, Source, Time
from layers.declare.reading import wrong
from layers.declare.style import Legend, LegendEntry, Level, Rank, StyleRule, Tiles
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import ConfigError, NotFound
from spatial.schema.declared_kinds import Prop
from tests.layers.small import PORTS, write_areas

AREAS = Path(__file__).resolve().parents[2] / "layers" / "areas"


@pytest.fixture
def folder(tmp_path):
    return write_areas(tmp_path / "areas")


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "port" / "ports.layer.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_declarations_load():
    catalog = Catalog.load(AREAS)
    assert set(catalog.areas) >= {"road", "port", "airport", "works", "law", "safety", "office"}
    assert len(catalog.layers) >= 20


def test_every_shipped_code_title_is_in_both_languages():
    for layer in Catalog.load(AREAS).layers.values():
        for text in (layer.title, layer.description, *(c.title for c in layer.columns)):
            assert text.zh.strip(), layer.id
            assert text.en.strip(), layer.id


def test_layers_come_in_order(folder):
    assert list(Catalog.load(folder).layers) == ["ports", "cases", "roads"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("visible = true", "visibel = true", "visibel"),
        ("[access]", '[access]\nroles = ["plannner"]', "access.roles.0"),
        ('table = "facility"', 'table = "facilty"', "source.table"),
        ('name = "capacity"', 'name = "capacty"', "columns.capacty"),
        ('type = "number"', 'type = "numbr"', "columns.1.type"),
        ('path = "props.depth_m"', 'path = "prop.depth_m"', "columns.depth_m"),
        ('field = "valid_from"', 'field = "valid"', "time.field"),
        ('name = "name_zh"', 'name = "origin"', "columns.0"),
        ('kinds = ["port"]', 'kinds = ["port"]\nfilter = "nope = 1"', "source.filter"),
        ('kinds = ["port"]', 'kinds = ["port"]\nview = "v"', "source"),
        ('id = "ports"', 'id = "harbours"', "id"),
        ("order = 10", "order = [", "TOML"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(folder, old, new, key):
    change(folder, old, new)
    with pytest.raises(ConfigError) as caught:
        Catalog.load(folder)
    assert "port/ports.layer.toml" in caught.value.en
    assert caught.value.extra["key"] == key


def test_an_id_may_be_declared_once(folder):
    other = folder / "road"
    other.mkdir()
    (other / "area.toml").write_text('title = {zh = "路", en = "Road"}', encoding="utf-8")
    (other / "ports.layer.toml").write_text(PORTS, encoding="utf-8")
    with pytest.raises(ConfigError, match="declared twice"):
        Catalog.load(folder)


def test_a_folder_without_area_file_is_refused(folder):
    (folder / "port" / "area.toml").unlink()
    with pytest.raises(ConfigError, match=r"no area\.toml"):
        Catalog.load(folder)


def test_a_failed_reload_keeps_what_was(folder):
    catalog = Catalog.load(folder)
    version = catalog.version
    change(folder, "visible = true", "visibel = true")
    with pytest.raises(ConfigError):
        catalog.reload()
    assert catalog.version == version
    assert "ports" in catalog.layers


def test_reload_tells_whether_anything_changed(folder):
    catalog = Catalog.load(folder)
    assert not catalog.reload()
    change(folder, "visible = true", "visible = false")
    assert catalog.reload()
    assert not catalog.get_layer("ports").visible


def test_only_public_layers_are_for_everyone(folder):
    catalog = Catalog.load(folder)
    duty = Actor("a", "duty", "330200")
    assert [x.id for x in catalog.list_layers(ANONYMOUS)] == ["ports", "roads"]
    assert [x.id for x in catalog.list_layers(duty)] == ["ports", "cases", "roads"]
    with pytest.raises(NotFound):
        catalog.get_layer("cases", ANONYMOUS)
    with pytest.raises(NotFound):
        catalog.get_layer("nothing", duty)


def test_a_layer_may_be_kept_for_roles(folder):
    path = folder / "port" / "cases.layer.toml"
    text = path.read_text(encoding="utf-8").replace("[access]", '[access]\nroles = ["planner"]')
    path.write_text(text, encoding="utf-8")
    layer = Catalog.load(folder).get_layer("cases")
    assert not may_read(layer, Actor("a", "duty", "330200"))
    assert may_read(layer, Actor("a", "planner", "330000"))
    assert may_read(layer, Actor("a", "admin", "330000"))


def fields(model: type) -> set[str]:
    return {name for name in model.model_fields if name != "area"}


@pytest.mark.parametrize(
    "model", [Layer, Source, Parameter, Geometry, Column, Access, Time, Tiles, Rank, Level,
              StyleRule, Legend, LegendEntry, Prop]
)  # fmt: skip
def test_every_key_is_documented(model):
    text = (AREAS.parents[1] / "docs" / "layers.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_0-9]+", text))
    assert fields(model) <= words


NAMED = 'type = "text"\ntitle = {zh = "名", en = "Name"}\n'
PROPS = """
[props.silt_m]
type = "number"
unit = "m"
range = [0, 3]
title = {zh = "淤积", en = "Silt"}
[[columns]]
name = "silt_m"
path = "props.silt_m"
"""


def test_a_column_takes_after_the_member_that_it_shows(folder):
    path = folder / "port" / "ports.layer.toml"
    path.write_text(PORTS + PROPS, encoding="utf-8")
    column = Catalog.load(folder).get_layer("ports").by_name["silt_m"]
    assert (column.type, column.unit, column.range, column.title.en) == (
        "number",
        "m",
        (0, 3),
        "Silt",
    )


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('path = "props.silt_m"', 'path = "props.silt_m"\ntype = "int"', "columns.silt_m.type"),
        ('path = "props.silt_m"', 'path = "props.sill_m"', "columns.silt_m.path"),
        ("range = [0, 3]", "range = [3, 0]", "props.silt_m"),
        ('kinds = ["port"]', 'kinds = ["port", "pier"]', "source.kinds"),
        ('table = "facility"', 'view = "closure"', "source.table"),
        ("[props.silt_m]", '[[style.rules]]\nid = "a"\nslot = "point"\ntype = "circle"\n'
         'paint = {circle-radius = "3"}\n[props.silt_m]', "style.rules.0.paint.circle-radius"),
        ("visible = true", 'visible = true\nsort = "silt"', "sort"),
        ("visible = true", "visibel = true", "visibel"),
        ("visible = true", 'visible = true\neditable = {knd = "closure"}', "editable.knd"),
        ('path = "props.silt_m"', 'pth = "props.silt_m"', "columns.5.pth"),
        ('kinds = ["port"]', 'kinds = ["Port"]', "source.kinds.0"),
        ("[props.silt_m]", f'[props.model_config]\n{NAMED}[props.silt_m]', "props.model_config"),
        ("[props.silt_m]", f'[props.copy]\n{NAMED}[props.silt_m]', "props.copy"),
        ("[props.silt_m]", f'[props."淤积"]\n{NAMED}[props.silt_m]', "props.淤积"),
        ('type = "point"', 'type = "Point"', "geometry.type"),
        ("[props.silt_m]", "[tiles]\nminzoom = 9\nmaxzoom = 5\n[props.silt_m]", "tiles"),
        ("[props.silt_m]", '[tiles]\ncolumns = ["silt_m"]\n[[style.rules]]\nid = "a"\n'
         'slot = "point"\ntype = "circle"\npaint = {circle-radius = ["get", "silt"]}\n'
         "[props.silt_m]", "style.rules.0.paint.circle-radius"),
        ("[props.silt_m]", '[legend]\ntitle = {zh = "淤", en = "Silt"}\nentries = [{label = {zh = '
         '"淤", en = "Silt"}, symbol = "fill", color = {dark = "#123", light = "redd"}}]\n'
         "[props.silt_m]", "legend.entries.0.color.light"),
    ],
)  # fmt: skip
def test_a_mistake_in_props_or_paint_is_named_with_file_and_key(folder, old, new, key):
    (folder / "port" / "ports.layer.toml").write_text(PORTS + PROPS, encoding="utf-8")
    change(folder, old, new)
    with pytest.raises(ConfigError, match=r"port/ports\.layer\.toml") as caught:
        Catalog.load(folder)
    assert caught.value.extra["key"] == key


def test_files_of_windows_are_read_and_other_texts_named(folder):
    path = folder / "port" / "ports.layer.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (PORTS + PROPS).replace("\n", "\r\n").encode())
    assert "silt_m" in Catalog.load(folder).get_layer("ports").by_name
    path.write_bytes(PORTS.encode("gb18030"))
    with pytest.raises(ConfigError, match=r"port/ports\.layer\.toml: TOML: is no UTF-8 text"):
        Catalog.load(folder)


def test_a_file_that_nobody_reads_is_named(folder):
    (folder / "port" / "quays.layers.toml").write_text(PORTS, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"port/quays\.layers\.toml: name: is none of"):
        Catalog.load(folder, check_names)


def test_one_layer_declares_the_props_of_a_kind(folder):
    path = folder / "port" / "ports.layer.toml"
    path.write_text(PORTS + PROPS, encoding="utf-8")
    other = (PORTS + PROPS).replace('"ports"', '"quays"')
    (folder / "port" / "quays.layer.toml").write_text(other, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"quays.*props: port has them in ports\.layer\.toml"):
        Catalog.load(folder)


def notes(declared):
    """Return, as a part of the catalogue, the layers that files named *.note.toml speak of."""
    found = {}
    for path in sorted(declared.reading.folder.glob("*/*.note.toml")):
        layer = declared.reading.document(path)["layer"]
        if layer not in declared.layers:
            raise wrong(path, "layer", f"no layer {layer!r}")
        found[path.name] = layer
    return found


def test_a_part_is_read_with_the_layers_and_exchanged_with_them(folder):
    catalog = Catalog.load(folder, notes)
    before = catalog.version
    assert catalog.part(notes) == {}
    note = folder / "port" / "a.note.toml"
    note.write_text('layer = "ports"', encoding="utf-8")
    assert catalog.reload()
    assert catalog.part(notes) == {"a.note.toml": "ports"}
    assert catalog.version != before
    change(folder, "order = 10", "order = 11")
    note.write_text('layer = "prots"', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"port/a\.note\.toml: layer: no layer 'prots'"):
        catalog.reload()
    assert catalog.part(notes) == {"a.note.toml": "ports"}
    assert catalog.get_layer("ports").order == 10
