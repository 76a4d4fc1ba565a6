"""What stands for the committed edges of a network; read by whoever starts servers too."""

from __future__ import annotations

from typing import NamedTuple

import asyncpg
import psycopg

from spatial.errors import SetupError
from spatial.networks.model import NetworkKind, Traffic, searched_kinds

_KEY = """
SELECT v.topology, e.count AS edges,
  concat_ws(' ', d.oid, {modes}::text[], e.count, e.sum, e.max, t.count, t.sum, t.max) AS rows
FROM pg_database d, sigang.network_version v,
  (SELECT count(*), sum(xmin::text::bigint), max(xmin::text::bigint)
   FROM sigang.{source} WHERE mode = ANY ({modes})) e,
  (SELECT count(*), sum(xmin::text::bigint), max(xmin::text::bigint)
   FROM sigang.turn_restriction) t
WHERE d.datname = current_database() AND v.network = {name}"""


class Key(NamedTuple):
    """What is committed: `rows` stands for the rows of edges and turn restrictions.

    Another load or edit gives another one; the topology counter may rise without it.
    """

    topology: int
    edges: int
    rows: str


async def read_key(conn: asyncpg.Connection, kind: NetworkKind, traffic: Traffic) -> Key:
    """Return what is committed now.

    Raises
    ------
    SetupError
        The database does not know the kind.
    """
    sql = _KEY.format(source=kind.source, name="$1", modes="$2")
    try:
        row = await conn.fetchrow(sql, kind.name, traffic.modes)
    except asyncpg.UndefinedTableError as error:
        raise unknown_kind(kind, str(error)) from error
    if row is None:
        raise unknown_kind(kind, "network_version has no row of it")
    return Key(*row)


def unknown_kind(kind: NetworkKind, why: str) -> SetupError:
    """Return the error for a kind that the migrations lack."""
    return SetupError(
        f"The database does not know networks of kind {kind.name!r}: {why}",
        f"数据库没有 {kind.name!r} 类路网：{why}",
        mend_en="docs/add-a-network-kind.md tells its migration; ./sigang migrate runs it.",
        mend_zh="迁移内容见 docs/add-a-network-kind.md；请运行 ./sigang migrate。",
    )


def read_keys(url: str) -> dict[str, Key]:
    """Return what is committed now of each kind that is searched, by its name.

    Raises
    ------
    psycopg.Error
        The database does not answer.
    """
    found = {}
    with psycopg.connect(url) as conn:
        for kind in searched_kinds():
            sql = _KEY.format(source=kind.source, name="%(name)s", modes="%(modes)s::text[]")
            given = {"name": kind.name, "modes": list(kind.traffic.modes)}
            row = conn.execute(sql, given).fetchone()
            if row is not None:
                found[kind.name] = Key(*row)
    return found
