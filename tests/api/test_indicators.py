"""Numbers over HTTP: they open, keep to the caller's scope, and say what may be asked."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import quote_plus

import pytest

from layers.indicators.periods import period_at
from spatial.postgres.db import connect
from tests.api.roadworld import until
from tests.api.test_stream import Listener

pytestmark = pytest.mark.db

WEEK = "2026-W09"
MONTH = "2026-02"
THIS_MONTH = period_at("month").id
HAZARD = """
INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state, valid_from)
SELECT 'hazard', '330203', 'unit', 'synthetic', id, 'open', now() FROM sigang.source LIMIT 1
RETURNING id"""


@pytest.fixture(scope="module")
def province(server):
    with closing(server.client("dispatcher")) as client:
        yield client


@pytest.fixture(scope="module")
def ningbo(server):
    with closing(server.client("ningbo")) as client:
        yield client


@pytest.fixture(scope="module")
def anyone(server):
    with closing(server.client()) as client:
        yield client


def values(client, key, **given):
    answer = client.get(f"/api/indicators/{key}/values", params={"period": MONTH, **given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def opened(client, links):
    """Return what the rows of the links count, by part."""
    found = {}
    for one in links:
        answer = client.get(one["href"] + "&limit=1")
        assert answer.status_code == 200, answer.text
        found[one["rel"]] = answer.json()["numberMatched"]
    return found


def test_a_number_opens_its_rows_and_its_parts_add_up(province):
    told = values(province, "risks_red_share", level="county", unit="330200")
    assert told["total"]["unit"]["code"] == "330200"
    for one in (told["total"], told["values"][0], told["no_unit"]):
        sides = {"numerator": one["numerator"], "denominator": one["denominator"]}
        assert opened(province, one["links"]) == sides
    whole, parts = told["total"], [*told["values"], told["no_unit"]]
    for side in ("numerator", "denominator"):
        assert sum(one[side] for one in parts) == whole[side] > 0
    assert whole["value"] == pytest.approx(100 * whole["numerator"] / whole["denominator"])
    assert told["rule"]["key"] == "safety.risk_four_colour"
    assert whole["origins"] == ["synthetic"]
    ranks = {one["unit"]["code"]: one["rank"] for one in told["values"]}
    assert ranks[told["ranking"]["order"][0]] == 1


def test_public_rows_of_units_of_others_are_told_beside_those_of_ones_own(ningbo, province):
    told = values(ningbo, "cases_opened", level="county")
    own, rest = sum(one["numerator"] for one in told["values"]), told["no_unit"]
    assert 0 < own < told["total"]["numerator"] == own + rest["numerator"]
    assert opened(ningbo, rest["links"]) == {"numerator": rest["numerator"]}
    empty = values(province, "cases_opened", level="county")["no_unit"]
    assert (empty["numerator"], empty["origins"]) == (0, [])


def test_a_number_is_split_by_codes(province):
    told = values(province, "risks", by="colour", unit="33", level="province")
    codes = told["total"]["by"]["codes"]
    assert {one["code"] for one in codes} >= {"red", "blue"}
    assert sum(one["value"] for one in codes) == told["total"]["value"]
    red = next(one for one in codes if one["code"] == "red")
    assert opened(province, red["links"])["numerator"] == red["value"]


def test_each_reader_is_told_the_sum_of_its_own_list(province, ningbo, anyone):
    whole, part = (
        values(client, "incidents", unit="330200")["total"] for client in (province, ningbo)
    )
    public = values(anyone, "incidents", unit="330200")["total"]
    assert whole["value"] > part["value"] > public["value"] > 0
    for client, total in ((province, whole), (ningbo, part), (anyone, public)):
        assert opened(client, total["links"])["numerator"] == total["value"]


def test_a_unit_out_of_scope_is_not_there(province, ningbo, anyone):
    assert [one["unit"]["code"] for one in values(ningbo, "hazards_open")["values"]] == ["330200"]
    assert len(values(province, "hazards_open")["values"]) == 11
    assert len(values(ningbo, "incidents")["values"]) == 11  # its layer is public
    hidden = ningbo.get("/api/indicators/hazards_open/values?unit=330100")
    unknown = ningbo.get("/api/indicators/hazards_open/values?unit=339900")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["detail"] == unknown.json()["detail"].replace("339900", "330100")
    for key in ("hazards_open", "safety_index", "nothing"):
        assert anyone.get(f"/api/indicators/{key}").status_code == 404
    listed = anyone.get("/api/indicators").json()["indicators"]
    assert {"incidents", "cases_opened"} <= {one["id"] for one in listed}
    assert "hazards_open" not in {one["id"] for one in listed}


@pytest.mark.parametrize(
    ("path", "parameter", "allowed"),
    [
        ("indicators/incidents/values?period=2026-13", "period", "2026-W10"),
        ("indicators/incidents/values?period=2025-W53", "period", "2026-W10"),
        ("indicators/incidents/values?period=2199-03", "period", THIS_MONTH),
        ("indicators/incidents/series?period=2199-W09", "period", "-W"),
        ("indicators/incidents/rows?period=2199-03-01", "period", THIS_MONTH),
        ("board?indicators=incidents&period=2199-03", "period", THIS_MONTH),
        ("indicators/incidents/values?unit=abc", "unit", "330203"),
        ("indicators/incidents/values?level=town", "level", "county, prefecture"),
        ("indicators/incidents/values?unit=330203&level=province", "level", "county"),
        ("indicators/incidents/values?by=name_zh", "by", "severity"),
        ("indicators/incidents/series?last=10000", "last", None),
        ("indicators/incidents/series?last=0", "last", None),
        ("indicators/incidents/rows?part=both", "part", "numerator"),
        ("indicators/incidents/rows?part=denominator", "part", "numerator"),
        ("indicators/cases_opened/values?period=2026-W09", "period", "2026-03"),
        ("indicators/cases_opened/values?period=2026-02&by=stage", "by", "none"),
        ("board?indicators=incidents,nothing", "indicators", "incidents"),
        ("board?indicators=hazards_open", "indicators", "incidents"),
        ("indicators/incidents/values?periods=2026-02", "periods", "period"),
    ],
)
def test_what_cannot_be_asked_is_refused_naming_what_can(anyone, path, parameter, allowed):
    answer = anyone.get(f"/api/{path}", headers={"Accept-Language": "en"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["parameter"] == parameter
    assert allowed is None or allowed in answer.json()["mend"]


def test_small_numbers_of_persons_are_not_told_to_the_public(anyone, province):
    told = values(anyone, "cases_opened", level="county")
    every = [told["total"], *told["values"]]
    assert any(one["suppressed"] for one in every)
    assert all(one["value"] is None for one in every if one["suppressed"])
    assert not any(0 < (one["value"] or 0) < 5 for one in every)
    assert all(one["links"] == [] for one in every)
    assert "no_unit" not in told
    assert anyone.get("/api/indicators/cases_opened/rows").status_code == 404
    assert anyone.get("/api/collections/cases/items").status_code == 404
    assert not any(one["suppressed"] for one in values(province, "cases_opened")["values"])


def test_rows_lead_to_the_list(province):
    asked = {"period": WEEK, "unit": "330203", "part": "denominator"}
    answer = province.get("/api/indicators/incidents_severe_share/rows", params=asked)
    assert answer.status_code == 303
    rows = province.get(answer.headers["location"] + "&limit=1").json()
    told = values(province, "incidents_severe_share", period=WEEK, unit="330203")
    assert rows["numberMatched"] == told["total"]["denominator"]


def test_a_series_ends_with_its_period(province):
    answer = province.get(
        "/api/indicators/incidents/series", params={"period": WEEK, "last": 3, "unit": "33"}
    ).json()
    assert [one["period"] for one in answer["series"]] == ["2026-W07", "2026-W08", WEEK]
    told = values(province, "incidents", period=WEEK)
    assert answer["series"][-1]["value"] == told["total"]["value"]
    assert answer["series"][-2]["value"] == told["total"]["previous"]
    graded = province.get("/api/indicators/risks/series", params={"period": WEEK, "last": 1})
    version = values(province, "risks")["rule"]["version"]
    assert graded.json()["series"][0]["rule_version"] == version


def test_an_index_tells_its_parts_and_the_veto_with_its_rows(province):
    told = values(province, "safety_index", level="county")
    assert told["rule"]["key"] == "safety.index.safety"
    index = told["total"]["index"]
    assert sum(one["gives"] for one in index["parts"]) == pytest.approx(index["raw"])
    assert sum(one["weight"] for one in index["parts"]) == pytest.approx(1)
    held = index["vetoes"][0]
    assert told["total"]["value"] == min(index["raw"], held["cap"])
    assert opened(province, held["links"])["numerator"] == held["value"] > 0
    free = [one for one in told["values"] if not one["index"]["vetoes"]]
    assert free
    assert all(one["value"] == one["index"]["raw"] for one in free)


def board(client, **given):
    answer = client.get("/api/board", params={"period": MONTH, **given})
    assert answer.status_code == 200, answer.text
    return answer.json(), {one["indicator"]: one for one in answer.json()["tiles"]}


def test_a_board_tells_what_each_value_tells(province):
    keys = "hazards_open,incidents,safety_index,risks_red_share"
    whole, tiles = board(province, indicators=keys, level="prefecture,county")
    assert list(tiles) == keys.split(",")
    assert len(whole["units"]) == 101
    for key, tile in tiles.items():
        for level, columns in tile["columns"].items():
            told = values(province, key, level=level)
            assert tile["total"] == told["total"]
            assert columns["code"] == [one["unit"]["code"] for one in told["values"]]
            for name in ("value", "numerator", "denominator", "previous", "rank"):
                assert columns[name] == [one[name] for one in told["values"]]
    links = values(province, "hazards_open", level="county")["values"][3]
    code, opens = links["unit"]["code"], tiles["hazards_open"]["opens"]
    assert whole["units"][code] | {"place": None} == links["unit"] | {"place": None}
    place = quote_plus(f" AND {whole['units'][code]['place']}")
    assert [one["href"] + place for one in opens] == [one["href"] for one in links["links"]]


def test_a_tile_without_a_number_stops_no_other(anyone):
    """To the public persons are told of by month only."""
    _, tiles = board(anyone, indicators="cases_opened,closures_open", period=WEEK)
    assert tiles["cases_opened"]["problem"]["status"] == 400
    assert tiles["closures_open"]["total"]["value"] >= 0


def test_values_are_features_with_the_outlines_of_units(province):
    answer = province.get(
        "/api/indicators/hazards_open/values",
        params={"period": MONTH, "level": "county", "f": "geojson"},
    )
    assert answer.headers["content-type"] == "application/geo+json"
    features = {one["id"]: one for one in answer.json()["features"]}
    assert len(features) == 90
    told = values(province, "hazards_open", level="county")
    for one in told["values"]:
        feature = features[one["unit"]["code"]]
        assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
        assert feature["properties"]["value"] == one["value"]
        assert feature["properties"]["rank"] == one["rank"]


def test_an_answer_that_a_client_has_is_not_sent_again(province):
    path = f"/api/indicators/incidents/values?period={MONTH}"
    first = province.get(path)
    assert "private" in first.headers["cache-control"]
    again = province.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_change_is_told_to_those_who_see_it_and_shown(server, ningbo):
    def shown():
        answer = ningbo.get("/api/indicators/hazards_open/values?unit=330203")
        return answer.json()["total"]["value"]

    def told(body):
        return "hazards_open" in body["indicators"]

    def stored():
        with connect(server.database_url) as conn:
            asked = "SELECT 1 FROM sigang.indicator_sheet WHERE 'hazards_open' = ANY (members)"
            return conn.execute(asked).fetchone()

    until(stored, 30)
    before = shown()
    with closing(server.client("ningbo")) as one, closing(server.client("jiaxing")) as two:
        here, elsewhere = Listener(one), Listener(two)
        with connect(server.database_url) as conn:
            made = conn.execute(HAZARD).fetchone()
            conn.commit()
            try:
                here.next("indicators", told, seconds=20)
                assert shown() == before + 1
                heard = [body for kind, body in elsewhere.kinds(0.5) if kind == "indicators"]
                assert not any(told(body) for body in heard)
            finally:
                conn.execute("DELETE FROM sigang.event WHERE id = %s", made)
                conn.commit()
    until(lambda: shown() == before)


def test_who_asked_for_numbers_is_on_record(server, province):
    values(province, "hazards_overdue")

    def recorded():
        with connect(server.database_url) as conn:
            return conn.execute(
                "SELECT 1 FROM sigang.audit WHERE action = 'indicator' AND"
                " target = 'hazards_overdue' AND actor = 'dispatcher' AND area = '330000'"
            ).fetchone()

    until(recorded)
