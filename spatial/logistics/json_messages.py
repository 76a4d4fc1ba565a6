"""Events of JSON: DCSA Track & Trace, and logistics events of IATA's ONE Record (JSON-LD)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from spatial.errors import BadParameter
from spatial.geo.codes import parse_container
from spatial.logistics.events import CLASSIFIERS, CODES, EVENT_TYPES, Classifier, Event, event_id
from spatial.logistics.rule_models import MessageCodes

_CODE_NAMES = {
    "EQUIPMENT": "equipmentEventTypeCode", "TRANSPORT": "transportEventTypeCode",
    "SHIPMENT": "shipmentEventTypeCode",
}  # fmt: skip
_TIME_TYPES: dict[str, Classifier] = {
    "ACTUAL": "ACT", "PLANNED": "PLN", "ESTIMATED": "EST", "EXPECTED": "EST", "SCHEDULED": "PLN",
    "REQUESTED": "PLN",
}  # fmt: skip
_LOGISTICS_EVENT = re.compile(r"(?:^|[#/:])LogisticsEvent$")
Node = Mapping[str, object]


class WrongEvent(ValueError):
    """What is wrong with an event of JSON: the member, in Chinese and English."""

    def __init__(self, member: str, zh: str, en: str) -> None:
        super().__init__(f"{member}: {en}")
        self.where = member
        self.zh = zh
        self.en = en


def list_nodes(document: object) -> list[Node]:
    """Return the events of a document: one, a list, those under `events` or of a graph."""
    if isinstance(document, Mapping):
        for name in ("events", "@graph"):
            if isinstance(document.get(name), list):
                return list_nodes(document[name])
        return [document]
    if isinstance(document, list):
        return [node for one in document for node in list_nodes(one)]
    return [{"": document}]


def read_node(node: Node, source: str, codes: MessageCodes) -> Event:
    """Return the event of a node.

    Raises
    ------
    WrongEvent
        It is no event that is known, or a member of it cannot be.
    """
    if any(_LOGISTICS_EVENT.search(name) for name in _types(node)):
        return _one_record(node, source, codes)
    if "eventType" in node or "retractedEventID" in node or "metadata" in node:
        return _dcsa(node, source)
    raise WrongEvent("eventType", "不是 DCSA 或 ONE Record 事件", "no event of DCSA or ONE Record")


def _dcsa(node: Node, source: str) -> Event:
    payload = node.get("payload")
    body: Node = payload if isinstance(payload, Mapping) else node
    meta = node.get("metadata")
    head: Node = meta if isinstance(meta, Mapping) else body
    name = _text(head, "eventID") or _text(body, "eventID")
    if name is None:
        raise WrongEvent("eventID", "缺少事件编号", "the event has no id")
    retracts = _text(head, "retractedEventID") or _text(body, "retractedEventID")
    made = _find_time(head, "eventCreatedDateTime")
    kind = next((k for k in EVENT_TYPES if k == _text(body, "eventType")), None)
    if kind is None or kind not in _CODE_NAMES:
        if retracts is not None and made is not None:
            return Event(source, name, made, retracts=retracts)
        raise WrongEvent("eventType", "事件类型未知", "the type of the event is not known")
    code = _text(body, _CODE_NAMES[kind])
    if code not in CODES[kind]:
        raise WrongEvent(_CODE_NAMES[kind], f"代码未知：{code!r}", f"code {code!r} is not known")
    classifier = next((c for c in CLASSIFIERS if c == _text(body, "eventClassifierCode")), None)
    if classifier is None:
        raise WrongEvent(
            "eventClassifierCode", "须为 PLN、EST 或 ACT", "it must be PLN, EST or ACT"
        )
    call = _node(body, "transportCall")
    place = _text(_node(body, "eventLocation"), "UNLocationCode") or _text(call, "UNLocationCode")
    empty = {"EMPTY": True, "LADEN": False}.get(_text(body, "emptyIndicatorCode") or "")
    transport = next(
        (v for n in ("exportVoyageNumber", "carrierVoyageNumber", "importVoyageNumber")
         if (v := _text(call, n))), None,
    )  # fmt: skip
    return Event(
        source, name, _time(body, "eventDateTime"), kind, code, classifier, made, place,
        _unit(body, "equipmentReference"), empty, transport, _references(body), retracts,
    )  # fmt: skip


def _references(body: Node) -> tuple[str, ...]:
    given = [*_list(body, "documentReferences"), *_list(body, "references")]
    found = [
        _text(one, "documentReferenceValue") or _text(one, "referenceValue")
        for one in given if isinstance(one, Mapping)
    ]  # fmt: skip
    return tuple(dict.fromkeys(value for value in found if value))


def _one_record(node: Node, source: str, codes: MessageCodes) -> Event:
    plain = {re.split(r"[#/:]", name)[-1]: value for name, value in node.items()}
    given = _last(_value(plain.get("eventCode")))
    code = codes.one_record.get(given or "")
    if code is None:
        raise WrongEvent("eventCode", f"代码 {given!r} 未配置",
                         f"code {given!r} is not known to rule linkage.message_codes")  # fmt: skip
    timed = (_last(_value(plain.get("eventTimeType"))) or "ACTUAL").upper()
    if timed not in _TIME_TYPES:
        raise WrongEvent("eventTimeType", f"时间类型未知：{timed}", f"{timed} is not known")
    target = _value(plain.get("linkedObject")) or _value(plain.get("eventFor"))
    unit = _last(target, "/")
    at = _time({"eventDate": _value(plain.get("eventDate"))}, "eventDate")
    name = _value(node.get("@id")) or event_id("one-record", given, unit, at.isoformat())
    created = _value(plain.get("creationDate"))
    location = plain.get("eventLocation")
    return Event(
        source, name, at, "TRANSPORT" if code in ("ARRI", "DEPA") else "EQUIPMENT", code,
        _TIME_TYPES[timed],
        _find_time({"creationDate": created}, "creationDate"),
        _place(location), unit,
    )  # fmt: skip


def _place(location: object) -> str | None:
    """Return the code of a location: its own, or the last part of its address."""
    if isinstance(location, Mapping):
        plain = {re.split(r"[#/:]", str(name))[-1]: value for name, value in location.items()}
        inner = plain.get("locationCode") or plain.get("code") or plain.get("locationCodes")
        if inner is not None:
            return _place(inner)
    if isinstance(location, list) and location:
        return _place(location[0])
    return _last(_value(location))


def _types(node: Node) -> Iterator[str]:
    given = node.get("@type", ())
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, str):
            yield one


def _value(given: object) -> str | None:
    """Return the text of a JSON-LD value: plain, or under `@value` or `@id`."""
    if isinstance(given, list) and given:
        return _value(given[0])
    if isinstance(given, Mapping):
        return _value(given.get("@value", given.get("@id")))
    return given if isinstance(given, str) and given else None


def _last(text: str | None, between: str = "#/:") -> str | None:
    """Return the last part of an address or name with a prefix."""
    return None if text is None else re.split(f"[{between}]", text.rstrip("/"))[-1]


def _unit(body: Node, name: str) -> str | None:
    given = _text(body, name)
    if given is None:
        return None
    try:
        return parse_container(given)
    except BadParameter as error:
        raise WrongEvent(name, error.zh, error.en) from error


def _text(node: Node, name: str) -> str | None:
    given = node.get(name)
    return given if isinstance(given, str) and given else None


def _node(node: Node, name: str) -> Node:
    given = node.get(name)
    return given if isinstance(given, Mapping) else {}


def _list(node: Node, name: str) -> Sequence[object]:
    given = node.get(name)
    return given if isinstance(given, list) else []


def _find_time(node: Node, name: str) -> datetime | None:
    return None if _text(node, name) is None else _time(node, name)


def _time(node: Node, name: str) -> datetime:
    text = _text(node, name)
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise WrongEvent(name, f"时间不可读：{text!r}", f"no time: {text!r}") from error
    if at.tzinfo is None:
        raise WrongEvent(name, f"时间须带时区：{text!r}", f"the time has no offset: {text!r}")
    return at
