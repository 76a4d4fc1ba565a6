"""The waits at locks that a question counts: the queues that its account sees."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isnan

from fastapi import Request

from api.http.auth import actor_of
from api.ports.locks.expected import read_queues
from api.ports.waterway.journey import Journey
from api.services import services
from routing.locks.placement import Placer
from routing.locks.rule_models import FORECAST, GAPS, SEARCH
from routing.waterway.passed import Waits
from routing.waterway.queues import LockQueues
from spatial.rules import get_rule


async def waits_for(request: Request, journey: Journey) -> Waits | None:
    """Return who tells of waits, None for whoever sees no queue or says not how large it is."""
    actor, sizes = actor_of(request), journey.query.sizes
    length_m, beam_m = sizes["length_m"], sizes["beam_m"]
    if actor.anonymous or isnan(length_m) or isnan(beam_m):
        return None
    rules = services(request).rules.current
    async with services(request).db.session(actor) as conn:
        queues = await read_queues(conn, rules, datetime.now(UTC))
    if not queues:
        return None
    placer = Placer(get_rule(rules, GAPS).value, get_rule(rules, SEARCH).value.places_most)
    return LockQueues(queues, length_m, beam_m, placer, get_rule(rules, FORECAST).value)
