"""POST /csp-reports: what browsers say that a page's Content-Security-Policy has stopped.

Anybody may send such a report, so nothing of it is believed: it is counted, and a few a minute are
logged, shortened.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.http.app_state import own
from api.http.gauges import Gauges
from api.http.routes import Routes
from spatial.errors import BadParameter
from spatial.json_types import Document

PATH = "/api/csp-reports"
MOST_BYTES = 16 * 1024
routes = Routes()
LOGGED_A_MINUTE = 5
_FIELDS = ("effectiveDirective", "violated-directive", "blockedURL", "blocked-uri", "documentURL",
           "document-uri")  # fmt: skip
_log = logging.getLogger(__name__)


class Reports:
    """The reports of one worker: how many there were, and which may still be logged."""

    def __init__(self) -> None:
        self.total = 0
        self._minute, self._logged = 0, 0

    def show(self, gauges: Gauges) -> None:
        """Register the number of reports."""
        text = "Reports of browsers about the pages' policy."
        gauges.add("csp_reports_total", text, lambda: self.total, "counter")

    def take(self, bodies: Iterator[Document]) -> None:
        """Count reports, and log the first of each minute."""
        for body in bodies:
            self.total += 1
            minute = int(time.monotonic() // 60)
            if minute != self._minute:
                self._minute, self._logged = minute, 0
            if self._logged < LOGGED_A_MINUTE:
                self._logged += 1
                told = (f"{name}={str(body[name])[:120]!r}" for name in _FIELDS if name in body)
                _log.warning(
                    "a browser reports what the page's policy stopped: %s", ", ".join(told)
                )


@routes.post(PATH)
async def take_report(request: Request) -> Response:
    """Take the reports of a browser, one by one or as a list."""
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > MOST_BYTES:
            raise BadParameter("The report is too long", "报告过长")
    try:
        own(request.app, Reports).take(_bodies(orjson.loads(raw)))
    except orjson.JSONDecodeError:
        raise BadParameter("The report is not JSON", "报告不是 JSON") from None
    return Response(status_code=204)


def _bodies(given: object) -> Iterator[Document]:
    for one in given[:20] if isinstance(given, list) else [given]:
        if isinstance(one, dict):
            body = one.get("csp-report", one.get("body", one))
            if isinstance(body, dict):
                yield body
