"""The style of the declared layers: complete, valid, offline, one look per theme and language."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from layers.declare.catalog import Catalog
from layers.declare.style import SLOTS, Level, Rank, Tiles, build_style, resolve
from spatial.settings import PROJECT, Settings
from tests.conftest import program

SPEC = PROJECT / "frontend_static/node_modules/@maplibre/maplibre-gl-style-spec/dist/index.mjs"
VALIDATE = """
import { readFileSync } from 'node:fs';
const { validateStyleMin } = await import(process.argv[1]);
console.log(JSON.stringify(validateStyleMin(JSON.parse(readFileSync(0))).map((e) => e.message)));
"""
LOOKS = [(theme, lang) for theme in ("dark", "light") for lang in ("zh", "en")]
ICONS = PROJECT / "frontend_static/vendor/maki"


@pytest.fixture(scope="module")
def catalog():
    return Catalog.load(Settings().areas)


def style_of(catalog, theme="dark", lang="zh"):
    sources = {key: {"type": "vector", "tiles": ["http://x/{z}/{y}/{x}"]} for key in catalog.layers}
    return build_style(catalog.layers.values(), sources, theme, lang)


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
def test_style_is_valid_by_the_style_specification(catalog, theme, lang):
    if not SPEC.exists():
        pytest.skip("the style specification's validator is not installed (npm ci)")
    done = subprocess.run(
        [program("node"), "--input-type=module", "-e", VALIDATE, str(SPEC)],
        input=json.dumps(style_of(catalog, theme, lang)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
def test_style_is_complete_and_offline(catalog, theme, lang):
    style = style_of(catalog, theme, lang)
    assert style["version"] == 8
    assert not {"glyphs", "sprite"} & set(style)
    ids = [layer["id"] for layer in style["layers"]]
    assert len(ids) == len(set(ids))
    drawn = style["layers"][1:]
    assert {layer["source"] for layer in drawn} == set(style["sources"])
    for layer in drawn:
        assert layer["metadata"]["sigang:layer"] == layer["source"] == layer["source-layer"]
        declared = catalog.get_layer(layer["source"])
        assert layer["layout"]["visibility"] == ("visible" if declared.visible else "none")
        if "text-field" in layer["layout"]:
            assert layer["layout"]["text-font"] == ["Noto Sans SC"]
    text = json.dumps(style)
    assert "{name}" not in text
    assert not re.search(r'"(dark|light|zh|en)":', text)


def test_drawing_order_follows_the_slots_and_labels_lie_on_top(catalog):
    slots = []
    by_id = {f"{x.id}:{rule.id}": rule for x in catalog.layers.values()
             for rule in (x.style.rules if x.style else ())}  # fmt: skip
    for layer in style_of(catalog)["layers"][1:]:
        slots.append(SLOTS.index(by_id[layer["id"]].slot))
    assert slots == sorted(slots)
    assert slots[-1] == SLOTS.index("label")
    symbols = [x for x in style_of(catalog)["layers"][1:] if x["type"] == "symbol"]
    assert all(by_id[x["id"]].slot == "label" for x in symbols)


def contrast(one, other):
    """Return the contrast of two colours, as WCAG 2 defines it."""
    lights = []
    for colour in (one, other):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_made_up_roads_are_paler_than_others_and_without_names(catalog, theme):
    by_id = {layer["id"]: layer for layer in style_of(catalog, theme)["layers"]}
    land = by_id["land:fill"]["paint"]["fill-color"]
    outer = "local_casing" if theme == "light" else "local"
    for rule in (outer, "local_hairline"):
        match, origin, synthetic, made_up, known = by_id[f"roads:{rule}"]["paint"]["line-color"]
        assert (match, origin, synthetic) == ("match", ["get", "origin"], "synthetic")
        colours = [re.findall("#[0-9A-F]{6}", json.dumps(of)) for of in (made_up, known)]
        for pale, strong in zip(*colours, strict=True):
            assert 1 < contrast(pale, land) < contrast(strong, land)
    bridge = by_id["roads:bridge"]["paint"]["line-opacity"]
    assert bridge == ["match", ["get", "origin"], "synthetic", 0.35, 1]
    assert ["!=", ["get", "origin"], "synthetic"] in by_id["roads:name"]["filter"]


def test_shields_of_a_road_stand_apart(catalog):
    shield = next(x for x in style_of(catalog)["layers"] if x["id"] == "roads:shield")
    assert shield["layout"]["text-field"] == ["get", "ref"]  # only lines of one text are joined
    assert shield["paint"]["text-opacity"] == 0


def test_the_end_of_the_data_is_drawn_over_the_coast(catalog):
    ids = [layer["id"] for layer in style_of(catalog)["layers"]]
    assert ids.index("land:coast") < ids.index("around:edge")


UNDRAWN = {"cases_published"}
"""With places, but not drawn as they are: a cell of every month and kind. Another layer sums up."""


def placed(catalog):
    return [
        layer
        for layer in catalog.layers.values()
        if layer.geometry.type != "none" and layer.id not in UNDRAWN
    ]


def test_every_layer_on_the_map_has_a_legend_with_shapes_and_both_themes(catalog):
    for layer in placed(catalog):
        assert layer.tiles is not None, layer.id
        assert layer.style is not None, layer.id
        assert layer.legend is not None, layer.id
        assert layer.legend.title.zh, layer.id
        assert layer.legend.title.en, layer.id
        for entry in layer.legend.entries:
            assert re.fullmatch(r"#[0-9A-F]{6}", entry.color.dark), (layer.id, entry)
            assert re.fullmatch(r"#[0-9A-F]{6}", entry.color.light), (layer.id, entry)
            assert entry.symbol != "icon" or entry.icon


def test_attributes_that_the_style_reads_are_carried_by_the_tiles(catalog):
    always = {"id", "origin", "part", "n"}
    for layer in placed(catalog):
        text = json.dumps([rule.model_dump() for rule in layer.style.rules])
        read = set(re.findall(r'\["(?:get|has)", "(\w+)"\]', text))
        if "{name}" in text:
            read |= {"name_zh", "name_en"}
        assert read <= set(layer.tiles.columns) | always, layer.id


def test_icons_are_of_the_bundled_set(catalog):
    if not ICONS.exists():
        pytest.skip("the vendored icons are not built")
    text = json.dumps([style_of(catalog, theme) for theme in ("dark", "light")])
    names = set(re.findall(r"maki:([\w-]+):#[0-9A-F]{6}", text))
    names |= {e.icon for x in placed(catalog) for e in x.legend.entries if e.icon}
    assert len(names) > 8
    assert {n for n in names if not (ICONS / f"{n}.svg").exists()} == set()


def test_there_are_enough_layers_in_seven_areas_and_the_base(catalog):
    assert len(catalog.layers) >= 20
    areas = {layer.area for layer in catalog.layers.values()}
    assert areas == {"base", "road", "port", "airport", "works", "law", "safety", "office"}


def test_theme_and_language_tables_are_resolved_everywhere():
    value = {"a": [{"dark": {"zh": 1, "en": 2}, "light": 3}], "b": {"dark": 1}, "c": "{name}"}
    assert resolve(value, "dark", "en") == {
        "a": [2],
        "b": {"dark": 1},
        "c": ["coalesce", ["get", "name_en"], ["get", "name_zh"], ""],
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: Tiles(levels=(Level(maxzoom=8), Level(maxzoom=6))),
        lambda: Tiles(levels=(Level(maxzoom=8, by=("name",)),)),
        lambda: Tiles(live=True, levels=(Level(maxzoom=8),)),
        lambda: Tiles(maxzoom=8, levels=(Level(maxzoom=8),)),
        lambda: Rank(column="a"),
        lambda: Rank(column="a", values={"x": 1}, steps=(1.0,)),
        lambda: Tiles(colums=("a",)),
    ],
)
def test_a_wrong_declaration_is_refused(make):
    with pytest.raises(ValidationError):
        make()


def test_declarations_are_files_of_their_own():
    assert all(path.parent.parent == Settings().areas
               for path in Path(Settings().areas).rglob("*.layer.toml"))  # fmt: skip
