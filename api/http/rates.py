"""How many requests a caller may send in a minute: a bucket of tokens each, filled steadily.

Headers follow draft-ietf-httpapi-ratelimit-headers. Each server process counts what it answers
itself, up to its share of the limit; connections are spread evenly over the processes.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import ip_address
from typing import NamedTuple

from api.http.gauges import Gauges
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


class _Bucket:
    """What one caller has left."""

    __slots__ = ("at", "left", "most", "policy")

    def __init__(self, most: int, now: float) -> None:
        self.most = most
        self.left = float(most)
        self.at = now
        self.policy: Header = b"ratelimit-policy", b'"requests";q=%d;w=%d' % (most, WINDOW_S)

    def fill(self, now: float) -> None:
        """Add what has come since the last time."""
        self.left = min(self.left + (now - self.at) * self.most / WINDOW_S, float(self.most))
        self.at = now


class Buckets:
    """Buckets of tokens by caller, each holding a limit's worth of a minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Caller, _Bucket] = OrderedDict()

    def filled(self, caller: Caller, now: float) -> _Bucket:
        """Return the bucket of a caller with all that it holds now."""
        found = self._kept.get(caller)
        if found is None:
            if len(self._kept) >= KEPT:
                self._kept.popitem(last=False)
            found = self._kept[caller] = _Bucket(self._limit * _times(caller), now)
        else:
            found.fill(now)
            self._kept.move_to_end(caller)
        return found


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

    def show(self, gauges: Gauges) -> None:
        """Register the number of requests refused."""
        gauges.add(
            "rate_refused_total", "Requests refused because their caller sent too many.",
            lambda: self.refused, "counter",
        )  # fmt: skip

    def count(self, caller: Caller, now: float) -> Counted:
        """Count a request; return the headers that tell how many more may follow, and a refusal."""
        if self._requests is None:
            return Counted((), None)
        bucket = self._requests.filled(caller, now)
        refusal = None
        if bucket.left >= 1.0:
            bucket.left -= 1.0
        else:
            self.refused += 1
            refusal = _too_many(bucket.most)
        full_s = WINDOW_S * (bucket.most - bucket.left) / bucket.most + 1.0
        told = b"ratelimit", b'"requests";r=%d;t=%d' % (bucket.left, full_s)
        return Counted((bucket.policy, told), refusal)

    def check_sign_in(self, address: Caller, now: float) -> None:
        """Refuse an address that has tried too many wrong keys.

        Raises
        ------
        TooMany
        """
        if self._wrong.filled(address, now).left < 1.0:
            self.refused += 1
            raise _too_many(WRONG_KEYS)

    def note_wrong_key(self, address: Caller, now: float) -> None:
        """Count a sign-in that failed."""
        self._wrong.filled(address, now).left -= 1.0


def _times(caller: Caller) -> int:
    """Return how many times the limit of an address a caller has."""
    if caller.known:
        return KNOWN_TIMES
    try:
        return LOCAL_TIMES if ip_address(caller.name).is_loopback else 1
    except ValueError:
        return 1


def _too_many(limit: int) -> TooMany:
    return TooMany(
        f"More than {limit} requests in a minute", f"每分钟请求超过 {limit} 次",
        mend_en="Wait as long as Retry-After says, then send fewer at a time.",
        mend_zh="请按 Retry-After 等待，然后降低请求频率。",
        retry_after_s=RETRY_S,
    )  # fmt: skip
