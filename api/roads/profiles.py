"""GET /profiles: which vehicles may be asked for, with the rules that hold for each."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.responses import conditional
from api.http.routes import Routes
from api.services import services
from routing.cost.hazmat import ANY, CODES, SORTS
from routing.cost.network_rules import rules_of
from routing.cost.profile import Profile, load_profiles, usable_profiles
from spatial.json_types import Document
from spatial.networks.model import NetworkKind, searched_kinds
from spatial.rules import Rules, get_rule

routes = Routes("paths")


@routes.get("/api/profiles")
async def list_profiles(request: Request) -> Response:
    """List the profiles, those of motor vehicles first."""
    rules = services(request).rules.current
    body = {"profiles": [one for kind in searched_kinds() for one in described(rules, kind)]}
    services(request).audit.record(actor_of(request), "profiles", "all")
    return conditional(request, body)


def described(rules: Rules, kind: NetworkKind) -> list[Document]:
    """Describe the profiles of a kind of network; sizes in m and t, speeds in km/h."""
    declared = load_profiles(kind)
    motor, active = (usable_profiles(declared, rules, active=way) for way in (False, True))
    return [_describe(rules, kind, profile) for profile in [*motor.values(), *active.values()]]


def _describe(rules: Rules, kind: NetworkKind, profile: Profile) -> Document:
    vehicle = rules_of(kind).vehicle
    rule = get_rule(rules, vehicle, profile.vehicle) if profile.vehicle else None
    sizes = rule.value.model_dump(exclude_none=True) if rule else {}
    carries = profile.hazmat or profile.with_hazmat is not None
    return {
        "id": profile.id,
        "network": kind.name,
        "title": profile.title.model_dump(),
        "group": profile.group,
        "sizes": sizes,
        "limits": [*kind.columns, *(["hazmat"] if carries else [])],
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
