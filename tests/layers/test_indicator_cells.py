"""Stored cells: equal to what is counted from the rows, for every reader, also after edits."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest

from layers.indicators import cell_rows
from layers.indicators.cell_store import KEPT, read_heads
from layers.indicators.counting import count_all
from layers.indicators.keeper import keep_cells
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import period_at, series
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import Database, connect
from spatial.rules import RuleSet
from spatial.settings import Settings
from tests.layers.test_indicator_values import SOURCE, indicators, units

__all__ = ["indicators"]

NOW = datetime(2026, 3, 20, 4, tzinfo=UTC)
ACTORS = [
    ANONYMOUS,
    Actor("province", "dispatcher", "330000"),
    Actor("ningbo", "duty", "330200"),
    Actor("haishu", "duty", "330203", "u1"),
]
KEYS = ("closed_on_time", "open", "overdue", "cost")
ROWS = """
INSERT INTO sigang.event (kind, admin_code, unit_id, visibility, parties, origin, source_id,
  severity, valid_from, valid_to, props, state, geom)
SELECT 'hazard', (ARRAY['330203', '330206', '330212', '330102', NULL, '330200'])[1 + i % 6],
  CASE WHEN i % 5 = 0 THEN 'u1' END, (ARRAY['public', 'unit', 'province'])[1 + i % 3],
  CASE WHEN i % 11 = 0 THEN ARRAY['330200'] ELSE '{}' END,
  (ARRAY['synthetic', 'real'])[1 + i % 2], 't', CASE WHEN i % 4 > 0 THEN 'high' END,
  CASE WHEN i % 13 > 0 THEN '2025-02-01T00:00:00+08:00'::timestamptz + i * interval '17 hours' END,
  CASE WHEN i % 5 < 3 THEN '2025-03-01T00:00:00+08:00'::timestamptz + i * interval '19 hours' END,
  jsonb_build_object('due_on', ('2025-03-01'::date + i / 2)::text, 'cost', i / 10.0),
  'open', CASE WHEN i % 7 > 0 THEN 'SRID=4326;POINT(121 29)'::geometry END
FROM generate_series(1, 900) i"""


@pytest.fixture(scope="module")
def filled(module_database_url, indicators):
    with connect(module_database_url) as conn:
        conn.execute(SOURCE)
        conn.execute(ROWS)
        conn.commit()
        assert set(keep(conn, indicators)) == set(KEYS)
        told = "SELECT 1 FROM sigang.stream_log WHERE kind = 'indicators'"
        assert conn.execute(told).fetchone() is None  # nothing was told before
    return module_database_url


def keep(conn, indicators, now=NOW):
    return keep_cells(conn, indicators.populations, now)


def head_of(conn, key):
    (found,) = [head for head in read_heads(conn) if key in head.members]
    return found


def both(url, indicators, now=NOW, kinds=("month",), split=False):
    """Return for each actor and period what is stored and what the rows count."""

    async def ask():
        db = await Database.open(Settings(database_url=url, pool_size=2), url)
        found = []
        try:
            for actor in ACTORS:
                for kind in kinds:
                    periods = series(period_at(kind, now), KEPT[kind])
                    asked = Asked(KEYS, actor, periods, now, split)
                    told = [
                        await read_numbers(
                            db, indicators, units(), lambda _: RuleSet(()), asked, stored=stored
                        )
                        for stored in (True, False)
                    ]
                    found.append((actor, periods, *told))
            return found
        finally:
            await db.close()

    return asyncio.run(ask())


def compare(url, indicators, now=NOW, kinds=("month",)):
    prefixes = [None, "33", *(unit.prefix for unit in units().of_level("prefecture"))]
    prefixes += [unit.prefix for unit in units().of_level("county")]
    compared = 0
    for actor, periods, stored, counted in both(url, indicators, now, kinds):
        for key in KEYS:
            for at in range(len(periods)):
                for prefix in prefixes:
                    one, two = (t.tallies[key][at].of(prefix) for t in (stored, counted))
                    assert one == two, (actor.account_id, key, periods[at].id, prefix)
                    compared += one.numerator != 0
    return compared


def test_cells_are_what_the_rows_count_for_every_reader(filled, indicators):
    assert compare(filled, indicators, kinds=tuple(KEPT)) > 1000
    for _, _, stored, counted in both(filled, indicators, split=True):
        for at in (0, -1):
            one, two = (t.tallies["closed_on_time"][at].split("33", 0) for t in (stored, counted))
            assert one == two


def test_an_edit_counts_what_stands_on_it_and_tells_those_who_see_it(filled, indicators):
    with connect(filled) as conn:
        assert keep(conn, indicators) == []
        conn.execute("DELETE FROM sigang.stream_log")
        conn.execute(
            "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state)"
            " VALUES ('incident', '330203', 'unit', 'real', 't', 'open')"
        )
        conn.commit()
        assert keep(conn, indicators) == []  # of another kind
        for statement in (
            "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state,"
            " valid_from) VALUES ('hazard', '330212', 'province', 'real', 't', 'open', %s)",
            "UPDATE sigang.event SET valid_to = %s WHERE id = (SELECT id FROM sigang.event WHERE"
            " kind = 'hazard' AND admin_code = '330206' AND visibility = 'unit' AND unit_id IS NULL"
            " AND parties = '{}' AND valid_to IS NULL ORDER BY id LIMIT 1)",
        ):
            conn.execute(statement, [NOW - timedelta(days=20)])
            conn.commit()
            assert set(keep(conn, indicators)) == set(KEYS)
        told = conn.execute(
            "SELECT visibility, admin_code, payload -> 'indicators' FROM sigang.stream_log"
            " WHERE kind = 'indicators' ORDER BY seq"
        ).fetchall()
        assert told[0] == ("province", "330212", ["open"])
        assert {row[:2] for row in told[1:]} == {("unit", "330206")}
        assert not conn.execute("SELECT 1 FROM sigang.indicator_change").fetchall()
    compare(filled, indicators)


def test_a_row_without_a_place_and_a_large_delete_count_too(filled, indicators):
    with connect(filled) as conn:
        conn.execute("DELETE FROM sigang.event WHERE kind = 'hazard' AND geom IS NULL")
        conn.commit()
        assert set(keep(conn, indicators)) == set(KEYS)
    compare(filled, indicators)


EDITS = (
    "UPDATE sigang.event SET severity = 'low', valid_to = now(), k_from = 'NaN'",
    "UPDATE sigang.event SET admin_code = '330206', visibility = 'public', parties = '{}'",
    "UPDATE sigang.event SET props = props || jsonb_build_object('cost', 0.1, 'due_on', NULL)",
    "UPDATE sigang.event SET valid_from = '-infinity', geom = NULL",
    "UPDATE sigang.event SET kind = 'incident'",
    "DELETE FROM sigang.event",
)


def test_cells_follow_edits_that_commit_while_they_are_counted(filled, indicators, monkeypatch):
    """Edits begin before a sheet is counted, or while it is, and commit after it, or before."""
    draw = random.Random(7)
    with connect(filled) as conn, connect(filled) as late, connect(filled) as other:
        every = "SELECT id FROM sigang.event WHERE kind = 'hazard' ORDER BY id"
        ids = [row[0] for row in conn.execute(every).fetchall()]
        draw.shuffle(ids)

        def edit(session):
            some = [ids.pop() for _ in range(9)]
            session.execute(f"{draw.choice(EDITS)} WHERE id = ANY(%s)", [some])

        def count(*asked):
            edit(other)
            other.commit()
            return count_all(*asked)

        monkeypatch.setattr("layers.indicators.keeper.count_all", count)
        for again in (False, True, False):
            edit(late)
            edit(conn)
            if again:
                conn.execute("DELETE FROM sigang.indicator_sheet")
            conn.commit()
            keep(conn, indicators)
            late.commit()
            keep(conn, indicators)
            compare(filled, indicators)
        assert not conn.execute("SELECT 1 FROM sigang.indicator_change").fetchall()


def test_many_changes_at_once_are_not_logged_one_by_one(filled, indicators):
    with connect(filled) as conn:
        conn.execute(ROWS.replace("900", "2001"))
        logged = "SELECT sign, image IS NULL, count(*) FROM sigang.indicator_change GROUP BY 1, 2"
        assert conn.execute(logged).fetchall() == [(None, True, 1)]
        conn.commit()
        assert set(keep(conn, indicators)) == set(KEYS)
    assert compare(filled, indicators) > 1000


def test_what_another_database_counted_is_not_told(filled, indicators):
    with connect(filled) as conn:
        conn.execute("UPDATE sigang.indicator_sheet SET home = 'x', as_of = '2000-01-01'")
        conn.commit()
        numbers = both(filled, indicators)[0][2]
        assert numbers.as_of("open") == NOW
        assert set(keep(conn, indicators)) == set(KEYS)
    compare(filled, indicators)


def test_what_lasts_is_counted_anew_when_time_changes_it(filled, indicators):
    with connect(filled) as conn:
        conn.execute(
            "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state,"
            " valid_from, valid_to) VALUES ('hazard', '330203', 'public', 'real', 't', 'open',"
            " %s, %s)",
            [NOW + timedelta(minutes=3), NOW + timedelta(minutes=5)],
        )
        conn.commit()
        keep(conn, indicators)
        head = head_of(conn, "open")
        assert head.valid_until == NOW + timedelta(minutes=3)
        midnight = NOW.replace(hour=16)  # in Shanghai: a day was over, another has come
        for key in ("closed_on_time", "cost"):
            assert head_of(conn, key).valid_until == midnight
        assert keep(conn, indicators, NOW + timedelta(minutes=2)) == []
        compare(filled, indicators, NOW + timedelta(minutes=2))
        compare(filled, indicators, NOW + timedelta(minutes=4))  # counted from the rows
        assert "open" in keep(conn, indicators, NOW + timedelta(minutes=4))
        assert head_of(conn, "open").valid_until == NOW + timedelta(minutes=5)
    compare(filled, indicators, NOW + timedelta(minutes=4))


def test_what_becomes_due_is_added_when_its_day_is_over(database_url, indicators):
    before, after = (NOW.replace(hour=hour, minute=minute) for hour, minute in ((15, 59), (16, 1)))
    with connect(database_url) as conn:
        conn.execute(SOURCE)
        conn.execute(ROWS)
        conn.commit()
        keep(conn, indicators, before)
        compare(database_url, indicators, before)
        told = [both(database_url, indicators, before)[1][2]]
        assert set(keep(conn, indicators, after)) >= {"closed_on_time", "cost"}
        compare(database_url, indicators, after, kinds=tuple(KEPT))
        told.append(both(database_url, indicators, after)[1][2])
        assert head_of(conn, "cost").valid_until == NOW.replace(day=21, hour=16)
    unit = units().get("33", ACTORS[1], public=True)
    for key in ("closed_on_time", "cost"):
        sides = [one.of(key, unit).denominator or one.of(key, unit).numerator for one in told]
        assert sides[0] < sides[1], key


def test_a_change_while_numbers_are_read_is_not_in_them(filled, indicators, monkeypatch):
    """Heads and cells are of one moment: not counted from the rows, nor newer than they say."""
    later, statement = NOW + timedelta(minutes=2), cell_rows._statement

    def changed(*given, **named):
        with connect(filled) as conn:
            conn.execute(
                "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state,"
                " valid_from) VALUES ('hazard', '330203', 'public', 'real', 't', 'open', %s)",
                [NOW],
            )
            conn.commit()
            keep(conn, indicators, later)
        return statement(*given, **named)

    async def ask(actor):
        db = await Database.open(Settings(database_url=filled, pool_size=2), filled)
        try:
            asked = Asked(("open",), actor, series(period_at("month", NOW), 13), later)
            told = await read_numbers(db, indicators, units(), lambda _: RuleSet(()), asked)
            return told.kept_as_of, told.tallies["open"][-1].of("33").numerator
        finally:
            await db.close()

    for actor in (ANONYMOUS, ACTORS[1]):
        before = asyncio.run(ask(actor))
        monkeypatch.setattr(cell_rows, "_statement", changed)
        assert asyncio.run(ask(actor)) == before
        monkeypatch.undo()
        assert asyncio.run(ask(actor))[1] == before[1] + 1


def test_numbers_of_moments_ago_say_so(filled, indicators):
    soon, then = NOW + timedelta(minutes=6), NOW + timedelta(minutes=6, seconds=30)
    with connect(filled) as conn:
        conn.execute(
            "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state,"
            " valid_from) VALUES ('hazard', '330203', 'public', 'real', 't', 'open', %s)",
            [soon + timedelta(seconds=10)],
        )
        conn.commit()
        keep(conn, indicators, soon)
        assert head_of(conn, "open").valid_until == soon + timedelta(seconds=60)
    unit = units().get("33", ACTORS[1], public=True)
    told = [both(filled, indicators, at)[1][2:] for at in (soon, then)]
    (early, counted), (kept, later) = told
    assert kept.as_of("open") == soon
    assert later.as_of("open") == then
    values = [numbers.of("open", unit).value for numbers in (early, counted, kept, later)]
    assert values[0] == values[1] == values[2] == values[3] - 1


def test_a_new_week_and_a_new_definition_are_counted(filled, indicators):
    later = NOW + timedelta(days=7)
    with connect(filled) as conn:
        assert set(keep(conn, indicators, later)) == set(KEYS)
        assert head_of(conn, "open").as_of == later
        changed = "UPDATE sigang.indicator_sheet SET digests = '{old}' WHERE 'cost' = ANY (members)"
        conn.execute(changed)
        conn.commit()
        assert keep(conn, indicators, later) == ["cost"]
    compare(filled, indicators, later)


def test_nobody_reads_other_scopes_cells_or_writes_any(filled):
    async def ask():
        db = await Database.open(Settings(database_url=filled, pool_size=2), filled)
        try:
            seen = {}
            for actor in ACTORS:
                async with db.session(actor) as conn:
                    rows = await conn.fetch(
                        "SELECT DISTINCT admin_code, visibility, unit_id, parties"
                        " FROM sigang.indicator_cell"
                    )
                seen[actor.account_id] = [actor.sees(*row) for row in rows]
            async with db.write(ACTORS[1]) as conn:
                with pytest.raises(Exception, match="permission denied"):
                    await conn.execute("DELETE FROM sigang.indicator_cell")
            return seen, await db.public.fetch("SELECT DISTINCT visibility FROM indicator_cell")
        finally:
            await db.close()

    seen, public = asyncio.run(ask())
    assert all(all(rows) and rows for name, rows in seen.items() if name)
    assert len(seen["province"]) > len(seen["ningbo"]) > len(seen["haishu"]) > 0
    assert [row[0] for row in public] == ["public"]


def test_an_indicator_that_cannot_be_counted_holds_up_no_other(filled, indicators):
    later = NOW + timedelta(days=14)
    with connect(filled) as conn:
        conn.execute("ALTER TABLE sigang.event RENAME severity TO gravity")
        conn.execute("UPDATE sigang.event SET valid_to = 'infinity' WHERE valid_to > %s", [later])
        conn.commit()
        try:
            assert set(keep(conn, indicators, later)) == set(KEYS)
            stored = {key for head in read_heads(conn) for key in head.members}
            assert stored == {"open", "overdue", "cost"}
        finally:
            conn.execute("ALTER TABLE sigang.event RENAME gravity TO severity")
            conn.commit()
        assert keep(conn, indicators, later) == ["closed_on_time"]
    compare(filled, indicators, later)
