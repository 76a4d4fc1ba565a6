"""docs/add-a-rule.md followed step by step: registered, written, brought in, read."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from api.cli import store
from api.cli.parser import parse
from api.network.rule_models import RuleBook, read_rules, read_stored
from layers.processes.runtime import rule_models
from spatial import rules as registered
from spatial.errors import ConfigError
from spatial.postgres.db import connect
from spatial.rules import get_rule
from spatial.settings import PROJECT, Settings
from tests.pages import blocks, commands, files, told

PAGE = "add-a-rule.md"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
MODEL = "layers/processes/runtime/rule_models.py"
(FILE,) = files(PAGE).keys() - {MODEL}


@pytest.fixture
def engine(monkeypatch):
    """Return the names of the module that the page's model is written into."""
    monkeypatch.setattr(registered, "_kinds", dict(registered._kinds))
    names = vars(rule_models).copy()
    exec(files(PAGE)[MODEL], names)
    return names | {"get_rule": get_rule}


@pytest.fixture
def path(tmp_path):
    """Write the page's rule into a copy of the areas."""
    shutil.copytree(PROJECT / "layers" / "areas", tmp_path / "layers" / "areas")
    (tmp_path / FILE).write_text(files(PAGE)[FILE], "utf-8")
    return tmp_path / FILE


@pytest.mark.db
def test_the_rule_is_brought_in_and_read(engine, path, database_url, tmp_path, monkeypatch):
    areas = path.parents[1]
    monkeypatch.setenv("SIGANG_AREAS", str(areas))
    settings = Settings(database_url=database_url, home=tmp_path / "home", areas=areas)
    (words,) = commands(PAGE)
    assert store.migrate_to(settings, parse(words[1:])) == 0
    with connect(database_url) as conn:
        rules = RuleBook.of(read_stored(conn)[0], NOW).at(NOW)
    (read,) = [b.text for b in blocks(PAGE) if b.language == "python" and b.file is None]
    for driven_s, tired in ((14_000, False), (15_000, True)):
        names = engine | {"rules": rules, "driven_s": driven_s}
        exec(read, names)
        assert names["tired"] is tired
    rule = get_rule(rules, engine["REST"])
    assert (rule.version, rule.value.least_rest_s) == ("2017-10", 1200)


def test_a_wrong_value_is_refused_as_the_page_says(engine, path):
    path.write_text(path.read_text("utf-8").replace("1200.0", "-5.0"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_rules(path.parents[1])
    assert any(line in caught.value.en for line in told(PAGE)), caught.value.en


def test_without_its_model_the_rule_is_one_that_nobody_reads(path):
    with pytest.raises(ConfigError, match=r"law/driving\.rule\.toml: law\.driving_rest"):
        read_rules(path.parents[1])
