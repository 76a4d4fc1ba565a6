"""Backup and restore, verified by a hash over the rows of every table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.audit.heads import Head, Heads
from api.cli.archive import DUMP, MANIFEST, Manifest, Reader, Writer, private_file
from api.cli.claim import claimed
from api.cli.ground import Ground, ground, owner_connection, refuse_served
from api.cli.noted import note
from api.cli.progress import say, step
from api.cli.seal import find_passphrase, read_blocks
from api.cli.up import confirmed
from spatial.errors import Quarantined, SetupError
from spatial.postgres import machine, migrate
from spatial.postgres.db import connect
from spatial.settings import Settings

RESTORING = "sigang_restoring"
SCHEMAS = ("sigang", "sigang_tiles")

_COLUMNS = """
SELECT c.oid::regclass::text, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = ''
WHERE c.relkind = 'r' AND (n.nspname = ANY(%s) OR c.oid = to_regclass('public.migration'))
GROUP BY c.oid ORDER BY 1"""

Hashes = dict[str, list[str]]


def row_hashes(conn: psycopg.Connection) -> Hashes:
    """Return the row count and the sum of the rows' hashes of every table.

    The sum does not depend on the order of rows; generated columns are left out, because they
    follow from the others.
    """
    conn.execute("SET LOCAL timezone = 'UTC'; SET LOCAL search_path = public")
    tables = conn.execute(_COLUMNS, [list(SCHEMAS)]).fetchall()
    hashes: Hashes = {}
    for table, columns in tables:
        query = sql.SQL(
            "SELECT count(*)::text, coalesce(sum(('x' || left(md5(r::text), 15))::bit(60)::bigint),"
            " 0)::text FROM (SELECT {} FROM {}) r"
        ).format(
            sql.SQL(", ").join(sql.Identifier(name) for name in columns),
            sql.SQL(table),
        )
        row = conn.execute(query).fetchone()
        hashes[table] = list(row) if row else []
    return hashes


def backup(settings: Settings, options: Namespace) -> int:
    """Write dump and hashes, both of one snapshot."""
    passphrase = find_passphrase(options.passphrase_file)
    heads = Heads(settings.home)
    settings.home.mkdir(parents=True, exist_ok=True)
    with ground(settings) as base, step("backing up"):
        with heads.held():
            key = heads.private_key()
        with private_file(options.file) as file:
            writer = Writer(file, passphrase)
            hashes = _write(base, writer)
            writer.close(key)
        rows = sum(int(count) for count, _ in hashes.values())
        note(base, "backup", options.file.name, rows=rows)
    kept = "encrypted, " if passphrase else ""
    print(f"{options.file}: {len(hashes)} tables, {rows} rows, {kept}sealed by")
    print(key.public_key().public_bytes_raw().hex())
    return 0


def _write(base: Ground, writer: Writer) -> Hashes:
    heads = Heads(base.settings.home)
    head = heads.read()  # before the snapshot, which then has that line
    with owner_connection(base) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = conn.execute("SELECT pg_export_snapshot()").fetchone()
        hashes = row_hashes(conn)
        manifest: Manifest = {
            "made_at": datetime.now(UTC).isoformat(),
            "revision": migrate.head(),
            "audit_head": f"{head.seq} {head.digest.hex()}" if head else None,
            "audit_keys": sorted(heads.keys()),
            "tables": hashes,
        }
        writer.add(MANIFEST, iter([json.dumps(manifest, indent=1).encode()]))
        arguments = ["-Fc", f"--snapshot={row[0] if row else ''}"]
        with _piped(base, "pg_dump", base.url, arguments, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101
            writer.add(DUMP, read_blocks(process.stdout))
    return hashes


def restore(settings: Settings, options: Namespace) -> int:
    """Restore beside the database, compare the hashes, then take its place."""
    trusted = Heads(settings.home).keys() | {options.signer or ""}
    archive = Reader(options.file, find_passphrase(options.passphrase_file), trusted)
    manifest = archive.manifest
    if not options.yes and not confirmed(f"Replace the database by {options.file}?"):
        return 1
    with claimed(settings.home), ground(settings) as base, step("restoring"):
        refuse_served(base.url)
        _restore_beside(base, archive.blocks(DUMP), manifest["tables"])
        _take_place(base)
        _restore_head(settings, manifest)
        if manifest["revision"] != migrate.head():
            say("the backup is of another version: migrating")
            migrate.upgrade(base.url)
        note(base, "restore", options.file.name, detail={"made_at": manifest["made_at"]})
    print(f"restored {len(manifest['tables'])} tables of {manifest['made_at']}; all hashes agree")
    return 0


def _restore_head(settings: Settings, manifest: Manifest) -> None:
    """Begin the state folder's list of heads anew at the line that the backup's server noted."""
    seq, digest = (manifest["audit_head"] or "0 ").split(" ")
    head = Head(int(seq), bytes.fromhex(digest)) if digest else None
    Heads(settings.home).restore(head, manifest.get("audit_keys", []))


def _restore_beside(base: Ground, dump: Iterator[bytes], expected: Hashes) -> None:
    target = urlsplit(base.url)._replace(path=f"/{RESTORING}").geturl()
    with _maintenance(base) as conn:
        conn.execute(_sql("DROP DATABASE IF EXISTS {}", RESTORING))
        conn.execute(_sql("CREATE DATABASE {} TEMPLATE template0", RESTORING))
        migrate.ensure_roles(conn)
    arguments = ["--no-owner", "--exit-on-error"]
    with _piped(base, "pg_restore", target, arguments, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101
        with suppress(BrokenPipeError):  # what it says of itself tells more
            for block in dump:
                process.stdin.write(block)
            process.stdin.close()
    with connect(target) as conn:
        found = row_hashes(conn)
        migrate.mark_leakproof(conn)
        conn.execute("ANALYZE")
    wrong = sorted(name for name in expected.keys() | found.keys()
                   if expected.get(name) != found.get(name))  # fmt: skip
    if wrong:
        raise Quarantined(
            f"The rows of {', '.join(wrong)} differ from the backup's hashes; nothing was changed.",
            f"{', '.join(wrong)} 的数据与备份校验值不符；未作任何更改。",
        )


def _take_place(base: Ground) -> None:
    name = urlsplit(base.url).path.lstrip("/")
    with _maintenance(base) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)",
            [[name, RESTORING]],
        )
        conn.execute(_sql("DROP DATABASE IF EXISTS {}", f"{name}_replaced"))
        with conn.transaction():
            conn.execute(_sql("ALTER DATABASE {} RENAME TO {}", name, f"{name}_replaced"))
            conn.execute(_sql("ALTER DATABASE {} RENAME TO {}", RESTORING, name))
        conn.execute(_sql("DROP DATABASE {}", f"{name}_replaced"))


@contextmanager
def _maintenance(base: Ground) -> Iterator[psycopg.Connection]:
    url = urlsplit(base.url)._replace(path="/postgres").geturl()
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn


def _sql(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))


def _program(base: Ground, name: str) -> str:
    """Return PostgreSQL's client program, of the cluster's own version where it is ours."""
    folder = base.cluster.programs if base.cluster else None
    found = str(folder / name) if folder else shutil.which(name)
    return found or str(machine.find_postgres() / name)


@contextmanager
def _piped(
    base: Ground, program: str, url: str, arguments: list[str], **pipes: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client program on a database; its password is in no argument, which all could read."""
    place = conninfo_to_dict(url)
    password = place.pop("password", None)
    environ = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    command = [
        _program(base, program),
        *arguments,
        "-d",
        make_conninfo(**{k: str(v) for k, v in place.items()}),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environ, **pipes) as process:  # type: ignore[call-overload]
        yield process
        message = process.stderr.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise SetupError(
            f"{program} failed: {message[-800:]}",
            f"{program} 失败：{message[-800:]}",
            mend_en="Nothing was changed; see what it says, and ./sigang doctor.",
            mend_zh="未作任何更改；请查看上述信息与 ./sigang doctor。",
        )
