"""Lines of the audit as people, programs and syslog servers read them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC

from api.audit.check import Line

PRIORITY = 13 * 8 + 6
"""RFC 5424: facility 13, log audit; severity 6, informational."""
ALARM = 13 * 8 + 1
"""Severity 1, alert: lines that tell of a broken chain or of lost lines."""
ALARMS = frozenset({"chain-broken", "dropped", "unsealed"})
DATA = frozenset({"seq", "actor", "role", "scope", "target", "area", "purpose", "rows", "hash"})
"""Fields of a line that are structured data of a message."""
ENTERPRISE = "32473"
"""RFC 5612: the number for private structured data without one of its own."""


def text_line(line: Line) -> str:
    """Return a line as one row of text."""
    rows = "" if line["rows"] is None else f" {line['rows']} rows"
    detail = json.dumps(line["detail"], ensure_ascii=False) if line["detail"] else ""
    who = f"{line['actor']} ({line['role']})"
    return (
        f"{_time(line)} {line['seq']} {who} {line['action']} {line['target']}{rows}"
        f" [{line['purpose']}] {line['area'] or ''} {detail}"
    ).rstrip()


def json_line(line: Line) -> str:
    """Return a line as JSON with its hashes, so that the chain can be checked from it."""
    shown = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in line.items()
    }
    return json.dumps(shown | {"at": _time(line)}, ensure_ascii=False)


def syslog_line(line: Line) -> str:
    """Return a line as an RFC 5424 message; the fields are structured data, the text is UTF-8."""
    priority = ALARM if line["action"] in ALARMS else PRIORITY
    data = " ".join(
        f'{name}="{_escaped(value.hex() if isinstance(value, bytes) else value)}"'
        for name, value in line.items()
        if name in DATA and value is not None
    )
    head = f"<{priority}>1 {_time(line)} {socket.gethostname()} sigang - {line['action'][:32]}"
    detail = json.dumps(line["detail"], ensure_ascii=False)
    return f"{head} [audit@{ENTERPRISE} {data}] \ufeff{detail}"


def _escaped(value: object) -> str:
    text = str(value)
    for sign in ("\\", '"', "]"):
        text = text.replace(sign, f"\\{sign}")
    return text


def _time(line: Line) -> str:
    return line["at"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


FORMATS: dict[str, Callable[[Line], str]] = {
    "text": text_line,
    "jsonl": json_line,
    "syslog": syslog_line,
}
