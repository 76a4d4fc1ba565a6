"""docs/loading.md names every key of a mapping and every reason of a refusal."""

import re
from pathlib import Path

import pytest

from data.enforcement import load as records
from data.enforcement.mapping import RECORD_KINDS, RecordMapping
from data.layerfile import georeference, load, stage
from data.layerfile.mapping import LayerMapping, Place, Quality, SourceBlock
from data.waterway import load as waterway
from data.waterway import stage as waterway_stage
from data.waterway.mapping import TableFile, WaterwayMapping
from data.waterway.tables import ROWS, columns_of
from spatial.schema.kinds import Props
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "loading.md").read_text("utf-8")
WATERWAYS = (ROOT / "docs" / "waterways-data.md").read_text("utf-8")


@pytest.mark.parametrize("part", [LayerMapping, SourceBlock, Place, Quality, RecordMapping])
def test_every_key_is_documented(part) -> None:
    for name in part.model_fields:
        assert re.search(rf"`\[?{name}(\]|\.COLUMN\])?`", TEXT), name


def test_every_default_of_the_quality_rules_is_documented() -> None:
    for name, field in Quality.model_fields.items():
        shown = str(field.default).lower().removesuffix(".0")
        assert re.search(rf"`{name}` \({shown}(\.0)?(:[^)]*)?\)", TEXT), name


def test_every_reason_is_documented() -> None:
    reasons = set()
    for module in (load, stage, georeference, records):
        source = Path(module.__file__).read_text("utf-8")
        reasons |= set(re.findall(r"\"((?:no|bad|not|out|swapped|duplicate|self|outside|dangling"
                                  r"|small)-[a-z]+)\"", source))  # fmt: skip
    assert len(reasons) >= 12
    for reason in reasons:
        assert f"`{reason}`" in TEXT, reason


def test_every_kind_of_record_and_its_columns_are_documented() -> None:
    for name, what in RECORD_KINDS.items():
        own = set(what.kind.props.model_fields) - set(Props.model_fields)
        for column in (name, what.at, *what.more, *sorted(own)):
            assert f"`{column}`" in TEXT, column


def test_every_table_column_and_reason_of_waterways_is_documented() -> None:
    names = {*WaterwayMapping.model_fields, *TableFile.model_fields}
    names |= {column for table in ROWS for column in columns_of(table)}
    for name in names:
        assert re.search(rf"`\[?{name}\]?`", WATERWAYS), name
    for module in (waterway, waterway_stage):
        source = Path(module.__file__).read_text("utf-8")
        for reason in re.findall(r"\"((?:no|bad|duplicate|unknown)-[a-z]+)\"", source):
            assert f"`{reason}`" in WATERWAYS, reason
