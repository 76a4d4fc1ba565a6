"""Processes are found by scanning: one file is listed, described and run; a broken one is named."""

from __future__ import annotations

import asyncio
import sys
from textwrap import dedent
from types import SimpleNamespace

import orjson
import pytest

from api.app import create_app
from layers import processes
from layers.processes.registry import check_inputs, find_processes
from layers.processes.runtime.describe import description, summary
from layers.processes.runtime.model import Sources
from layers.processes.runtime.run import read_scene, run
from spatial.actor import ANONYMOUS
from spatial.errors import BadParameter, ConfigError
from tests.routing.maps import Town

TOY = """
from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.runtime.model import Inputs, Outputs, PlacesFrom, Process, titled, wrong_input

class In(Inputs):
    stops: PlacesFrom = titled("站点", "Stops")

class Out(Outputs):
    weight: float = titled("权重", "Weight")
    edges: int | None = titled("路段", "Edges", default=None)

def check(inputs, scene):
    if len(scene.places["stops"]) > 2:
        raise wrong_input("stops", "more than two", "超过两个")

def run(inputs, scene):
    edges = len(scene.network.graph.edges) if {reads_network} else None
    return Out(weight=float(scene.places["stops"].weights.sum()), edges=edges)

PROCESS = Process(
    id="toy", title=Text(zh="玩具", en="Toy"), description=Text(zh="玩具", en="A toy"),
    inputs=In, outputs=Out, run=run, check=check,
    reads=(places("stops"), *([network("road")] if {reads_network} else [])),
)
"""


@pytest.fixture
def drop(tmp_path, monkeypatch):
    """Return what writes a file of an area that is scanned beside the shipped ones."""
    monkeypatch.setattr(processes, "__path__", [*processes.__path__, str(tmp_path)])
    (tmp_path / "toys").mkdir()

    def write(text: str, name: str = "toy") -> None:
        (tmp_path / "toys" / f"{name}.py").write_text(dedent(text), encoding="utf-8")

    yield write
    for module in [name for name in sys.modules if name.startswith("layers.processes.toys")]:
        del sys.modules[module]


async def _no_rows(*_asked):
    return []


NOTHING = SimpleNamespace(public=SimpleNamespace(fetch=_no_rows))
"""A database without rows."""


class Networks:
    """Gives a small town as the network of any kind, and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, kind: str):
        self.asked.append(kind)
        return Town("A---B", {"AB": {"length_m": 1000.0, "speed_kmh": 60.0}}).network


TRIP = {"origin": "s0", "target": "nowhere", "trips": 1}


def stops(*weights: float):
    return {"points": [{"id": f"s{i}", "point": [120, 30], "weight": w}
                       for i, w in enumerate(weights)]}  # fmt: skip


def asked(process, given, networks):
    """Return the outputs of a run without a database, by name."""
    sources = Sources(NOTHING, None, ANONYMOUS, networks)  # type: ignore[arg-type]
    inputs = check_inputs(process, given)
    scene = asyncio.run(read_scene(process, inputs, sources))
    return {output.name: orjson.loads(output.whole) for output in run(process, inputs, scene)}


@pytest.mark.parametrize(
    ("reads_network", "edges", "kinds"), [(False, None, []), (True, 1, ["road"])]
)
def test_a_dropped_file_is_listed_described_and_run_on_what_it_names(
    drop, reads_network, edges, kinds
):
    drop(TOY.format(reads_network=reads_network))
    toy = find_processes()["toy"]
    assert summary(toy, "en")["title"] == "Toy"
    assert description(toy, "zh")["inputs"]["stops"]["title"] == "站点"
    networks = Networks()
    assert asked(toy, {"stops": stops(1, 2)}, networks) == {"weight": 3.0, "edges": edges}
    assert networks.asked == kinds


def test_inputs_are_refused_before_the_network_is_loaded(drop):
    drop(TOY.format(reads_network=True))
    found, networks = find_processes(), Networks()
    with pytest.raises(BadParameter, match="more than two"):
        asked(found["toy"], {"stops": stops(1, 2, 3)}, networks)
    cover = {"sites": stops(1, 1), "demand": stops(1), "max_duration_s": 60}
    wrong = [
        ("cover", {**cover, "count": 3}),
        ("cover", {**cover, "count": 1, "fixed": ["none"]}),
        ("cover", {**cover, "count": 1, "traffic": {"profile": "none"}}),
        ("criticality", {"places": stops(1), "trips": [TRIP]}),
        ("export-network", {"bbox": [121, 30, 120, 31]}),
    ]  # fmt: skip
    for name, given in wrong:
        with pytest.raises(BadParameter):
            asked(found[name], given, networks)
    assert networks.asked == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def (", "SyntaxError"),
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("PROCESS = 1", "PROCESS is no Process"),
        (TOY.format(reads_network=False).replace('id="toy"', 'id="Toy 1"'), "Toy 1"),
        (TOY.format(reads_network=False).replace('id="toy"', 'id="cover"'), "cover.py too"),
        (TOY.format(reads_network=False).replace('places("stops")', 'places("halts")'), "halts"),
        (
            TOY.format(reads_network=False)
            .replace("Process, titled", "Need, Process, titled")
            .replace('places("stops")', 'Need("tides", "t", "stops")'),
            "no reader 'tides'; there are airspace, closables, ",
        ),
        (
            TOY.format(reads_network=False).replace(
                'places("stops")', 'places("stops"), places("stops")'
            ),
            "twice",
        ),
        *[
            (TOY.format(reads_network=True).replace(*slip), why)
            for slip, why in {
                ("PROCESS =", "PROCES ="): "PROCES: a process is exported as PROCESS",
                ('places("stops"), *', "places, *"): "reads: <function places",
                ("stops: PlacesFrom", "stops: str"): "the input 'stops' is no PlacesFrom",
                ("In(Inputs)", "In(Outputs)"): "is no class of Inputs",
                ("Out(Outputs)", "Out(Inputs)"): "is no class of Outputs",
                ("run=run,", "run=run, roles=('planer',),"): "roles: ('planer',) are not of",
                ("def run", "async def run"): "run: is no plain function",
                ('title=Text(zh="玩具", en="Toy")', 'title="Toy"'): "title: is no Text",
                ('network("road")', 'network("raod")'): "networks of kind 'raod'; known: road",
                ("    weight:", "    outs: list['Out'] = []\n    weight:"): "Out holds itself",
            }.items()
        ],
    ],
)
def test_a_broken_file_stops_the_start_with_its_name(drop, text, why):
    drop(text, "broken")
    with pytest.raises(ConfigError, match=r"toys/broken\.py") as caught:
        create_app()
    assert why in caught.value.en


def test_files_without_a_process_are_helpers(drop):
    before = set(find_processes())
    drop("X = 1")
    assert set(find_processes()) == before >= {"assign", "cover", "what-if"}
