"""Kinds that layer files declare: typed members, ranges and codes; what is wrong is named."""

from __future__ import annotations

import pytest

from spatial.errors import BadParameter, ConfigError
from spatial.schema.declared_kinds import read_kinds
from spatial.schema.kinds import KINDS, check_props, get_kind

WELL = """
[source]
table = "facility"
kinds = ["well"]
[geometry]
type = "point"
[props.depth_m]
type = "number"
unit = "m"
range = [0, 500]
title = {zh = "深度", en = "Depth"}
[props.pumps]
type = "int"
range = [0, inf]
title = {zh = "泵", en = "Pumps"}
[props.state]
type = "text"
title = {zh = "状态", en = "State"}
values = {open = {zh = "开", en = "Open"}, shut = {zh = "关", en = "Shut"}}
[props.public]
type = "bool"
title = {zh = "公用", en = "Public"}
[props.seen]
type = "datetime"
title = {zh = "巡查", en = "Seen"}
[props.dug]
type = "date"
title = {zh = "开凿", en = "Dug"}
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "works").mkdir()

    def write(text: str, name: str = "wells"):
        (tmp_path / "works" / f"{name}.layer.toml").write_text(text, "utf-8")
        return tmp_path

    return write


def test_cells_become_values_of_the_declared_types(write):
    kinds = read_kinds(write(WELL))
    well = get_kind("well", kinds=kinds)
    assert (well.table, well.shape, set(kinds) - set(KINDS)) == ("facility", "point", {"well"})
    given = {"depth_m": "35.5", "pumps": "2", "state": "open", "public": "是",
             "seen": "2026-03-02 08:00", "dug": "2020年1月5日", "note": "x"}  # fmt: skip
    assert check_props(well, given) == {
        "depth_m": 35.5, "pumps": 2, "state": "open", "public": True,
        "seen": "2026-03-02T00:00:00Z", "dug": "2020-01-05", "note": "x",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("depth_m", "500.1"), ("depth_m", -1), ("depth_m", "nan"), ("depth_m", "deep"),
     ("pumps", "1.5"), ("pumps", -1), ("state", "ajar"), ("public", "maybe"), ("seen", "soon"),
     ("dug", "2020-13-01"), ("dpeth_m", 1)],
)  # fmt: skip
def test_a_value_that_does_not_fit_names_its_member(write, name, value):
    well = get_kind("well", kinds=read_kinds(write(WELL)))
    with pytest.raises(BadParameter, match=rf"props\.{name}: '{value}'"):
        check_props(well, {name: value})


def test_a_listed_kind_keeps_its_members_and_gets_more(write):
    school = WELL.replace('"well"', '"school"')
    kinds = read_kinds(write(school))
    assert check_props(kinds["school"], {"phone": "1", "depth_m": 1}) == {
        "phone": "1", "depth_m": 1.0,
    }  # fmt: skip
    assert "depth_m" not in KINDS["school"].props.model_fields


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('kinds = ["well"]', 'kinds = ["well", "spring"]', "source.kinds"),
        ('"facility"', '"audit"', "source.table: the kind lies in"),
        ('"facility"', '"edge"', "geometry.type: edge holds line"),
        ('type = "number"', 'type = "metres"', "props.depth_m.type"),
        ("range = [0, 500]", "range = [5, 0]", "props.depth_m: range is"),
        ("range = [0, 500]", "ragne = [0, 500]", "props.depth_m.ragne"),
        ("[props.dug]", "[props.note]", "props.note: well has it already"),
        ('type = "bool"', 'type = "bool"\nunit = "m"', "unit and range belong to"),
    ],
)
def test_a_wrong_declaration_is_named_with_file_and_key(write, old, new, why):
    with pytest.raises(ConfigError) as caught:
        read_kinds(write(WELL.replace(old, new, 1)))
    assert caught.value.en.startswith("works/wells.layer.toml: ")
    assert why in caught.value.en


def test_a_kind_is_declared_once(write):
    write(WELL)
    with pytest.raises(ConfigError, match=r"works/wells_too.*well has them in works/wells\."):
        read_kinds(write(WELL, "wells_too"))
