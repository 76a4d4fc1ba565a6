"""What is told of shipments: features with legs, milestones, state, anomalies, events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from api.ports.shipments.reading import Read
from routing.shipments.arrival import Prediction
from routing.shipments.chain import Chain, Milestone
from routing.shipments.judge import ANOMALIES, Anomaly
from spatial.json_types import Document
from spatial.logistics.events import Event, Key


def told_summary(read: Read) -> Document:
    """Return a shipment as a feature with the state of its units."""
    row = read.shipment.row
    geometry = orjson.loads(row["geometry"])
    properties = properties_of(read)
    return {"type": "Feature", "id": row["id"], "geometry": geometry, "properties": properties}


def properties_of(read: Read) -> Document:
    """Return what is told of a shipment where many are."""
    row, slowest = read.shipment.row, read.slowest
    kinds = Counter(one.kind for chain in read.chains.values() for one in chain.anomalies)
    if read.foreign:
        kinds["unknown-unit"] = len(read.foreign)
    return {
        "key": row["key"], "source": row["source_id"], "origin": row["origin"],
        "admin_code": row["admin_code"], "units": list(row["units"]),
        "references": list(row["refs"]), "teu": row["teu"], "mass_t": row["cargo_t"],
        "planned_start": row["planned_start"], "planned_end": row["planned_end"],
        "state": slowest.state, "state_at": slowest.at, "place": slowest.place,
        "states": {number: chain.state for number, chain in read.chains.items()},
        "held": any(chain.held for chain in read.chains.values()),
        "cancelled": any(chain.cancelled for chain in read.chains.values()),
        "anomalies": dict(sorted(kinds.items())), "events": len(read.shipment.events),
    }  # fmt: skip


def told_whole(read: Read, arrival: Prediction | None, now: datetime) -> Document:
    """Return a shipment with all that is known of it."""
    shipment, feature = read.shipment, told_summary(read)
    more = {
        "at": now, "legs": shipment.plan.legs, "places": shipment.plan.places,
        "empty_from": shipment.plan.empty_from, "empty_to": shipment.plan.empty_to,
        "chains": {number: told_chain(chain) for number, chain in read.chains.items()},
        "unknown_units": [_event(event) for event in read.foreign],
        "arrival": told_arrival(arrival),
        "events": [
            {**orjson.loads(row["document"]), "received_at": row["recorded_at"],
             "origin": row["origin"], "raw": row["raw"]}
            for row in shipment.told
        ],
    }  # fmt: skip
    return {**feature, "properties": {**properties_of(read), **more}}


def told_chain(chain: Chain) -> Document:
    """Return the chain of a unit."""
    return {
        "state": chain.state, "at": chain.at, "place": chain.place, "held": chain.held,
        "cancelled": chain.cancelled,
        "milestones": [_milestone(one) for one in chain.milestones],
        "anomalies": [_anomaly(one, chain.milestones) for one in chain.anomalies],
    }  # fmt: skip


def _milestone(one: Milestone) -> Document:
    step = one.step
    return {
        "name": step.name, "leg": step.leg, "place": step.place, "status": one.status,
        "at": one.at, "after": one.after, "before": one.before, "planned": step.planned,
        "closes": step.closes, "estimated": one.estimated, "events": [_key(k) for k in one.events],
    }  # fmt: skip


def _anomaly(one: Anomaly, milestones: Sequence[Milestone]) -> Document:
    zh, en = ANOMALIES[one.kind]
    step = None if one.step is None else milestones[one.step].step
    return {
        "kind": one.kind, "zh": zh, "en": en, "at": one.at,
        "milestone": None if step is None else step.name, "leg": None if step is None else step.leg,
        "place": None if step is None else step.place,
        "events": [_key(key) for key in one.events],
    }  # fmt: skip


def _key(key: Key) -> Document:
    return {"source": key[0], "id": key[1]}


def _event(event: Event) -> Document:
    return {"source": event.source, "id": event.id, "unit": event.unit, "at": event.at}


def told_arrival(one: Prediction | None) -> Document | None:
    """Return a predicted arrival, None where there is none."""
    if one is None:
        return None

    def when(seconds: float) -> datetime:
        return datetime.fromtimestamp(round(seconds), UTC)

    return {
        "expected": when(one.middle), "low": when(one.low), "high": when(one.high),
        "learnt": one.learnt, "assumed": one.assumed,
    }  # fmt: skip
