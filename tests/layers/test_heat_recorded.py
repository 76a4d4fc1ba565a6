"""Kinds and units that are misspelt are refused: they would look as if nothing was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from layers.declare.catalog import Catalog
from layers.heat.counted import Counted
from layers.heat.recorded import check_recorded
from spatial.errors import BadParameter
from tests.conftest import ROOT

ASKED = Counted(date(2026, 1, 1), date(2026, 2, 1), None, "case", None, "inspection", None)
KINDS, UNITS = {"overload", "parking"}, {"330102-law"}


@pytest.fixture(scope="module")
def catalog():
    return Catalog.load(ROOT / "layers" / "areas")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, None), ({"kinds": ["overload"]}, None), ({"kinds": ["parking"]}, None),
        ({"kinds": ["hazmat"]}, None),  # declared, though nobody has recorded one
        ({"units": ["330102-law"]}, None), ({"kinds": ["overload", "overlaod"]}, "kinds"),
        ({"events": "hit", "kinds": ["hazmat"]}, "kinds"), ({"units": ["330102-lwa"]}, "units"),
    ],
)  # fmt: skip
def test_what_is_on_record_or_declared_may_be_asked_for(catalog, change, wrong):
    asked = replace(ASKED, **change)
    if wrong is None:
        check_recorded(catalog, asked, KINDS, UNITS)
        return
    with pytest.raises(BadParameter) as caught:
        check_recorded(catalog, asked, KINDS, UNITS)
    assert caught.value.extra["parameter"] == wrong
    assert "There are: " in caught.value.mend_en
