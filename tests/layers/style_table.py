"""Writes layers/declare/style_spec.json from the style specification's npm package.

Run `python -m tests.layers.style_table` after `npm ci` in frontend_static, when MapLibre is raised.
"""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from layers.declare.style import StyleRule
from layers.declare.style_check import TABLE
from tests.conftest import ROOT

PACKAGE = ROOT / "frontend_static/node_modules/@maplibre/maplibre-gl-style-spec"
SPEC = PACKAGE / "src/reference/v8.json"
_COLOURS = PACKAGE / "src/expression/types/parse_css_color.ts"
TYPES = get_args(StyleRule.model_fields["type"].annotation)


def make() -> dict[str, Any]:
    """Return the table that the checks of declarations need, of the installed package."""
    spec = json.loads(SPEC.read_text("utf-8"))
    package = json.loads((PACKAGE / "package.json").read_text("utf-8"))
    named = re.findall(r"^ +([a-z]+): \[\d+, \d+, \d+\]", _COLOURS.read_text("utf-8"), re.MULTILINE)
    return {
        "source": f"{package['name']} {package['version']}, {package['license']}",
        "types": {
            type_: {
                part: {n: _of(p) for n, p in spec[f"{part}_{type_}"].items() if n != "visibility"}
                for part in ("layout", "paint")
            }
            for type_ in TYPES
        },
        "operators": sorted(spec["expression_name"]["values"]),
        "filter_operators": sorted(spec["filter_operator"]["values"]),
        "interpolations": sorted(spec["interpolation_name"]["values"]),
        "colours": sorted([*named, "transparent"]),
    }


def _of(spec: dict[str, Any]) -> dict[str, Any]:
    found = {key: spec[key] for key in ("type", "value", "length", "minimum", "maximum")
             if key in spec}  # fmt: skip
    if "values" in spec:
        found["values"] = list(spec["values"])
    if "expression" in spec:
        found["parameters"] = spec["expression"]["parameters"]
    return found


def write(table: dict[str, Any]) -> str:
    """Return the table as text, one property a line."""
    text = json.dumps(table, indent=1, ensure_ascii=False)
    return re.sub(r"\n {4,}", "", text) + "\n"


if __name__ == "__main__":
    TABLE.write_text(write(make()), "utf-8")
