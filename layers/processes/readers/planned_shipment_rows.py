"""Plans of shipments that the caller may see and that have not ended at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from layers.processes.runtime.model import Need, Reader, Sources, wrong_input
from layers.processes.runtime.readers import register
from spatial.logistics.plans import KeptPlan, plan_of

_PLANS = """
SELECT o.id, o.origin, o.teu, o.cargo_t, s.plan::text AS plan
FROM sigang.operation o JOIN sigang.shipment s ON s.operation_id = o.id
WHERE o.kind = 'shipment' AND o.planned_end >= $1 ORDER BY o.id LIMIT $2"""


class PlansAsked(NamedTuple):
    """Plans that end at a time or after it, so many at most."""

    at: datetime
    most: int


@dataclass(frozen=True)
class PlannedShipment:
    """A shipment as it is planned; TEU and tonnes are None where nobody told them."""

    id: str
    origin: str
    teu: float | None
    cargo_t: float | None
    plan: KeptPlan


async def _read(sources: Sources, _: str, asked: PlansAsked) -> Sequence[PlannedShipment]:
    async with sources.db.session(sources.actor) as conn:
        rows = await conn.fetch(_PLANS, asked.at, asked.most + 1)
    if len(rows) > asked.most:
        raise wrong_input(
            "table", f"more than {asked.most} shipments are under way",
            f"在途货运超过 {asked.most} 票",
        )  # fmt: skip
    return [
        PlannedShipment(
            str(row["id"]), row["origin"], row["teu"], row["cargo_t"], plan_of(row["plan"])
        )
        for row in rows
    ]


READER = register(Reader("planned_shipments", _read))


def planned_shipments(of: Callable[..., PlansAsked | None]) -> Need[Sequence[PlannedShipment]]:
    """Return the need of planned shipments, None for none of them."""
    return Need(READER.name, READER.name, of)
