"""The visibility rule stands in three places; here they are held equal on the same rows."""

import asyncio
import itertools

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from layers.query.row_scope import visible, visible_sql
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import Database
from spatial.schema.tables import event, facility
from spatial.settings import Settings

CODES = ["330000", "330100", "330109", "330200", "330212", "330300", "310000", None]
UNITS = [None, "330200-duty"]
VISIBILITIES = ["public", "unit", "province"]
ACTORS = [
    ANONYMOUS,
    Actor("dispatcher", "dispatcher", "330000"),
    Actor("hangzhou", "duty", "330100"),
    Actor("ningbo", "duty", "330200", "330200-duty"),
    Actor("yinzhou", "duty", "330212", "330212-duty"),
    Actor("shanghai", "planner", "310000"),
]
WRITE_ONE = """
INSERT INTO sigang.facility (kind, admin_code, visibility, origin, source_id, geom)
VALUES ('port', $1, 'unit', 'synthetic', 't', 'SRID=4326;POINT(120 30)')"""


@pytest.fixture(scope="module")
def rows(module_database_url):
    made = {}
    with psycopg.connect(module_database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('t', 't', 't', 'MIT', 't')"
        )
        for code, unit, visibility in itertools.product(CODES, UNITS, VISIBILITIES):
            row = conn.execute(
                "INSERT INTO sigang.facility"
                " (kind, admin_code, unit_id, visibility, origin, source_id, geom)"
                " VALUES ('port', %s, %s, %s, 'synthetic', 't', 'SRID=4326;POINT(120 30)')"
                " RETURNING id",
                [code, unit, visibility],
            ).fetchone()
            made[row[0]] = (code, visibility, unit)
    return made


def run(url, work):
    async def inside():
        db = await Database.open(Settings(database_url=url, pool_size=2), url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(inside())


def expected(rows, actor):
    return {key for key, row in rows.items() if actor.sees(*row)}


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: a.account_id or "anonymous")
def test_row_security_equals_the_rule(rows, module_database_url, actor):
    async def ask(db):
        async with db.session(actor) as conn:
            return {r["id"] for r in await conn.fetch("SELECT id FROM sigang.facility")}

    assert run(module_database_url, ask) == expected(rows, actor)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: a.account_id or "anonymous")
def test_predicates_equal_the_rule(rows, module_database_url, actor):
    core = select(facility.c.id).where(visible(facility, actor))
    compiled = core.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    text, params = visible_sql(actor, "f", 1)

    numbered = text
    for i in range(len(params), 0, -1):
        numbered = numbered.replace(f"${i}", f"%(p{i})s")
    bound = {f"p{i}": value for i, value in enumerate(params, 1)}
    # as the owner, whom row security does not bind: the predicate must do it alone
    with psycopg.connect(module_database_url) as owner:
        by_core = {r[0] for r in owner.execute(str(compiled).replace("%%", "%"))}
        query = f"SELECT f.id FROM sigang.facility f WHERE {numbered}"
        by_text = {r[0] for r in owner.execute(query, bound)}
    assert by_core == expected(rows, actor)
    assert by_text == expected(rows, actor)


def test_desks_that_must_acknowledge_see_the_row(module_database_url):
    """The same rule with `parties`: in Python, as predicates, and as row security of events."""
    made = {}
    with psycopg.connect(module_database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('p', 'p', 'p', 'MIT', 'p') ON CONFLICT DO NOTHING"
        )
        desks = ([], ["330200"], ["330100", "330300"], ["330000"])
        for code, seen, parties in itertools.product(CODES, VISIBILITIES, desks):
            row = conn.execute(
                "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id,"
                " parties, geom) VALUES ('incident', %s, %s, 'synthetic', 'p', %s,"
                " 'SRID=4326;POINT(120 30)') RETURNING id",
                [code, seen, parties],
            ).fetchone()
            made[row[0]] = (code, seen, None, parties)

    async def ask(db, actor):
        async with db.session(actor) as conn:
            return {r["id"] for r in await conn.fetch("SELECT id FROM sigang.event")}

    for actor in ACTORS:
        wanted = expected(made, actor)
        core = select(event.c.id).where(visible(event, actor))
        text, params = visible_sql(actor, "f", 1, parties=True)
        for i in range(len(params), 0, -1):
            text = text.replace(f"${i}", f"%(p{i})s")
        options = {"literal_binds": True}
        compiled = str(core.compile(dialect=postgresql.dialect(), compile_kwargs=options))
        with psycopg.connect(module_database_url) as owner:
            by_core = {r[0] for r in owner.execute(compiled.replace("%%", "%"))}
            bound = {f"p{i}": value for i, value in enumerate(params, 1)}
            query = f"SELECT f.id FROM sigang.event f WHERE {text}"
            by_text = {r[0] for r in owner.execute(query, bound)}
        assert by_core == by_text == wanted
        assert run(module_database_url, lambda db, one=actor: ask(db, one)) == wanted
    assert any(row[1] == "province" and ACTORS[3].sees(*row) for row in made.values())


def test_no_setting_no_rows(rows, module_database_url):
    async def ask(db):
        async with db.session(ACTORS[1]) as conn:
            seen = await conn.fetchval("SELECT count(*) FROM sigang.facility")
        async with db.system() as conn:
            return seen, await conn.fetchval("SELECT count(*) FROM sigang.facility")

    seen, without = run(module_database_url, ask)
    assert seen > 0
    assert without == 0


def test_public_role_sees_public_rows(rows, module_database_url):
    async def ask(db):
        return {r["id"] for r in await db.public.fetch("SELECT id FROM sigang.facility")}

    assert run(module_database_url, ask) == expected(rows, ANONYMOUS)


def test_a_read_session_cannot_write_and_roles_own_nothing(rows, module_database_url):
    async def ask(db):
        async with db.session(ACTORS[1]) as conn:
            with pytest.raises(Exception, match=r"permission denied|read-only"):
                await conn.execute(WRITE_ONE, "330200")
        return await db.public.fetchval(
            "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
            " WHERE r.rolname IN ('sigang_app', 'sigang_public')"
        )

    assert run(module_database_url, ask) == 0


def test_no_way_round_row_security(module_database_url):
    """No SECURITY DEFINER function and no view that reads with its owner's rights."""
    with psycopg.connect(module_database_url) as conn:
        definer = conn.execute(
            "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname LIKE 'sigang%' AND prosecdef"
        ).fetchall()
        views = conn.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname LIKE 'sigang%' AND relkind = 'v'"
            " AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)"
        ).fetchall()
    assert views == []
    assert definer == []
