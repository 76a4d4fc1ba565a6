"""Search: what a text means, in which order, and only what the reader may see."""

from __future__ import annotations

import asyncio

import pytest

from layers.features.search import Search, find_cell, find_coordinate
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import BadParameter
from spatial.geo import beidou_grid
from spatial.names.entry_rows import read_pieces
from spatial.postgres.db import Database, connect
from spatial.settings import Settings

pytestmark = pytest.mark.db

NINGBO = Actor("ningbo", "duty", "330200")
WENZHOU = Actor("wenzhou", "duty", "330300")
SEED = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
VALUES ('test', '测试', 'Test', 'CC0-1.0', 'Tester');
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, rank,
  admin_code, visibility, origin, geom)
SELECT layer, id, zh, en, codes, rank, admin, seen, 'real',
  ST_SetSRID(ST_MakePoint(lon, 30), 4326)
FROM (VALUES
  ('hubs', 'beilun', '北仑港区', 'Beilun Port Area', 'CNNGB CNBLP', 0.9, '330206', 'public', 121.8),
  ('admin', '330206', '北仑区', 'Beilun District', '330206', 0.8, '330206', 'public', 121.7),
  ('structures', 'bay', '杭州湾跨海大桥', 'Hangzhou Bay Bridge', '', 0.85, '330282',
   'public', 121.1),
  ('admin', '330400', '嘉兴市', 'Jiaxing City', '330400', 1.0, '330400', 'public', 120.7),
  ('ports', 'jiaxing', '嘉兴港', 'Jiaxing Port', 'CNJIX CNJAX', 0.75, '330400', 'public', 121.0),
  ('ports', 'jiaxing2', '新嘉兴码头', 'New Jiaxing Wharf', '', 0.75, '330400', 'public', 121.0),
  ('airports', 'hgh', '杭州萧山国际机场', 'Hangzhou Xiaoshan International Airport', 'ZSHC HGH',
   0.8, '330109', 'public', 120.4),
  ('wim_sites', 'w1', '甬江称重点', 'Yongjiang weighing', '', 0.4, '330211', 'unit', 121.6)
) v(layer, id, zh, en, codes, rank, admin, seen, lon);
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, rank,
  visibility, origin, geom)
SELECT 'places', 'p' || i, '地名' || i, 'Place number ' || i, '', 0.1, 'public', 'synthetic',
  ST_SetSRID(ST_MakePoint(120, 29), 4326) FROM generate_series(1, 3000) i;
INSERT INTO sigang.carriageway (route_id, side, towards_zh, towards_en, calibrated, accuracy_m,
  source_id, length_m, geom)
VALUES ('G92', 'up', '宁波', 'Ningbo', true, 50, 'test', 20000,
  ST_SetSRID(ST_MakeLine(ST_MakePoint(121, 30), ST_MakePoint(121.2, 30)), 4326));
INSERT INTO sigang.stake (route_id, side, k_m, chainage_m, accuracy_m, source_id, geom)
SELECT 'G92', 'up', 100000 + i * 1000, i * 1000, 50, 'test',
  ST_SetSRID(ST_MakePoint(121 + i * 0.01, 30), 4326) FROM generate_series(0, 19) i;
"""


@pytest.fixture(scope="module")
def url(module_database_url):
    with connect(module_database_url) as conn:
        conn.execute(SEED)
        read_pieces(conn)
        conn.execute("ANALYZE sigang.search_entry")
        conn.commit()
    return module_database_url


LAYERS = ("hubs", "admin", "structures", "ports", "airports", "wim_sites", "places")


def ask(url, *texts, **how):
    return [found.hits for found in answers(url, *texts, **how)]


def answers(url, *texts, actor=ANONYMOUS, limit=5, layers=LAYERS, near=None):
    async def go():
        db = await Database.open(Settings(database_url=url, pool_size=1), url)
        try:
            search = Search(db)
            return [await search.find(actor, text, limit, layers, near) for text in texts]
        finally:
            await db.close()

    return asyncio.run(go())


def ids(hits):
    return [hit.id for hit in hits]


def test_names_in_both_languages_exact_before_prefix_before_contained(url):
    zh, en, bridge, contained = ask(url, "嘉兴", "beilun", "杭州湾跨海大桥", "大桥")
    assert ids(zh) == ["330400", "jiaxing", "jiaxing2"]
    assert ids(en)[:2] == ["beilun", "330206"]
    assert ids(bridge)[0] == "bay"
    assert ids(contained) == ["bay"]
    assert zh[0].label == {"zh": "嘉兴市", "en": "Jiaxing City"}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("CNNGB", "beilun"),
        ("cnblp", "beilun"),
        ("ZSHC", "hgh"),
        ("hgh", "hgh"),
        ("330206", "330206"),
    ],
)
def test_codes_and_their_aliases_come_first(url, code, found):
    [hits] = ask(url, code)
    assert hits[0].id == found


def test_a_misspelt_name_is_found_by_similarity(url):
    [hits] = ask(url, "Xiaoshan Internatonal")
    assert ids(hits)[0] == "hgh"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("嘉興港", "jiaxing"),
        ("jiaxinggang", "jiaxing"),
        ("jxg", "jiaxing"),
        ("杭州弯跨海大桥", "bay"),
        ("hzwdq", "bay"),
        ("湾桥", "bay"),
        ("Hangzhuo Bay Brigde", "bay"),
        ("xiaoshan jichang", "hgh"),
    ],
)
def test_names_are_found_as_they_are_spoken(url, typed, found):
    with connect(url) as conn:
        conn.execute(
            "UPDATE sigang.search_entry SET aliases = ARRAY['湾桥'], grams = NULL"
            " WHERE feature_id = 'bay'"
        )
    [hits] = ask(url, typed)
    assert hits[0].id == found


def test_a_kind_is_found_alone_by_name_and_near_a_place(url):
    words = {"ports": ("港口", "port"), "hubs": ("港口", "port area"), "admin": ()}
    alone, of, joined, english = ask(
        url, "港口", "港口 嘉兴", "北仑港口", "jiaxing port", layers=words
    )
    assert set(ids(alone)) == {"jiaxing", "jiaxing2", "beilun"}
    assert set(ids(of)) == {"jiaxing", "jiaxing2"}
    assert ids(joined)[0] == "beilun"
    assert ids(english)[0] == "jiaxing"
    [near] = ask(url, "港口", layers=words, near=(121.79, 30.0))
    assert near[0].id == "beilun"
    assert near[0].distance_m == pytest.approx(964, abs=5)
    assert [hit.distance_m for hit in near] == sorted(hit.distance_m for hit in near)


def test_a_kind_shows_nobody_what_he_may_not_see(url):
    words = {"wim_sites": ("称重点",)}
    for actor, found in ((ANONYMOUS, []), (WENZHOU, []), (NINGBO, ["w1"])):
        for typed in ("称重点", "甬江 称重点", "yjczd", "甬江称重典"):
            [hits] = ask(url, typed, actor=actor, layers=words)
            assert ids(hits) == found


def test_wildcards_are_text(url):
    for hits in ask(url, "%", "_", "嘉%港", "'; DROP TABLE x --"):
        assert hits == []


def test_restricted_entries_are_found_within_their_scope_only(url):
    for actor, found in ((ANONYMOUS, []), (WENZHOU, []), (NINGBO, ["w1"])):
        [hits] = ask(url, "甬江", actor=actor)
        assert ids(hits) == found


def test_stakes_of_routes(url):
    spaced, joined, beyond = ask(url, "G92 K105+500", "g92K105+500", "G92 K900+000")
    for hits in (spaced, joined):
        assert hits[0].action == "stake"
        assert hits[0].center == pytest.approx((121.055, 30.0), abs=3e-3)
        assert hits[0].extra["accuracy_m"] == 50
    assert all(hit.action != "stake" for hit in beyond)


def test_a_stake_with_direction_and_lanes_and_a_stretch(url):
    one, stretch = answers(
        url,
        "Ｇ９２杭州湾环线 K105+500 往宁波方向 1、2车道",
        "G92 K105-K107.5 to ningbo, lane 2",
    )
    [hit] = one.hits
    assert hit.label["zh"] == "G92 K105+500 往宁波 1、2车道"
    assert hit.label["en"] == "G92 K105+500 towards Ningbo, lanes 1, 2"
    assert (hit.extra["side"], hit.extra["lanes"], one.note) == ("up", [1, 2], None)
    [hit] = stretch.hits
    assert hit.bbox == pytest.approx([121.05, 30, 121.075, 30], abs=3e-3)
    assert hit.label["en"] == "G92 K105+000–K107+500 towards Ningbo, lanes 2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("G92 K105 towards Paris", "Known: Ningbo, up."), ("G77 K105", "No route 'G77'"),
        ("G92 K900", "Stakes run K100"), ("G92 K105 lanes 77", "Lanes are 1 to 12"),
        ("G92 K105 behind the shop", "not understood"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_stake_is_said(url, text, said):
    [found] = answers(url, text)
    assert found.hits == []
    assert said in found.note["en"]
    assert found.note["zh"]


def test_coordinates_decimal_degrees_minutes_seconds_and_swapped():
    [plain] = find_coordinate("120.155070, 30.274085")
    assert plain.center == pytest.approx((120.155070, 30.274085))
    [swapped] = find_coordinate("30.274085 120.155070")
    assert swapped.center == pytest.approx((120.155070, 30.274085))
    assert "note" in swapped.extra
    assert list(find_coordinate("嘉兴 1号")) == []


def test_grid_cells():
    [hit] = find_cell("N51H042964631206")
    cell = beidou_grid.decode("N51H042964631206")
    assert hit.action == "cell"
    assert hit.center == pytest.approx(cell.centre)
    assert list(find_cell("N51")) == []


def test_empty_and_endless_texts_are_refused(url):
    for text in ("", "   ", "x" * 121, "x" * 500, "a\0b", "\ud800", "北仑\udfff"):
        with pytest.raises(BadParameter):
            ask(url, text)


def test_a_layer_that_is_not_readable_is_not_searched(url):
    [hits] = ask(url, "嘉兴", layers=("admin",))
    assert ids(hits) == ["330400"]
    assert ask(url, "嘉兴", layers=()) == [[]]


FACILITY = """
INSERT INTO sigang.facility (kind, admin_code, visibility, origin, source_id, name_zh, geom)
VALUES ('port', '330206', %s, 'real', 'test', '改级港', 'SRID=4326;POINT(121 30)') RETURNING id"""
ENTRY = """
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, codes, rank,
  admin_code, unit_id, visibility, origin, geom)
SELECT 'ports', id::text, name_zh, NULL, '', 0.5, admin_code, unit_id, visibility, origin,
  geom FROM sigang.facility WHERE name_zh = '改级港'"""


def test_a_reclassified_row_is_found_by_whoever_may_read_it_now(url):
    with connect(url) as conn:
        row = conn.execute(FACILITY, ["public"]).fetchone()
        conn.execute(ENTRY)
    assert row is not None
    change = "UPDATE sigang.facility SET visibility = 'unit', admin_code = %s WHERE id = %s"
    seen = []
    for code in (None, "330206", "330302"):
        if code is not None:
            with connect(url) as conn:
                conn.execute(change, [code, row[0]])
        seen.append([bool(ask(url, "改级港", actor=a)[0]) for a in (ANONYMOUS, NINGBO, WENZHOU)])
    assert seen == [[True, True, True], [False, True, False], [False, False, True]]
    with connect(url) as conn:
        conn.execute("DELETE FROM sigang.facility WHERE id = %s", [row[0]])
        left = conn.execute("SELECT count(*) FROM sigang.search_entry WHERE label_zh = '改级港'")
        assert left.fetchone() == (0,)


def test_a_renamed_or_moved_row_is_found_as_it_is_now(url):
    with connect(url) as conn:
        row = conn.execute(FACILITY, ["public"]).fetchone()
        conn.execute(ENTRY)
        assert read_pieces(conn) >= 1
    assert row is not None
    assert ids(ask(url, "改级港")[0]) == [str(row[0])]
    with connect(url) as conn:
        conn.execute(
            "UPDATE sigang.facility SET name_zh = '新名码头', geom = 'SRID=4326;POINT(122 31)'"
            " WHERE id = %s", [row[0]],
        )  # fmt: skip
    for read in (False, True):
        old, new, spoken = ask(url, "改级港", "新名码头", "xmmt")
        assert ids(old) == []
        assert ids(new) == ids(spoken) == [str(row[0])]
        assert new[0].center == (122, 31)
        if not read:
            with connect(url) as conn:
                assert read_pieces(conn) == 1
    with connect(url) as conn:
        conn.execute("UPDATE sigang.facility SET name_zh = NULL WHERE id = %s", [row[0]])
    assert ask(url, "新名码头") == [[]]
    with connect(url) as conn:
        conn.execute("DELETE FROM sigang.facility WHERE id = %s", [row[0]])


TOWNS = """
INSERT INTO sigang.search_entry (layer, feature_id, label_zh, label_en, rank, visibility, origin,
  geom)
VALUES ('places', 'east', '东镇', 'Dongzhen', 1, 'public', 'real', 'SRID=4326;POINT(121.15 30.02)'),
  ('places', 'far', '远镇', 'Yuanzhen', 1, 'public', 'real', 'SRID=4326;POINT(121.1 33)'),
  ('carriageways', 'G92/up/0', '环湾高速', 'Bay Ring Expressway', 0.6, 'public', 'real',
   'SRID=4326;POINT(121.1 30)');
UPDATE sigang.search_entry SET codes = 'G92' WHERE layer = 'carriageways';
INSERT INTO sigang.carriageway (route_id, side, towards_zh, towards_en, calibrated, accuracy_m,
  source_id, length_m, geom)
VALUES ('G92', 'down', '嘉兴', 'Jiaxing', true, 50, 'test', 20000,
  ST_SetSRID(ST_MakeLine(ST_MakePoint(121.2, 30), ST_MakePoint(121, 30)), 4326));
INSERT INTO sigang.stake (route_id, side, k_m, chainage_m, accuracy_m, source_id, geom)
SELECT 'G92', 'down', 119000 - i * 1000, i * 1000, 50, 'test',
  ST_SetSRID(ST_MakePoint(121.19 - i * 0.01, 30), 4326) FROM generate_series(0, 19) i;"""


def test_roads_by_name_towns_as_directions_and_spans(url):
    with connect(url) as conn:
        conn.execute(TOWNS)
    texts = (
        "环湾高速 K105", "环湾 105", "G92 往东镇 K105", "G92 K118 towards dongzhen",
        "環灣高速 K105-K107 往東鎮", "G92 K107–K105 往嘉兴",
    )  # fmt: skip
    named, bare, ahead, back, span, other = ask(url, *texts)
    for hits in (named, bare):
        assert {(h.extra["side"], h.extra["k_m"]) for h in hits} == {
            ("up", 105_000), ("down", 105_000)
        }  # fmt: skip
    assert [h.extra["side"] for h in ahead] == ["up"]
    assert ahead[0].label == {"zh": "G92 K105+000 往东镇", "en": "G92 K105+000 towards Dongzhen"}
    assert [h.extra["side"] for h in back] == ["down"]
    [stretch] = span
    assert (stretch.action, stretch.extra["route"], stretch.extra["carriageway"]) == (
        "span", "G92", "G92/up/0"
    )  # fmt: skip
    assert stretch.extra["geometry"]["type"] == "LineString"
    assert (stretch.extra["from_m"], stretch.extra["to_m"]) == (105_000, 107_000)
    assert stretch.center == pytest.approx((121.06, 30), abs=3e-3)
    assert [(h.extra["side"], h.extra["from_m"]) for h in other] == [("down", 105_000)]
    [rest] = ask(url, "G92 K105–K107 往东镇，2车道，追尾")
    assert [(h.extra["lanes"], h.extra["rest"]) for h in rest] == [([2], "追尾")]
    assert span[0].extra["rest"] == ""
    [away] = answers(url, "G92 K105 往远镇")
    assert away.hits == []
    assert "没有方向" in away.note["zh"]
