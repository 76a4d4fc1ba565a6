"""What of an event an actor is shown: names allowed one by one, persons to the desks concerned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from spatial.actor import WRITERS, Actor

PUBLIC = frozenset({
    "kind", "title", "severity", "cause", "direction", "state", "version", "admin_code", "origin",
    "facility_id", "stake", "valid_from", "valid_to", "recorded_at", "begun_at", "lanes",
    "rule_version", "network_version", "edges", "edge_count", "value", "unit", "attributes",
    "merged", "still_closed_by",
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


def concerns(feature: Mapping[str, Any], actor: Actor) -> bool:
    """Tell whether an event lies in the actor's area, or waits for its desk's receipt."""
    if actor.anonymous:
        return False
    properties = feature["properties"]
    parties = {receipt["party"] for receipt in properties.get("receipts", ())}
    inside = actor.sees(properties["admin_code"], "unit", feature.get("unit_id"))
    return inside or actor.scope in parties


def shown(feature: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
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
    properties = _only(feature["properties"], names)
    if "receipts" in properties and not near:
        properties["receipts"] = [_only(one, PUBLIC_RECEIPT) for one in properties["receipts"]]
    if not (near and actor.role in WRITERS):
        attributes = _only(properties["attributes"], PUBLIC_ATTRIBUTES)
        if "reports" in attributes:
            reports = [one for one in attributes["reports"] if isinstance(one, dict)]
            attributes["reports"] = [_only(one, PUBLIC_REPORT) for one in reports]
        properties["attributes"] = attributes
    top = {k: v for k, v in feature.items() if k not in ("unit_id", "visibility")}
    return {**top, "properties": properties}


def shown_step(step: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """Return one step of an event's history as the actor may see it."""
    told = {**step, "body": shown(step["body"], actor)}
    if not concerns(step["body"], actor):
        del told["account_id"]
    return told


def _only(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}
