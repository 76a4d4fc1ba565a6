"""Values of OpenStreetMap's access tags, as loaders and profiles read them."""

from __future__ import annotations

KEYS = (
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "motorcycle",
    "goods",
    "hgv",
    "hgv_articulated",
    "psv",
    "bus",
    "taxi",
    "tourist_bus",
    "agricultural",
    "emergency",
    "bicycle",
    "foot",
    "boat",
    "ship",
    "motorboat",
)
"""Access keys, from general to specific."""
CLASSES = frozenset(
    {"psv", "bus", "taxi", "hgv", "goods", "motorcar", "motorcycle", "bicycle", "foot"}
)
"""Values that admit a class of vehicles, and of ordinary vehicles no other."""
ADMITTING = frozenset(
    {
        "yes", "true", "1", "designated", "official", "permissive", "public", "destination",
        "delivery", "customers", "discouraged", "dismount", "optional_sidepath", "unknown",
    }
)  # fmt: skip
"""The other values that admit ordinary vehicles; what is none of them is not understood."""
OWN = frozenset({"private", "permit"})
"""Values that keep a road for those whom it belongs to."""
ENDING = frozenset({"destination", "delivery", "customers", *OWN})
"""Values that let in who has to do with what lies there."""
REFUSING = frozenset(
    {"no", "private", "agricultural", "forestry", "emergency", "military", "permit", "use_sidepath"}
)
"""Values that refuse ordinary vehicles."""
HAZMAT_OPEN = frozenset({"yes", "designated", "permissive", "official", "unknown"})
"""Values of tags on dangerous goods that let them through; all others shut them out."""
