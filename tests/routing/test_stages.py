"""A question's way through routing: resolve, prepare, search, explain, each entered in its turn."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import routing
from routing.query.model import PathQuery
from spatial.errors import LimitViolated
from tests.routing.grid_town import BLOCK_DEG, NOW, town
from tests.routing.maps import Town

FOLDER = str(Path(routing.__file__).parent)
MOST_STOPS, MOST_BACK = 20, 5
STAGES = ["resolve", "prepare", "search", "explain"]


def modules_entered(work) -> list[str]:
    """Return the modules of routing that a question enters, one after another."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code.co_name.startswith("<") or FOLDER not in code.co_filename:
            return
        if [code.co_filename] != entered[-1:]:
            entered.append(code.co_filename)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return [Path(name).stem for name in entered]


def test_a_plain_path_makes_few_stops_and_hardly_turns_back():
    network = town()[0]
    ends = [(121 + BLOCK_DEG * a, 30 + BLOCK_DEG * a) for a in (1, 8)]
    query = PathQuery("car", ends)
    network.path(query, NOW)
    stops = modules_entered(lambda: network.path(query, NOW))
    back = sum(name in stops[:number] for number, name in enumerate(stops))
    assert [name for name in stops if name in STAGES] == STAGES[:3]
    assert len(stops) <= MOST_STOPS
    assert back <= MOST_BACK


def test_a_refusal_is_explained_after_the_search():
    low = Town("A----B----C----D", {"AB": {}, "BC": {"max_height_m": 2.0}, "CD": {}})
    query = PathQuery("truck", [low.places["A"], low.places["D"]], sizes={"height_m": 4.0})

    def ask() -> None:
        with pytest.raises(LimitViolated):
            low.network.path(query, NOW)

    first = list(dict.fromkeys(name for name in modules_entered(ask) if name in STAGES))
    assert first == STAGES
