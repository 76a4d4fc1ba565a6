import jsonschema
import pytest

from spatial.errors import BadParameter
from spatial.schema.kinds import KINDS, TABLES, check_props, get_kind
from spatial.schema.tables import metadata


def test_every_kind_lies_in_a_table_with_geometry() -> None:
    for kind in KINDS.values():
        assert kind.table in TABLES
        assert {"kind", "geom", "props"} <= set(
            metadata.tables[f"sigang.{kind.table}"].columns.keys()
        )


def test_a_kind_that_is_not_listed_names_its_table() -> None:
    with pytest.raises(BadParameter):
        get_kind("tea_house")
    with pytest.raises(BadParameter):
        get_kind("tea_house", "audit")
    with pytest.raises(BadParameter):
        get_kind("hospital", "zone")
    assert get_kind("tea_house", "facility").shape == "any"


def test_props_are_checked_and_the_member_is_named() -> None:
    bridge = get_kind("bridge")
    assert check_props(bridge, {"length_m": "36", "load_class": " 公路-I级 ", "built": None}) == {
        "length_m": 36.0,
        "load_class": "公路-I级",
    }
    with pytest.raises(BadParameter, match=r"props\.length_m"):
        check_props(bridge, {"length_m": -1})
    with pytest.raises(BadParameter, match=r"props\.lenght_m"):
        check_props(bridge, {"lenght_m": 1})


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_schema_accepts_what_was_checked(name: str) -> None:
    kind = get_kind(name)
    props = check_props(kind, {"source_key": "7", "attributes": {"a": 1, "b": "x"}})
    jsonschema.validate(props, kind.props.model_json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"unknown_member": 1}, kind.props.model_json_schema())
