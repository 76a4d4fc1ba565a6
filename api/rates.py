"""How many requests a caller may send in a minute: a bucket of tokens each, filled steadily.

Headers follow draft-ietf-httpapi-ratelimit-headers. Each server process counts what it answers
itself, up to its share of the limit; connections are spread evenly over the processes.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from spatial.errors import TooMany
from spatial.gates import Caller

WINDOW_S = 60
KNOWN_TIMES, LOCAL_TIMES = 2, 100
"""How many times the limit of an address an account has, and the machine itself."""
WRONG_KEYS = 60
"""Sign-ins with a wrong key or token that an address may try in a minute."""
RETRY_S = 3
"""After which some requests may be sent again."""
KEPT = 20_000
"""Callers that are remembered; the one silent for longest is forgotten, and begins anew."""

Header = tuple[bytes, bytes]


class Buckets:
    """Buckets of tokens by caller, each holding a limit's worth of a minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Caller, tuple[float, float]] = OrderedDict()

    def take(self, caller: Caller, now: float) -> float:
        """Take a token; return how many are left, below 0 where there was none to take."""
        most = float(self._limit * _times(caller))
        found = self._kept.get(caller)
        if found is None:
            if len(self._kept) >= KEPT:
                self._kept.popitem(last=False)
            there = most
        else:
            there = min(most, found[0] + (now - found[1]) * most / WINDOW_S)
            self._kept.move_to_end(caller)
        left = there - 1.0
        self._kept[caller] = (left if left >= 0.0 else there), now
        return left

    def empty(self, caller: Caller, now: float) -> bool:
        """Tell whether a caller has no token now."""
        found = self._kept.get(caller)
        if found is None:
            return False
        most = self._limit * _times(caller)
        return found[0] + (now - found[1]) * most / WINDOW_S < 1.0


class Counted(NamedTuple):
    """What an answer says of the limit, and why there is no other answer."""

    headers: tuple[Header, ...]
    refusal: TooMany | None


class Rates:
    """The limits of one server process.

    Parameters
    ----------
    per_minute
        Requests of an address; 0 counts none.
    processes
        Server processes that share the limit.
    """

    def __init__(self, per_minute: int, processes: int) -> None:
        share = -(-per_minute // processes)
        self.refused = 0
        self._requests = Buckets(share) if share else None
        self._wrong = Buckets(-(-WRONG_KEYS // processes))
        self._limit = share

    def count(self, caller: Caller, now: float) -> Counted:
        """Count a request; return the headers that tell how many more may follow, and a refusal."""
        if self._requests is None:
            return Counted((), None)
        most = self._limit * _times(caller)
        left = self._requests.take(caller, now)
        full_s = WINDOW_S * (most - left) / most
        told = b"ratelimit", b'"requests";r=%d;t=%d' % (max(left, 0.0), full_s + 1.0)
        if left >= 0.0:
            return Counted((_policy(most), told), None)
        self.refused += 1
        return Counted((_policy(most), told), _too_many(most))

    def check_sign_in(self, address: Caller, now: float) -> None:
        """Refuse an address that has tried too many wrong keys.

        Raises
        ------
        TooMany
        """
        if self._wrong.empty(address, now):
            self.refused += 1
            raise _too_many(WRONG_KEYS)

    def note_wrong_key(self, address: Caller, now: float) -> None:
        """Count a sign-in that failed."""
        self._wrong.take(address, now)


@lru_cache(8192)
def _times(caller: Caller) -> int:
    """Return how many times the limit of an address a caller has."""
    if caller.known:
        return KNOWN_TIMES
    try:
        return LOCAL_TIMES if ip_address(caller.name).is_loopback else 1
    except ValueError:
        return 1


@lru_cache(16)
def _policy(limit: int) -> Header:
    return b"ratelimit-policy", b'"requests";q=%d;w=%d' % (limit, WINDOW_S)


def _too_many(limit: int) -> TooMany:
    return TooMany(
        f"More than {limit} requests in a minute", f"每分钟请求超过 {limit} 次",
        mend_en="Wait as long as Retry-After says, then send fewer at a time.",
        mend_zh="请按 Retry-After 等待，然后降低请求频率。",
        retry_after_s=RETRY_S,
    )  # fmt: skip
