"""GET /profiles: which vehicles may be asked for, with the rules that hold for each."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.responses import conditional
from api.http.routes import Routes
from api.services import services
from routing.cost.hazmat import ANY, CODES, SORTS
from routing.cost.profile import Profile, load_profiles, usable_profiles
from routing.cost.rule_models import VEHICLE
from routing.graph.graph import LIMITS
from spatial.json_types import Document
from spatial.rules import Rules, get_rule

routes = Routes("paths")


@routes.get("/api/profiles")
async def list_profiles(request: Request) -> Response:
    """List the profiles, those of motor vehicles first."""
    rules = services(request).rules.current
    declared = load_profiles()
    motor = usable_profiles(declared, rules).values()
    active = usable_profiles(declared, rules, active=True).values()
    body = {"profiles": described(rules, [*motor, *active])}
    services(request).audit.record(actor_of(request), "profiles", "all")
    return conditional(request, body)


def described(rules: Rules, profiles: Iterable[Profile]) -> list[Document]:
    """Describe profiles as the API does; sizes in m and t, speeds in km/h."""
    return [_describe(rules, profile) for profile in profiles]


def _describe(rules: Rules, profile: Profile) -> Document:
    rule = get_rule(rules, VEHICLE, profile.vehicle) if profile.vehicle else None
    sizes = rule.value.model_dump(exclude_none=True) if rule else {}
    carries = profile.hazmat or profile.with_hazmat is not None
    return {
        "id": profile.id,
        "title": profile.title.model_dump(),
        "group": profile.group,
        "sizes": sizes,
        "limits": [f"max_{name}" for name in LIMITS] + (["hazmat"] if carries else []),
        "hazmat": carries,
        "hazmat_values": [ANY, *CODES, *SORTS] if carries else [],
        "permit": profile.permit,
        "rule": _rule(rules, profile.vehicle),
        "speed_rule": _rule(rules, profile.speed_cap),
        "ban_rule": _rule(rules, profile.bans),
    }


def _rule(rules: Rules, key: str | None) -> Document | None:
    """Return a rule with its version and source, None where the profile has none."""
    if key is None:
        return None
    rule = rules[key]
    return {
        "key": rule.key,
        "version": rule.version,
        "value": rule.given,
        "legal_text": rule.legal_text,
        "source": rule.source,
    }
