"""regions: what was loaded from OpenStreetMap, and taking it away."""

from __future__ import annotations

from argparse import Namespace

import psycopg

from api.cli.ground import ground, owner_connection
from api.cli.noted import note
from api.cli.progress import step
from api.cli.up import confirmed
from data.regions import list_regions, remove_region
from spatial.settings import Settings


def regions(settings: Settings, options: Namespace) -> int:
    """List the loaded regions, or remove one after asking."""
    with ground(settings) as base, owner_connection(base) as conn:
        if options.remove is None:
            _print(conn)
            return 0
        name = options.remove
        if not options.yes and not confirmed(f"Remove the region {name} with its roads?"):
            return 1
        conn.rollback()
        with step(f"removing region {name}"):
            gone = remove_region(conn, name)
        conn.commit()
        note(base, "remove", f"region/{name}", rows=sum(gone.values()), detail=gone)
    for table, count in gone.items():
        print(f"{count:10,} {table} removed")
    return 0


def _print(conn: psycopg.Connection) -> None:
    found = list_regions(conn)
    if not found:
        print("No region is loaded.")
        return
    print(f"{'region':16} {'edges':>10} {'km':>10}  {'loaded':16}  {'licence':10}  file")
    for one in found:
        when = f"{one.loaded_at:%Y-%m-%d %H:%M}" if one.loaded_at else "-"
        figures = f"{one.edges:10,} {one.km:10,.0f}"
        print(f"{one.name:16} {figures}  {when:16}  {one.license:10}  {one.file or '-'}")
