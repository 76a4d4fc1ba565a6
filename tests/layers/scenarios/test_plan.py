"""The register of the reform plan: 90 rows, each carried by one thing or waiting for something."""

from __future__ import annotations

import pytest

from api.app import TABLE
from layers.declare.catalog import Catalog
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.plan import read_plan
from spatial.errors import ConfigError
from tests.conftest import ROOT
from tests.layers.scenarios.shipped import AREAS, copied

IDS = [
    *("P0", "P1.1", "P1.2", "P2.1", "P2.2", "P2.3", "P2.4", "P2.5", "P2.6"),
    *(f"M{number:02}" for number in range(1, 23)),
    *(f"S{number:02}" for number in range(1, 43)),
    *(f"X{number}" for number in range(1, 10)),
    *(f"G{number}" for number in range(1, 9)),
]


@pytest.fixture(scope="module")
def catalog():
    return Catalog.load(AREAS, read_plan, read_scenarios)


@pytest.fixture(scope="module")
def plan(catalog):
    return catalog.part(read_plan)


def test_the_register_has_the_90_rows_of_the_plan(plan):
    assert len(IDS) == 90
    assert [row.id for row in plan.rows] == IDS
    assert [row.id for row in plan.rows if row.title is None] == ["S42"]
    sized = {row.id for row in plan.rows if row.size}
    assert sized == {name for name in IDS if name[0] in "PMS"} - {"S42"}


def test_every_row_has_one_team_and_the_teams_are_those_of_the_plan(plan):
    kinds = [team.kind for team in plan.teams]
    counted = {kind: kinds.count(kind) for kind in kinds}
    assert counted == {"office": 1, "work": 6, "area": 7, "application": 8}
    assert {row.team for row in plan.rows} <= set(plan.team_of)
    assert plan.owners.origin == "schematic"


def test_every_row_is_carried_by_one_thing_or_says_what_it_waits_for(catalog, plan):
    for row in plan.rows:
        carriers = [one.id for one in catalog.part(read_scenarios).values() if row.id in one.rows]
        carriers += [row.feature] if row.feature else []
        assert len(carriers) <= 1, row.id
        assert carriers or row.waits_for, row.id


def test_features_are_there(plan):
    paths = {one.path for one in TABLE.all}
    for feature in plan.features:
        if feature.path:
            assert feature.path in paths, feature.id
        else:
            assert (ROOT / "docs" / feature.document).is_file(), feature.id
    assert {feature.id for feature in plan.features} == {r.feature for r in plan.rows if r.feature}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('id = "M02"', 'id = "M01"', "rows.M01"),
        ('team = "area_road"', 'team = "area_raod"', "rows.M01.team"),
        ('feature = "scope"', 'feature = "scoop"', "rows.P1.2.feature"),
        ('area = "road"', 'area = "raod"', "rows.M01.area"),
        ('size = "L"', 'size = "XL"', "rows.6.size"),
    ],
)
def test_a_mistake_in_the_register_is_named(tmp_path, old, new, key):
    folder = copied(tmp_path)
    path = folder / "office" / "plan.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"office/plan\.toml") as caught:
        Catalog.load(folder, read_plan)
    assert caught.value.extra["key"] == key
