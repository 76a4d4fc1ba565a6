"""docs/add-a-function-layer.md followed: read, asked for, and wrong names told."""

from __future__ import annotations

import shutil

import pytest

from layers.declare.catalog import Catalog
from layers.functions.catalogue import read_functions
from layers.functions.question import read_question
from spatial.errors import BadParameter, ConfigError
from tests.conftest import ROOT
from tests.pages import files, told

PAGE = "add-a-function-layer.md"
(LAYER,) = files(PAGE)
ACCESS = 'access = { roles = ["dispatcher", "planner", "duty"] }\n'
SURFACE = 'surface = "rate"'
SINCE = 'since = "2026-01-01"'


@pytest.fixture
def areas(tmp_path):
    """Write the page's file beside the rules of its area."""
    law = tmp_path / "areas" / "law"
    law.mkdir(parents=True)
    for name in ("area.toml", "heat.rule.toml", "cases.layer.toml", "inspections.layer.toml"):
        shutil.copy(ROOT / "layers" / "areas" / "law" / name, law)
    (tmp_path / LAYER.replace("layers/", "")).write_text(files(PAGE)[LAYER], "utf-8")
    return tmp_path / "areas"


def test_the_page_makes_a_layer(areas):
    one = Catalog.load(areas, read_functions).part(read_functions)["hazmat_nights"]
    asked = read_question(one.layer, one.engine.parameters, {"until": "2026-04-01"})
    assert (asked.inputs.kinds, str(asked.inputs.since)) == (["hazmat"], "2026-01-01")
    with pytest.raises(BadParameter, match="fixed kinds"):
        read_question(one.layer, one.engine.parameters, {"kinds": "overload"})


def test_a_filter_that_fits_is_read(areas):
    path = next(areas.glob("*/*.function.toml"))
    right = path.read_text("utf-8")
    path.write_text(right.replace(SINCE, f'{SINCE}\nfilter = "over_pct > 50"'), "utf-8")
    one = Catalog.load(areas, read_functions).part(read_functions)["hazmat_nights"]
    assert one.layer.parameters["filter"] == "over_pct > 50"


def test_a_wrong_name_is_told(areas):
    path = next(areas.glob("*/*.function.toml"))
    right = path.read_text("utf-8")
    path.write_text(right.replace('"law.heat_breaks.count"', '"law.heat_breaks.counts"'), "utf-8")
    with pytest.raises(ConfigError) as caught:
        Catalog.load(areas, read_functions)
    assert caught.value.en.splitlines()[0] in told(PAGE)
    for old, new, key in (
        ('surface = "count"', 'surface = "counts"', "fixed.surface"),
        ("hours = [0", "hours = [200", "fixed.hours"),
        ('engine = "heat"', 'engine = "heats"', "engine"),
        ('since = "2026-01-01"', 'sinse = "2026-01-01"', "parameters.sinse"),
        ('since = "2026-01-01"', 'kinds = ["overload"]', "parameters.kinds"),
        ('kinds = ["hazmat"]', 'kinds = ["hazmats"]', r"fixed\.kinds.*hazmat"),
        (SINCE, f"{SINCE}\nbandwidth_m = 1e9", r"parameters\.bandwidth_m.*50000"),
        (SINCE, f"{SINCE}\nbandwidth_m = 0", r"parameters\.bandwidth_m"),
        (SINCE, f'{SINCE}\nfilter = "ovr_pct > 50"', r"parameters\.filter.*ovr_pct"),
        (SINCE, f'{SINCE}\nfilter = "over_pct >"', r"parameters\.filter"),
        ('events = "case"', 'events = "hit"', r"fixed\.kinds.*inspection"),
        ("law.heat_breaks.count", "law.heat_cells", r"surfaces\.count\.rule"),
        ("law.heat_breaks.count", "law.heat_breaks.none", r"surfaces\.count\.rule"),
        ('  { dark = "#FEE838", light = "#0B2A55" },\n', "", r"surfaces\.count\.colors"),
        ("#FEE838", "#FEE83G", r"surfaces\.count\.colors"),
        ("fewer than {to}", "fewer than {from}", r"surfaces\.count\.legend"),
        ("[surfaces.count", "[surfaces.counts", r"fixed\.surface"),
        ("fewer than {to}", "fewer than {to", r"surfaces\.count\.legend.*brace"),
        (SINCE, f"{SINCE}\nunits = []", r"parameters\.units"),
        (SINCE, f"{SINCE}\nclasses = [7]", r"parameters\.classes.*no class 7"),
        (SINCE, f'{SINCE}\ncells = "h3"\nlevel = 12', r"parameters\.level.*size of the rule"),
        (SINCE, 'since = "2027-01-01"', r"surfaces\.count: until must be after since"),
        (ACCESS, "", r"access\.roles"),
        (ACCESS, "access = { public = true }\n", r"access\.roles"),
        (ACCESS, ACCESS.replace("duty", "developer"), r"access\.roles"),
    ):
        assert old in right
        path.write_text(right.replace(old, new), "utf-8")
        with pytest.raises(ConfigError, match=key):
            Catalog.load(areas, read_functions)


@pytest.mark.parametrize(
    ("default", "fixed", "told"),
    [
        ("", 'cells = "h3"', r"surfaces\.gi: .*needs cells=zorder"),
        ("", 'cells = "county"', r"surfaces\.kde: .*one size"),
        ('surface = "gi"\ncells = "h3"', "", r"surfaces\.gi: .*needs cells=zorder"),
        ('surface = "difference"', "", r"parameters\.since: .*two periods"),
        ("", 'since = "2026-03-01"', None),
        ('cells = "h3"', "", None),
    ],
)
def test_a_surface_that_can_never_be_shown_is_told_at_the_start(areas, default, fixed, told):
    """The shipped layer with another default, or with something fixed."""
    next(areas.glob("*/*.function.toml")).unlink()
    right = (ROOT / "layers" / "areas" / "law" / "heat.function.toml").read_text("utf-8")
    usual = '[parameters]\nsurface = "rate"\n'
    assert usual in right
    wrong = right.replace(usual, f"[fixed]\n{fixed}\n[parameters]\n{default or SURFACE}\n")
    (areas / "law" / "heat.function.toml").write_text(wrong, "utf-8")
    if told is None:
        assert Catalog.load(areas, read_functions).part(read_functions)["heat"].layer.surfaces
        return
    with pytest.raises(ConfigError, match=told):
        Catalog.load(areas, read_functions)


def test_the_first_surface_is_shown_where_none_is_said(areas):
    path = next(areas.glob("*/*.function.toml"))
    right = path.read_text("utf-8")
    path.write_text(right.replace('surface = "count"\n', ""), "utf-8")
    one = Catalog.load(areas, read_functions).part(read_functions)["hazmat_nights"]
    assert read_question(one.layer, one.engine.parameters, {}).inputs.surface == "count"
    with pytest.raises(BadParameter, match="no class 7"):
        read_question(one.layer, one.engine.parameters, {"classes": "6,7"})
