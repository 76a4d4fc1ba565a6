"""Rules: files checked by the models of their readers, a table that keeps its history."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.network.rule_models import RuleBook, check_complete, list_drift, load_rules, read_rules
from routing.cost.rule_models import BPR, OF_ROADS
from spatial.errors import ConfigError, RuleMissing
from spatial.rule_files import FOLDER, close_periods
from spatial.rule_store import plan
from spatial.rules import Period, get_rule, list_overlaps
from spatial.toml_file import LARGEST

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)
BPR_ROW = '[[rule]]\nkey = "road.bpr"\nversion = "{}"\norigin = "real"\nsource = "s"\n{}\n'
BPR_ROW += "[rule.value]\nalpha = {}\nbeta = 4\n"


@pytest.fixture
def folder(tmp_path):
    """Return a copy of the shipped files, to be changed."""
    for path in FOLDER.glob("*/*.rule.toml"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    return tmp_path


def edit(folder, old, new, file="road/live.rule.toml"):
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def faults(folder):
    with pytest.raises(ConfigError) as caught:
        read_rules(folder)
    assert caught.value.mend_zh
    return caught.value.extra["faults"]


def second(folder, version, valid_from, alpha=0.3, more=""):
    """Add a version of a rule to the files."""
    with (folder / "road" / "live.rule.toml").open("a", encoding="utf-8") as file:
        file.write(BPR_ROW.format(version, f"valid_from = {valid_from.isoformat()}\n{more}", alpha))


def test_the_shipped_rules_are_as_their_readers_want_them():
    now = datetime.now(UTC)
    rules = RuleBook.of(read_rules(), now).at(now)
    assert len(rules) > 40
    assert get_rule(rules, OF_ROADS.vehicle, "vehicle.truck.default").value.height_m == 4.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("alpha = 0.15", "alfa = 0.15", "value.alfa: is not known; did you mean alpha"),
        ("alpha = 0.15", "alfa = 0.15", "value.alpha: Field required"),
        ("alpha = 0.15", 'alpha = "0.15"', "value.alpha: Input should be a valid number"),
        ("alpha = 0.15", "alpha = nan", "value.alpha: Input should be a"),
        ("beta = 4", "beta = -4", "value.beta: Input should be greater than or equal to 0"),
        ('key = "road.bpr"', 'key = "road.brp"', "road.brp: no engine reads a rule of this key"),
        ("motorway = 2100", "motorwey = 2100", "value.lane_pcu_h.motorwey"),
        ("0.35, 0.55", "0.55, 0.35", "levels must rise"),
        ('source = "Bureau', 'sauce = "Bureau', "road.bpr: sauce: is not known"),
        ("1964-06-01T00:00:00+08:00", "1964-06-01T00:00:00", "valid_from"),
        ("Bureau of", "Bureau\\u0000of", "control character in 'Bureau"),
        ("alpha = 0.15", f"alpha = 1{'0' * 30}", "value: Integer exceeds 64-bit range"),
        ("alpha = 0.15", f"alpha = 1{'0' * 5000}", "Exceeds the limit"),
        ("alpha = 0.15", f"alpha = {'[' * 5000}", "is nested too deeply"),
    ],
)
def test_a_fault_is_told_with_file_key_and_place(folder, old, new, told):
    edit(folder, old, new)
    found = faults(folder)
    assert any(text.startswith("road/live.rule.toml: ") and told in text for text in found), found


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("/nowhere"), "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "is no file"),
        (lambda path: path.write_bytes(b"# far too long\n" * (LARGEST // 10)), "is larger than"),
        (lambda path: path.write_bytes("[[rule]]".encode("utf-16")), "is no UTF-8 text"),
        (lambda path: path.touch(), "holds no rule"),
        (lambda path: path.write_text('[[rule]]\nsource = " "'), "source: String should match"),
    ],
)
def test_what_is_no_file_of_rules_is_told_by_its_name(folder, make, told):
    make(folder / "road" / "odd.rule.toml")
    found = faults(folder)
    assert any(one.startswith("road/odd.rule.toml: ") and told in one for one in found), found


def test_a_file_whose_name_nobody_reads_is_told(folder):
    shutil.move(folder / "road" / "live.rule.toml", folder / "road" / "live.rules.toml")
    (folder / "road.rule.toml").touch()
    names = {one.partition(": is none of")[0] for one in faults(folder)}
    assert names == {"road.rule.toml", "road/live.rules.toml"}


def test_a_rule_that_no_profile_names_is_told(folder):
    edit(folder, "road.speed_cap_kmh.truck", "road.speed_cap_kmh.trcuk", "road/routing.rule.toml")
    assert "trcuk: no engine reads" in " ".join(faults(folder))


def test_all_faults_are_told_at_once(folder):
    edit(folder, "alpha = 0.15", "alfa = 0.15")
    edit(folder, "max_m = 5000", "max_m = -1", "road/routing.rule.toml")
    (folder / "law" / "broken.rule.toml").write_text("[[rule]\n", "utf-8")
    text = " ".join(faults(folder))
    for part in ("live.rule.toml", "value.max_m", "law/broken.rule.toml"):
        assert part in text


def test_versions_that_overlap_or_stand_twice_are_told(folder):
    second(folder, "1964", START)
    second(folder, "a", START, more=f"valid_to = {(START + timedelta(9)).isoformat()}")
    second(folder, "b", START + timedelta(days=1))
    text = " ".join(faults(folder))
    assert "version 1964 stands twice" in text
    assert "versions a and b are both in force" in text


def test_what_nothing_works_without_must_be_there(folder):
    (folder / "road" / "routing.rule.toml").unlink()
    with pytest.raises(ConfigError, match=r"road\.snap: no file declares it"):
        check_complete(read_rules(folder), folder)


# what is in force


def version(name, begin, end=None, value=0.15):
    day = timedelta(days=1)
    until = None if end is None else START + end * day
    body = {"alpha": value, "beta": 4}
    return Period("road.bpr", name, body, "s", "real", None, START + begin * day, until)


def test_a_rule_is_in_force_from_its_beginning_to_its_end():
    book = RuleBook.of([version("a", 0, 10), version("b", 10, 20)], NOW)
    day = timedelta(days=1)
    held = {n: book.at(START + n * day).get("road.bpr") for n in (-1, 0, 9, 10, 19, 20)}
    found = {n: rule and rule.version for n, rule in held.items()}
    assert found == {-1: None, 0: "a", 9: "a", 10: "b", 19: "b", 20: None}
    assert book.at(START - day, early=True)["road.bpr"].version == "a"
    assert "road.bpr" not in book.at(NOW, early=True)
    assert book.at(START).until == START + 10 * day
    assert book.at(START).digest != book.at(START + 10 * day).digest
    with pytest.raises(RuleMissing, match=r"road\.bpr"):
        get_rule(book.at(NOW), BPR)


def test_history_may_be_as_no_model_has_it_but_what_holds_may_not():
    old = replace(version("old", 0, 10), value={"alpha": 1})
    assert RuleBook.of([old, version("b", 10)], NOW).at(NOW)["road.bpr"].version == "b"
    with pytest.raises(ConfigError, match=r"road\.bpr c: value\.beta"):
        RuleBook.of([old, replace(version("c", 10), value={"alpha": 1})], NOW)
    with pytest.raises(ConfigError, match="both in force"):
        RuleBook.of([version("a", 0, 10), version("b", 9)], NOW)


def test_a_rule_of_another_kind_is_not_read():
    rules = RuleBook.of([version("a", 0)], NOW).at(NOW)
    with pytest.raises(ConfigError):
        get_rule(rules, OF_ROADS.snap, "road.bpr")


# the table


def applied(stored, changes):
    """Return the rows after some changes."""
    rows = {(row.version, row.valid_from): row for row in stored}
    return list((rows | {(c.row.version, c.row.valid_from): c.row for c in changes}).values())


def spans(rows):
    day = timedelta(days=1)
    shown = [(r.version, (r.valid_from - START) / day, (r.end - START) / day) for r in rows]
    return sorted((v, a, b if b < 1e5 else None) for v, a, b in shown if a < b)


def test_a_new_version_ends_the_old_one_and_a_removed_one_is_kept():
    stored = applied([], plan([version("a", 0)], [], NOW))
    stored = applied(stored, plan([version("b", 50, value=0.2)], stored, NOW))
    assert spans(stored) == [("a", 0, 50), ("b", 50, None)]
    later = NOW + timedelta(days=1)
    stored = applied(stored, plan([version("a", 0)], stored, later))
    assert spans(stored) == [("a", 0, 50), ("a", 101, None), ("b", 50, 101)]
    stored = applied(stored, plan([], stored, later + timedelta(days=1)))
    assert spans(stored) == [("a", 0, 50), ("a", 101, 102), ("b", 50, 101)]


def test_a_version_to_come_leaves_the_present_one_until_then():
    stored = applied([], plan([version("a", 0)], [], NOW))
    stored = applied(stored, plan([version("b", 150, value=0.2)], stored, NOW))
    assert spans(stored) == [("a", 0, 150), ("b", 150, None)]
    stored = applied(stored, plan([version("a", 0)], stored, NOW))
    assert spans(stored) == [("a", 0, None)]


def test_a_correction_from_the_beginning_withdraws_what_it_corrects():
    stored = applied([], plan([version("a", 0)], [], NOW))
    stored = applied(stored, plan([version("b", 0, value=0.2)], stored, NOW))
    assert spans(stored) == [("b", 0, None)]
    assert {row.version for row in stored} == {"a", "b"}


def test_a_stored_version_keeps_its_value_and_its_beginning():
    stored = applied([], plan([version("a", 0)], [], NOW))
    with pytest.raises(ConfigError, match=r"road\.bpr: version a is stored with another value"):
        plan([version("a", 0, value=0.2)], stored, NOW)
    with pytest.raises(ConfigError, match="has begun"):
        plan([version("a", 1)], stored, NOW)
    moved = applied([], plan([version("z", 150)], [], NOW))
    moved = applied(moved, plan([version("z", 160)], moved, NOW))
    assert spans(moved) == [("z", 160, None)]


@st.composite
def declarations(draw):
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=3))
    begins = {"a": 0, "b": 40, "c": 90, "d": 130}
    return [version(name, begins[name], value=ord(name) / 100) for name in names]


@settings(max_examples=200, deadline=None)
@given(st.lists(declarations(), min_size=1, max_size=6))
def test_the_table_follows_the_files_and_keeps_its_history(states):
    stored: list[Period] = []
    now, seen = NOW, set()
    for state in states:
        now += timedelta(days=7)
        declared = close_periods(state)
        before = stored
        changes = plan(declared, before, now)
        stored = applied(before, changes)
        assert plan(declared, stored, now + timedelta(seconds=1)) == []
        ordered = sorted(stored, key=lambda p: (p.key, p.valid_from, p.version))
        assert list_overlaps(ordered) == []
        assert {row.version for row in before} <= {row.version for row in stored}
        fresh = {one.version for one in declared} - seen
        seen |= fresh
        for hours in range(0, 200 * 24, 31):
            moment = START + timedelta(hours=hours)
            was = next((p.version for p in before if p.holds(moment)), None)
            held = next((p.version for p in stored if p.holds(moment)), None)
            said = next((p.version for p in declared if p.holds(moment)), None)
            if moment >= now:
                assert held == said or (said is None and held not in {p.version for p in state})
            else:
                assert held == (said if said in fresh else was)


@pytest.mark.db
def test_loading_twice_changes_nothing(conn):
    assert len(load_rules(conn)) > 40
    assert load_rules(conn) == list_drift(conn) == []
    stored = conn.execute("SELECT key, version, value, source FROM rule").fetchall()
    declared = [(r.key, r.version, r.value, r.source) for r in read_rules()]
    assert sorted(stored, key=str) == sorted(declared, key=str)


@pytest.mark.db
def test_another_value_for_a_stored_version_is_refused(conn, folder):
    load_rules(conn, folder)
    conn.commit()
    edit(folder, "alpha = 0.15", "alpha = 0.25")
    with pytest.raises(ConfigError, match="another value") as caught:
        load_rules(conn, folder)
    assert "version" in caught.value.mend_en
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("UPDATE rule SET value = '{}' WHERE key = 'road.bpr'")
    conn.rollback()
    (value,) = conn.execute("SELECT value FROM rule WHERE key = 'road.bpr'").fetchone()
    assert value == {"alpha": 0.15, "beta": 4}


@pytest.mark.db
def test_two_versions_in_force_are_refused_by_the_database(conn):
    load_rules(conn)
    conn.execute(
        "INSERT INTO rule (key, version, value, source, origin, valid_from)"
        " VALUES ('road.bpr', '2', '{}', 's', 'real', now())"
    )
    with pytest.raises(psycopg.errors.ExclusionViolation):
        conn.commit()


@pytest.mark.db
def test_a_removed_file_retires_its_rules(conn, folder):
    load_rules(conn, folder)
    (folder / "works" / "bridge.rule.toml").unlink()
    (drift,) = list_drift(conn, folder)
    assert drift.startswith("works.bridge_level_share 2026-01: in force until ")
    assert [text[:60] for text in load_rules(conn, folder)] == [drift[:60]]
    (ended,) = conn.execute(
        "SELECT valid_to <= clock_timestamp() FROM rule WHERE key = 'works.bridge_level_share'"
    ).fetchone()
    assert ended
    assert len(load_rules(conn)) == 1
    rows = conn.execute(
        "SELECT count(*) FILTER (WHERE valid_to IS NULL), count(*) FROM rule"
        " WHERE key = 'works.bridge_level_share'"
    ).fetchone()
    assert rows == (1, 2)
