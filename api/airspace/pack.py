"""GET /airspace/pack: what a verdict at a place stands on, signed, for apps without a network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import Request
from starlette.responses import Response

from api.airspace.air_keeper import AirKeeper, HeldAir
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.responses import tagged
from api.http.routes import Routes
from api.services import Services, services
from layers.processes.airspace.answer import NOTE
from layers.reports.keys import signing_key
from routing.airspace.pack import Contents, Term, make_pack
from spatial.airspace_rules import ACCURACY, FILING, PACK
from spatial.json_types import Document
from spatial.rules import get_rule

MADE_S = 0.6
"""What a pack is likely to take of a core."""
AGAIN = timedelta(minutes=10)
"""For so long a pack is handed out again while the air is the same."""
MEDIA_TYPE = "application/vnd.sigang.airspace-pack"
routes = Routes("airspace")


@dataclass(frozen=True)
class _Made:
    version: int
    digest: str
    term: Term
    data: bytes

    def holds(self, air: HeldAir, now: datetime) -> bool:
        same = (self.version, self.digest) == (air.known.version, air.rules.digest)
        return same and now < min(self.term.begins + AGAIN, self.term.expires)


class PackKeeper:
    """Holds the last pack of one process."""

    def __init__(self) -> None:
        self._making = asyncio.Lock()
        self._made: _Made | None = None

    async def now(self, served: Services, request: Request) -> _Made:
        """Return a pack of the air as committed now."""
        now = datetime.now(UTC)
        air = await own(request.app, AirKeeper).at(served, now)
        async with self._making:
            if self._made is None or not self._made.holds(air, now):
                home = served.settings.home
                self._made = await ask(request, lambda: _make(air, home, now), MADE_S)
            return self._made


@routes.get("/api/airspace/pack")
async def get_pack(request: Request) -> Response:
    """Return the signed pack of the whole air, to be read by `routing/airspace/pack_reader.py`."""
    served = services(request)
    made = await own(request.app, PackKeeper).now(served, request)
    served.audit.record(actor_of(request), "airspace-pack", str(made.version), rows=1)
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{made.term.begins:%Y%m%dT%H%MZ}.air.pack"',
        "Sigang-Expires": made.term.expires.isoformat(),
    }
    return tagged(request, made.data, headers, MEDIA_TYPE)


def _make(air: HeldAir, home: Path, now: datetime) -> _Made:
    terms = get_rule(air.rules, PACK).value
    expires = min(now + timedelta(hours=terms.valid_hours), air.rules.until)
    term = Term(now, expires, terms.skew_s)
    clocks, accuracy = get_rule(air.rules, FILING).value, get_rule(air.rules, ACCURACY).value
    contents = Contents(air.judge, clocks, accuracy, _said(air, term))
    return _Made(
        air.known.version, air.rules.digest, term, make_pack(contents, term, signing_key(home))
    )


def _said(air: HeldAir, term: Term) -> Document:
    """Return what people are told of a pack."""
    terrain = air.known.terrain
    origins = {zone.origin for zone in air.known.zones.all} | (
        {terrain.origin} if terrain else set()
    )
    return {
        "issued_at": term.begins, "expires_at": term.expires, "note": NOTE,
        "airspace_version": air.known.version, "data_as_of": air.known.changed_at,
        "rules": {key: rule.version for key, rule in air.rules.items()
                  if key.startswith(("airspace.", "uas."))},
        "origins": sorted(origins),
    }  # fmt: skip
