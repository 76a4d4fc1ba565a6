"""Messages of any kind that is known, as events; a wrong one is told and stops no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from spatial.logistics.edifact import NotEdifact, is_edifact, read_interchange
from spatial.logistics.edifact_messages import Wrong, read_message, split_messages
from spatial.logistics.events import Event, find_fault
from spatial.logistics.json_messages import WrongEvent, list_nodes, read_node
from spatial.logistics.rule_models import MessageCodes

KEPT = 4000
"""Of a wrong message so many signs are kept."""


@dataclass(frozen=True)
class Fault:
    """A wrong message: its number in the text from 1, the segment or member, what is wrong."""

    number: int
    where: str
    zh: str
    en: str
    raw: str


@dataclass
class Reading:
    """What was read: events, each with the text of its message, and what could not be."""

    events: list[tuple[Event, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    messages: int = 0


def read_messages(text: str, source: str, codes: MessageCodes) -> Reading:
    """Return the events of a text: an EDIFACT interchange, JSON, or a line of JSON each.

    Parameters
    ----------
    text
        EDIFACT (COPARN, CODECO, IFTSTA), or JSON (DCSA Track & Trace, ONE Record JSON-LD).
    source
        Whose events they are.
    codes
        What the codes of messages mean.
    """
    reading = Reading()
    text = text.replace("\0", "\ufffd")  # which the database cannot hold
    if is_edifact(text):
        _read_edifact(reading, text, source, codes)
    else:
        _read_json(reading, text, source, codes)
    return reading


def _read_edifact(reading: Reading, text: str, source: str, codes: MessageCodes) -> None:
    try:
        interchange = read_interchange(text)
    except NotEdifact as error:
        reading.messages = 1
        reading.faults.append(Fault(1, "", error.zh, error.en, text[:KEPT]))
        return
    for number, message in enumerate(split_messages(interchange), 1):
        reading.messages = number
        if isinstance(message, Wrong):
            reading.faults.append(Fault(number, message.where, message.zh, message.en, ""))
            continue
        try:
            found = read_message(message, interchange, source, codes)
        except Wrong as error:
            raw = message.raw[:KEPT]
            reading.faults.append(Fault(number, error.where, error.zh, error.en, raw))
            continue
        _keep(reading, number, found, message.raw)


def _read_json(reading: Reading, text: str, source: str, codes: MessageCodes) -> None:
    for number, node in enumerate(_nodes(text), 1):
        reading.messages = number
        if isinstance(node, str):
            told = "不是 JSON", "this is no JSON"
            reading.faults.append(Fault(number, "", *told, node[:KEPT]))
            continue
        raw = orjson.dumps(node).decode()
        try:
            event = read_node(node, source, codes)
        except WrongEvent as error:
            reading.faults.append(Fault(number, error.where, error.zh, error.en, raw[:KEPT]))
        else:
            _keep(reading, number, [event], raw)


def _keep(reading: Reading, number: int, found: list[Event], raw: str) -> None:
    """Keep the events of a message if all of them can be kept."""
    for event in found:
        if fault := find_fault(event):
            reading.faults.append(Fault(number, "", *fault, raw[:KEPT]))
            return
    reading.events += [(event, raw) for event in found]


def _nodes(text: str) -> Iterator[dict[str, object] | str]:
    """Yield the events of JSON, or of each line of it; a text where it cannot be read."""
    try:
        whole = [orjson.loads(text)]
    except orjson.JSONDecodeError:
        whole = []
        for line in filter(str.strip, text.splitlines()):
            try:
                whole.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                whole.append(None)
                yield line
        whole = [one for one in whole if one is not None]
    for document in whole:
        for node in list_nodes(document):
            yield dict(node)
