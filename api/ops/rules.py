"""GET /rules: what is in force, since when, by which law; each with its versions at any time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.links import api, link
from api.http.media_types import JSON
from api.http.responses import conditional
from api.http.routes import Routes
from api.network.rule_shown import rule_title, show_period
from api.services import services
from spatial.errors import BadParameter, NotFound
from spatial.json_types import Document
from spatial.rules import Period, RuleBook

routes = Routes("rules")

AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Time of the fact, RFC 3339 with offset; now when left out.",
        examples=["2026-03-02T00:00:00+08:00"],
    ),
]


@routes.get("/api/rules")
async def list_rules(request: Request) -> Response:
    """List all rules by key: title, what is in force now and its source, and all versions."""
    served = services(request)
    keeper, now = served.rules, datetime.now(UTC)
    body = {
        "version": keeper.current.digest,
        "rejected": keeper.rejected is not None,
        "rules": [_listed(request, keeper.book, key, now) for key in keeper.book.keys],
    }
    served.audit.record(actor_of(request), "rules", "all")
    return conditional(request, body)


@routes.get("/api/rules/{key}")
async def get_rule(key: str, request: Request, as_of: AsOf = None) -> Response:
    """Return the version of a rule that is in force at a time: value, validity, law, source."""
    served = services(request)
    moment = datetime.now(UTC) if as_of is None else _read_moment(as_of)
    versions = served.rules.book.versions(key)
    found = next((period for period in versions if period.holds(moment)), None)
    if found is None:
        raise _no_rule(key, versions, moment)
    body = {
        "key": found.key,
        "title": rule_title(found.key),
        **show_period(found),
        "value": found.value,
        "versions": [show_period(period) for period in versions if not period.empty],
    }
    served.audit.record(actor_of(request), "rules", found.key)
    return conditional(request, body)


def _listed(request: Request, book: RuleBook, key: str, now: datetime) -> Document:
    versions = book.versions(key)
    held = next((period for period in versions if period.holds(now)), None)
    latest = held or versions[-1]
    return {
        "key": key,
        "title": rule_title(key),
        "in_force": held.version if held else None,
        "origin": latest.origin,
        "legal_text": latest.legal_text,
        "source": latest.source,
        "versions": [show_period(period) for period in versions if not period.empty],
        "links": [link(api(request, "rules", key), "item", JSON)],
    }


def _read_moment(text: str) -> datetime:
    """Read a time with offset; a plus sign that became a space in the address is one again."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise BadParameter(
            "as_of is no RFC 3339 time with offset", "as_of 不是带时区的 RFC 3339 时间",
            mend_en="For example 2026-03-02T00:00:00+08:00 (write + as %2B).",
            mend_zh="例如 2026-03-02T00:00:00+08:00（+ 写作 %2B）。",
            parameter="as_of",
        )  # fmt: skip
    return moment


def _no_rule(key: str, versions: list[Period], moment: datetime) -> NotFound:
    if not versions:
        return NotFound(
            f"No rule {key[:100]!r}", f"没有规则 {key[:100]!r}",
            mend_en="GET /api/rules lists them.", mend_zh="GET /api/rules 列出全部规则。",
        )  # fmt: skip
    at = moment.isoformat()
    return NotFound(
        f"No version of {key} is in force at {at}", f"{at} 没有现行的 {key}",
        mend_en="GET /api/rules lists the versions with their times.",
        mend_zh="GET /api/rules 列出各版本及其有效期。",
        versions=[period.version for period in versions],
    )  # fmt: skip
