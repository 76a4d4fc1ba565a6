"""Legends of function layers: a sentence for each class, and the states without a value."""

from __future__ import annotations

from collections.abc import Sequence

from layers.declare.base import Text
from layers.declare.style import Colour
from layers.functions.declared import FunctionLayer, SurfaceLook
from layers.processes.runtime.helpers import show_rule
from routing.statistics.rule_models import BREAKS
from spatial.errors import ConfigError
from spatial.json_types import Document
from spatial.rules import Rules, find_rule, get_rule


def legend_where_ruled(layer: FunctionLayer, surface: str, rules: Rules) -> Document:
    """Return the legend of a surface, without rows while no rule for them is in force."""
    look = layer.surfaces[surface]
    rule = find_rule(rules, BREAKS, look.rule)
    if rule is not None and len(look.colors) == len(rule.value.bounds) + 1:
        return legend_of(layer, surface, rules)
    titles = {"title": look.title.model_dump(), "unit": look.unit.model_dump()}
    return {"surface": surface, **titles, "rule": None, "entries": _states(layer, surface)}


def legend_of(layer: FunctionLayer, surface: str, rules: Rules) -> Document:
    """Return name, unit, rule and rows of the legend of a surface.

    Raises
    ------
    ConfigError
        The rule in force has another number of bounds than there are colours.
    """
    look = layer.surfaces[surface]
    rule = get_rule(rules, BREAKS, look.rule)
    bounds = rule.value.bounds
    if len(look.colors) != len(bounds) + 1:
        raise ConfigError(
            f"{layer.id}: {surface} has {len(look.colors)} colours for {len(bounds)} bounds of"
            f" {look.rule}",
            f"{layer.id}：{surface} 有 {len(look.colors)} 种颜色，而 {look.rule} 有"
            f" {len(bounds)} 个界限",
        )
    rows = [_row(look, bounds, number) for number in range(len(look.colors))]
    return {
        "surface": surface,
        "title": look.title.model_dump(),
        "unit": look.unit.model_dump(),
        "rule": show_rule(rule),
        "entries": [*rows, *_states(layer, surface)],
    }


def _row(look: SurfaceLook, bounds: Sequence[float], number: int) -> Document:
    low = bounds[number - 1] if number else None
    high = bounds[number] if number < len(bounds) else None
    words = look.legend.between
    if low is None or high is None:
        words = look.legend.below if low is None else look.legend.above
    said = {
        "{from}": "" if low is None else f"{low * look.factor:g}",
        "{to}": "" if high is None else f"{high * look.factor:g}",
    }
    return {
        "class": number,
        "from": low,
        "to": high,
        "label": _filled(words, said),
        "symbol": "fill",
        "color": look.colors[number].model_dump(),
    }


def _filled(words: Text, said: dict[str, str]) -> dict[str, str]:
    found = words.model_dump()
    for lang in found:
        for place, text in said.items():
            found[lang] = found[lang].replace(place, text)
    return found


def _states(layer: FunctionLayer, surface: str) -> list[Document]:
    return [
        {
            "state": name,
            "label": look.label.model_dump(),
            "symbol": look.pattern,
            "color": look.color.model_dump(),
        }
        for name, look in layer.states_of(surface).items()
    ]


def style_of(layer: FunctionLayer, surface: str, theme: str) -> list[Document]:
    """Return MapLibre layers without source: cells by class, then outlines of those without."""
    look = layer.surfaces[surface]
    steps: list[object] = [_of(look.colors[0], theme)]
    for number, colour in enumerate(look.colors[1:], start=1):
        steps += [number, _of(colour, theme)]
    unknown = _of(layer.states.not_inspected.color, theme)
    return [
        {
            "id": f"{layer.id}:fill",
            "type": "fill",
            "source-layer": layer.id,
            "filter": ["has", "colour"],
            "paint": {
                "fill-color": ["step", ["get", "colour"], *steps],
                "fill-opacity": layer.opacity,
                "fill-antialias": False,
            },
        },
        {
            "id": f"{layer.id}:unknown",
            "type": "line",
            "source-layer": layer.id,
            "filter": ["!=", ["get", "state"], "rated"],
            "paint": {"line-color": unknown, "line-width": 1, "line-dasharray": [2, 2]},
        },
    ]


def _of(colour: Colour, theme: str) -> str:
    return colour.light if theme == "light" else colour.dark
