"""docs/add-a-process.md followed step by step: found, described, asked; a slip is named."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys

import pytest

from api.app import create_app
from api.cli.doctor import _declarations
from layers import processes
from layers.declare.catalog import Catalog
from layers.processes.registry import check_inputs, find_processes
from layers.processes.runtime.describe import description
from layers.processes.runtime.model import Sources
from layers.processes.runtime.readers import list_readers
from layers.processes.runtime.run import read_scene, run
from spatial.actor import Actor
from spatial.errors import BadParameter, ConfigError
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.conftest import ROOT
from tests.layers.small import seed, write_areas
from tests.pages import commands, files, told

PAGE = "add-a-process.md"
((FILE, TEXT),) = files(PAGE).items()
PLANNER = Actor("planner", "planner", "330000")


def _forget() -> None:
    for module in [name for name in sys.modules if name.startswith("layers.processes.law")]:
        del sys.modules[module]


@pytest.fixture
def area(tmp_path, monkeypatch):
    """Write the page's file into a copy of the processes, and have that scanned."""
    folder = shutil.copytree(ROOT / "layers" / "processes", tmp_path / "layers" / "processes")
    path = tmp_path / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(TEXT, "utf-8")
    monkeypatch.setattr(processes, "__path__", [str(folder)])
    _forget()
    yield path
    _forget()


@pytest.fixture
def ask(database_url, tmp_path):
    """Return what runs the process for inputs on the ports of a small province."""
    with connect(database_url) as conn:
        seed(conn)
        conn.commit()
    catalog = Catalog.load(write_areas(tmp_path / "areas"))

    async def network(kind: str):
        raise AssertionError(kind)

    async def go(process, inputs):
        db = await Database.open(Settings(database_url=database_url, pool_size=1), database_url)
        try:
            return await read_scene(process, inputs, Sources(db, catalog, PLANNER, network))
        finally:
            await db.close()

    def answer(process, given):
        inputs = check_inputs(process, given)
        return run(process, inputs, asyncio.run(go(process, inputs)))

    return answer


def said_by_doctor() -> tuple[str, str]:
    """Return what the page's command says of processes."""
    assert ["./sigang", "doctor"] in commands(PAGE)
    (found,) = [f for f in _declarations(Settings()) if f.name == "processes"]
    return found.state, found.text


@pytest.mark.db
def test_the_file_is_a_process_that_answers_as_asked(area, ask, database_url):
    tally = find_processes()["tally"]
    assert said_by_doctor() == ("ok", f"{len(find_processes())} found")
    assert description(tally, "en")["inputs"].keys() == {"features", "column"}
    (words,) = [words for words in commands(PAGE) if "-X" in words]
    assert f"/api/processes/{tally.id}/execution" in words[3]
    body = json.loads(words[-1])
    (output,) = ask(tally, body["inputs"])
    counts = json.loads(output.whole)
    with connect(database_url) as conn:
        (wanted,) = conn.execute(
            "SELECT count(*) FROM sigang.facility WHERE kind = 'port' AND capacity > 3"
            " AND (visibility = 'public' OR admin_code LIKE '33%')"
        ).fetchone()
    assert sum(row["count"] for row in counts) == wanted > 1
    assert sum(row["share"] for row in counts) == pytest.approx(1, abs=1e-4)
    with pytest.raises(BadParameter, match="no column 'colour'"):
        ask(tally, body["inputs"] | {"column": "colour"})


def test_a_slip_stops_the_start_as_the_page_says(area):
    area.write_text(
        TEXT.replace('ROWS = rows("features")', 'ROWS = Need("row", "features", "features")')
        .replace("    Inputs,\n", "    Inputs,\n    Need,\n"), "utf-8",
    )  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        create_app()
    assert any(caught.value.en.startswith(line.rstrip("…")) for line in told(PAGE))
    assert said_by_doctor() == ("fail", caught.value.en)


def test_the_page_names_every_reader():
    text = (ROOT / "docs" / PAGE).read_text("utf-8")
    find_processes()
    for name in list_readers():
        assert f"\n| `{name}` | `{name}" in text
