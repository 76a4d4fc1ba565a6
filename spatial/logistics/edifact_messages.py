"""Events of COPARN, CODECO and IFTSTA messages: each message by itself, a wrong one told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from spatial.errors import BadParameter
from spatial.geo.codes import parse_container
from spatial.logistics.edifact import Interchange, NotEdifact, Segment
from spatial.logistics.events import Classifier, Event, EventType, event_id
from spatial.logistics.rule_models import MessageCodes

KNOWN = ("COPARN", "CODECO", "IFTSTA")
CANCELS = "1"
"""Function of a message (1225) that takes an earlier one back."""
_FORMATS = {"102": "%Y%m%d", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S", "303": "%Y%m%d%H%M"}
_WHEN = {"7", "132", "133", "186", "178", "334", "137", "203", "201", "400"}
_REFERENCES = {"BN", "BM", "CN", "AWB", "MB"}
_EMPTY, _FULL = "4", "5"


class Wrong(ValueError):
    """What is wrong with a message: where it stands, in Chinese and English."""

    def __init__(self, segment: Segment | None, zh: str, en: str) -> None:
        where = "" if segment is None else f" {segment.number} {segment.tag}"
        super().__init__(f"segment{where}: {en}" if where else en)
        self.where = where.strip()
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Message:
    """The segments between UNH and UNT, with reference and type."""

    reference: str
    kind: str
    segments: Sequence[Segment]

    @property
    def raw(self) -> str:
        """The segments as text with the usual signs."""
        return "\n".join(
            "+".join([s.tag, *(":".join(e) for e in s.elements)]) + "'" for s in self.segments
        )


@dataclass
class _Said:
    """What the segments so far say that later events share."""

    at: datetime | None = None
    place: str | None = None
    transport: str | None = None
    references: list[str] = field(default_factory=list)


def split_messages(interchange: Interchange) -> Iterator[Message | Wrong]:
    """Yield the messages of an interchange; one whose end does not fit is told."""
    held: list[Segment] = []
    for segment in interchange.segments:
        if segment.tag == "UNH" and held:
            yield Wrong(held[0], "报文没有结尾 UNT", "the message has no end (UNT)")
            held = []
        if segment.tag == "UNH" or held:
            held.append(segment)
        if segment.tag == "UNT" and held:
            yield _whole(held)
            held = []
    if held:
        yield Wrong(held[0], "报文没有结尾 UNT", "the message has no end (UNT)")


def _whole(held: list[Segment]) -> Message | Wrong:
    head, end = held[0], held[-1]
    if end.get(0) != str(len(held)):
        told = end.get(0), len(held)
        return Wrong(end, f"应有 {told[0]} 段，实有 {told[1]} 段",
                     f"it should have {told[0]} segments and has {told[1]}")  # fmt: skip
    if end.get(1) != head.get(0):
        return Wrong(end, "报文编号与 UNH 不一致", "its reference is not that of UNH")
    return Message(head.get(0), head.get(1), held)


def read_message(
    message: Message, interchange: Interchange, source: str, codes: MessageCodes
) -> list[Event]:
    """Return the events of a message.

    Raises
    ------
    Wrong
        It is of another kind, or something in it cannot be; names the segment.
    """
    if message.kind not in KNOWN:
        known = ", ".join(KNOWN)
        raise Wrong(message.segments[0], f"不读取 {message.kind}，可读 {known}",
                    f"{message.kind} is not read, but {known}")  # fmt: skip
    begin = next((s for s in message.segments if s.tag == "BGM"), None)
    if begin is None:
        raise Wrong(message.segments[0], "没有 BGM 段", "there is no segment BGM")
    sender = next((s.get(1) for s in interchange.segments if s.tag == "UNB"), "")
    reader = _Reader(interchange, source, codes, message, begin, sender)
    found = list(reader.status_events() if message.kind == "IFTSTA" else reader.gate_events())
    if not found:
        raise Wrong(begin, "报文没有事件", "the message has no event")
    return found


@dataclass(frozen=True)
class _Reader:
    interchange: Interchange
    source: str
    codes: MessageCodes
    message: Message
    begin: Segment
    sender: str

    @property
    def cancels(self) -> bool:
        return self.begin.get(2) == CANCELS

    def gate_events(self) -> Iterator[Event]:
        """Yield an event for each container of a CODECO (it happened) or COPARN (it is planned).

        Raises
        ------
        Wrong
        """
        table = self.codes.codeco if self.message.kind == "CODECO" else self.codes.coparn
        code = table.get(self.begin.get(0))
        if code is None:
            raise Wrong(self.begin, f"单证代码 {self.begin.get(0)!r} 未配置",
                        f"document {self.begin.get(0)!r} is not known to rule "
                        "linkage.message_codes")  # fmt: skip
        said, groups = self._groups("EQD")
        classifier: Classifier = "ACT" if self.message.kind == "CODECO" else "PLN"
        for group in groups:
            own = self._say(group[1:], said)
            unit, empty = self._equipment(group[0])
            mass = self._mass(group)
            yield self._event(own, code, classifier, unit, empty, group[0], mass)

    def status_events(self) -> Iterator[Event]:
        """Yield an event for each status of an IFTSTA, with the container named under it.

        Raises
        ------
        Wrong
        """
        said, groups = self._groups("STS")
        for group in groups:
            head = group[0]
            status = head.get(1) or head.get(0, 1)
            code = self.codes.iftsta.get(status)
            if code is None:
                raise Wrong(head, f"状态代码 {status!r} 未配置",
                            f"status {status!r} is not known to rule "
                            "linkage.message_codes")  # fmt: skip
            own = self._say(group[1:], said)
            boxes: list[Segment | None] = [s for s in group if s.tag == "EQD"]
            for box in boxes or [None]:
                unit, empty = (None, None) if box is None else self._equipment(box)
                empty = True if status in self.codes.iftsta_empty else empty
                mass = self._mass(group)
                yield self._event(own, code, "ACT", unit, empty, head, mass)

    def _groups(self, tag: str) -> tuple[_Said, list[list[Segment]]]:
        """Return what stands before the first segment with a tag, and a group for each of these."""
        groups: list[list[Segment]] = []
        before: list[Segment] = []
        for segment in self.message.segments:
            if segment.tag == tag:
                groups.append([segment])
            elif groups:
                groups[-1].append(segment)
            else:
                before.append(segment)
        return self._say(before, _Said()), groups

    def _say(self, segments: Sequence[Segment], before: _Said) -> _Said:
        said = _Said(before.at, before.place, before.transport, list(before.references))
        for segment in segments:
            if segment.tag == "DTM" and segment.get(0) in _WHEN:
                if segment.get(0) != "137" or said.at is None:
                    said.at = self._time(segment)
            elif segment.tag == "LOC" and segment.get(1):
                said.place = segment.get(1)
            elif segment.tag == "TDT":
                said.transport = segment.get(1) or segment.get(7) or said.transport
            elif segment.tag == "RFF" and segment.get(0) in _REFERENCES and segment.get(0, 1):
                said.references.append(segment.get(0, 1))
            elif segment.tag == "CNI" and segment.get(1):
                said.references.append(segment.get(1))
        return said

    def _time(self, segment: Segment) -> datetime:
        text, how = segment.get(0, 1), segment.get(0, 2)
        zone = timezone(timedelta(hours=self.codes.utc_offset_h))
        try:
            if how == "303":
                text, zone = text[:12], _zone(text[12:])
            return datetime.strptime(text, _FORMATS[how]).replace(tzinfo=zone)
        except (KeyError, ValueError, OverflowError) as error:
            raise Wrong(segment, f"时间不可读：{text!r}（格式 {how!r}）",
                        f"no time: {text!r} (format {how!r})") from error  # fmt: skip

    def _equipment(self, segment: Segment) -> tuple[str, bool | None]:
        number = segment.get(1)
        try:
            unit = parse_container(number)
        except BadParameter as error:
            raise Wrong(segment, error.zh, error.en) from error
        return unit, {_EMPTY: True, _FULL: False}.get(segment.get(5))

    def _mass(self, group: Sequence[Segment]) -> float | None:
        for segment in group:
            if segment.tag == "MEA" and segment.get(2) == "KGM":
                try:
                    return self.interchange.number(segment.get(2, 1))
                except ValueError as error:
                    raise Wrong(segment, f"重量不可读：{error}", f"no mass: {error}") from error
        return None

    def _event(
        self, said: _Said, code: str, classifier: Classifier, unit: str | None,
        empty: bool | None, where: Segment, mass: float | None,
    ) -> Event:  # fmt: skip
        if said.at is None:
            raise Wrong(where, "没有事件时间 DTM", "there is no time (DTM)")
        kind: EventType = "TRANSPORT" if code in ("ARRI", "DEPA") else "EQUIPMENT"
        name = event_id(
            self.message.kind, self.sender, self.begin.get(1), code, unit, said.at.timestamp()
        )
        if self.cancels:
            own = event_id("cancels", name)
            return Event(self.source, own, said.at, retracts=name, unit=unit)
        return Event(
            self.source, name, said.at, kind, code, classifier, place=said.place, unit=unit,
            empty=empty, transport=said.transport, references=tuple(dict.fromkeys(said.references)),
            mass_kg=mass,
        )  # fmt: skip


def _zone(text: str) -> timezone:
    name = text.strip().upper()
    if name in ("UTC", "GMT", "Z", ""):
        return UTC
    return timezone(timedelta(hours=float(name)))


__all__ = ["KNOWN", "Message", "NotEdifact", "Wrong", "read_message", "split_messages"]
