"""docs/add-a-report.md followed step by step: written, frozen, listed, refused where wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from api.cli.ground import bring_rules
from api.cli.parser import parse
from api.cli.report import report as command
from api.services import load_catalog
from spatial.errors import ConfigError, Conflict
from spatial.postgres.db import connect
from spatial.settings import PROJECT, Settings
from tests.harness import HOME_VARIABLE
from tests.layers.reports.world import ZONE
from tests.layers.test_indicator_values import SOURCE, UNITS
from tests.pages import commands, files, told

PAGE = "add-a-report.md"
(FILE,) = files(PAGE)


@pytest.fixture
def path(tmp_path):
    """Write the page's report into a copy of the areas."""
    shutil.copytree(PROJECT / "layers" / "areas", tmp_path / "layers" / "areas")
    (tmp_path / FILE).write_text(files(PAGE)[FILE], "utf-8")
    return tmp_path / FILE


@pytest.mark.db
def test_it_is_frozen_and_listed_as_the_page_says(path, database_url, capsys):
    with connect(database_url) as conn:
        conn.execute(SOURCE)
        for number, (code, level, zh, en) in enumerate(UNITS):
            conn.execute(ZONE, [level, code, zh, en, number])
    bring_rules(database_url)
    home = Path(os.environ[HOME_VARIABLE])
    settings = Settings(database_url=database_url, home=home, areas=path.parents[1])
    freezing, listing = (parse(words[1:]) for words in commands(PAGE))
    capsys.readouterr()
    assert command(settings, freezing) == 0
    assert capsys.readouterr().out.strip() in told(PAGE)
    with pytest.raises(Conflict) as refused:
        command(settings, freezing)
    assert refused.value.en in told(PAGE)
    assert command(settings, listing) == 0
    assert capsys.readouterr().out.strip() in told(PAGE)


def test_a_wrong_name_is_told_as_the_page_says(path):
    path.write_text(path.read_text("utf-8").replace("inspection_hit_rate", "hit_rate"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalog(path.parents[1])
    assert caught.value.en in told(PAGE)
