"""services: the services of a feed into a folder of files, as `load timetable` takes them."""

from __future__ import annotations

from argparse import Namespace

from api.cli.ground import ground, owner_connection
from api.cli.noted import note
from api.cli.progress import step
from spatial.settings import Settings


def timetable(settings: Settings, options: Namespace) -> int:
    """Write the hubs, services, trips, transfers and closures of a feed."""
    from data.linkage.export import export_timetable

    with ground(settings) as base:
        with owner_connection(base) as conn, step(f"writing {options.folder.name}"):
            counts = export_timetable(conn, options.feed, options.folder)
        note(base, "export", f"timetable/{options.feed}", rows=sum(counts.values()))
    for name, count in counts.items():
        print(f"{count:10,} {name}")
    return 0
