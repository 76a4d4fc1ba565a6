"""docs/loading.md names every key of a mapping and every reason of a refusal."""

import re
from pathlib import Path

import pytest

from data.layerfile import georeference, load
from data.layerfile.mapping import LayerMapping, Place, Quality, SourceBlock
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "loading.md").read_text("utf-8")


@pytest.mark.parametrize("part", [LayerMapping, SourceBlock, Place, Quality])
def test_every_key_is_documented(part) -> None:
    for name in part.model_fields:
        assert re.search(rf"`\[?{name}(\]|\.COLUMN\])?`", TEXT), name


def test_every_default_of_the_quality_rules_is_documented() -> None:
    for name, field in Quality.model_fields.items():
        shown = str(field.default).lower().removesuffix(".0")
        assert re.search(rf"`{name}` \({shown}(\.0)?(:[^)]*)?\)", TEXT), name


def test_every_reason_is_documented() -> None:
    reasons = set()
    for module in (load, georeference):
        source = Path(module.__file__).read_text("utf-8")
        reasons |= set(re.findall(r"\"((?:no|bad|not|out|swapped|duplicate|self|outside|dangling"
                                  r"|small)-[a-z]+)\"", source))  # fmt: skip
    assert len(reasons) >= 12
    for reason in reasons:
        assert f"`{reason}`" in TEXT, reason
