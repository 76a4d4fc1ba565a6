"""Links, sessions and keys in the database: made, listed, rotated, revoked; only digests are kept.

For the command line and the administrators' page; `api.http.auth` reads them at each request.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import psycopg
from psycopg.rows import class_row

from spatial.actor import ROLES, scope_prefix
from spatial.errors import BadParameter, Conflict, NotFound
from spatial.geo.admin_units import is_unit
from spatial.geo.unit_rows import CODES
from spatial.postgres.notices import tell

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=60)
"""A session that asked for nothing for so long is over; an open map's stream keeps it."""
MOST_DAYS = 3_660
LONGEST_NAME = 80
ACCOUNT_ID = re.compile(r"(?!anonymous$)[!-~]{1,100}")
"""An issuer's `sub` may be one; no space, so that none is like those that the server writes."""
KEY_PREFIX = "sg_"
SHORT_ID = 12
"""Hexadecimal digits of a digest by which a credential is named."""
ADD = """
INSERT INTO sigang.credential (hash, kind, account_id, label, csrf, expires_at)
VALUES ({})"""
_IN_FORCE = "revoked_at IS NULL AND expires_at > now() AND (kind <> 'link' OR used_at IS NULL)"
_LIST = f"""
SELECT left(encode(hash, 'hex'), {SHORT_ID}) AS id, kind, account_id, label, created_at,
  expires_at, seen_at, revoked_at, {_IN_FORCE} AS valid
FROM sigang.credential
WHERE (%(all)s OR {_IN_FORCE}) AND (%(account)s::text IS NULL OR account_id = %(account)s)
ORDER BY account_id, kind, created_at DESC"""  # noqa: S608
_REVOKE = f"""
UPDATE sigang.credential SET revoked_at = now()
WHERE left(encode(hash, 'hex'), {SHORT_ID}) = %s AND revoked_at IS NULL
RETURNING hash, kind, account_id, label"""  # noqa: S608
_REVOKE_LINKS = """
UPDATE sigang.credential SET revoked_at = now()
WHERE kind = 'link' AND account_id = %s AND used_at IS NULL AND revoked_at IS NULL"""

_REVOKE_SESSIONS = """
UPDATE sigang.credential SET revoked_at = now()
WHERE kind IN ('link', 'session') AND account_id = %s AND revoked_at IS NULL"""
_ADD_ACCOUNT = """
INSERT INTO sigang.account (id, name_zh, name_en, role, scope, unit_id)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING RETURNING id"""
FIND = """
SELECT a.id, a.role, a.scope, a.unit_id, a.name_zh, a.name_en, c.csrf,
  c.seen_at IS NULL OR c.seen_at < now() - interval '1 minute' AS unseen
FROM sigang.credential c JOIN sigang.account a ON a.id = c.account_id
WHERE c.hash = $1 AND c.kind = $2 AND c.expires_at > now() AND c.revoked_at IS NULL
  AND (c.kind <> 'session' OR coalesce(c.seen_at, c.created_at) > now() - $3::interval)
  AND NOT a.disabled AND a.scope <> '000000'"""
SEEN = """
UPDATE sigang.credential SET seen_at = now() WHERE hash = $1"""
FIND_ACCOUNT = """
SELECT id, role, scope, unit_id, name_zh, name_en, NULL AS csrf
FROM sigang.account WHERE id = $1 AND NOT disabled AND scope <> '000000'"""
ACCOUNTS = """
SELECT id, role, scope, unit_id, disabled, name_zh, name_en, created_at
FROM sigang.account ORDER BY id"""
PROVINCES = "SELECT DISTINCT left(scope, 2) || '0000' AS scope FROM sigang.account"
SCOPE_OF = "SELECT scope FROM sigang.account WHERE id = %s"
SCOPES_OF_UNIT = "SELECT DISTINCT scope FROM sigang.account WHERE unit_id = %s"
USE_LINK = """
UPDATE sigang.credential c SET used_at = now() FROM sigang.account a
WHERE c.hash = $1 AND c.kind = 'link' AND c.used_at IS NULL AND c.revoked_at IS NULL
  AND c.expires_at > now() AND a.id = c.account_id AND NOT a.disabled AND a.scope <> '000000'
RETURNING a.id, a.role, a.scope, a.unit_id"""


@dataclass(frozen=True, slots=True)
class Listed:
    """One credential as it is listed; its secret is not known to anybody."""

    id: str
    kind: str
    account_id: str
    label: str | None
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
    revoked_at: datetime | None
    valid: bool


def token_hash(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256; tokens have 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def make_link(conn: psycopg.Connection, account_id: str, life: timedelta = LINK_LIFE) -> str:
    """Make a one-time sign-in token for an account and return it; its older ones are revoked."""
    _check_account(conn, account_id)
    conn.execute(_REVOKE_LINKS, [account_id])
    return _make(conn, "link", account_id, None, secrets.token_urlsafe(32), life)


def key_life(days: int) -> timedelta:
    """Return how long a key lives that is made for some days.

    Raises
    ------
    BadParameter
        It would not live, or for too long.
    """
    if not 1 <= days <= MOST_DAYS:
        raise BadParameter(
            f"A key lives from 1 to {MOST_DAYS} days", f"密钥有效期为 1 至 {MOST_DAYS} 天"
        )
    return timedelta(days=days)


def make_key(conn: psycopg.Connection, account_id: str, label: str, life: timedelta) -> str:
    """Make an API key for an account and return it; only its hash is kept.

    Raises
    ------
    BadParameter
        No such account, or the label cannot be used.
    """
    _check_account(conn, account_id)
    _check_name(label)
    return _make(conn, "key", account_id, label, KEY_PREFIX + secrets.token_urlsafe(32), life)


def list_credentials(
    conn: psycopg.Connection, account_id: str | None = None, *, ended: bool = False
) -> list[Listed]:
    """Return links, sessions and keys; those that ended only where asked for."""
    with conn.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(_LIST, {"all": ended, "account": account_id}).fetchall()


def revoke(conn: psycopg.Connection, short_id: str) -> tuple[str, str | None]:
    """Revoke a credential, which ends its streams; return its account and label.

    Raises
    ------
    NotFound
        Nothing in force has this id.
    """
    row = conn.execute(_REVOKE, [short_id.lower()]).fetchone()
    if row is None:
        raise _not_in_force(short_id)
    tell(conn, "session", hash=row[0].hex())
    return row[2], row[3]


def rotate(conn: psycopg.Connection, short_id: str, life: timedelta) -> str:
    """Replace a key by a new one with the same account and label, and return that.

    Raises
    ------
    NotFound
        No key in force has this id; links and sessions are not replaced.
    """
    keys = {one.id for one in list_credentials(conn) if one.kind == "key"}
    if short_id.lower() not in keys:
        raise _not_in_force(short_id)
    account, label = revoke(conn, short_id)
    return make_key(conn, account, label or "rotated", life)


def add_account(
    conn: psycopg.Connection,
    account_id: str,
    names: tuple[str, str],
    role: str,
    scope: str,
    unit_id: str | None = None,
) -> bool:
    """Add an account; return whether the units that are loaded know its area.

    Where none of the area's level are loaded it is added unproven.

    Parameters
    ----------
    conn
        An owner's connection.
    account_id, names
        Identifier; its names in Chinese and English.
    role, scope, unit_id
        One of `ROLES`; GB/T 2260 code of its area; own unit.

    Raises
    ------
    BadParameter
        Role, scope, id or a name cannot be used, or the scope is no unit's code.
    Conflict
        The account is there.
    """
    _check_id(account_id)
    if role not in ROLES[1:]:
        raise BadParameter(f"No role {role!r}; use one of {', '.join(ROLES[1:])}")
    proven = _check_scope(conn, scope)
    for name in names:
        _check_name(name)
    done = conn.execute(_ADD_ACCOUNT, [account_id, *names, role, scope, unit_id]).fetchone()
    if done is None:
        raise Conflict(f"The account {account_id!r} is there", f"账号 {account_id!r} 已存在")
    return proven


def set_disabled(conn: psycopg.Connection, account_id: str, disabled: bool) -> None:
    """Disable an account, which ends its links, sessions and streams, or enable it again.

    Its keys rest meanwhile; whoever held a session has to sign in again.
    """
    _check_account(conn, account_id)
    conn.execute("UPDATE sigang.account SET disabled = %s WHERE id = %s", [disabled, account_id])
    if disabled:
        conn.execute(_REVOKE_SESSIONS, [account_id])
    tell(conn, "session", account=account_id)


def _check_id(account_id: str) -> None:
    if not ACCOUNT_ID.fullmatch(account_id):
        raise BadParameter(
            f"{account_id!r} cannot be an account's id: 1 to 100 printable ASCII characters"
            " without a space, not anonymous",
            f"{account_id!r} 不能用作账号：1 至 100 个可见 ASCII 字符，且不得为 anonymous",
        )


def _check_scope(conn: psycopg.Connection, scope: str) -> bool:
    """Refuse what is no unit's code; return whether that was proven by the units loaded."""
    if len(scope) != 6 or not scope.isdecimal() or not scope_prefix(scope):
        raise BadParameter(
            f"{scope!r} is no area: six digits of GB/T 2260, not 000000",
            f"{scope!r} 不是行政区划代码：六位数字，且不得为 000000",
        )
    found = is_unit(scope, [code for (code,) in conn.execute(CODES)])
    if found is False:
        raise BadParameter(
            f"No administrative unit has the code {scope}", f"没有代码为 {scope} 的行政区",
            mend_en="Use the GB/T 2260 code of a unit that is loaded, such as a search for its"
            " name shows.",
            mend_zh="请使用已加载行政区的 GB/T 2260 代码，可在地图上搜索名称查得。",
            parameter="scope",
        )  # fmt: skip
    return found is True


def _check_name(name: str) -> None:
    if not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
        raise BadParameter(
            f"{name[:LONGEST_NAME]!r} cannot be used: 1 to {LONGEST_NAME} printable characters",
            f"{name[:LONGEST_NAME]!r} 无法使用：1 至 {LONGEST_NAME} 个可见字符",
        )


def _make(
    conn: psycopg.Connection,
    kind: str,
    account_id: str,
    label: str | None,
    token: str,
    life: timedelta,
) -> str:
    values = [token_hash(token), kind, account_id, label, None, datetime.now(UTC) + life]
    conn.execute(ADD.format("%s, %s, %s, %s, %s, %s"), values)
    return token


def _not_in_force(short_id: str) -> NotFound:
    return NotFound(
        f"No credential {short_id!r} is in force", f"没有有效凭据 {short_id!r}",
        mend_en="./sigang keys list names them.", mend_zh="./sigang keys list 列出凭据。",
    )  # fmt: skip


def _check_account(conn: psycopg.Connection, account_id: str) -> None:
    if conn.execute("SELECT 1 FROM sigang.account WHERE id = %s", [account_id]).fetchone():
        return
    raise BadParameter(
        f"No account {account_id!r}", f"没有账号 {account_id!r}",
        mend_en="./sigang accounts list names them.",
        mend_zh="./sigang accounts list 列出账号。",
    )  # fmt: skip


async def end_session(conn: asyncpg.Connection, digest: bytes) -> None:
    """Revoke the credential of a hash."""
    await conn.execute("UPDATE sigang.credential SET revoked_at = now() WHERE hash = $1", digest)
