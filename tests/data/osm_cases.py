"""Small OpenStreetMap files with the right answers, beside the checkout: read, merged, judged.

`EXPECTED.md` lists requests with what the answer must be: the letters of the nodes passed, a set
of such, `unreachable/422`, `ERR`, anywhere, a speed or a time. A node's letter is the character
of the last three digits of its id.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx

_REQUEST = re.compile(r"- (?:ok|FAIL) `(\{.*?\})` expected (.*?); got")
_TITLE = re.compile(r"## (?:ok|FAIL) (\S+)\.osm")
_NEAR_M, _DECIMALS = 25.0, 7
_SHARE, _ROUNDED = 0.02, 0.002
Expected = str | list[str] | tuple[Any, ...]


@dataclass
class Case:
    """A file, the letters of its nodes by place, and what must be answered."""

    name: str
    nodes: dict[tuple[float, float], str] = field(default_factory=dict)
    requests: list[tuple[dict[str, Any], Expected]] = field(default_factory=list)


def read_cases(folder: Path) -> list[Case]:
    """Return the cases of a folder as its `EXPECTED.md` tells."""
    cases: list[Case] = []
    for line in (folder / "EXPECTED.md").read_text("utf-8").splitlines():
        if title := _TITLE.match(line):
            cases.append(Case(title[1]))
        elif asked := _REQUEST.match(line):
            cases[-1].requests.append((json.loads(asked[1]), _expected(asked[2])))
    for case in cases:
        for node in ElementTree.parse(folder / f"{case.name}.osm").iter("node"):
            place = _key(float(node.attrib["lon"]), float(node.attrib["lat"]))
            case.nodes.setdefault(place, chr(int(node.attrib["id"][-3:])))
    return cases


def _expected(text: str) -> Expected:
    return ast.literal_eval(text) if text[:1] in {"[", "("} else text


def _key(lon: float, lat: float) -> tuple[float, float]:
    return round(lon, _DECIMALS), round(lat, _DECIMALS)


def merge(folder: Path, to: Path) -> Path:
    """Write all files of a folder into one: nodes, then ways, then relations."""
    whole = ElementTree.Element("osm", version="0.6")
    found = [ElementTree.parse(path).getroot() for path in sorted(folder.glob("*.osm"))]
    for kind in ("node", "way", "relation"):
        whole.extend(item for root in found for item in root.findall(kind))
    ElementTree.ElementTree(whole).write(to, "utf-8", xml_declaration=True)
    return to


def wrong(case: Case, expected: Expected, answer: httpx.Response) -> str | None:
    """Tell what is wrong with an answer, None where nothing is."""
    if answer.status_code != 200:
        problem = answer.json()
        refused = expected == "ERR" or (expected == "unreachable/422" and answer.status_code == 422)
        return None if refused else f"{answer.status_code} {problem['type']}: {problem['title']}"
    (feature, *_) = answer.json()["features"]
    told = feature["properties"]
    if isinstance(expected, tuple):
        got = _measured(expected[0], told)
        low, high = _bounds(expected)
        return None if low <= got <= high else f"{got:.1f}"
    letters = _letters(case, feature["geometry"]["coordinates"])
    if expected == ["ANYWHERE"]:
        return None
    away = max(told["snap_m"])
    if away > _NEAR_M:
        return f"{letters} from {away:.0f} m away"
    allowed = expected if isinstance(expected, list) else [expected]
    return None if letters in allowed else letters or "nothing passed"


def _measured(what: str, told: dict[str, Any]) -> float:
    seconds = float(told["duration_s"])
    return seconds if what == "time" else float(told["length_m"]) / seconds * 3.6


def _bounds(expected: tuple[Any, ...]) -> tuple[float, float]:
    value, *tolerance = expected[1:]
    if isinstance(value, tuple):
        return (1 - _ROUNDED) * value[0], (1 + _ROUNDED) * value[1]
    off = tolerance[0] if tolerance else _SHARE * value
    return value - off, value + off


def _letters(case: Case, line: list[list[float]]) -> str:
    passed = [case.nodes.get(_key(*point[:2]), "") for point in line]
    kept = [letter for i, letter in enumerate(passed) if i == 0 or letter != passed[i - 1]]
    return "".join(kept)
