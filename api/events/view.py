"""What of an event an actor is shown: names allowed one by one, persons to the desks concerned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NotRequired, Required, TypedDict, cast
from uuid import UUID

import asyncpg

from spatial.actor import WRITERS, Actor
from spatial.geo.geojson import Geometry
from spatial.json_types import Document, Shown


class Receipt(TypedDict, total=False):
    """Which desk must know of an event, and since when it does."""

    party: Required[str]
    required: bool
    name: dict[str, str | None]
    delivered_at: str | None
    acknowledged_at: str | None
    account_id: str | None


class Properties(TypedDict, total=False):
    """What is told of an event; see `PUBLIC` and what follows."""

    kind: Required[str]
    state: Required[str]
    version: Required[int]
    admin_code: Required[str]
    attributes: Required[Mapping[str, object]]
    receipts: list[Receipt]
    title: dict[str, str | None]
    severity: str | None
    cause: str | None
    direction: str | None
    origin: str
    facility_id: UUID | None
    stake: dict[str, Shown]
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    begun_at: datetime | None
    created_by: str | None
    updated_by: str | None
    lanes: str | None
    rule_version: str | None
    network_version: int | None
    edges: list[UUID]
    edge_count: int
    value: float | None
    unit: str | None
    merged: bool
    still_closed_by: Sequence[Shown]
    may: Rights
    place: dict[str, Document | None]


class Rights(TypedDict):
    """What an account may do about an event: undo and change it, sign for which desks."""

    change: bool
    acknowledge: list[str]


class Event(TypedDict):
    """An event as a GeoJSON feature; its scope, beside its properties, is never shown."""

    type: Literal["Feature"]
    id: UUID
    geometry: Geometry | None
    properties: Properties
    unit_id: NotRequired[str | None]
    visibility: NotRequired[str]


LIVE_KINDS = ("closure", "lane_loss", "speed", "weather_limit", "depth_limit")
"""Kinds that act on edges; they end, and may be taken back."""
PUBLIC = frozenset({
    "kind", "title", "severity", "cause", "direction", "state", "version", "admin_code", "origin",
    "facility_id", "stake", "valid_from", "valid_to", "recorded_at", "begun_at", "lanes",
    "rule_version", "network_version", "edges", "edge_count", "value", "unit", "attributes",
    "place", "merged", "still_closed_by",
})  # fmt: skip
"""Properties that everybody sees."""
SIGNED_IN = PUBLIC | {"receipts"}
"""Properties that every account sees: which desks must know of it, and which do."""
INSIDE = SIGNED_IN | {"created_by", "updated_by"}
"""Properties that an account sees of the events of its own area: who decided."""
PUBLIC_RECEIPT = frozenset({"party", "required", "name", "delivered_at", "acknowledged_at"})
"""What of a receipt other areas see; who signed it is for the event's own."""
PUBLIC_ATTRIBUTES = frozenset({
    "value", "unit", "visibility_m", "accuracy_m", "calibrated", "last_report", "edge", "reports",
})  # fmt: skip
PUBLIC_REPORT = frozenset({"at", "stake", "severity", "lanes"})
"""What is told of each report; who reported is for the desks that act on it."""


def concerns(feature: Event, actor: Actor) -> bool:
    """Tell whether an event lies in the actor's area, or waits for its desk's receipt."""
    if actor.anonymous:
        return False
    properties = feature["properties"]
    parties = {receipt["party"] for receipt in properties.get("receipts", ())}
    inside = actor.sees(properties["admin_code"], "unit", feature.get("unit_id"))
    return inside or actor.scope in parties


def shown(feature: Event, actor: Actor) -> Event:
    """Return a feature as the actor may see it.

    Parameters
    ----------
    feature
        An event as `event_store.feature_of` returns it; what is on no list is left out.
    actor
        Who asks. Attributes that name persons go to writing roles of the event's area only.
    """
    near = concerns(feature, actor)
    names = INSIDE if near else PUBLIC if actor.anonymous else SIGNED_IN
    told = feature["properties"]
    properties = cast(Properties, _only(told, names))
    if "receipts" in properties and not near:
        receipts = [_only(one, PUBLIC_RECEIPT) for one in told["receipts"]]
        properties["receipts"] = cast(list[Receipt], receipts)
    if not (near and actor.role in WRITERS):
        attributes = _only(told["attributes"], PUBLIC_ATTRIBUTES)
        given = attributes.get("reports")
        if isinstance(given, list):
            reports = [one for one in given if isinstance(one, dict)]
            attributes["reports"] = [_only(one, PUBLIC_REPORT) for one in reports]
        properties["attributes"] = attributes
    if actor.role in WRITERS:
        properties["may"] = _rights(told, actor)
    top = {"type": feature["type"], "id": feature["id"], "geometry": feature["geometry"]}
    return cast(Event, {**top, "properties": properties})


def _rights(told: Properties, actor: Actor) -> Rights:
    """Return what the server would let an account do: a page offers no more."""
    live = told["kind"] in (*LIVE_KINDS, "incident") and told["state"] == "open"
    code = told["admin_code"]
    waiting = [one["party"] for one in told.get("receipts", ()) if not one.get("acknowledged_at")]
    return {
        "change": live and code is not None and actor.covers(code),
        "acknowledge": [party for party in waiting if actor.covers(party)],
    }


def shown_step(step: asyncpg.Record, actor: Actor) -> Document:
    """Return one step of an event's history as the actor may see it."""
    body = shown(step["body"], actor)
    body["properties"].pop("may", None)
    told: Document = {**step, "body": cast(Document, body)}
    if not concerns(step["body"], actor):
        del told["account_id"]
    return told


def _only(values: Mapping[str, object], names: Collection[str]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name in names}
