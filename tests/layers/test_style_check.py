"""Paint and layout of a declaration against the style specification, as MapLibre itself judges."""

from __future__ import annotations

import json
import subprocess

import pytest

from layers.declare.style import Style
from layers.declare.style_check import TABLE, check_style
from tests.conftest import ROOT, program
from tests.layers.style_table import PACKAGE, SPEC, make

VALIDATE = """
import { readFileSync } from 'node:fs';
const { validateStyleMin } = await import(process.argv[1]);
const found = JSON.parse(readFileSync(0)).map((style) => validateStyleMin(style).length > 0);
console.log(JSON.stringify(found));
"""
RAMP = ["interpolate", ["linear"], ["zoom"], 6, 2, 12, 5]
GOOD = [
    ("circle", {"paint": {"circle-radius": RAMP, "circle-color": "hsl(200, 50%, 50%)"}}),
    ("circle", {"paint": {"circle-radius": ["+", ["get", "n"], 1]}, "filter": ["in", "a", 1, 2]}),
    ("line", {"paint": {"line-dasharray": [2, 1], "line-translate": [0, 1]}}),
    ("line", {"layout": {"line-cap": ["case", ["get", "a"], "round", "butt"]}}),
    ("line", {"paint": {"line-color": ["match", ["get", "c"], ["a", "b"], "#fff", "Red"]}}),
    ("symbol", {"layout": {"text-font": ["Noto Sans SC"], "icon-padding": [1, 2],
                           "text-field": ["format", ["get", "a"], {"font-scale": 1.2}]}}),
    ("heatmap", {"paint": {"heatmap-color": ["step", ["heatmap-density"], "transparent", 0.5,
                                             "rgba(1, 2, 3, 0.5)"]}}),
]  # fmt: skip
WRONG = [
    ("circle", {"paint": {"circle-raduis": 4}}, "paint.circle-raduis", "mean circle-radius"),
    ("circle", {"paint": {"line-color": "#fff"}}, "paint.line-color", "no such paint property"),
    ("circle", {"layout": {"circle-radius": 4}}, "layout.circle-radius", "no such layout property"),
    ("circle", {"paint": {"circle-radius": "4"}}, "paint.circle-radius", "'4' is no number"),
    ("circle", {"paint": {"circle-radius": -1}}, "paint.circle-radius", "not within 0"),
    ("circle", {"paint": {"circle-opacity": 1.5}}, "paint.circle-opacity", "within 0 to 1"),
    ("circle", {"paint": {"circle-color": "bleu"}}, "paint.circle-color", "no colour"),
    ("circle", {"paint": {"circle-color": "#12345"}}, "paint.circle-color", "no colour"),
    ("circle", {"paint": {"circle-color": ["step", ["zoom"], "#fff", 8, "bleu"]}},
     "paint.circle-color", "'bleu' is no colour"),
    ("circle", {"paint": {"circle-radius": ["interpolate", ["zoom"], 6, 2, 12, 5]}},
     "paint.circle-radius", "begins with one of"),
    ("circle", {"paint": {"circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 2, 6, 5]}},
     "paint.circle-radius", "rising"),
    ("circle", {"paint": {"circle-radius": ["inerpolate", ["linear"], ["zoom"], 6, 2]}},
     "paint.circle-radius", "is no number"),
    ("circle", {"paint": {"circle-radius": ["+", ["gett", "n"], 1]}}, "paint.circle-radius",
     "did you mean 'get'"),
    ("circle", {"paint": {"circle-radius": ["match", ["get", "a"], "x", 1]}},
     "paint.circle-radius", "fallback"),
    ("circle", {"paint": {"circle-radius": {"stops": [[1, 2]], "base": 1, "type": 7}}},
     "paint.circle-radius", "no table"),
    ("circle", {"paint": {"circle-pitch-alignment": ["get", "a"]}}, "paint.circle-pitch-alignment",
     "'get' cannot be used here"),
    ("line", {"paint": {"line-dasharray": 2}}, "paint.line-dasharray", "takes a list"),
    ("line", {"paint": {"line-translate": [1]}}, "paint.line-translate", "list of 2 values"),
    ("line", {"layout": {"line-cap": "rond"}}, "layout.line-cap", "none of butt, round, square"),
    ("fill", {"paint": {"fill-antialias": "yes"}}, "paint.fill-antialias", "no boolean"),
    ("symbol", {"layout": {"icon-padding": [1, 2, 3, 4, 5]}}, "layout.icon-padding", "too many"),
    ("fill", {"paint": {}, "filter": ["=", ["get", "a"], 1]}, "filter", "'=' is no operator"),
]  # fmt: skip


def check(type_, parts):
    check_style(Style(rules=[{"id": "r", "slot": "point", "type": type_, **parts}]))


@pytest.mark.parametrize(("type_", "parts"), GOOD)
def test_what_maplibre_draws_is_taken(type_, parts):
    check(type_, parts)


@pytest.mark.parametrize(("type_", "parts", "key", "why"), WRONG)
def test_what_it_would_not_draw_is_named_with_its_key(type_, parts, key, why):
    with pytest.raises(ValueError, match="style") as caught:
        check(type_, parts)
    at, _, text = str(caught.value).partition(": ")
    assert at == f"style.rules.0.{key}"
    assert why in text


def test_both_themes_are_looked_at():
    with pytest.raises(ValueError, match="bleu"):
        check("fill", {"paint": {"fill-color": {"dark": "#fff", "light": "bleu"}}})


def test_the_table_is_that_of_the_package_that_the_map_ships():
    if not SPEC.exists():
        pytest.skip("the style specification is not installed (npm ci)")
    assert json.loads(TABLE.read_text("utf-8")) == make()


def test_maplibre_judges_the_same():
    if not SPEC.exists():
        pytest.skip("the style specification is not installed (npm ci)")
    styles = [
        {"version": 8, "sources": {"s": {"type": "vector", "tiles": ["http://x/{z}"]}}, "layers": [
            {"id": "r", "type": type_, "source": "s", "source-layer": "l", **parts}]}
        for type_, parts, *_ in [*GOOD, *WRONG]
    ]  # fmt: skip
    done = subprocess.run(
        [program("node"), "--input-type=module", "-e", VALIDATE, str(PACKAGE / "dist/index.mjs")],
        input=json.dumps(styles), capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert json.loads(done.stdout) == [False] * len(GOOD) + [True] * len(WRONG)
