import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import BadCoordinate, BadParameter
from spatial.geo import codes

containers = st.tuples(
    st.text(string.ascii_uppercase, min_size=3, max_size=3),
    st.sampled_from("UJZR"),
    st.text(string.digits, min_size=6, max_size=6),
).map("".join)


@given(containers)
def test_a_container_number_carries_its_check_digit(body: str) -> None:
    digit = codes.iso6346_check_digit(body)
    assert codes.is_iso6346(f"{body}{digit}")
    assert codes.is_iso6346(f"{body[:4]} {body[4:]}-{digit}")
    assert not codes.is_iso6346(f"{body}{(digit + 1) % 10}")


@pytest.mark.parametrize("number", ["CSQA3054383", "CSQU30543", "", "CSQU305438X"])
def test_other_texts_are_no_container_numbers(number: str) -> None:
    assert not codes.is_iso6346(number)


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("IMO 9074729", True),
        ("imo9074729", True),
        ("9074728", False),
        ("907472", False),
        ("９０７", False),
    ],
)
def test_imo_numbers(number: str, valid: bool) -> None:
    assert codes.is_imo(number) is valid


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), st.data())
def test_one_wrong_sign_spoils_a_credit_code(body: str, data: st.DataObject) -> None:
    good = body + codes.uscc_check_sign(body)
    assert codes.is_uscc(good)
    at = data.draw(st.integers(0, 17))
    other = data.draw(st.sampled_from([s for s in "0123456789AXY" if s != good[at]]))
    assert not codes.is_uscc(good[:at] + other + good[at + 1 :])


def test_credit_codes_have_no_confusable_letters() -> None:
    assert not codes.is_uscc("91330100MA2ABCDEIO")
    with pytest.raises(BadParameter):
        codes.uscc_check_sign("9133")


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("413439280", True),
        (412000001, True),
        ("004121234", True),
        ("041212345", True),
        ("111412345", True),
        ("994121234", True),
        ("970123456", True),
        ("800123456", False),
        ("100000000", False),
        ("41343928", False),
    ],
)
def test_mmsi(number: str | int, valid: bool) -> None:
    assert codes.is_mmsi(number) is valid


def test_chinese_ships_by_their_mid() -> None:
    assert codes.is_chinese_mmsi(413439280)
    assert not codes.is_chinese_mmsi(477000001)


@pytest.mark.parametrize("text", ["CN NGB", "cnngb", "CN-NGB"])
def test_unlocode_is_normalised(text: str) -> None:
    assert codes.parse_unlocode(text) == "CNNGB"


@pytest.mark.parametrize("text", ["CNN", "C1NGB", "CNN0B", "CNN1B", "宁波"])
def test_other_texts_are_no_unlocodes(text: str) -> None:
    assert not codes.is_unlocode(text)


def test_an_ambiguous_code_names_all_its_places() -> None:
    table = {"台州": ["CNTZO"], "泰州": ["CNTZO", "CNTAZ"], "宁波": ["CNNGB"]}
    assert codes.find_by_unlocode("CN TZO", table) == ["台州", "泰州"]
    assert codes.find_by_unlocode("CNXXX", table) == []


@given(st.integers(0, 99_999_999_999))
def test_stakes_return(millimetres: int) -> None:
    text = codes.format_stake(millimetres / 1000)
    assert codes.parse_stake(text) == millimetres / 1000


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("K3926+300", 3_926_300),
        (" k12 + 050.5 ", 12_050.5),
        ("K7", 7_000),
        ("ZK1+200", 1_200),
        ("YK0+999.999", 999.999),
        ("K3926＋300", 3_926_300),
        ("Ｋ12.05", 12_050),
    ],
)
def test_stakes_are_read(text: str, metres: float) -> None:
    assert codes.parse_stake(text) == metres


@pytest.mark.parametrize(
    "text", ["", "3926+300", "K+300", "K12+1000", "K12-300", "K12+3x", "K1.5+300"]
)
def test_other_texts_are_no_stakes(text: str) -> None:
    with pytest.raises(BadParameter):
        codes.parse_stake(text)


@pytest.mark.parametrize("k_m", [-1.0, float("nan"), float("inf")])
def test_impossible_stakes_are_refused(k_m: float) -> None:
    with pytest.raises(BadParameter):
        codes.format_stake(k_m)


@pytest.mark.parametrize(
    "text",
    [
        "120.15,30.27",
        "120.15 30.27",
        "120.15，30.27",
        "30.27N 120.15E",
        "E120.15 N30.27",
        "北30.27° 东120.15°",
        "30°16′12″N, 120°09′00″E",
        "120°9'E 30°16'12\"N",
        "120°9′0″ 30°16′12″",
        "30°16′12″N120°09′00″E",
        "120度9分 30度16分12秒",
    ],
)
def test_written_coordinates(text: str) -> None:
    lon, lat = codes.parse_lonlat(text)
    assert lon == pytest.approx(120.15, abs=1e-12)
    assert lat == pytest.approx(30.27, abs=1e-12)


def test_swapped_decimals_are_refused() -> None:
    with pytest.raises(BadCoordinate):
        codes.parse_lonlat("30.27, 120.15")


@pytest.mark.parametrize("text", ["", "120.15", "120.15E,30.27E", "120°60′,30", "abc,30", "1,2,3"])
def test_other_texts_are_no_coordinates(text: str) -> None:
    with pytest.raises(BadParameter):
        codes.parse_lonlat(text)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59), st.sampled_from("EW"))
def test_angles_of_degrees_minutes_seconds(d: int, m: int, s: int, side: str) -> None:
    value, found = codes.parse_angle(f"{d}°{m:02d}′{s:02d}″{side}")
    assert found == side
    assert abs(value) == pytest.approx(d + m / 60 + s / 3600, abs=1e-12)
    assert (value < 0) == (side == "W" and d + m + s > 0)


@pytest.mark.parametrize(
    ("number", "plain"),
    [
        ("CSQU3054383", "CSQU3054383"),
        ("CBHU4000090", "CBHU4000090"),
        ("csqu 305438-3", "CSQU3054383"),
    ],
)
def test_container_numbers_are_read_as_they_are_written(number, plain):
    assert codes.parse_container(number) == plain
    assert not codes.is_ilu(number)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("ABCU1234567HELLO", "not a container number"),
        ("AB,123456", "not a container number"),
        ("CSQU3054384", "check digit is 3, not 4"),
        ("ATBE1003091", "EN 13044"),
        ("ATBE1003092", "check digit is 1, not 2"),
    ],
)
def test_what_is_no_container_number_says_why(number, told):
    with pytest.raises(BadParameter, match=told):
        codes.parse_container(number)
    assert codes.is_ilu(number) is (number == "ATBE1003091")
