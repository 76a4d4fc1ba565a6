"""migrate, load, token: what goes into the database."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg

from api.cli import sample, serve
from api.cli.ground import ground, load_declared, owner_connection
from api.cli.progress import say, step
from spatial import migrate
from spatial.errors import BadParameter, Quarantined
from spatial.ingest import LoadReport, export_quarantine
from spatial.settings import Settings


def migrate_to(settings: Settings, options: Namespace) -> int:
    """Bring the schema to a revision, up or down."""
    with ground(settings) as base:
        before = migrate.current(base.url) or "base"
        wanted = migrate.head() if options.revision == "head" else options.revision
        down = wanted == "base" or (before != "base" and wanted < before)
        with step(f"migrating from {before} to {wanted}"):
            (migrate.downgrade if down else migrate.upgrade)(base.url, wanted)
            if wanted == migrate.head():
                load_declared(base.url)
    print(f"schema: {before} → {wanted}")
    return 0


def load(settings: Settings, options: Namespace) -> int:
    """Load the sample province, an OpenStreetMap extract, a layer file or measured speeds."""
    settings = replace(settings, freeze=getattr(options, "freeze", None) or settings.freeze)
    with ground(settings) as base:
        if options.what == "sample":
            sample.load(base, settings.freeze)
            print("the sample province is loaded")
            return 0
        with owner_connection(base) as conn:
            conn.rollback()
            report = (_load_osm if options.what == "osm" else _load_file)(conn, options)
    for table, count in report.rows.items():
        print(f"{count:10,} {table}")
    for reason, count in report.refused.items():
        print(f"{count:10,} refused: {reason}")
    return 0


def _load_osm(conn: psycopg.Connection, options: Namespace) -> LoadReport:
    from data.osm import load_osm

    region = options.region or options.file.name.split(".")[0].split("-latest")[0].lower()
    with step(f"loading {options.file.name} as region {region}"):
        return load_osm(conn, options.file, region, say)


def _load_file(conn: psycopg.Connection, options: Namespace) -> LoadReport:
    """Load rows of a file; the refused ones come out as a file, also where all were refused."""
    from data.layerfile import load_layer
    from data.speed_profiles import load_speed_profiles

    try:
        with step(f"loading {options.file.name}"):
            if options.what == "speeds":
                report = load_speed_profiles(conn, options.file, options.source)
            else:
                report = load_layer(conn, options.file, options.kind, options.map, say)
    except Quarantined as error:
        if options.bad_rows and "load_id" in error.extra:
            _write_refused(conn, UUID(error.extra["load_id"]), options.bad_rows)
        raise
    if options.bad_rows:
        _write_refused(conn, report.load_id, options.bad_rows)
    elif report.rows_bad:
        say("--bad-rows FILE.csv writes the refused rows into a file")
    return report


def _write_refused(conn: psycopg.Connection, load_id: UUID, file: Path) -> None:
    count = export_quarantine(conn, load_id, file)
    say(f"{file}: {count} refused rows with their reasons")


def token(settings: Settings, options: Namespace) -> int:
    """Make an API key or a sign-in link, or list the accounts."""
    from api.auth import make_key, make_link

    with ground(settings) as base, owner_connection(base) as conn:
        if options.list:
            rows = conn.execute(
                "SELECT id, role, scope, name_zh, name_en FROM sigang.account ORDER BY id"
            )
            for name, role, scope, zh, en in rows:
                print(f"{name:12} {role:11} {scope}  {zh}  {en}")
            return 0
        if not options.account:
            raise BadParameter(
                "Which account?", "哪个账号？",
                mend_en="./sigang token --list names them.",
                mend_zh="./sigang token --list 列出账号。",
            )  # fmt: skip
        if options.link:
            made = make_link(conn, options.account)
            print(f"{serve.address(settings)}/signin?link={made}")
        else:
            print(make_key(conn, options.account, options.label, timedelta(days=options.days)))
    return 0
