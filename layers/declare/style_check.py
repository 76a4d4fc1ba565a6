"""Paint and layout of a layer's rules against MapLibre's style specification.

`style_spec.json` is a table of the specification's properties, operators and colours, made of the
npm package that the map ships (tests/layers/style_table.py); a test compares the two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Required, TypedDict, TypeGuard, cast

import orjson

from layers.declare.style import Lang, Legend, Style, StyleRule, Theme, Tiles, resolve

TABLE = Path(__file__).with_name("style_spec.json")
LOOKS: tuple[tuple[Theme, Lang], ...] = (("dark", "zh"), ("light", "en"))
"""Themes and languages that together show every value of a rule."""

_NEEDS = {
    "get": "feature", "has": "feature", "properties": "feature", "id": "feature",
    "geometry-type": "feature", "feature-state": "feature-state", "zoom": "zoom",
    "heatmap-density": "heatmap-density", "line-progress": "line-progress",
}  # fmt: skip
"""What a property must offer for an operator to be used in it."""
_COLOUR = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(rgb|hsl)a?\([-+0-9.,%/ a-z]+\)")
_SEVERAL = {"padding": ("number", 4), "numberArray": ("number", 99), "colorArray": ("color", 99)}
"""Types of which a value is one of an elementary type, or a list of at most so many."""
_COUNTS: Mapping[str, tuple[int, int | None, str]] = {
    "case": (3, 1, "pairs of condition and output, then a fallback"),
    "match": (4, 0, "an input, pairs of label and output, then a fallback"),
    "step": (4, 0, "an input, an output, then pairs of stop and output"),
    "interpolate": (4, 0, "a way, an input, then pairs of stop and output"),
    "get": (1, None, "a name"),
    "has": (1, None, "a name"),
}
"""Least number of arguments of an operator, whether it is odd, and what they are."""
_STOPS = {"step": 2, "interpolate": 2}
"""Where the stops of an operator begin; every other argument is one."""

Faults = Iterator[tuple[str, str]]
"""Keys and what is wrong there."""


class Spec(TypedDict, total=False):
    """What MapLibre says of a property, or of an element of one."""

    type: Required[str]
    value: str
    values: list[str]
    minimum: float
    maximum: float
    length: int
    parameters: list[str]


class Table(TypedDict):
    """MapLibre's style specification, as far as it is checked here."""

    types: dict[str, dict[str, dict[str, Spec]]]
    operators: list[str]
    filter_operators: list[str]
    interpolations: list[str]
    colours: list[str]


@cache
def _table() -> Table:
    found: Table = orjson.loads(TABLE.read_bytes())
    return found


def check_style(style: Style | None, tiles: Tiles | None = None) -> None:
    """Refuse what MapLibre would not draw, and columns that the layer's tiles do not carry.

    Raises
    ------
    ValueError
        Begins with the key that is wrong.
    """
    for number, rule in enumerate(style.rules if style else ()):
        at = f"style.rules.{number}"
        for look in LOOKS:
            parts = {"layout": rule.layout, "paint": rule.paint}
            looked = {
                part: cast(Mapping[str, object], resolve(given, *look))
                for part, given in parts.items()
            }
            faults = [
                fault
                for part, given in looked.items()
                for fault in _properties(f"{at}.{part}", rule.type, part, given)
            ]
            if rule.filter is not None:
                faults += _expression(f"{at}.filter", resolve(rule.filter, *look), None)
            for key, why in faults:
                raise ValueError(f"{key}: {why}")
        if tiles is not None:
            _check_read(at, rule, tiles)


def check_legend(legend: Legend | None) -> None:
    """Refuse a colour that nothing can show.

    Raises
    ------
    ValueError
        Begins with the key that is wrong.
    """
    for number, entry in enumerate(legend.entries if legend else ()):
        for theme, colour in entry.color.model_dump().items():
            if why := _colour({"type": "color"}, colour):
                raise ValueError(f"legend.entries.{number}.color.{theme}: {why}")


def _check_read(at: str, rule: StyleRule, tiles: Tiles) -> None:
    keys = {f"{part}.{name}": value for part in ("layout", "paint")
            for name, value in getattr(rule, part).items()}  # fmt: skip
    for key, value in {**keys, "filter": rule.filter}.items():
        for name in _read(value):
            if name not in tiles.carried:
                known = ", ".join(sorted(tiles.carried))
                raise ValueError(f"{at}.{key}: tiles carry no {name!r}; they carry {known}")


def _read(value: object) -> Iterator[str]:
    """Yield the names of the properties that an expression reads."""
    if isinstance(value, list | tuple):
        head, *rest = value or (None,)
        if head in ("get", "has") and len(rest) == 1 and isinstance(rest[0], str):
            yield rest[0]
        for member in value:
            yield from _read(member)
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _read(member)


def _properties(at: str, type_: str, part: str, given: Mapping[str, object]) -> Faults:
    known = _table()["types"][type_][part]
    for name, value in given.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}" if near else ""
            yield f"{at}.{name}", f"{type_} has no such {part} property{hint}"
        else:
            yield from _value(f"{at}.{name}", known[name], value)


def _value(at: str, spec: Spec, value: object) -> Faults:
    if not _is_expression(value):
        why = _literal(spec, value)
        if why:
            yield at, why
        return
    parameters = spec.get("parameters")
    if parameters is None:
        yield at, "takes a value, no expression"
        return
    yield from _expression(at, value, parameters)
    for output in _outputs(cast(list[object], value)):
        if _is_expression(output) or not isinstance(output, list):
            yield from _value(at, spec, output)


def _is_expression(value: object) -> bool:
    head = value[0] if isinstance(value, list) and value else None
    return isinstance(head, str) and head in _table()["operators"]


def _outputs(expression: Sequence[object]) -> Sequence[object]:
    """Return what an expression can result in, as far as it is written out."""
    head, *rest = expression
    if head == "case":
        return [*rest[1:-1:2], *rest[-1:]]
    if head == "match":
        return [*rest[2:-1:2], *rest[-1:]]
    if head == "coalesce":
        return rest
    if head == "step":
        return rest[1::2]
    return rest[3::2] if str(head).startswith("interpolate") else ()


def _expression(at: str, value: object, parameters: Sequence[str] | None) -> Faults:
    """Yield what is wrong with an expression, or with a filter where `parameters` is None."""
    if isinstance(value, Mapping):
        for member in value.values():
            yield from _expression(at, member, parameters)
        return
    if not isinstance(value, list):
        return
    head, rest = (value[0] if value else None), value[1:]
    operators = {
        *_table()["operators"],
        *(_table()["filter_operators"] if parameters is None else ()),
    }
    if not isinstance(head, str) or head not in operators:
        near = get_close_matches(str(head), operators, 1)
        hint = f"; did you mean {near[0]!r}" if near else '; values are ["literal", [...]]'
        yield at, f"{head!r} is no operator{hint}"
        return
    wanted = _NEEDS.get(head)
    if parameters is not None and wanted and wanted not in parameters:
        yield at, f"{head!r} cannot be used here"
    why = _shape(head, rest)
    if why:
        yield at, f"{head!r} {why}"
        return
    for member in _members(head, rest):
        yield from _expression(at, member, parameters)


def _shape(head: str, rest: Sequence[object]) -> str | None:
    """Return what is wrong with the number or kind of arguments."""
    ways, form = _table()["interpolations"], head.partition("-")[0]
    kind = rest[0] if rest else None
    if form == "interpolate" and not (isinstance(kind, list) and kind and kind[0] in ways):
        return f"begins with one of {', '.join(ways)}, as a list"
    least, odd, takes = _COUNTS.get(form, (0, None, ""))
    if len(rest) < least or odd not in (None, len(rest) % 2):
        return f"takes {takes}"
    given = list(rest[_STOPS[form] :: 2]) if form in _STOPS else []
    stops = [stop for stop in given if _is_number(stop)]
    if len(stops) < len(given) or stops != sorted(set(stops)):
        return "takes stops that are rising numbers"
    return None


def _members(head: str, rest: Sequence[object]) -> Sequence[object]:
    """Return the arguments that are expressions themselves."""
    if head in ("literal", "semiliteral"):
        return ()
    if head == "match":
        return [rest[0], *_outputs([head, *rest])]
    if head.startswith("interpolate"):
        return rest[1:]
    return rest


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _literal(spec: Spec, value: object) -> str | None:
    """Return why a value does not fit its property, None where it does."""
    if isinstance(value, Mapping):
        return "takes no table; write an expression"
    return _LITERALS.get(spec["type"], _list)(spec, value)


def _plain(spec: Spec, value: object) -> str | None:
    right = isinstance(value, bool if spec["type"] == "boolean" else str)
    return None if right else f"{value!r} is no {spec['type']}"


def _number(spec: Spec, value: object) -> str | None:
    if not _is_number(value):
        return f"{value!r} is no number"
    least, most = spec.get("minimum", -math.inf), spec.get("maximum", math.inf)
    return None if least <= value <= most else f"{value} is not within {least} to {most}"


def _enum(spec: Spec, value: object) -> str | None:
    return None if value in spec["values"] else f"{value!r} is none of {', '.join(spec['values'])}"


def _colour(_: Spec, value: object) -> str | None:
    text = value.lower().strip() if isinstance(value, str) else ""
    right = text in _table()["colours"] or _COLOUR.fullmatch(text)
    return None if right else f"{value!r} is no colour"


def _list(spec: Spec, value: object) -> str | None:
    """Judge a list: of as many as the property takes, each of its element's type."""
    length = spec.get("length")
    if not isinstance(value, list) or (length and len(value) != length):
        return f"takes a list of {f'{length} ' if length else ''}values"
    return _each({**spec, "type": spec["value"]}, value) if "value" in spec else None


def _one_or_more(spec: Spec, value: object) -> str | None:
    element, most = _SEVERAL[spec["type"]]
    several = value if isinstance(value, list) else [value]
    return _each({"type": element}, several) if 0 < len(several) <= most else "has too many values"


def _each(spec: Spec, values: Sequence[object]) -> str | None:
    return next(filter(None, (_literal(spec, one) for one in values)), None)


_LITERALS = {
    "boolean": _plain, "string": _plain, "formatted": _plain, "resolvedImage": _plain,
    "number": _number, "enum": _enum, "color": _colour, **dict.fromkeys(_SEVERAL, _one_or_more),
}  # fmt: skip
