"""What is done at the command line, sealed into the audit with the name of who did it."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg

from api.audit.chain_store import seal
from api.audit.heads import Heads
from api.audit.line import Entry
from api.cli.ground import Ground
from api.cli.progress import say
from spatial.actor import Actor
from spatial.postgres.db import connect

COMMAND_LINE = Actor("command line", "admin", "")
CONNECT_WAIT_S = 30
READY = """
SELECT 1 FROM pg_attribute
WHERE attrelid = to_regclass('sigang.audit') AND attname = 'sealed_at' AND NOT attisdropped"""


def note(
    base: Ground,
    action: str,
    target: str,
    *,
    rows: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Seal a line about a command; on a schema that has no such audit there is none."""
    with connect(base.url) as conn:
        if conn.execute(READY).fetchone() is None:
            return
    told = {"os_user": os_user(), "host": socket.gethostname(), **(detail or {})}
    entry = Entry(COMMAND_LINE, action, target, rows=rows, detail=told)
    broken = asyncio.run(_seal(base, entry))
    if broken:
        say(f"the audit is broken: {broken}; see ./sigang audit verify")


def note_migration(base: Ground, before: str, wanted: str) -> None:
    """Seal a line about a migration; where the audit itself is gone its list begins anew."""
    with connect(base.url) as conn:
        kept = conn.execute("SELECT to_regclass('sigang.audit') IS NOT NULL").fetchone()
    if kept == (True,):
        note(base, "migrate", wanted, detail={"from": before, "to": wanted})
    else:
        Heads(base.settings.home).reset()


def note_rules(base: Ground, changes: Sequence[str]) -> None:
    """Seal a line about rules that were brought to what the files say, where any changed."""
    if changes:
        note(base, "rules", "files", rows=len(changes), detail={"changes": list(changes)})


def os_user() -> str:
    """Return the name of who runs this process, and of who became that by sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    sudo = os.environ.get("SUDO_USER")
    return f"{name} (sudo {sudo})" if sudo else name


async def _seal(base: Ground, entry: Entry) -> str | None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[asyncpg.Connection]:
        conn = await asyncpg.connect(base.url, timeout=CONNECT_WAIT_S)
        try:
            yield conn
        finally:
            await conn.close()

    base.settings.home.mkdir(parents=True, exist_ok=True)
    return await seal(opened, Heads(base.settings.home), [entry.prepared()])
