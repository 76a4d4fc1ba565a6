"""Files of messages into the database: each event once, wrong ones in quarantine."""

import orjson
import pytest

from api.cli.parser import build_parser
from api.cli.store import LOADERS
from api.network.rule_models import load_rules
from data.linkage.messages import load_messages
from data.source import load_source
from spatial.errors import ConfigError, NotFound

pytestmark = pytest.mark.db
BOX = "CSQU3054383"
EDI = (
    "UNA:+,? '\nUNB+UNOA:2+T+L+260302:1530+1'\nUNH+1+CODECO:D:95B:UN'\nBGM+34+A+9'\n"
    "DTM+7:202603021530:203'\nEQD+CN+CSQU3054383+22G1++2+5'\nMEA+AAE+G+KGM:24000,5'\nUNT+6+1'\n"
    "UNH+2+CODECO:D:95B:UN'\nBGM+36+B+9'\nDTM+7:2026:203'\nEQD+CN+CSQU3054383'\nUNT+5+2'\nUNZ+2+1'\n"
)
EVENT = {"eventID": "e1", "eventType": "EQUIPMENT", "eventClassifierCode": "ACT",
         "eventDateTime": "2026-03-02T08:00:00+08:00", "equipmentEventTypeCode": "LOAD",
         "equipmentReference": BOX}  # fmt: skip
SOURCE = (
    'id = "gates"\ntitle_zh = "闸口"\ntitle_en = "Gates"\nlicense = "CC0"\nattribution = "Test"\n'
)
ROWS = "SELECT unit, document ->> 'code', (document ->> 'mass_kg')::float, origin, raw FROM sigang.shipment_event ORDER BY at"  # noqa: E501


@pytest.fixture
def files(conn, tmp_path):
    (tmp_path / "gates.toml").write_text(SOURCE, "utf-8")
    load_source(conn, tmp_path / "gates.toml")
    load_rules(conn)
    conn.commit()
    (tmp_path / "gate.edi").write_text(EDI, encoding="ascii")
    (tmp_path / "events.json").write_bytes(orjson.dumps([EVENT, {"eventType": "x"}]))
    return [tmp_path / "gate.edi", tmp_path / "events.json"]


def test_messages_are_added_once_and_wrong_ones_are_told(conn, files):
    told = []
    report = load_messages(conn, files, told.append, source="gates", synthetic=True)
    assert (report.rows["shipment_event"], report.refused) == (2, {"bad-message": 2})
    (load, gate) = conn.execute(ROWS).fetchall()
    assert load[:4] == (BOX, "LOAD", None, "synthetic")
    assert gate[:4] == (BOX, "GTIN", 24000.5, "synthetic") and gate[4].startswith("UNH+1+CODECO")
    details = conn.execute("SELECT detail FROM sigang.quarantine ORDER BY id").fetchall()
    assert details[0][0].startswith("gate.edi: 2 10 DTM") and "events.json: 2" in details[1][0]
    assert len(told) == 2
    again = load_messages(conn, files, told.append, source="gates", synthetic=True)
    assert (again.rows.get("shipment_event", 0), again.told["events that were there"]) == (0, 2)


def test_a_dry_run_changes_nothing_and_a_source_must_be_known(conn, files, tmp_path):
    bad = tmp_path / "bad.csv"
    report = load_messages(conn, files, print, source="gates", dry_run=True, bad_rows=bad)
    assert report.rows_bad == 2 and "DTM" in bad.read_text("utf-8")
    assert conn.execute(ROWS).fetchall() == []
    with pytest.raises(NotFound):
        load_messages(conn, files, print, source="nobody")


def test_all_that_the_command_line_offers_to_load_has_a_loader():
    commands = build_parser()._subparsers._group_actions[0].choices
    kinds = set(commands["load"]._subparsers._group_actions[0].choices)
    assert kinds - set(LOADERS) == {"osm", "terrain", "sample"}


@pytest.mark.parametrize(
    ("text", "told"),
    [("id = 3", "id: "), (SOURCE + "licence = 'x'", "licence: "), ("id =", "source.toml: ")],
)
def test_a_source_that_is_none_changes_nothing(conn, tmp_path, text, told):
    (tmp_path / "source.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=told):
        load_source(conn, tmp_path / "source.toml")
    assert conn.execute("SELECT count(*) FROM sigang.source WHERE id = 'gates'").fetchone() == (0,)


def test_a_source_is_corrected(conn, files, tmp_path):
    (tmp_path / "gates.toml").write_text(SOURCE.replace("CC0", "CC-BY-4.0"), "utf-8")
    load_source(conn, tmp_path / "gates.toml")
    row = conn.execute("SELECT license FROM sigang.source WHERE id = 'gates'").fetchone()
    assert row == ("CC-BY-4.0",)
