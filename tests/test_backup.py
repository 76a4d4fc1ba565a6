"""Backups: whole, sealed, private, and refused where they were changed."""

import itertools
import json
import os
import shutil
import stat
import zipfile

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.audit.check import check
from api.audit.heads import Heads
from api.cli.archive import DUMP, MANIFEST, SEAL, Reader, Writer, private_file
from api.cli.backup import row_hashes
from api.cli.seal import BLOCK, PASSPHRASE
from spatial.errors import BadParameter, Quarantined, SetupError
from spatial.postgres import machine, migrate
from spatial.postgres.db import LISTENER, connect
from tests.commands import sigang

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
WORDS = b"correct horse battery"
DUMPED = os.urandom(2 * BLOCK + 77)


def write(path, passphrase=None, dump=DUMPED, manifest=b"{}", key=KEY):
    with private_file(path) as file:
        writer = Writer(file, passphrase)
        writer.add(MANIFEST, iter([manifest]))
        writer.add(DUMP, (dump[i : i + BLOCK] for i in range(0, len(dump), BLOCK)))
        writer.close(key)


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, parts):
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


@pytest.mark.parametrize(
    ("size", "passphrase"),
    [(0, None), (1, None), (BLOCK, None), (len(DUMPED), None), (0, WORDS), (2 * BLOCK, WORDS)],
)
def test_what_was_written_is_read(tmp_path, size, passphrase):
    path = tmp_path / "x.backup"
    write(path, passphrase, DUMPED[:size], b'{"made_at": "now"}')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    read = Reader(path, passphrase, {PUBLIC})
    assert read.manifest == {"made_at": "now"}
    assert b"".join(read.blocks(DUMP)) == DUMPED[:size]
    whole = path.read_bytes()
    assert (b"made_at" in whole) == (passphrase is None)
    assert size < BLOCK or (DUMPED[:100] in whole) == (passphrase is None)


@pytest.mark.parametrize("name", [MANIFEST, DUMP, SEAL])
def test_a_changed_part_is_refused(tmp_path, name):
    path = tmp_path / "x.backup"
    write(path, manifest=b'{"tables": {"sigang.account": ["1", "2"]}}')
    parts = parts_of(path)
    for place in (0, len(parts[name]) // 2, len(parts[name]) - 1):
        changed = bytearray(parts[name])
        changed[place] ^= 1
        rewrite(path, parts | {name: bytes(changed)})
        with pytest.raises(Quarantined):
            Reader(path, None, {PUBLIC})
    rewrite(path, parts)
    assert Reader(path, None, {PUBLIC}).key == PUBLIC


def test_a_changed_file_is_refused_wherever_it_was_changed(tmp_path):
    path = tmp_path / "x.backup"
    write(path, dump=b"few bytes", manifest=b'{"made_at": "now"}')
    whole = path.read_bytes()
    read = {}
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            read[place] = b"".join(Reader(path, None, {PUBLIC}).blocks(DUMP))
        except Quarantined:
            continue
    assert set(read.values()) <= {b"few bytes"}, "what may change is a date in the ZIP's own list"


def test_encrypted_blocks_cannot_be_moved_left_out_or_opened_by_another_phrase(tmp_path):
    path = tmp_path / "x.backup"
    write(path, WORDS)
    sizes = (BLOCK + 16, BLOCK + 16, 77 + 16)
    ends = [0, *itertools.accumulate(sizes)]
    first, second, last = (
        parts_of(path)[DUMP][a:b] for a, b in itertools.pairwise(ends)
    )  # fmt: skip
    read = Reader(path, WORDS, {PUBLIC})
    for blocks in ([first, second], [second, first, last], [first, last], [first[:-1] + b"x"]):
        with pytest.raises(Quarantined, match="does not open"):
            list(read._cipher.decrypt(1, iter(blocks)))
    with pytest.raises(Quarantined, match="does not open"):
        Reader(path, b"another phrase of words", {PUBLIC})
    with pytest.raises(BadParameter, match="encrypted") as caught:
        Reader(path, None, {PUBLIC})
    assert PASSPHRASE in caught.value.mend_en


def test_an_unknown_key_is_named(tmp_path):
    write(tmp_path / "x.backup")
    with pytest.raises(Quarantined, match=PUBLIC) as caught:
        Reader(tmp_path / "x.backup", None, set())
    assert f"--signer {PUBLIC}" in caught.value.mend_en


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    kept = tmp_path / "x.backup"
    kept.write_text("the old one")
    with pytest.raises(SetupError, match="No space"), private_file(kept):
        raise OSError(28, "No space left on device")
    with pytest.raises(SetupError, match="No such file"), private_file(tmp_path / "no" / "x"):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == [kept.name]
    assert kept.read_text() == "the old one"


def without_audit(hashes):
    return {table: kept for table, kept in hashes.items() if ".audit_" not in table}


@pytest.mark.db
def test_a_backup_comes_back_with_equal_rows(databases, sample, tmp_path):
    file = tmp_path / "province.backup"
    with databases.fresh(sample) as url:
        with connect(url) as conn:
            before = row_hashes(conn)
        assert sum(int(count) for count, _ in before.values()) > 100
        made = sigang("backup", file, home=tmp_path, url=url)
        assert made.returncode == 0, made.stderr
        with connect(url) as conn:
            conn.execute("DELETE FROM sigang.account; UPDATE sigang.edge SET class = 'other'")
        restored = sigang("restore", file, "--yes", home=tmp_path, url=url)
        assert restored.returncode == 0, restored.stderr
        with connect(url) as conn:
            assert without_audit(row_hashes(conn)) == without_audit(before)
            assert conn.execute("SELECT action FROM sigang.audit").fetchall() == [("restore",)]
            assert check(conn, Heads(tmp_path)).broken is None
            leakproof = "SELECT bool_and(proleakproof) FROM pg_proc WHERE proname = %s"
            assert conn.execute(leakproof, ["geometry_overlaps"]).fetchone() == (True,)


@pytest.mark.db
def test_a_backup_is_private_sealed_and_refused_when_changed(database_url, tmp_path):
    home, programs, argued = tmp_path / "home", tmp_path / "bin", tmp_path / "argued"
    programs.mkdir()
    real = shutil.which("pg_dump") or machine.find_postgres() / "pg_dump"
    (programs / "pg_dump").write_text(
        f'#!/bin/sh\necho "$@" > {argued}\necho "$PGPASSWORD" >> {argued}\nexec {real} "$@"\n'
    )
    (programs / "pg_dump").chmod(0o755)
    url = database_url.replace("sigang@", "sigang:word-of-the-owner@", 1)
    file, words = tmp_path / "x.backup", tmp_path / "words"
    words.write_bytes(WORDS + b"\n")
    path = f"{programs}:{os.environ['PATH']}"
    made = sigang(
        "backup", file, "--passphrase-file", words, home=home, url=url, environment={"PATH": path}
    )
    assert made.returncode == 0, made.stderr
    arguments, password, _ = argued.read_text().split("\n")
    assert "word-of-the-owner" not in arguments
    assert password == "word-of-the-owner"
    key = made.stdout.split()[-1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    with connect(database_url) as conn:
        conn.execute("UPDATE sigang.network_version SET version = 7 WHERE network = 'road'")
    secret = {PASSPHRASE: WORDS.decode()}
    parts = parts_of(file)
    changed = bytearray(parts[DUMP])
    changed[len(changed) // 2] ^= 1
    rewrite(tmp_path / "changed", parts | {DUMP: bytes(changed)})
    for which, where, said in (("changed", home, "was changed"), ("x.backup", tmp_path, key)):
        refused = sigang(
            "restore", tmp_path / which, "--yes", home=where, url=url, environment=secret
        )
        assert refused.returncode == 1
        assert said in refused.stderr
    assert version(database_url) == 7
    signed = ("--signer", key)
    done = sigang("restore", file, "--yes", *signed, home=tmp_path, url=url, environment=secret)
    assert done.returncode == 0, done.stderr
    assert version(database_url) != 7


def version(url):
    with connect(url) as conn:
        query = "SELECT version FROM sigang.network_version WHERE network = 'road'"
        return conn.execute(query).fetchone()[0]


@pytest.mark.db
def test_a_backup_whose_rows_disagree_changes_nothing(database_url, tmp_path):
    file = tmp_path / "x.backup"
    assert sigang("backup", file, home=tmp_path, url=database_url).returncode == 0
    parts = parts_of(file)
    manifest = json.loads(parts[MANIFEST])
    manifest["tables"]["sigang.account"] = ["3", "1"]
    write(file, None, parts[DUMP], json.dumps(manifest).encode(), Heads(tmp_path).private_key())
    with connect(database_url) as conn:
        before = row_hashes(conn)
    result = sigang("restore", file, "--yes", home=tmp_path, url=database_url)
    assert result.returncode == 1
    assert "sigang.account" in result.stderr
    with connect(database_url) as conn:
        assert row_hashes(conn) == before


def test_a_file_that_is_no_backup_is_refused(tmp_path):
    file = tmp_path / "x.backup"
    file.write_text("not a backup")
    result = sigang("restore", file, "--yes", home=tmp_path, url="postgresql:///none")
    assert result.returncode == 1
    assert "is not a backup" in result.stderr


@pytest.mark.db
def test_a_migration_down_asks_and_is_refused_while_a_server_serves(database_url, tmp_path):
    unknown = sigang("migrate", "9999", home=tmp_path, url=database_url)
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("sigang: No revision '9999'; base, head or 0001")
    asked = sigang("migrate", "base", home=tmp_path, url=database_url)
    assert asked.returncode == 1
    assert "All data is lost" in asked.stderr and "--yes" in asked.stderr
    with psycopg.connect(database_url, application_name=LISTENER):
        refused = sigang("migrate", "base", "--yes", home=tmp_path, url=database_url)
        assert refused.returncode == 1
        assert "./sigang down" in refused.stderr
    assert migrate.current(database_url) == migrate.head()
    done = sigang("migrate", "base", "--yes", home=tmp_path, url=database_url)
    assert done.returncode == 0, done.stderr
    assert migrate.current(database_url) is None


def test_a_database_that_takes_nobody_in_is_told_in_a_line(tmp_path):
    closed = f"postgresql://nobody@/none?host={tmp_path}"
    with pytest.raises(SetupError, match="does not answer"):
        migrate.current(closed)
