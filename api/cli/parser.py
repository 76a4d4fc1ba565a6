"""The commands and their options; standard library only, so that --help needs no set-up."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from api.cli.load_parser import Commands, add_load, command

EXAMPLES = """\
examples:
  ./sigang up                                   set up what is missing, then serve the map
  ./sigang up --port 8090 --freeze 2026-03-02T00:00:00+08:00
  ./sigang test                                 all checks; ./sigang test tests/api -k tiles: some
  ./sigang load osm zhejiang.osm.pbf            real roads, waterways and railways
  ./sigang regions                              what was loaded; --remove NAME takes it away
  ./sigang load layer piers.csv --kind pier --map piers.toml
  ./sigang load enforcement cases.csv --map cases.toml
  ./sigang load speeds weeks.csv                measured speeds by hour of the week
  ./sigang load waterway network.toml           reaches, locks, bridges, limits, levels
  ./sigang load enc C1313001.000                depths, marks and bridges of a chart cell
  ./sigang load timetable feeds/rail            services of rail, barge, feeder and the like
  ./sigang load source gates.toml               who sends records, on what terms
  ./sigang load messages gate.edi --source gates what happened to boxes, bags and vehicles
  ./sigang load unlocode code-list.csv          the world's places by code
  ./sigang load airspace zones.json             zones of ED-269, ED-318, OpenAir, GeoJSON, KML
  ./sigang export ports ports.gpkg              one layer into a file
  ./sigang token developer --label gis          a key for programs
  ./sigang accounts list                        who there is; ./sigang keys list: what signs in
  ./sigang backup sigang.backup                 and: ./sigang restore sigang.backup
  ./sigang doctor                               what is wrong, and how to mend it

Settings are environment variables SIGANG_…, see docs/settings.md.
"""


def parse(arguments: Sequence[str]) -> Namespace:
    """Parse a command line; all that follows `test` belongs to pytest."""
    if arguments[:1] == ["test"] and not {"-h", "--help"} & set(arguments):
        return Namespace(command="test", arguments=list(arguments[1:]))
    return build_parser().parse_args(arguments)


def build_parser() -> ArgumentParser:
    """Return the parser of all commands."""
    parser = ArgumentParser(
        prog="sigang",
        description="四港 Sigang: spatial decision support for a province's transport authority.",
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_server(commands)
    _add_data(commands)
    _add_air(commands)
    _add_care(commands)
    _add_report(commands)
    _add_audit(commands)
    return parser


def _add_server(commands: Commands[ArgumentParser]) -> None:
    up = command(
        commands, "up", "Set up what is missing, load the sample province, serve the map.",
        example="up --port 8090",
    )  # fmt: skip
    up.add_argument("--freeze", metavar="TIME", help="anchor of the generated sample (RFC 3339)")
    up.add_argument("--no-sample", action="store_true", help="do not load the sample province")
    serve = command(
        commands, "serve", "Serve a database that is already set up, and nothing else.",
        example="serve --workers 4",
    )  # fmt: skip
    for parser in (up, serve):
        parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, help="port to listen on (default 8080)")
        parser.add_argument("--workers", type=int, help="server processes (default 2)")
    command(commands, "down", "Stop the server and the private database.", example="down")
    status = command(commands, "status", "Tell what is running.", example="status --json")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    reset = command(
        commands, "reset", "Delete the private database and all that was loaded into it.",
        example="reset --yes",
    )  # fmt: skip
    reset.add_argument("--yes", action="store_true", help="do not ask")


def _add_data(commands: Commands[ArgumentParser]) -> None:
    migrate = command(
        commands, "migrate", "Bring the schema up, or down, to a revision.", example="migrate head"
    )
    migrate.add_argument("revision", nargs="?", default="head", help="revision, head or base")
    migrate.add_argument("--yes", action="store_true", help="do not ask before going down")
    load = command(
        commands, "load", "Load a file, or the sample province.",
        example="load osm liechtenstein.osm.pbf --region li",
    )  # fmt: skip
    add_load(load.add_subparsers(dest="what", required=True, metavar="WHAT"))
    regions = command(
        commands, "regions", "List the loaded OpenStreetMap regions, or remove one.",
        example="regions --remove li",
    )  # fmt: skip
    regions.add_argument("--remove", metavar="NAME", help="delete the rows of this region")
    regions.add_argument("--yes", action="store_true", help="do not ask")
    export = command(
        commands, "export", "Write the features of a layer into a file.",
        example="export ports ports.csv --account ningbo --purpose inspection",
    )  # fmt: skip
    export.add_argument("layer", help="id of the layer")
    export.add_argument(
        "file", type=Path,
        help=".geojsonl .csv .gpkg .fgb .parquet; zones: .ed269 .ed318 .openair .geojson .kml",
    )  # fmt: skip
    export.add_argument("--account", default="admin", help="whose rights count (default admin)")
    export.add_argument("--filter", help="CQL2 text")
    export.add_argument("--purpose", default="export", help="kept in the audit log")
    timetable = command(
        commands, "services", "Write the services of a feed as GTFS-shaped files.",
        example="services sample-linkage feeds/sample",
    )  # fmt: skip
    timetable.add_argument("feed", help="id of the feed")
    timetable.add_argument("folder", type=Path, help="see docs/linkage.md")


def _add_air(commands: Commands[ArgumentParser]) -> None:
    pack = command(
        commands, "pack", "Write the signed offline pack of the air for apps without a network.",
        example="pack air.pack",
    )  # fmt: skip
    pack.add_argument("file", type=Path)
    briefing = command(
        commands, "briefing", "Write a page of the air in 3D that opens without a network.",
        example="briefing west-lake.html --bbox 119.9,30.1,120.4,30.5",
    )  # fmt: skip
    briefing.add_argument("file", type=Path, help=".html")
    briefing.add_argument("--bbox", required=True, help="west,south,east,north in degrees")
    briefing.add_argument("--time", help="RFC 3339 with offset (default: now)")
    briefing.add_argument("--until", help="end of the plans that are told (default: a day later)")
    briefing.add_argument("--lang", choices=("zh", "en"), default="zh")


def _add_audit(commands: Commands[ArgumentParser]) -> None:
    audit = command(
        commands, "audit", "Verify, read, export, sign and prune the audit.",
        example="audit tail --since 1h",
    )  # fmt: skip
    what = audit.add_subparsers(dest="what", required=True, metavar="WHAT")
    verify = command(
        what, "verify", "Check every line, the noted head and all signed heads.",
        example="audit verify --heads copy-of-audit.heads",
    )  # fmt: skip
    verify.add_argument("--heads", type=Path, metavar="FILE", help="a list kept elsewhere")
    verify.add_argument("--key", help="public key that signed it (default: the state folder's)")
    tail = command(what, "tail", "Print the latest lines.", example="audit tail --since 30m")
    export = command(
        what, "export", "Print lines as text, JSON lines or syslog (RFC 5424).",
        example="audit export --format syslog --follow | ncat logs.example.org 601",
    )  # fmt: skip
    for one, since in ((tail, "1h"), (export, None)):
        one.add_argument("--since", default=since, help="RFC 3339 time, or 30m, 1h, 7d ago")
        one.add_argument("--follow", action="store_true", help="go on as lines are sealed")
    export.add_argument("--format", default="jsonl", choices=("text", "jsonl", "syslog"))
    command(
        what, "heads", "Print the signed list of heads, to be kept elsewhere.",
        example="audit heads >> /mnt/other/audit.heads",
    )  # fmt: skip
    command(what, "anchors", "Print the signed ends of months.", example="audit anchors")
    prune = command(
        what, "prune", "Delete whole months that ended long ago; what stays still verifies.",
        example="audit prune --older-than 36",
    )  # fmt: skip
    prune.add_argument("--older-than", type=int, required=True, metavar="MONTHS")
    prune.add_argument("--yes", action="store_true", help="do not ask")
    accept = command(
        what, "accept", "Take note of a break, so that later ones are found.",
        example='audit accept --reason "second server, its state folder is new"',
    )  # fmt: skip
    accept.add_argument("--reason", required=True, help="kept in the audit")


def _add_scenario(commands: Commands[ArgumentParser]) -> None:
    scenario = command(
        commands, "scenario", "Run the worked examples of scenarios.",
        example="scenario check rescue_coverage",
    )  # fmt: skip
    scenario.add_argument("what", choices=("check",), metavar="check")
    scenario.add_argument("id", nargs="?", help="one scenario (default: all)")


def _add_report(commands: Commands[ArgumentParser]) -> None:
    report = command(
        commands, "report", "Freeze the numbers of a period; list and verify what is frozen.",
        example="report verify safety_weekly-2026-W10.zip",
    )  # fmt: skip
    what = report.add_subparsers(dest="what", required=True, metavar="WHAT")
    freeze = command(
        what, "freeze", "Freeze a period, correct one, or freeze all that is due.",
        example="report freeze safety_weekly 2026-W10",
    )  # fmt: skip
    freeze.add_argument("report", nargs="?", help="id of the report")
    freeze.add_argument("period", nargs="?", help="2026-W10 or 2026-03")
    freeze.add_argument("--due", action="store_true", help="what is due and never was frozen")
    freeze.add_argument("--corrects", type=int, metavar="N", help="number of the last version")
    freeze.add_argument("--reason", help="why it is corrected; it stands in the report")
    command(what, "list", "List what is frozen.", example="report list")
    verify = command(
        what, "verify", "Hold a package against its seal; needs no server and no network.",
        example="report verify safety_weekly-2026-W10.zip",
    )  # fmt: skip
    verify.add_argument(
        "file", nargs="?", type=Path,
        help="a package, or with --package a file of it; left out: all that is frozen here",
    )  # fmt: skip
    verify.add_argument("--package", type=Path, help="the package that the file is of")
    verify.add_argument("--key", action="append", help="trusted key (default: the state folder's)")


def _add_care(commands: Commands[ArgumentParser]) -> None:
    doctor = command(
        commands, "doctor", "Check machine, database, schema, scope and audit chain.",
        example="doctor --json",
    )  # fmt: skip
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    token = command(
        commands, "token", "Make a key for programs, or a one-time sign-in link.",
        example="token developer --label gis --days 90",
    )  # fmt: skip
    token.add_argument("account", help="id of the account")
    token.add_argument("--link", action="store_true", help="a sign-in link instead of a key")
    token.add_argument("--label", default="command line", help="what the key is for")
    token.add_argument("--days", type=int, default=90, help="life of the key (default 90)")
    _add_access(commands)
    _add_scenario(commands)
    backup = command(
        commands, "backup", "Write the whole database and its row hashes into one file.",
        example="backup sigang.backup",
    )  # fmt: skip
    backup.add_argument("file", type=Path)
    restore = command(
        commands, "restore", "Replace the database by a backup, once its row hashes agree.",
        example="restore sigang.backup",
    )  # fmt: skip
    restore.add_argument("file", type=Path)
    restore.add_argument("--yes", action="store_true", help="do not ask")
    restore.add_argument("--signer", metavar="KEY", help="accept a file sealed by this key")
    for parser in (backup, restore):
        parser.add_argument(
            "--passphrase-file",
            type=Path,
            help="encrypted by its first line; default: BACKUP_PASSPHRASE, else not encrypted",
        )
    command(commands, "lock", "Recompile the requirement locks (needs uv).", example="lock")
    test = command(
        commands, "test", "Run all checks, or pytest with the given arguments.",
        example="test tests/api -k tiles",
    )  # fmt: skip
    test.add_argument("arguments", nargs="*", help="arguments for pytest; then only pytest runs")


def _add_access(commands: Commands[ArgumentParser]) -> None:
    accounts = command(
        commands, "accounts", "List, add, disable or enable accounts.",
        example="accounts add taizhou --role duty --scope 331000 --name 台州值班 'Taizhou duty'",
    )  # fmt: skip
    what = accounts.add_subparsers(dest="what", required=True, metavar="WHAT")
    command(what, "list", "List the accounts.", example="accounts list")
    add = command(what, "add", "Add an account.", example="accounts add x --role duty --scope …")
    add.add_argument("account", help="its id")
    add.add_argument("--role", required=True, help="dispatcher, planner, duty, developer or admin")
    add.add_argument("--scope", required=True, help="GB/T 2260 code of its area, such as 330200")
    add.add_argument("--unit", help="id of its unit")
    add.add_argument("--name", nargs=2, metavar=("ZH", "EN"), required=True, help="its two names")
    for name, text in (
        ("disable", "Disable an account; its sessions and streams end."),
        ("enable", "Enable an account again."),
    ):
        one = command(what, name, text, example=f"accounts {name} wenzhou")
        one.add_argument("account")
    keys = command(
        commands, "keys", "List, rotate or revoke links, sessions and keys.", example="keys list"
    )
    what = keys.add_subparsers(dest="what", required=True, metavar="WHAT")
    listed = command(what, "list", "List what signs in.", example="keys list --account ningbo")
    listed.add_argument("--account", help="of one account")
    listed.add_argument("--ended", action="store_true", help="those that ended too")
    rotate = command(what, "rotate", "Replace a key by a new one.", example="keys rotate 3f2a…")
    rotate.add_argument("id", help="as keys list shows it")
    rotate.add_argument("--days", type=int, default=90, help="life of the new key (default 90)")
    revoke = command(what, "revoke", "Revoke a link, session or key.", example="keys revoke 3f2a…")
    revoke.add_argument("id", help="as keys list shows it")
