"""Where the waits at locks come from: whoever knows them says so to the application."""

from __future__ import annotations

from fastapi import Request

from api.http.app_state import own
from routing.waterway.passed import Waits


class LockWaits:
    """The one who tells how long vessels wait at locks; None while nobody does."""

    def __init__(self) -> None:
        self.teller: Waits | None = None


def waits_of(request: Request) -> Waits | None:
    """Return who tells of waits in the application that answers a request."""
    return own(request.app, LockWaits).teller
