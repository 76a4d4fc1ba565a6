"""migrate, load, token: what goes into the database."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg

from api.cli import sample
from api.cli.claim import claimed
from api.cli.ground import (
    Ground,
    bring_rules,
    ground,
    load_declared,
    owner_connection,
    refuse_served,
)
from api.cli.noted import note, note_migration, note_rules
from api.cli.progress import say, step
from api.cli.up import confirmed
from spatial.errors import BadParameter, Quarantined
from spatial.postgres import migrate
from spatial.postgres.ingest import NO_LOAD, LoadReport, export_quarantine
from spatial.settings import Settings


def migrate_to(settings: Settings, options: Namespace) -> int:
    """Bring the schema to a revision, up or down; down loses what later revisions hold."""
    with ground(settings) as base:
        before = migrate.current(base.url) or "base"
        wanted = _revision(options.revision)
        if wanted == "base" or (before != "base" and wanted < before):
            with claimed(settings.home):
                refuse_served(base.url)
                lost = "All data is lost" if wanted == "base" else "What came later is lost"
                if not options.yes and not confirmed(f"{lost}. Migrate down to {wanted}?"):
                    return 1
                _migrate(base, before, wanted, migrate.downgrade)
        else:
            _migrate(base, before, wanted, migrate.upgrade)
        note_migration(base, before, wanted)
    print(f"schema: {before} → {wanted}")
    return 0


def _revision(given: str) -> str:
    known = migrate.revisions()
    if given not in ("base", "head", *known):
        raise BadParameter(
            f"No revision {given!r}; base, head or {known[0]} to {known[-1]}",
            f"没有版本 {given!r}；可用 base、head 或 {known[0]} 至 {known[-1]}",
        )
    return known[-1] if given == "head" else given


def _migrate(base: Ground, before: str, wanted: str, how: Callable[[str, str], None]) -> None:
    with step(f"migrating from {before} to {wanted}"):
        how(base.url, wanted)
        if wanted == migrate.head():
            note_rules(base, load_declared(base.url))


def load(settings: Settings, options: Namespace) -> int:
    """Load the sample, an OpenStreetMap extract, a layer file, waterways, zones or the like."""
    settings = replace(settings, freeze=getattr(options, "freeze", None) or settings.freeze)
    with ground(settings) as base:
        if options.what == "sample":
            sample.load(base, settings.freeze)
            print("the sample province is loaded")
            return 0
        with owner_connection(base) as conn:
            conn.rollback()
            note_rules(base, bring_rules(base.url))
            if options.what == "terrain":
                tiles = _load_terrain(conn, options)
                note(base, "load", "terrain", rows=tiles, detail={"file": options.file.name})
                print(f"{tiles:10,} terrain_tile")
                return 0
            report = (
                _load_osm(conn, options)
                if options.what == "osm"
                else _load_file(conn, settings, options)
            )
        if report.load_id != NO_LOAD:
            _note_load(base, options, report)
    for table, count in report.rows.items():
        print(f"{count:10,} {table}")
    for what, count in report.told.items():
        print(f"{count:10,} {what}")
    for reason, count in report.refused.items():
        print(f"{count:10,} refused: {reason}")
    if report.load_id == NO_LOAD:
        print("nothing was changed: this was a dry run")
    return 0


def _note_load(base: Ground, options: Namespace, report: LoadReport) -> None:
    detail = {"file": options.file.name, "rows": report.rows, "refused": report.refused}
    detail |= {"did": report.told} if report.told else {}
    note(base, "load", options.what, rows=sum(report.rows.values()), detail=detail)


def _load_osm(conn: psycopg.Connection, options: Namespace) -> LoadReport:
    from data.osm.load import load_osm

    region = options.region or options.file.name.split(".")[0].split("-latest")[0].lower()
    with step(f"loading {options.file.name} as region {region}"):
        return load_osm(conn, options.file, region, say)


def _load_terrain(conn: psycopg.Connection, options: Namespace) -> int:
    from data.terrain import Loading, load_terrain

    loading = Loading(options.source, options.datum, options.accuracy_m)
    with step(f"loading {options.file.name}"):
        tiles = load_terrain(conn, options.file, loading, say)
        conn.commit()
    return tiles


def _load_file(conn: psycopg.Connection, settings: Settings, options: Namespace) -> LoadReport:
    """Load rows of a file; the refused ones come out as a file, also where all were refused."""
    try:
        with step(f"loading {options.file.name}"):
            report = LOADERS[options.what](conn, settings, options)
    except Quarantined as error:
        if options.bad_rows and "load_id" in error.extra:
            _write_refused(conn, UUID(str(error.extra["load_id"])), options.bad_rows)
        raise
    if report.load_id == NO_LOAD:
        return report
    if options.bad_rows:
        _write_refused(conn, report.load_id, options.bad_rows)
    elif report.rows_bad:
        say("--bad-rows FILE.csv writes the refused rows into a file")
    return report


def _load_layer(conn: psycopg.Connection, settings: Settings, options: Namespace) -> LoadReport:
    from data.layerfile.load import load_layer
    from spatial.schema.declared_kinds import read_kinds

    kinds = read_kinds(settings.areas)
    return load_layer(conn, options.file, options.kind, options.map, say, kinds)


def _load_enforcement(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.enforcement.load import load_records

    return load_records(
        conn, options.file, options.map, say, dry_run=options.dry_run, bad_rows=options.bad_rows
    )


def _load_waterway(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.waterway.load import load_waterway

    return load_waterway(
        conn, options.file, say, dry_run=options.dry_run, bad_rows=options.bad_rows
    )


def _load_enc(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.waterway.enc import Chart, load_enc

    source = options.source or options.file.name.split(".")[0].lower()
    chart = Chart(source, options.license, options.attribution)
    return load_enc(conn, options.file, chart, say, dry_run=options.dry_run)


def _load_timetable(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.linkage.load import load_timetable

    return load_timetable(
        conn, options.file, say, dry_run=options.dry_run, bad_rows=options.bad_rows
    )


def _load_messages(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.linkage.messages import load_messages

    return load_messages(
        conn, [options.file, *options.more], say, source=options.source,
        synthetic=options.synthetic, dry_run=options.dry_run, bad_rows=options.bad_rows,
    )  # fmt: skip


def _load_source(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.source import load_source

    return load_source(conn, options.file)


def _load_unlocode(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.linkage.unlocode import load_unlocode

    return load_unlocode(
        conn, options.file, say, source=options.source, dry_run=options.dry_run,
        bad_rows=options.bad_rows,
    )  # fmt: skip


def _load_speeds(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.speed_profiles import load_speed_profiles

    return load_speed_profiles(conn, options.file, options.source)


def _load_airspace(conn: psycopg.Connection, _: Settings, options: Namespace) -> LoadReport:
    from data.geozones import Feed, load_airspace

    source = options.source or options.file.name.split(".")[0].lower()
    feed = Feed(
        source, options.file.name, options.license, options.attribution, options.format,
        options.encoding,
    )  # fmt: skip
    return load_airspace(conn, options.file, feed, say)


def _write_refused(conn: psycopg.Connection, load_id: UUID, file: Path) -> None:
    count = export_quarantine(conn, load_id, file)
    say(f"{file}: {count} refused rows with their reasons")


LOADERS = {
    "speeds": _load_speeds,
    "airspace": _load_airspace,
    "layer": _load_layer,
    "enforcement": _load_enforcement,
    "waterway": _load_waterway,
    "enc": _load_enc,
    "timetable": _load_timetable,
    "source": _load_source,
    "messages": _load_messages,
    "unlocode": _load_unlocode,
}
"""What loads rows of a file, by what they are."""
