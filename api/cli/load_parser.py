"""The commands that load files, and their options; standard library only."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter, _SubParsersAction
from pathlib import Path

Commands = _SubParsersAction  # its parameter is private to argparse

ZONE_FORMATS = ("ed269", "ed318", "openair", "geojson", "kml")


def command(
    commands: Commands[ArgumentParser], name: str, text: str, *, example: str
) -> ArgumentParser:
    """Add a command with its help and an example."""
    return commands.add_parser(
        name,
        help=text[0].lower() + text[1:].rstrip("."),
        description=text,
        epilog=f"example:\n  ./sigang {example}",
        formatter_class=RawDescriptionHelpFormatter,
    )


def add_load(kinds: Commands[ArgumentParser]) -> None:
    """Add what can be loaded."""
    osm = command(kinds, "osm", "Load an OpenStreetMap extract.", example="load osm FILE.osm.pbf")
    osm.add_argument("file", type=Path)
    osm.add_argument("--region", help="name of what the file replaces (default: the file's name)")
    layer = command(
        kinds, "layer", "Load a GeoJSON, GeoPackage, Shapefile, CSV, .xlsx or GeoParquet file.",
        example="load layer piers.csv --kind pier --map piers.toml",
    )  # fmt: skip
    layer.add_argument("file", type=Path)
    layer.add_argument("--kind", help="kind of the things in the file (default: the mapping's)")
    layer.add_argument("--map", required=True, type=Path, help="TOML: file's columns → fields")
    layer.add_argument("--bad-rows", type=Path, help="file for the refused rows")
    records = command(
        kinds, "enforcement", "Add cases, inspections, passages or shifts of a delivery.",
        example="load enforcement passages.parquet --map passages.toml --dry-run",
    )  # fmt: skip
    records.add_argument("file", type=Path, help="CSV, Parquet, GeoJSON, like a layer's")
    records.add_argument("--map", required=True, type=Path, help="TOML: file's columns → fields")
    _let_try(records)
    speeds = command(
        kinds, "speeds", "Load measured speeds by hour of the week from a CSV file.",
        example="load speeds weeks.csv --source detectors",
    )  # fmt: skip
    speeds.add_argument("file", type=Path, help="edge_id,direction,hour,kmh; hours 0 to 167")
    speeds.add_argument("--source", default="detectors", help="registered source (detectors)")
    speeds.add_argument("--bad-rows", type=Path, help="file for the refused rows")
    _add_more(kinds)
    sample = command(kinds, "sample", "Load the sample province again.", example="load sample")
    sample.add_argument("--freeze", metavar="TIME", help="anchor of the generated sample")


def _let_try(kind: ArgumentParser) -> None:
    """Let a load be tried, and what it refuses be written down."""
    kind.add_argument("--dry-run", action="store_true", help="judge all and change nothing")
    kind.add_argument("--bad-rows", type=Path, help="file for the refused rows")


def _add_terrain(kinds: Commands[ArgumentParser]) -> None:
    terrain = command(
        kinds, "terrain", "Load the ground from a GeoTIFF or COG in place of the terrain there is.",
        example="load terrain dem.tif --datum AMSL --accuracy-m 5",
    )  # fmt: skip
    terrain.add_argument("file", type=Path, help="one band, metres, with its coordinate system")
    terrain.add_argument(
        "--datum", required=True, choices=("AMSL", "W84"), help="what its heights are above"
    )
    terrain.add_argument("--accuracy-m", required=True, type=float, help="how far they may be off")
    terrain.add_argument("--source", default="terrain", help="name of the source (terrain)")


def _add_more(kinds: Commands[ArgumentParser]) -> None:
    _add_terrain(kinds)
    _add_airspace(kinds)
    _add_timetable(kinds)
    _add_messages(kinds)
    water = command(
        kinds, "waterway", "Load an authority's reaches, structures, limits and levels.",
        example="load waterway network.toml --dry-run",
    )  # fmt: skip
    water.add_argument("file", type=Path, help="TOML: the tables beside it, and their columns")
    _let_try(water)
    chart = command(
        kinds, "enc", "Load an S-57 chart cell: depths, marks, bridges, axes of waterways.",
        example="load enc C1313001.000 --license CC-BY-4.0",
    )  # fmt: skip
    chart.add_argument("file", type=Path, help="*.000, with its updates beside it")
    chart.add_argument("--source", help="what it is a version of (default: the file's name)")
    chart.add_argument("--license", default="unknown", help="licence of the chart (unknown)")
    chart.add_argument("--attribution", default="", help="whom to name (default: the source)")
    chart.add_argument("--dry-run", action="store_true", help="read all and change nothing")
    chart.set_defaults(bad_rows=None)


def _add_timetable(kinds: Commands[ArgumentParser]) -> None:
    timetable = command(
        kinds, "timetable", "Load the services of a feed from a folder of GTFS-shaped files.",
        example="load timetable feeds/rail --dry-run",
    )  # fmt: skip
    timetable.add_argument("file", type=Path, metavar="folder", help="see docs/linkage.md")
    _let_try(timetable)


def _add_messages(kinds: Commands[ArgumentParser]) -> None:
    source = command(
        kinds, "source", "Register who sends records and on what terms.",
        example="load source gates.toml",
    )  # fmt: skip
    source.add_argument("file", type=Path, help="TOML: id, title_zh, title_en, license, …")
    source.set_defaults(bad_rows=None)
    messages = command(
        kinds, "messages", "Add the events of EDIFACT, DCSA and ONE Record messages of shipments.",
        example="load messages gate.edi events.json --source gates",
    )  # fmt: skip
    messages.add_argument("file", type=Path, help="COPARN, CODECO, IFTSTA, or JSON; see shipments")
    messages.add_argument("more", type=Path, nargs="*", help="further files")
    messages.add_argument("--source", required=True, help="registered source: whose they are")
    messages.add_argument("--synthetic", action="store_true", help="they are made up")
    codes = command(
        kinds, "unlocode", "Load UN/LOCODE in place of its earlier version.",
        example="load unlocode code-list.csv.gz --dry-run",
    )  # fmt: skip
    codes.add_argument("file", type=Path, help="CSV as published, or with a header; .gz too")
    codes.add_argument("--source", default="unlocode-list", help="name of the source")
    for one in (messages, codes):
        _let_try(one)


def _add_airspace(kinds: Commands[ArgumentParser]) -> None:
    zones = command(
        kinds, "airspace", "Load zones of the air in place of the earlier version of their feed.",
        example="load airspace zones.json --source caac-zones",
    )  # fmt: skip
    zones.add_argument("file", type=Path, help="ED-269, ED-318, OpenAir, GeoJSON or KML")
    zones.add_argument("--source", help="what the file is a version of (default: the file's name)")
    zones.add_argument("--format", choices=ZONE_FORMATS, help="default: by what the file holds")
    zones.add_argument("--encoding", help="of OpenAir (default: by its bytes)")
    zones.add_argument("--license", default="unknown", help="licence of the feed (unknown)")
    zones.add_argument("--attribution", default="", help="whom to name (default: the source)")
    zones.add_argument("--bad-rows", type=Path, help="file for what is no zone")
