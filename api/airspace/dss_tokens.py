"""Tokens at the standard's door: JWTs of a configured key set, and what each scope may do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from spatial.errors import OutOfScope, Unauthenticated
from spatial.json_types import JsonBody
from spatial.settings import Settings

STRATEGIC = "utm.strategic_coordination"
PROCESSING = "utm.constraint_processing"
MANAGEMENT = "utm.constraint_management"
CONFORMANCE = "utm.conformance_monitoring_sa"
ARBITRATION = "utm.availability_arbitration"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ALL = (STRATEGIC, PROCESSING, MANAGEMENT, CONFORMANCE, ARBITRATION)
SKEW_S = 5  # ASTM F3548-21, TimeSyncMaxDifferentialSeconds
LONGEST_S = 3_600
"""How long a token may be valid."""
_SCHEME = "bearer "


@dataclass(frozen=True)
class Manager:
    """Who asks: the subject of a token, and its scopes."""

    name: str
    scopes: frozenset[str]

    def may(self, *scopes: str) -> None:
        """Refuse a token that has none of the scopes.

        Raises
        ------
        OutOfScope
        """
        if self.scopes.isdisjoint(scopes):
            needed = " / ".join(scopes)
            raise OutOfScope(f"The token lacks a scope: {needed}", f"令牌缺少权限：{needed}")


class DssTokens:
    """The keys and audiences that count.

    Parameters
    ----------
    settings
        `dss_keys`, and `public_url`, whose host is the audience.
    clock
        Seconds of the epoch.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        from api.http.oidc import load_keys  # here, as below: it loads much, and few have the door

        self._keys = load_keys(settings.dss_keys, "SIGANG_DSS_KEYS")
        self._audiences = audiences(settings)
        self._clock = clock

    def check(self, headers: Mapping[str, str]) -> Manager:
        """Return who asks.

        Raises
        ------
        Unauthenticated
            There is no token, or it is not of a known key, for us, and valid now.
        """
        given = headers.get("authorization", "")
        if not given.lower().startswith(_SCHEME):
            raise _refused("a Bearer token is needed", "需要 Bearer 令牌")
        claims = self._claims(given[len(_SCHEME) :].strip())
        now = self._clock()
        self._check_clock(claims, now)
        subject, scope = claims.get("sub"), claims.get("scope", "")
        if not isinstance(subject, str) or not subject or not isinstance(scope, str):
            raise _refused("the token names no subject", "令牌未注明主体")
        return Manager(subject, frozenset(scope.split()))

    def _claims(self, token: str) -> JsonBody:
        """Return what a token says, signed by a known key and for one of our audiences."""
        import jwt

        try:
            named = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError as error:
            raise _refused(str(error), "令牌无法读取") from error
        known = [self._keys[named]] if named in self._keys else list(self._keys.values())
        why: Exception = jwt.InvalidKeyError("no known key signed it")
        for key in known:
            try:
                return jwt.decode(
                    token, key.key, [key.algorithm_name], audience=self._audiences,
                    options={"require": ["exp", "sub", "aud"], "verify_exp": False,
                             "verify_nbf": False, "verify_iat": False},
                )  # fmt: skip
            except (jwt.PyJWTError, TypeError, ValueError) as error:
                why = error
        raise _refused(str(why), "令牌签名、受众或内容无效") from why

    def _check_clock(self, claims: JsonBody, now: float) -> None:
        """Refuse what is not valid now; both clocks are shown, for one of them may be wrong."""
        for name in ("nbf", "iat", "exp"):
            value = claims.get(name, now)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _refused(f"{name} is no time", f"{name} 不是时间")
            late = now - value if name == "exp" else value - now
            if late > SKEW_S:
                raise _refused(
                    f"clocks differ or the token is over: {name} is {_clock(value)},"
                    f" here it is {_clock(now)}",
                    f"时钟不一致或令牌已过期：{name} 为 {_clock(value)}，本机为 {_clock(now)}",
                )
        if float(str(claims["exp"])) - now > LONGEST_S + SKEW_S:
            raise _refused("the token is valid for more than an hour", "令牌有效期超过一小时")


def audiences(settings: Settings) -> list[str]:
    """Return the names under which this server may be a token's audience: hosts, and addresses."""
    parts = urlsplit(settings.public_url or "")
    hosts = [*LOOPBACK, settings.host, *([parts.hostname] if parts.hostname else [])]
    named = [f"{host}:{port}" for host in hosts for port in {settings.port, parts.port or 443}]
    return [*hosts, *named, *([settings.public_url] if settings.public_url else [])]


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _refused(en: str, zh: str) -> Unauthenticated:
    return Unauthenticated(
        f"The token is refused: {en}", f"令牌被拒绝：{zh}",
        mend_en="Ask the authority of SIGANG_DSS_KEYS for a token with this server's audience.",
        mend_zh="请向 SIGANG_DSS_KEYS 的签发方申请以本服务为受众的令牌。",
    )  # fmt: skip
