"""Chart cells: what is read of an S-57 file with which datum, and what becomes of it."""

import pytest

from data.waterway.enc import Chart, load_enc
from data.waterway.enc_file import read_cell
from spatial.errors import Quarantined
from tests.data.s57_file import AREA, LINE, POINT, Feature, write_cell

DEPARE, DRGARE, SOUNDG, BRIDGE, CBLOHD, BOYLAT, BCNCAR, LOKBSN, LNDARE = (
    42, 46, 129, 11, 21, 17, 5, 79, 71,
)  # fmt: skip
WTWAXS, IENC_BRIDGE = 17051, 17011
DRVAL1, DRVAL2, VERCLR, VERCSA, HORCLR, VERDAT, OBJNAM, CATLAM, CATCAM, HORLEN, HORWID = (
    87, 88, 181, 184, 98, 185, 116, 36, 13, 99, 100,
)  # fmt: skip


def box(west, south, east, north):
    return [(west, south), (east, south), (east, north), (west, north)]


FEATURES = [
    Feature(DEPARE, AREA, box(120.70, 30.70, 120.74, 30.72), {DRVAL1: "2.5", DRVAL2: "5"}),
    Feature(DRGARE, AREA, box(120.74, 30.70, 120.80, 30.72), {DRVAL1: "3.1"}),
    Feature(DEPARE, AREA, box(120.80, 30.70, 120.82, 30.72), {DRVAL2: "1"}),
    Feature(SOUNDG, POINT, [(120.705, 30.705, 3.2), (120.71, 30.71, 4.1)]),
    Feature(BRIDGE, LINE, [(120.76, 30.69), (120.76, 30.73)],
            {VERCLR: "7.0", HORCLR: "45", VERDAT: "16", OBJNAM: "Test bridge"}),
    Feature(CBLOHD, LINE, [(120.77, 30.69), (120.77, 30.73)], {VERCLR: "22", VERCSA: "19"}),
    Feature(BOYLAT, POINT, [(120.715, 30.705)], {CATLAM: "1"}),
    Feature(BCNCAR, POINT, [(120.716, 30.705)], {CATCAM: "3"}),
    Feature(LOKBSN, AREA, box(120.72, 30.71, 120.722, 30.711), {HORLEN: "200", HORWID: "23"}),
    Feature(LNDARE, AREA, box(120.60, 30.60, 120.62, 30.62)),
    Feature(WTWAXS, LINE, [(120.705, 30.715), (120.735, 30.715)], {OBJNAM: "First"}),
    Feature(WTWAXS, LINE, [(120.735, 30.715), (120.79, 30.715)], {OBJNAM: "Second"}),
    Feature(WTWAXS, LINE, [(120.79, 30.715), (120.81, 30.715)], {OBJNAM: "Third"}),
]  # fmt: skip


@pytest.fixture
def cell(tmp_path):
    return write_cell(tmp_path / "TEST1.000", FEATURES)


def rows(conn, statement):
    return conn.execute(statement).fetchall()


def test_each_depth_and_height_has_its_own_datum_or_that_of_the_cell(cell):
    read = read_cell(cell)
    assert [(d.least_m, d.most_m, d.datum, d.dredged) for d in read.depths] == [
        (2.5, 5.0, "lowest astronomical tide", False),
        (3.1, None, "lowest astronomical tide", True),
    ]
    assert [(s.least_m, s.datum) for s in read.soundings] == [
        (3.2, "lowest astronomical tide"),
        (4.1, "lowest astronomical tide"),
    ]
    assert [(o.kind, o.name, o.height_m, o.width_m, o.datum) for o in read.overheads] == [
        ("BRIDGE", "Test bridge", 7.0, 45.0, "mean high water"),
        ("CBLOHD", None, 19.0, None, "mean sea level"),
    ]
    assert dict(read.ignored) == {"class LNDARE": 1, "DEPARE: no DRVAL1": 1}


def test_without_any_datum_nothing_is_known(tmp_path):
    read = read_cell(write_cell(tmp_path / "NONE.000", FEATURES, vertical=0, sounding=0))
    assert not read.depths and not read.soundings
    assert [overhead.height_m for overhead in read.overheads] == [7.0, None]
    assert read.ignored["DEPARE: no datum"] == 1
    assert read.ignored["SOUNDG: no datum"] == 2


def test_axes_become_reaches_cut_beside_what_spans_them(conn, cell):
    report = load_enc(conn, cell, Chart("test", "CC0-1.0"), lambda line: None)
    assert report.told["left out: class LNDARE"] == 1
    under = rows(
        conn,
        "SELECT f.kind, l.value, l.datum, count(DISTINCT e.id), max(e.length_m) < 120"
        " FROM sigang.facility f JOIN sigang.edge_structure s ON s.facility_id = f.id"
        " JOIN sigang.edge e ON e.id = s.edge_id JOIN sigang.waterway_limit l"
        " ON l.facility_id = f.id AND l.kind = 'clearance' GROUP BY 1, 2, 3 ORDER BY 1",
    )
    assert under == [
        ("bridge", 7.0, "mean high water", 1, True),
        ("cable", 19.0, "mean sea level", 1, True),
    ]
    torn = rows(conn, "SELECT count(*) FROM sigang.node")
    assert torn == [(8,)], "three axes in a row, the second cut into five"


def test_a_reach_has_the_least_depth_along_it_or_none(conn, cell):
    load_enc(conn, cell, Chart("test"), lambda line: None)
    depths = dict(
        rows(
            conn,
            "SELECT DISTINCT e.name_en, l.value FROM sigang.edge e"
            " LEFT JOIN sigang.waterway_limit l ON l.edge_id = e.id AND l.kind = 'depth'",
        )
    )
    assert depths["First"] == 2.5
    assert depths["Third"] is None, "it leaves the areas of known depth"
    second = rows(
        conn,
        "SELECT l.value FROM sigang.edge e JOIN sigang.waterway_limit l ON l.edge_id = e.id"
        " WHERE e.name_en = 'Second' ORDER BY ST_XMin(e.geom)",
    )
    assert second == [(2.5,), (3.1,), (3.1,), (3.1,), (3.1,)]


def test_marks_soundings_and_basins_are_on_the_chart(conn, cell):
    load_enc(conn, cell, Chart("test"), lambda line: None)
    found = rows(
        conn,
        "SELECT kind, coalesce(props ->> 'category', props ->> 'depth_m',"
        " props ->> 'chamber_width_m') FROM sigang.facility"
        " WHERE kind IN ('navmark', 'sounding', 'lock') ORDER BY 1, 2",
    )
    assert found == [
        ("lock", "23.0"), ("navmark", "cardinal_south"), ("navmark", "lateral_port"),
        ("sounding", "3.2"), ("sounding", "4.1"),
    ]  # fmt: skip
    areas = rows(conn, "SELECT kind, count(*), min(origin) FROM sigang.zone GROUP BY 1")
    assert areas == [("depth_area", 2, "real")]


def test_a_dry_run_changes_nothing_and_a_second_load_replaces(conn, cell):
    tried = load_enc(conn, cell, Chart("test"), lambda line: None, dry_run=True)
    assert rows(conn, "SELECT count(*) FROM sigang.edge") == [(0,)]
    first = load_enc(conn, cell, Chart("test"), lambda line: None)
    again = load_enc(conn, cell, Chart("test"), lambda line: None)
    assert tried.rows == first.rows == again.rows
    assert rows(conn, "SELECT count(*) FROM sigang.edge") == [(first.rows["edge"],)]


@pytest.mark.parametrize("content", [b"", b"not a chart", None])
def test_what_is_no_cell_is_refused(conn, tmp_path, content):
    file = tmp_path / "X.000"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Quarantined, match=r"X\.000"):
        load_enc(conn, file, Chart("test"), lambda line: None)


def test_a_damaged_cell_is_refused_not_half_loaded(conn, cell):
    cell.write_bytes(cell.read_bytes()[:900])
    with pytest.raises(Quarantined):
        load_enc(conn, cell, Chart("test"), lambda line: None)
    assert rows(conn, "SELECT count(*) FROM sigang.facility") == [(0,)]
