"""docs/add-a-scenario.md followed step by step: written, checked, refused where it is wrong."""

from __future__ import annotations

import shutil

import pytest

from api.cli import scenario as command
from api.cli.parser import parse
from layers.declare.catalog import Catalog
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.plan import read_plan
from spatial.errors import ConfigError, NotFound
from spatial.settings import PROJECT, Settings
from tests.pages import commands, files, told

PAGE = "add-a-scenario.md"
(FILE,) = files(PAGE)


@pytest.fixture
def path(tmp_path):
    """Write the page's scenario into a copy of the areas."""
    shutil.copytree(PROJECT / "layers" / "areas", tmp_path / "layers" / "areas")
    (tmp_path / FILE).write_text(files(PAGE)[FILE], "utf-8")
    return tmp_path / FILE


@pytest.mark.db
def test_its_example_is_checked_as_the_page_says(path, database_url, tmp_path, capsys):
    areas = path.parents[1]
    settings = Settings(database_url=database_url, home=tmp_path / "home", areas=areas)
    (words,) = commands(PAGE)
    options = parse(words[1:])
    assert command.scenario(settings, options) == 0
    assert capsys.readouterr().out.strip() in told(PAGE)
    path.write_text(path.read_text("utf-8").replace("value = 90.0", "value = 80.0"), "utf-8")
    assert command.scenario(settings, options) == 1
    assert capsys.readouterr().out.strip() in told(PAGE)
    with pytest.raises(NotFound, match="No scenario 'nope'"):
        command.scenario(settings, parse(["scenario", "check", "nope"]))


def test_it_carries_its_row_and_a_wrong_name_is_told_as_the_page_says(path):
    areas = path.parents[1]
    catalog = Catalog.load(areas, read_plan, read_scenarios)
    found = catalog.part(read_scenarios)["defect_crews"]
    assert catalog.part(read_plan).by_id[found.rows[0]].team == found.team
    path.write_text(
        path.read_text("utf-8").replace('"teams", "tasks"', '"crews", "tasks"'), "utf-8"
    )
    with pytest.raises(ConfigError) as caught:
        catalog.reload()
    assert caught.value.en in told(PAGE)
    assert "defect_crews" in catalog.part(read_scenarios)
