"""Cells of tables as typed values: yes and no, times, as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
_TRUE, _FALSE = {"1", "true", "yes", "y", "是", "有"}, {"0", "false", "no", "n", "否", "无"}


def as_text(value: object) -> str:
    """Return a cell as text; a whole number stands without its fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def as_bool(value: object) -> bool:
    """Return yes or no.

    Raises
    ------
    ValueError
        It is neither.
    """
    text = as_text(value).lower()
    if text in _TRUE | _FALSE:
        return text in _TRUE
    raise ValueError("not yes or no")


def as_time(value: object) -> datetime:
    """Return a time with offset; one without is Asia/Shanghai, as tables in China are.

    Raises
    ------
    ValueError
        It is no time.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=CHINA)
    else:
        text = str(value).strip().replace("/", "-").replace("年", "-").replace("月", "-")
        moment = datetime.fromisoformat(_padded(text.replace("日", "")))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA)
    return moment.astimezone(UTC)


def as_date(value: object) -> date:
    """Return a day, that of Asia/Shanghai for a time.

    Raises
    ------
    ValueError
        It is no day.
    """
    return as_time(value).astimezone(CHINA).date()


def _padded(text: str) -> str:
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(.*)", text)
    if found is None:
        raise ValueError(text)
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}{found[4]}"
