"""Rules as answers show them."""

from __future__ import annotations

from spatial.json_types import Document
from spatial.rules import Period, find_kind


def rule_title(key: str) -> dict[str, str]:
    """Return the title of a rule, its key where no engine reads it any more."""
    kind = find_kind(key)
    return {"zh": kind.zh, "en": kind.en} if kind else {"zh": key, "en": key}


def show_period(period: Period) -> Document:
    """Return one version of a rule without its value: validity, law, source."""
    return {
        "version": period.version,
        "valid_from": period.valid_from,
        "valid_to": period.valid_to,
        "origin": period.origin,
        "legal_text": period.legal_text,
        "source": period.source,
    }
