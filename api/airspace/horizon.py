"""How far ahead the air may be asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from spatial.airspace_rules import BOUNDS
from spatial.errors import BadParameter
from spatial.rules import Rules, get_rule


def check_horizon(rules: Rules, moment: datetime, name: str) -> None:
    """Refuse a moment, the parameter `name`, that lies beyond the days of `airspace.bounds`.

    Raises
    ------
    BadParameter
    """
    last = datetime.now(UTC) + timedelta(days=get_rule(rules, BOUNDS).value.horizon_days)
    if moment > last:
        raise BadParameter(
            f"{name} lies after {last.isoformat(timespec='minutes')}",
            f"{name} 超出可查询的期限", parameter=name,
        )  # fmt: skip
