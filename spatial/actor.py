"""Who asks: role, administrative scope and unit; nothing else decides what rows are seen."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

ROLES = ("anonymous", "admin", "dispatcher", "planner", "duty", "developer")
WRITERS = ("admin", "dispatcher", "duty")


def scope_prefix(code: str) -> str:
    """Return a GB/T 2260 code without its trailing zero pairs: 330000 → 33, 330200 → 3302."""
    while code.endswith("00"):
        code = code[:-2]
    return code


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller and the rows it may see.

    Parameters
    ----------
    account_id
        Account, or None for an anonymous caller.
    role
        One of `ROLES`.
    scope
        GB/T 2260 code of the area whose rows are seen; empty for anonymous.
    unit_id
        Own unit: its rows are seen wherever they lie.
    """

    account_id: str | None
    role: str
    scope: str
    unit_id: str | None = None

    @property
    def anonymous(self) -> bool:
        """Tell whether nobody is signed in."""
        return self.account_id is None

    @property
    def prefix(self) -> str:
        """Prefix that the admin code of a visible row has; empty sees none but public rows."""
        return scope_prefix(self.scope)

    @property
    def provincial(self) -> bool:
        """Tell whether rows kept for the province are seen."""
        return len(self.prefix) == 2

    @property
    def digest(self) -> str:
        """Digest of the rights: equal for two actors exactly when they see the same rows."""
        if self.anonymous:
            return "public"
        rights = f"{self.prefix}|{self.unit_id or ''}"
        return hashlib.blake2b(rights.encode(), digest_size=8).hexdigest()

    def sees(
        self,
        admin_code: str | None,
        visibility: str,
        unit_id: str | None = None,
        parties: Collection[str] = (),
    ) -> bool:
        """Tell whether a row with these fields is visible; the same rule as in SQL.

        `parties` are codes of desks that must know of the row.
        """
        if visibility == "public":
            return True
        if self.anonymous or not self.prefix:
            return False
        if self.scope in parties:
            return True
        inside = admin_code is not None and admin_code.startswith(self.prefix)
        if visibility == "province":
            return self.provincial and inside
        return inside or (unit_id is not None and unit_id == self.unit_id)

    def covers(self, admin_code: str) -> bool:
        """Tell whether a whole administrative unit lies in the actor's scope."""
        own = self.prefix
        return bool(own) and not self.anonymous and scope_prefix(admin_code).startswith(own)


ANONYMOUS = Actor(None, "anonymous", "")
