"""token, accounts, keys: who may sign in, and with what."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from api.cli import serve
from api.cli.claim import find_server
from api.cli.ground import ground, owner_connection
from api.cli.noted import note
from api.cli.progress import say
from api.http import credential_store
from spatial.settings import Settings


def token(settings: Settings, options: Namespace) -> int:
    """Make an API key or a sign-in link."""
    with ground(settings) as base, owner_connection(base) as conn:
        if options.link:
            made = credential_store.make_link(conn, options.account)
            running = find_server(settings.home)
            address = running.url if running else serve.address(settings)
            shown = f"{address}/signin?link={made}"
        else:
            life = credential_store.key_life(options.days)
            shown = credential_store.make_key(conn, options.account, options.label, life)
        conn.commit()
        kind = {"kind": "link"} if options.link else {"kind": "key", "label": options.label}
        note(base, "token", options.account, detail=kind)
        print(shown)
    return 0


def accounts(settings: Settings, options: Namespace) -> int:
    """List, add, disable or enable accounts."""
    with ground(settings) as base, owner_connection(base) as conn:
        if options.what == "list":
            rows = conn.execute(
                "SELECT id, role, scope, disabled, name_zh, name_en FROM sigang.account ORDER BY id"
            )
            for name, role, scope, disabled, zh, en in rows:
                state = "disabled" if disabled else ""
                print(f"{name:12} {role:11} {scope}  {state:9} {zh}  {en}")
        elif options.what == "add":
            names = (options.name[0], options.name[1])
            proven = credential_store.add_account(
                conn, options.account, names, options.role, options.scope, options.unit
            )
            if not proven:
                say(f"{options.scope} is taken unproven: no units of its level are loaded")
            print(f"{options.account} is added; ./sigang token {options.account} --link signs in")
        else:
            credential_store.set_disabled(conn, options.account, options.what == "disable")
            print(f"{options.account} is {options.what}d")
        conn.commit()
        if options.what != "list":
            note(base, f"account-{options.what}", options.account)
    return 0


def keys(settings: Settings, options: Namespace) -> int:
    """List, rotate or revoke credentials."""
    with ground(settings) as base, owner_connection(base) as conn:
        if options.what == "list":
            for one in credential_store.list_credentials(
                conn, options.account, ended=options.ended
            ):
                used = f"used {_when(one.seen_at)}" if one.seen_at else "never used"
                until = f"until {_when(one.expires_at)}" if one.valid else "ended"
                print(f"{one.id}  {one.kind:8} {one.account_id:12} {until:22} {used:22}", end=" ")
                print(one.label or "")
        elif options.what == "rotate":
            print(
                credential_store.rotate(conn, options.id, credential_store.key_life(options.days))
            )
        else:
            account, _ = credential_store.revoke(conn, options.id)
            print(f"{options.id} of {account} is revoked")
        conn.commit()
        if options.what != "list":
            note(base, f"key-{options.what}", options.id)
    return 0


def _when(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")
