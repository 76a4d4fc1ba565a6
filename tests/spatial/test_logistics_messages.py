"""Messages as partners write them: other separators, decimal marks, and what is wrong in one."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.network.rule_models import read_rules
from spatial.logistics.edifact import NotEdifact, read_interchange
from spatial.logistics.reading import read_messages
from spatial.logistics.rule_models import MESSAGE_CODES
from tests.conftest import ROOT

BOX = "CSQU3054383"


@pytest.fixture(scope="module")
def codes():
    rules = {rule.key: rule for rule in read_rules(ROOT / "layers" / "areas")}
    return MESSAGE_CODES.model.model_validate_json(orjson.dumps(rules[MESSAGE_CODES.key].value))


def interchange(*messages, una="UNA:+.? '", signs=":+.'"):
    """Return an interchange of messages, each a list of segments in the usual signs."""
    text = ["UNB+UNOA:2+TERMINAL+LINE+260302:1530+77"]
    for number, message in enumerate(messages, 1):
        body = [f"UNH+{number}+{message[0]}:D:95B:UN", *message[1:]]
        text += [*body, f"UNT+{len(body) + 1}+{number}"]
    text.append(f"UNZ+{len(messages)}+77")
    whole = "".join(f"{segment}'\n" for segment in text)
    return una + whole.translate(str.maketrans(":+.'", signs))


def gate(number=BOX, document="34", function="9", when="7:202603021530:203", mass="24000.5"):
    return ["CODECO", f"BGM+{document}+DOC1+{function}", "TDT+20+F1+1", "RFF+BN:BK1",
            f"EQD+CN+{number}+22G1:102:5++2+5", f"DTM+{when}", "LOC+165+CNZAP:139:6",
            f"MEA+AAE+G+KGM:{mass}"]  # fmt: skip


def test_a_gate_move_is_read_whatever_the_signs(codes):
    plain = read_messages(interchange(gate()), "gates", codes)
    (one,) = [event for event, _ in plain.events]
    assert (one.code, one.type, one.classifier, one.unit) == ("GTIN", "EQUIPMENT", "ACT", BOX)
    assert one.at.isoformat() == "2026-03-02T15:30:00+08:00"
    assert (one.place, one.transport, one.references) == ("CNZAP", "F1", ("BK1",))
    assert (one.empty, one.mass_kg) == (False, 24000.5)
    other = interchange(gate(), una="UNA;*,!~#".replace("~", " "), signs=";*,#")
    assert "UNH*1*CODECO;D" in other and "24000,5" in other
    read = read_messages(other, "gates", codes)
    assert read.faults == [] and read.events[0][0] == one
    assert read.events[0][1].startswith("UNH+1+CODECO")


def test_the_decimal_mark_of_una_is_kept_to(codes):
    wrong = read_messages(interchange(gate(mass="24000.5"), una="UNA:+,? '"), "gates", codes)
    (fault,) = wrong.faults
    assert fault.where == "9 MEA" and "decimal mark is ','" in fault.en and wrong.events == []


def test_released_signs_are_text():
    segments = read_interchange("UNB+UNOA:2+A?+B?:C??+X'FTX+it?'s'").segments
    assert segments[0].get(1) == "A+B:C?"
    assert segments[1].get(0) == "it's"


def test_a_wrong_message_is_told_with_its_segment_and_stops_no_other(codes):
    bad_box, bad_time = gate("CSQU3054384"), gate(when="7:20260302:999")
    unknown = gate(document="99")
    orders = ["ORDERS", "BGM+220+1+9"]
    text = interchange(gate(), bad_box, bad_time, unknown, orders, gate(document="36"))
    read = read_messages(text, "gates", codes)
    assert [event.code for event, _ in read.events] == ["GTIN", "GTOT"]
    assert [fault.number for fault in read.faults] == [2, 3, 4, 5]
    assert "check digit is 3" in read.faults[0].en and read.faults[0].where.endswith("EQD")
    assert read.faults[1].where.endswith("DTM") and read.faults[2].where.endswith("BGM")
    assert "COPARN" in read.faults[3].en and read.messages == 6
    cut = text.replace("UNT+9+2'", "UNT+8+2'")
    assert "8" in read_messages(cut, "gates", codes).faults[0].en


def test_a_cancelled_message_retracts_what_it_said(codes):
    first = read_messages(interchange(gate()), "gates", codes).events[0][0]
    gone = read_messages(interchange(gate(function="1")), "gates", codes).events[0][0]
    assert (gone.retracts, gone.code) == (first.id, "")
    again = read_messages(interchange(gate()), "gates", codes).events[0][0]
    assert again == first, "sent again it is the same event"


def test_a_container_announcement_is_planned(codes):
    message = ["COPARN", "BGM+126+400123456+9", "RFF+BN:BK1", "TDT+20+F1+1",
               f"EQD+CN+{BOX}+22G1:102:5++2+5", "DTM+201:202603020900:203",
               "LOC+9+CNZAP:139:6"]  # fmt: skip
    (event,) = [one for one, _ in read_messages(interchange(message), "line", codes).events]
    assert (event.classifier, event.code, event.references) == ("PLN", "GTIN", ("BK1",))


def test_a_status_report_has_an_event_for_each_status(codes):
    message = ["IFTSTA", "BGM+77+REP1+9", "CNI+1+BK1",
               "STS+1+AE", "DTM+334:202603021400UTC:303", "LOC+9+CNZAP:139:6", "TDT+20+F1+1",
               f"EQD+CN+{BOX}",
               "STS+1+VD", "DTM+334:202603022330:203", "LOC+9+CNZAP:139:6", "TDT+20+F1+1",
               "STS+1+RD", "DTM+334:202603100930:203", "LOC+5+CNBEI", f"EQD+CN+{BOX}"]  # fmt: skip
    load, leave, back = [
        one for one, _ in read_messages(interchange(message), "line", codes).events
    ]
    assert (load.code, load.unit, load.at.isoformat()) == ("LOAD", BOX, "2026-03-02T14:00:00+00:00")
    assert (leave.code, leave.type, leave.unit, leave.transport) == (
        "DEPA",
        "TRANSPORT",
        None,
        "F1",
    )
    assert (back.code, back.empty, back.references) == ("GTIN", True, ("BK1",))


@pytest.mark.parametrize(
    "text", ["UNA:+.? ", "UNA::.? 'UNB+1'", "UNAB", "UNA:+.? 'UNH+1'", "UNB+1+2"]
)
def test_what_is_no_interchange_is_told(codes, text):
    with pytest.raises(NotEdifact):
        read_interchange(text)
    assert len(read_messages(text, "x", codes).faults) == 1


def dcsa(**more):
    return {"eventID": "e1", "eventType": "EQUIPMENT", "equipmentReference": BOX,
            "eventCreatedDateTime": "2026-03-02T09:00:00Z", "eventClassifierCode": "ACT",
            "eventDateTime": "2026-03-02T08:00:00+08:00",
            "equipmentEventTypeCode": "LOAD", "emptyIndicatorCode": "LADEN",
            "eventLocation": {"UNLocationCode": "CNZAP"},
            "transportCall": {"carrierVoyageNumber": "F1", "UNLocationCode": "CNNGB"},
            "documentReferences": [{"documentReferenceValue": "BK1"}],
            **more}  # fmt: skip


def test_events_of_dcsa_are_read_and_taken_back(codes):
    three = {"metadata": {"eventID": "e3", "eventCreatedDateTime": "2026-03-02T10:00:00Z",
                          "retractedEventID": "e1"}}  # fmt: skip
    bad = dcsa(eventID="e2", equipmentEventTypeCode="FLY")
    naive = dcsa(eventID="e4", eventDateTime="2026-03-02T08:00:00")
    read = read_messages(orjson.dumps([dcsa(), bad, three, naive]).decode(), "line", codes)
    load, gone = [event for event, _ in read.events]
    assert (load.id, load.code, load.unit, load.empty) == ("e1", "LOAD", BOX, False)
    assert (load.place, load.transport, load.references) == ("CNZAP", "F1", ("BK1",))
    assert (gone.retracts, gone.code) == ("e1", "")
    assert [(f.number, f.where) for f in read.faults] == [(2, "equipmentEventTypeCode"),
                                                          (4, "eventDateTime")]  # fmt: skip
    lines = "\n".join([orjson.dumps(dcsa()).decode(), "{no", orjson.dumps(three).decode()])
    read = read_messages(lines, "line", codes)
    assert (len(read.events), [f.en for f in read.faults]) == (2, ["this is no JSON"])


def test_logistics_events_of_one_record_are_read(codes):
    event = {
        "@context": {"cargo": "https://onerecord.iata.org/ns/cargo#"},
        "@id": "https://1r.example.org/events/9", "@type": "cargo:LogisticsEvent",
        "cargo:eventCode": {"@id": "https://onerecord.iata.org/ns/code-lists/StatusCode#DEP"},
        "cargo:eventDate": {"@type": "xsd:dateTime", "@value": "2026-03-02T08:00:00Z"},
        "cargo:eventTimeType": {"@id": "cargo:ACTUAL"},
        "cargo:eventLocation": {"@type": "cargo:Location", "cargo:locationCodes":
                                [{"@type": "cargo:CodeListElement", "cargo:code": "HGH"}]},
        "cargo:linkedObject": {"@id": "https://1r.example.org/logistics-objects/999-12345675"},
    }  # fmt: skip
    read = read_messages(
        orjson.dumps({"@graph": [event, {"@type": "cargo:Piece"}]}).decode(), "air", codes
    )
    assert [fault.number for fault in read.faults] == [2]
    (one,) = [given for given, _ in read.events]
    assert (one.code, one.type, one.place, one.unit) == ("DEPA", "TRANSPORT", "HGH", "999-12345675")


NOTES = st.text(st.sampled_from("AZ09:+.?'*;,!# "), min_size=1, max_size=12)


@given(st.lists(st.lists(NOTES, min_size=1, max_size=3), min_size=1, max_size=4),
       st.permutations("*;,!#:+?'"))  # fmt: skip
def test_segments_come_back_whatever_signs_they_are_written_with(elements, signs):
    component, element, release, end = signs[:4]

    def written(text):
        return "".join(release + s if s in signs[:4] else s for s in text)

    body = element.join(component.join(map(written, parts)) for parts in elements)
    text = f"UNA{component}{element}.{release} {end}UNB{element}{body}{end}"
    (segment,) = read_interchange(text).segments
    assert segment.elements == tuple(tuple(parts) for parts in elements)


RUBBISH = st.lists(
    st.sampled_from([
        "UNB+UNOA:2+A+B", "UNH+1+CODECO:D", "UNH+2+IFTSTA:D", "BGM+34+X+9", "BGM+36+Y+1", "UNT+5+1",
        "DTM+7:202603021530:203", "DTM+334:0001010000+9:303", "DTM+7:99990101:102", "DTM+7::102",
        "DTM+7:2026030215301e99:303", f"EQD+CN+{BOX}", "EQD+CN+", "STS+1+VD", "STS", "LOC+9",
        "MEA+AAE+G+KGM:nan", "MEA+AAE+G+KGM:inf", "MEA+A+G+KGM:-5", "LOC+9+" + "X" * 300, "UNZ+1+1",
        "RFF+BN:\0", "",
    ]), max_size=14,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(RUBBISH)
def test_rubbish_is_told_and_raises_nothing(codes, segments):
    count = sum(one.startswith("UNH") for one in segments)
    text = "UNB+UNOA:2+A+B'" + "".join(f"{one}'" for one in segments)
    read = read_messages(text, "x", codes)
    assert len(read.faults) <= max(read.messages, 1)
    assert read.messages <= max(count, 1)
    for event, _ in read.events:
        assert orjson.dumps(event.told())


def test_events_that_cannot_be_kept_are_told(codes):
    wrong = [
        dcsa(eventID="x" * 300),
        dcsa(eventID="a\0b"),
        dcsa(eventDateTime="0001-01-01T00:00:00Z"),
    ]
    read = read_messages(orjson.dumps(wrong).decode(), "line", codes)
    assert (read.events, [fault.number for fault in read.faults]) == ([], [1, 2, 3])
    whole = interchange(gate(when="7:99990101:102"), gate(mass="0"), gate())
    read = read_messages(whole, "gates", codes)
    assert ([fault.number for fault in read.faults], len(read.events)) == ([1, 2], 1)
