"""Load a timetable: `sigang load timetable FOLDER`, files as GTFS has them.

A feed replaces what it brought before; the others stay. Rows are judged one by one: a refused one
is told with file and line, and takes its trip with it, no other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg

from data.linkage.judge import hubs_with, judge
from data.linkage.stage import Stage, read_files, stage_files
from data.linkage.tables import FeedRow, TripRow
from data.linkage.write import read_hubs, write
from spatial.errors import Quarantined
from spatial.geo.admin_units import AdminUnits
from spatial.postgres.ingest import LoadReport, Run, SourceInfo, loading, trying

KIND = "timetable"
Progress = Callable[[str], None]


def load_timetable(
    conn: psycopg.Connection,
    folder: Path,
    progress: Progress,
    *,
    dry_run: bool = False,
    bad_rows: Path | None = None,
) -> LoadReport:
    """Replace the services of a feed by those of a folder.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    folder
        The files, see docs/linkage.md.
    progress
        Receives one line per step.
    dry_run
        Do all of it and undo it.
    bad_rows
        File for the rows that a dry run refuses; those of a load are in quarantine.

    Raises
    ------
    Quarantined
        The folder is no timetable, or none of its trips can run; nothing was changed.
    """
    stage = stage_files(read_files(folder))
    source = source_of(stage)
    tried = trying(conn, source, bad_rows) if dry_run else None
    options = {"folder": folder.name}
    with tried or loading(conn, source, folder / FeedRow.FILE, KIND, options) as run:
        put(run, stage, progress)
    return run.report()


def source_of(stage: Stage) -> SourceInfo:
    """Return whom a timetable is from.

    Raises
    ------
    Quarantined
        Its feed_info.txt does not say.
    """
    feeds = stage.of(FeedRow)
    if not feeds:
        told = next((bad.detail for bad in stage.bad if bad.row["file"] == FeedRow.FILE), "")
        raise Quarantined(
            f"feed_info.txt does not tell whose timetable it is. {told}".strip(),
            f"feed_info.txt 未说明班期来源。{told}",
        )
    feed = feeds[0].row
    name = feed.feed_publisher_name
    return SourceInfo(
        feed.feed_id, name, name, feed.feed_license, name,
        version=feed.feed_version, url=feed.feed_publisher_url,
    )  # fmt: skip


def put(run: Run, stage: Stage, progress: Progress) -> None:
    """Judge rows and put the good ones in the place of those that the source had.

    Raises
    ------
    Quarantined
        There are trips, and none of them can run.
    """
    given = len(stage.of(TripRow))
    hubs = hubs_with(stage, read_hubs(run))
    judge(stage, hubs)
    run.bad.extend(stage.bad)
    good = len(stage.of(TripRow))
    run.told["trips left out"] = stage.left_out
    progress(f"{good} trips good, {len(run.bad)} rows refused")
    for bad in run.bad[:20]:
        progress(f"refused: {bad.detail}")
    if not good:
        raise Quarantined(
            f"none of {given} trips can run ({len(run.bad)} rows are bad); nothing was changed",
            f"{given} 个车次均不可用（{len(run.bad)} 行不合格），数据未改动",
            load_id=str(run.load_id),
        )
    origin = stage.of(FeedRow)[0].row.feed_origin
    write(run, stage, hubs, origin, AdminUnits.load(run.conn))
