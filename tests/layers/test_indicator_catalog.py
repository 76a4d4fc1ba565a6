"""Declared indicators: a good file is read, a wrong one stops with file and key."""

import re
from pathlib import Path

import pytest

from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators, shown_id
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import BadParameter, ConfigError, NotFound
from tests.layers.small import write_areas

ROOT = Path(__file__).resolve().parents[2]
AREAS = ROOT / "layers" / "areas"
GOOD = """
[[indicator]]
id = "open_ports"
title = { zh = "港口", en = "Ports" }
layer = "harbours"
time = { stock = ["since", "until"] }
where = "name_zh IS NOT NULL"
by = ["class"]
numerator = { where = "depth_m > 5" }
denominator = {}
scale = 100
better = "higher"

[[indicator]]
id = "port_capacity"
title = { zh = "能力", en = "Capacity" }
layer = "harbours"
time = { flow = "since" }
numerator = { sum = "capacity" }
unit = "t"

[[indicator]]
id = "persons"
title = { zh = "人员", en = "Persons" }
layer = "persons"
time = { flow = "since" }
k = 5

[[index]]
id = "port_index"
title = { zh = "港口指数", en = "Port index" }
parts = { open = "open_ports" }
rule = "port.index.ports"
"""
RULE = """
[[rule]]
key = "port.index.ports"
version = "1"
origin = "schematic"
source = "ours"
valid_from = 2026-01-01T00:00:00+08:00
[rule.value]
weights = { open = 1.0 }
vetoes = [{ indicator = "port_capacity", above = 9, cap = 60 }]
"""
HARBOURS = """
id = "harbours"
title = { zh = "港口", en = "Harbours" }
description = { zh = "港口", en = "Harbours" }
source = { table = "facility", kinds = ["port"] }
geometry = { type = "point" }
access = { public = true }
columns = [
  { name = "name_zh", type = "text", title = { zh = "名称", en = "Name" } },
  { name = "class", type = "text", path = "props.class", values = { a = TEXT }, title = TEXT },
  { name = "capacity", type = "number", title = { zh = "能力", en = "Capacity" } },
  { name = "depth_m", type = "number", path = "props.depth_m", title = TEXT },
  { name = "since", type = "datetime", column = "valid_from", title = { zh = "自", en = "Since" } },
  { name = "until", type = "datetime", column = "valid_to", title = { zh = "至", en = "Until" } },
  { name = "admin_code", type = "text", title = { zh = "代码", en = "Code" } },
]
""".replace("TEXT", '{ zh = "文", en = "Text" }')
PERSONS = HARBOURS.replace('id = "harbours"', 'id = "persons"').replace(
    "access = { public = true }", "access = { sensitive = true }"
)


@pytest.fixture
def folder(tmp_path):
    area = write_areas(tmp_path / "areas") / "port"
    (area / "harbours.layer.toml").write_text(HARBOURS, encoding="utf-8")
    (area / "persons.layer.toml").write_text(PERSONS, encoding="utf-8")
    (area / "ports.indicator.toml").write_text(GOOD, encoding="utf-8")
    (area / "ports.rule.toml").write_text(RULE, encoding="utf-8")
    return area.parent


def read(folder):
    return Catalog.load(folder, read_indicators).part(read_indicators)


def change(folder, old, new, name="ports.indicator.toml"):
    path = folder / "port" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_indicators_load_with_texts_in_both_languages():
    found = read(AREAS)
    assert len(found.populations) >= 15
    assert found.stands_on["safety_index"] >= {"hazards_overdue_major", "risks_red_share"}
    for one in found.list_all():
        shown = found.indices.get(shown_id(one)) or found.populations[shown_id(one)].indicator
        assert shown.title.zh.strip(), shown.id
        assert shown.title.en.strip(), shown.id


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("scale = 100", "scael = 100", "indicator.open_ports.scael"),
        ("scale = 100", "scale = nan", "indicator.open_ports.scale"),
        ('layer = "harbours"', 'layer = "harbors"', "indicator.open_ports.layer"),
        ('layer = "harbours"', 'layer = "ports"', "indicator.open_ports.layer"),
        ('where = "name_zh', 'where = "nam_zh', "indicator.open_ports.where"),
        ('where = "name_zh IS NOT NULL"', 'where = "1 +"', "indicator.open_ports.where"),
        ('where = "depth_m > 5"', 'where = "depth > 5"', "indicator.open_ports.numerator.where"),
        ('where = "name_zh IS NOT NULL"', f"where = \"name_zh <> '{'x' * 1990}'\"", "where"),
        ('where = "name_zh IS NOT NULL"', f"where = \"name_zh <> '{'x' * 2990}'\"", "where"),
        ('sum = "capacity"', 'sum = "name_zh"', "indicator.port_capacity.numerator.sum"),
        ('["since", "until"]', '["since", "name_zh"]', "indicator.open_ports.time"),
        ('flow = "since"', 'flow = "since", stock = ["since", "until"]', "port_capacity.time"),
        ('where = "name_zh IS NOT NULL"', "where = \"class = 'huge'\"", "open_ports.where"),
        ('where = "depth_m > 5"', "where = \"NOT class IN ('large', 'huge')\"", "numerator.where"),
        ('["since", "until"]', '["since", "since"]', "indicator.open_ports.time"),
        ('by = ["class"]', 'by = ["name_zh"]', "indicator.open_ports.by"),
        ('by = ["class"]', 'by = ["class", "class"]', "indicator.open_ports.by"),
        ('better = "higher"', 'better = "more"', "indicator.open_ports.better"),
        ('better = "higher"', 'rule = "no.rule"', "indicator.open_ports.rule"),
        ("k = 5", "digits = 1", "indicator.persons.k"),
        ('k = 5', 'k = 5\nnumerator = { sum = "capacity" }', "indicator.persons.numerator.sum"),
        ('id = "port_capacity"', 'id = "open_ports"', "indicator.open_ports.id"),
        ('id = "port_capacity"', 'id = "port_capacity"\narea = "x"', "port_capacity.area"),
        ('open = "open_ports"', 'open = "no_ports"', "index.port_index.parts.open"),
        ('open = "open_ports"', 'open = "port_capacity"', "index.port_index.parts.open"),
        ('open = "open_ports"', 'open = "port_index"', "index.port_index.parts"),
        ('open = "open_ports"', 'closed = "open_ports"', "index.port_index.rule"),
        ('rule = "port.index.ports"', 'rule = "port.index.harbours"', "index.port_index.rule"),
        ("[[index]]", "[index]", "index"),
        ("[[index]]", "[[indices]]", "indices"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_key(folder, old, new, key):
    change(folder, old, new)
    with pytest.raises(ConfigError) as caught:
        read(folder)
    assert "port/ports.indicator.toml" in caught.value.en
    assert key in str(caught.value.extra["key"])


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("{ open = 1.0 }", "{ open = 0.9 }", "sum to 1"),
        ("{ open = 1.0 }", "{ open = nan }", "weights"),
        ("{ open = 1.0 }", "{ open = inf }", "weights"),
        ("{ open = 1.0 }", "{}", "weights"),
        ("cap = 60", "cap = 600", "cap"),
        ('"port_capacity"', '"capacity"', "names no indicator"),
        ('"port_capacity"', '"port_index"', "names no indicator"),
    ],
)
def test_a_rule_that_no_index_can_use_is_refused_at_load(folder, old, new, why):
    change(folder, old, new, "ports.rule.toml")
    with pytest.raises(ConfigError, match=why):
        read(folder)


def test_indices_must_not_stand_on_each_other(folder):
    change(folder, 'open = "open_ports"', 'open = "second"')
    path = folder / "port" / "second.indicator.toml"
    path.write_text(
        '[[index]]\nid = "second"\ntitle = {zh = "二", en = "Two"}\n'
        'parts = {open = "port_index"}\nrule = "port.index.ports"\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="stands on itself: port_index → second → port_index"):
        read(folder)


def test_another_definition_is_another_series_and_another_title_is_not(folder):
    before = read(folder)
    change(folder, 'zh = "港口", en = "Ports"', 'zh = "海港", en = "Sea ports"')
    renamed = read(folder)
    change(folder, "depth_m > 5", "depth_m > 6")
    after = read(folder)
    first, second, third = (
        found.populations["open_ports"].indicator.digest for found in (before, renamed, after)
    )
    assert first == second != third
    assert len(third) == 64


def test_a_reload_exchanges_indicators_with_the_layers_or_not_at_all(folder):
    catalog = Catalog.load(folder, read_indicators)
    change(folder, "depth_m > 5", "depth > 5")
    with pytest.raises(ConfigError):
        catalog.reload()
    assert (
        "depth_m > 5"
        in catalog.part(read_indicators)
        .populations["open_ports"]
        .indicator.filters["numerator.where"]
    )
    change(folder, "depth > 5", "depth_m > 7")
    assert catalog.reload()
    found = catalog.part(read_indicators).populations["open_ports"]
    assert found.indicator.filters["numerator.where"] == "depth_m > 7"


def test_who_may_be_told_what(folder):
    found, duty = read(folder), Actor("a", "duty", "330200")
    every = {"open_ports", "port_capacity", "persons", "port_index"}
    assert {shown_id(one) for one in found.list_all(duty)} == every
    assert {shown_id(one) for one in found.list_all(ANONYMOUS)} == every
    change(folder, "access = { public = true }", "order = 1", "harbours.layer.toml")
    found = read(folder)
    assert {shown_id(one) for one in found.list_all(ANONYMOUS)} == {"persons"}
    for key in ("port_index", "nothing"):
        with pytest.raises(NotFound):
            found.get(key, ANONYMOUS)
    with pytest.raises(BadParameter) as caught:
        found.get_several("persons,port_index", ANONYMOUS)
    assert "persons" in (caught.value.mend_en or "")


def test_the_documented_example_loads(folder):
    text = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    indicator, index, rule = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[:3]
    (folder / "port" / "wells.indicator.toml").write_text(indicator + index, encoding="utf-8")
    (folder / "port" / "wells.rule.toml").write_text(rule, encoding="utf-8")
    found = read(folder)
    assert {"harbours_deep", "harbour_index"} <= found.stands_on.keys()
