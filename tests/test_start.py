"""What a start loads: as little as the first path needs, so that it does not become slower."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.harness import ROOT, server_environment

HEAVY = (
    "alembic", "cryptography.x509", "geopandas", "jwt", "lxml", "networkx", "openpyxl", "osmium",
    "osmnx", "pandas", "pydeck", "pyogrio", "scipy.linalg", "scipy.optimize", "scipy.sparse",
    "scipy.spatial", "sqlalchemy.ext.asyncio", "yaml",
)  # fmt: skip
"""What takes long to import and only some requests or commands need: they import it themselves."""
SUPERVISOR = """
import api.cli.supervisor
api.cli.supervisor._load_framework()
import api.app
from api.services import load_catalog
from layers.processes.registry import find_processes
from spatial.settings import Settings
find_processes()
load_catalog(Settings().areas)
api.app.create_app(Settings())
"""
COMMAND = """
import api.cli.__main__, api.cli.start
"""
UNBUILT = """
from fastapi.openapi.models import OpenAPI
assert not OpenAPI.__pydantic_complete__
assert OpenAPI(openapi="3.1.0", info={"title": "x", "version": "0"}, paths={}).paths == {}
class Later(__import__("pydantic").BaseModel):
    number: int
assert Later.__pydantic_complete__
"""
"""Only what FastAPI brings itself is left unbuilt."""
TELL_MODULES = """
import json, sys
print(json.dumps(sorted(sys.modules)))
"""
KERNELS = """
import gc, json
from numba.core.dispatcher import Dispatcher
import api.app
from api.roads.path_answer import Answer, Shape, write_json
from routing.query.model import PathQuery
from spatial.geo.crs import CRS84
from tests.routing.maps import NOW, Town

def loaded():
    kernels = (one for one in gc.get_objects() if isinstance(one, Dispatcher) and one.overloads)
    return {f"{one.__module__}.{one.__name__}" for one in kernels if not one._can_compile}

started = loaded()
town = Town("A  B  C", {"AB": {}, "BC": {}})
network = town.network
built = loaded()
found = network.paths(PathQuery("car", [town.at("A"), town.at("BC:0.5")]), NOW)
write_json(Answer(network, found, None, Shape(CRS84, "car", frozenset({"edges"}), "geojson")))
print(json.dumps([sorted(started), sorted(loaded() - built)]))
"""


def told(program: str) -> list[str]:
    """Return what a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=ROOT, env=server_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("program", "left_out"),
    [(SUPERVISOR + UNBUILT, HEAVY), (COMMAND, ("numpy", "pydantic", "psycopg"))],
)
def test_what_only_some_need_is_not_loaded(program, left_out):
    """A command starts its supervisor before it loads anything itself."""
    modules = told(program + TELL_MODULES)
    assert not {m for m in modules for one in left_out if m == one or m.startswith(f"{one}.")}


def test_a_path_finds_its_kernels_loaded_and_others_wait_until_they_are_called():
    started, by_path = told(KERNELS)
    assert by_path == []
    assert {"routing.cost.weight_kernels.weigh", "routing.cch.query_kernels.join"} <= set(started)
    assert not [name for name in started if "matching" in name or "table" in name]
