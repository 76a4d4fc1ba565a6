"""Events of shipments in the words of DCSA Track & Trace: what happened to a box, bag or vehicle.

An event is known by its source and its id. What is sent again under the same id with the same
content is the same event; a retraction names the id of the event that it takes back.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

import orjson
from pydantic import TypeAdapter

from spatial.json_types import Document

EventType = Literal["EQUIPMENT", "TRANSPORT", "SHIPMENT", "BAGGAGE"]
Classifier = Literal["PLN", "EST", "ACT"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
CLASSIFIERS: tuple[Classifier, ...] = get_args(Classifier)
CODES: dict[EventType, tuple[str, ...]] = {
    "EQUIPMENT": ("GTIN", "GTOT", "LOAD", "DISC", "PICK", "DROP", "STUF", "STRP", "INSP", "RSEA",
                  "RMVD"),
    "TRANSPORT": ("ARRI", "DEPA", "LOCK"),
    "SHIPMENT": ("RECE", "DRFT", "PENA", "PENU", "REJE", "APPR", "ISSU", "SURR", "SUBM", "VOID",
                 "CONF", "REQS", "CMPL", "HOLD", "RELS"),
    "BAGGAGE": ("ACCEPTANCE", "LOADING", "TRANSFER", "ARRIVAL"),
}  # fmt: skip
"""Codes by type: those of DCSA; `LOCK` (a lock was passed) and the points of IATA's resolution 753
are beside it."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST, MOST_REFERENCES, MOST_KG = 200, 50, 1e6
Key = tuple[str, str]
"""Source and id of an event."""


@dataclass(frozen=True)
class Event:
    """One event; times have an offset.

    Parameters
    ----------
    source, id
        Who tells it, and what that source calls it.
    at
        When it happened, is planned or expected.
    created_at
        When it was told.
    place
        UN/LOCODE or id of a hub.
    unit
        Box or bag; none where it is of a whole vehicle or shipment.
    empty
        Whether the box is empty.
    transport
        Voyage, trip or flight.
    references
        Booking, waybill and the like.
    retracts
        Id of an event of the same source that is taken back. Without a code it does nothing else.
    """

    source: str
    id: str
    at: datetime
    type: EventType = "EQUIPMENT"
    code: str = ""
    classifier: Classifier = "ACT"
    created_at: datetime | None = None
    place: str | None = None
    unit: str | None = None
    empty: bool | None = None
    transport: str | None = None
    references: tuple[str, ...] = ()
    retracts: str | None = None
    mass_kg: float | None = None

    @property
    def key(self) -> Key:
        """Source and id."""
        return self.source, self.id

    def told(self) -> Document:
        """Return its members that say something, times in UTC, as JSON holds them."""
        given = asdict(self)
        for name in ("at", "created_at"):
            when = given[name]
            given[name] = when and when.astimezone(UTC).isoformat()
        return {name: value for name, value in given.items() if value not in (None, "", ())}

    @property
    def digest(self) -> bytes:
        """What tells two contents of one id apart, 16 bytes."""
        text = orjson.dumps(self.told(), option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, digest_size=16).digest()


_EVENT = TypeAdapter(Event)


def event_of(text: str | bytes) -> Event:
    """Return the event that `told` made a document of, from its JSON.

    Raises
    ------
    ValueError
        It is none.
    """
    return _EVENT.validate_json(text)


def find_fault(event: Event) -> tuple[str, str] | None:
    """Return why an event cannot be kept, in Chinese and English; None where it can."""
    times = [at for at in (event.at, event.created_at) if at is not None]
    if any(not EARLIEST <= at < LATEST for at in times):
        return "时间不在 1970 至 2200 年间", "a time is not between 1970 and 2200"
    named = (event.id, event.place, event.unit, event.transport, event.retracts, *event.references)
    if any(len(text) > LONGEST for text in named if text is not None):
        return f"有超过 {LONGEST} 字符的编号", f"something is longer than {LONGEST} signs"
    if len(event.references) > MOST_REFERENCES:
        return f"参考号超过 {MOST_REFERENCES} 个", f"it has more than {MOST_REFERENCES} references"
    if any("\0" in text for text in named if text is not None):
        return "含有 NUL 字符", "it holds a NUL"
    if event.mass_kg is not None and not 0 < event.mass_kg < MOST_KG:
        return f"重量不可能：{event.mass_kg}", f"no mass of a box: {event.mass_kg}"
    return None


def event_id(*parts: object) -> str:
    """Return an id for an event whose message gives it none: the same for the same parts."""
    text = "\x00".join("" if part is None else str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
