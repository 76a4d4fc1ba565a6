"""doctor: what is wrong with machine, database, schema, scope, data and audit, and its cure."""

from __future__ import annotations

import hashlib
import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from api.cli import sample
from api.cli.claim import find_server
from api.cli.ground import Ground, ground
from api.network.rule_models import RuleBook, check_complete, list_drift, read_rules, read_stored
from api.ops import bundle
from spatial.errors import SigangError
from spatial.postgres import machine, migrate
from spatial.postgres.cluster import LOW_DISK_BYTES
from spatial.postgres.db import connect
from spatial.postgres.machine import MB
from spatial.rule_files import list_declared
from spatial.settings import PROJECT, Settings

SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}
FEW_MEMORY_MB = 1500
LONG_LAG_S, MOST_LISTED = 60, 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `mend` says what to do about it."""

    name: str
    state: str
    text: str
    mend: str = ""


def doctor(settings: Settings, options: Namespace) -> int:
    """Print all findings; exit code 1 where one of them fails."""
    findings = [*_machine(settings), *_declarations(settings), *_database(settings)]
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{SIGNS[finding.state]} {finding.name:12} {finding.text}")
            if finding.mend:
                print(f"{'':15}→ {finding.mend}")
    return 1 if any(finding.state == "fail" for finding in findings) else 0


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{sys.version.split()[0]} in {sys.prefix}")
    for lock in ("runtime",):
        mark = Path(sys.prefix) / f"sigang-{lock}.sha256"
        wanted = hashlib.sha256((PROJECT / "requirements" / f"{lock}.txt").read_bytes())
        same = mark.exists() and mark.read_text("ascii") == wanted.hexdigest()
        yield Finding(
            "packages",
            "ok" if same else "warn",
            "as locked" if same else "not those of the lock file",
            "" if same else "./sigang up installs them.",
        )
    memory = machine.memory_bytes() // MB
    yield Finding(
        "memory",
        "ok" if memory >= FEW_MEMORY_MB else "warn",
        f"{memory} MB",
        "" if memory >= FEW_MEMORY_MB else "Set SIGANG_WORKERS=1 and SIGANG_TILE_CACHE_MB=16.",
    )
    yield _front_end(PROJECT / "frontend_static")
    yield _server(settings)


def _front_end(root: Path) -> Finding:
    if not (root / "vendor" / "MANIFEST.json").exists():
        return Finding("map", "fail", "vendor folder is missing", "./sigang up builds it.")
    if bundle.fresh_page(root) is None:
        slower = "vendor folder is there; the page loads module by module, not the bundle"
        return Finding("map", "ok", slower, "./sigang up bundles them.")
    return Finding("map", "ok", "vendor folder and bundle are there")


def _server(settings: Settings) -> Finding:
    running = find_server(settings.home)
    if running is None:
        return Finding("server", "ok", "does not run")
    text = f"runs at {running.url}"
    if not running.restarts:
        return Finding("server", "ok", text)
    stuck = f", {running.stuck} of them because it stood still" if running.stuck else ""
    return Finding(
        "server",
        "warn",
        f"{text}; {running.restarts} of its processes were replaced{stuck}; last: {running.last}",
        "The server's log says what happened before; restart it when the cause is mended.",
    )


def _declarations(settings: Settings) -> Iterator[Finding]:
    from api.services import load_catalog
    from layers.indicators.catalog import read_indicators
    from layers.processes.registry import find_processes
    from layers.scenarios.catalogue import read_scenarios

    try:
        catalog = load_catalog(settings.areas)
    except SigangError as error:
        yield Finding("layers", "fail", error.en, error.mend_en)
    else:
        yield Finding("layers", "ok", f"{len(catalog.layers)} declared in {settings.areas}")
        several = len(catalog.part(read_indicators).list_all())
        yield Finding("indicators", "ok", f"{several} declared, each with its layer and columns")
        told = len(catalog.part(read_scenarios))
        yield Finding("scenarios", "ok", f"{told} declared, with all that they name")
    try:
        processes = find_processes()
    except SigangError as error:
        yield Finding("processes", "fail", error.en, error.mend_en)
    else:
        yield Finding("processes", "ok", f"{len(processes)} found")
    yield _networks(settings.areas)
    try:
        rules = read_rules(settings.areas)
        check_complete(rules, settings.areas)
    except SigangError as error:
        yield Finding("rule files", "fail", error.en, error.mend_en)
    else:
        yield Finding("rule files", "ok", f"{len(rules)} versions of rules, all as their models")


def _networks(areas: Path) -> Finding:
    """Tell which kinds of network are searched, and profiles that no rule lets be used."""
    from routing.cost.profile import list_profiles

    try:
        profiles = list_profiles()
        declared = list_declared(areas)
    except SigangError as error:
        return Finding("networks", "fail", error.en, error.mend_en)
    lacking = [
        f"{profile.id} lacks rule {key} and is not served"
        for found in profiles.values()
        for profile in found.values()
        for key in profile.rules
        if key not in declared
    ]
    known = (f"{kind} with {len(found)} profiles" for kind, found in profiles.items())
    text = "; ".join([f"searched: {', '.join(known)}", *lacking])
    mend = "Declare the rule in a *.rule.toml and run ./sigang migrate." if lacking else ""
    return Finding("networks", "warn" if lacking else "ok", text, mend)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with ground(settings) as base:
            yield from _disk(base)
            migrate.check_server(base.url)
            with connect(base.url) as conn:
                conn.read_only = True
                for check in (_schema, _roles, _net, _sample):
                    finding = check(conn)
                    yield finding
                    if finding.state == "fail":
                        return
                yield _rules(conn, settings.areas)
                yield from _layers(conn, settings.areas)
                yield from _tiles(conn, settings.areas)
                yield from _audit(conn, settings.home)
    except (SigangError, psycopg.Error) as error:
        mend = error.mend_en if isinstance(error, SigangError) else ""
        yield Finding("database", "fail", str(error), mend)


def _layers(conn: psycopg.Connection, areas: Path) -> Iterator[Finding]:
    """Find layers whose declarations the database does not bear out."""
    from layers.declare.catalog import Catalog
    from layers.tiles.unreadable import list_unreadable

    catalog = Catalog.load(areas)
    for layer, why in list_unreadable(conn, map(catalog.get_relation, catalog.layers)):
        mend = "Bring back what is missing, or correct the layer's file."
        yield Finding("layers", "fail", f"{layer} cannot be read: {why}", mend)


def _tiles(conn: psycopg.Connection, areas: Path) -> Iterator[Finding]:
    """Find what no tile shows, and values that are not of the type that their layer declares."""
    from layers.declare.catalog import Catalog
    from layers.tiles import set_aside
    from layers.tiles.values import count_bad

    lag_s, *_ = conn.execute(set_aside.STANDING).fetchone() or (0.0,)
    state = "warn" if lag_s > LONG_LAG_S else "ok"
    mend = "" if state == "ok" else "Is a server running? It draws what is left."
    yield Finding("tiles", state, f"lag {lag_s:.0f} s behind the rows", mend)
    for row in set_aside.listed(conn, MOST_LISTED):
        what = f"row {row['feature']}" if row["feature"] else "all" if not row["z"] else "cell"
        place = f"{row['layer']} {row['z']}/{row['x']}/{row['y']} ({what})"
        since = row["since"].astimezone().isoformat(timespec="seconds")
        text = f"set aside since {since}: {place}: {row['error']}"
        yield Finding("tiles", "warn", text, "Mend the row or the source; it is tried again.")
    for bad in count_bad(conn, Catalog.load(areas).layers.values()):
        text = f"{bad.count} values of {bad.layer}.{bad.column} are no {bad.type}: read as null"
        yield Finding("values", "warn", text, f"Correct {bad.path} of these rows.")


def _disk(base: Ground) -> Iterator[Finding]:
    if base.cluster is None:
        yield Finding("database", "ok", "answers; named by SIGANG_DATABASE_URL")
        return
    yield Finding("database", "ok", f"private cluster in {base.cluster.folder} answers")
    free = machine.free_bytes(base.cluster.folder)
    state = "ok" if free > 4 * LOW_DISK_BYTES else "warn" if free > LOW_DISK_BYTES else "fail"
    mend = "" if state == "ok" else f"Free space: below {LOW_DISK_BYTES // MB} MB writes stop."
    yield Finding("disk", state, f"{free // MB} MB free", mend)


def _schema(conn: psycopg.Connection) -> Finding:
    exists = conn.execute("SELECT to_regclass('public.migration')").fetchone()
    row = (
        conn.execute("SELECT version_num FROM public.migration").fetchone()
        if exists and exists[0]
        else None
    )
    found, wanted = row[0] if row else "nothing", migrate.head()
    if found == wanted:
        return Finding("schema", "ok", f"revision {found}")
    return Finding("schema", "fail", f"at {found}, not {wanted}", "Run ./sigang migrate.")


def _roles(conn: psycopg.Connection) -> Finding:
    rows = conn.execute(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles"
        " WHERE rolname IN ('sigang_app', 'sigang_public')"
    ).fetchall()
    mighty = [name for name, too_much in rows if too_much]
    if len(rows) == 2 and not mighty:
        return Finding("roles", "ok", "sigang_app and sigang_public cannot pass row security")
    text = f"{', '.join(mighty)} can pass row security" if mighty else "a role is missing"
    return Finding("roles", "fail", text, "Run ./sigang migrate as the database's owner.")


def _net(conn: psycopg.Connection) -> Finding:
    open_tables = conn.execute(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'sigang'::regnamespace AND a.attname = 'visibility'"
        " AND NOT c.relrowsecurity AND NOT c.relispartition AND c.relkind IN ('r', 'p')"
        " AND (has_table_privilege('sigang_app', c.oid, 'SELECT')"
        " OR has_table_privilege('sigang_public', c.oid, 'SELECT')) ORDER BY 1"
    ).fetchall()
    if open_tables:
        names = ", ".join(name for (name,) in open_tables)
        return Finding("scope", "fail", f"no row security on {names}", "Run ./sigang migrate.")
    row = conn.execute(
        "SELECT bool_and(proleakproof) FROM pg_proc WHERE proname = 'geometry_overlaps'"
    ).fetchone()
    if row and row[0]:
        return Finding("scope", "ok", "row security stands under every scoped table")
    return Finding(
        "scope",
        "warn",
        "row security stands, but its tiles are slow: geometry_overlaps is not LEAKPROOF",
        "As superuser: ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF.",
    )


def _sample(conn: psycopg.Connection) -> Finding:
    anchor = sample.loaded_anchor(conn)
    if anchor:
        return Finding("sample", "ok", f"loaded, anchored to {anchor.isoformat()}")
    return Finding("sample", "warn", "not loaded", "./sigang up loads it.")


def _rules(conn: psycopg.Connection, areas: Path) -> Finding:
    """Compare the rules that servers read with the files, and check them as a server does."""
    try:
        periods, now = read_stored(conn)
        rules = RuleBook.of(periods, now).at(now)
        drift = list_drift(conn, areas)
    except SigangError as error:
        return Finding("rules", "fail", error.en, error.mend_en)
    if drift:
        return Finding("rules", "warn", "; ".join(drift), "./sigang migrate takes the files over.")
    return Finding("rules", "ok", f"{len(rules)} in force, as the files say: {rules.digest}")


def _audit(conn: psycopg.Connection, home: Path) -> Iterator[Finding]:
    from api.audit.audit import waiting
    from api.audit.check import check
    from api.audit.heads import Heads

    found = check(conn, Heads(home))
    if found.broken:
        mend = "Somebody changed the log: keep a copy and find out who; docs/security.md."
        yield Finding("audit", "fail", found.broken, mend)
    else:
        accepted = f"; {found.accepted} accepted breaks" if found.accepted else ""
        yield Finding("audit", "ok", f"chain of {found.lines} lines is whole{accepted}")
    for text in waiting(home):
        yield Finding("audit", "warn", text, "Look at the server's log for why.")
