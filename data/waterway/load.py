"""Load the waterways of an authority: `sigang load waterway MAPPING.toml`.

The tables stand in files beside the mapping. Each row is read, placed and judged; rows that name
what there is not are refused with their reason, and the good ones replace those of the same source
in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psycopg
import shapely

from data.layerfile.load import Progress
from data.layerfile.mapping import read_file_mapping
from data.waterway.mapping import WaterwayMapping
from data.waterway.records import Delivery, Junction, Level, Limit, Names, Opening, Reach, Site
from data.waterway.stage import Staged, good_rows, refused_by_reason, single_rows, stage_table
from data.waterway.tables import LevelRow, LimitRow, OpeningRow, ReachRow, SiteRow
from data.waterway.write import Terms, write
from spatial.errors import ConfigError, Quarantined
from spatial.geo.admin_units import AdminUnits
from spatial.geo.topology import build_network
from spatial.postgres.ingest import LoadReport, Run, loading, trying

KIND = "waterway"
ASTRAY_M = 30.0
"""How far no level lies from all navigable levels of its gauge."""
_OVER_A_WEIR = "reaches left out: over a weir"
_OTHER_DATUM = "limits of another datum than their gauge: not known"


def load_waterway(
    conn: psycopg.Connection,
    mapping: Path,
    progress: Progress,
    *,
    dry_run: bool = False,
    bad_rows: Path | None = None,
) -> LoadReport:
    """Replace the waterways of the mapping's source by those of its tables.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    mapping
        TOML file, see docs/waterways-data.md; its tables lie beside it.
    progress
        Receives one line per step.
    dry_run
        Do all of it and undo it.
    bad_rows
        File for the rows that a dry run refuses; those of a load are in quarantine.

    Raises
    ------
    Quarantined
        No row is good, or too few are; nothing was changed.
    """
    declared = read_file_mapping(WaterwayMapping, mapping)
    if declared.reaches is None:
        raise ConfigError(
            f"{mapping.name}: there is no [reaches]", f"{mapping.name}：缺少 [reaches]"
        )
    source, options = declared.source_info, {"mapping": declared.model_dump(mode="json")}
    tried = trying(conn, source, bad_rows) if dry_run else None
    with tried or loading(conn, source, mapping, KIND, options) as run:
        _load(run, mapping, declared, progress)
    return run.report()


def _load(run: Run, path: Path, mapping: WaterwayMapping, progress: Progress) -> None:
    units = AdminUnits.load(run.conn)
    tables = {
        name: stage_table(run.conn, path.parent, name, mapping, table, units)
        for name, table in mapping.tables()
    }
    for name, staged in tables.items():
        progress(f"{name}: {len(staged.cells)} rows read")
        if staged.unread:
            progress(f"{name}: not read: {', '.join(staged.unread)}")
    delivery = _deliver(run, tables)
    for staged in tables.values():
        run.bad.extend(staged.bad_rows())
    total = sum(len(staged.cells) for staged in tables.values())
    if not delivery.reaches or len(run.bad) / total > mapping.max_bad_share:
        told = ", ".join(f"{r} {n}" for r, n in refused_by_reason(list(tables.values())).items())
        raise Quarantined(
            f"{path.name}: {len(run.bad)} of {total} rows are bad ({told}); nothing was changed",
            f"{path.name}：{total} 行中 {len(run.bad)} 行不合格（{told}），数据未改动",
            load_id=str(run.load_id),
        )
    write(run, delivery, Terms(mapping.origin, mapping.visibility, mapping.unit_id), units)


def _deliver(run: Run, tables: dict[str, Staged]) -> Delivery:
    """Return the records of all good rows; refuse those that name what there is not."""
    none = Staged("", "")
    delivery = Delivery()
    reaches = _reaches(tables["reaches"])
    _add_sites(delivery, tables.get("sites", none), reaches)
    over = {r for site in delivery.sites if site.kind == "weir" for r in site.reaches}
    run.told[_OVER_A_WEIR] = len(over)
    for site in delivery.sites:
        site.reaches = tuple(reach for reach in site.reaches if reach not in over)
        for reach in site.reaches:
            reaches[reach].structure = reaches[reach].structure or (
                "lock" if site.kind == "lock" else None
            )
    delivery.reaches = [reach for key, reach in reaches.items() if key not in over]
    _add_junctions(delivery)
    _add_openings(delivery, tables.get("openings", none))
    _add_limits(run, delivery, tables.get("limits", none))
    _add_levels(delivery, tables.get("levels", none))
    return delivery


def _reaches(staged: Staged) -> dict[str, Reach]:
    return {
        row.key: Reach(
            row.key, row.start or "", row.end or "", staged.shapes[i], row.class_,
            Names(row.name_zh, row.name_en), row.oneway, row.width_m, row.tonnage_t, row.speed_kmh,
        )
        for i, row in single_rows(staged, ReachRow, lambda row: row.key)
    }  # fmt: skip


def _add_junctions(delivery: Delivery) -> None:
    """Add the nodes: those that the rows name, else where ends meet."""
    unnamed = [reach for reach in delivery.reaches if not reach.start]
    network = build_network(np.array([reach.line for reach in unnamed], dtype=object))
    for reach, tail, head in zip(unnamed, network.tail, network.head, strict=True):
        reach.start, reach.end = (f"at/{x:.7f},{y:.7f}" for x, y in network.xy[[tail, head]])
    points: dict[str, shapely.Point] = {}
    for reach in delivery.reaches:
        for key, end in ((reach.start, 0), (reach.end, -1)):
            points.setdefault(key, shapely.Point(reach.line.coords[end]))
    delivery.junctions = [Junction(key, point) for key, point in points.items()]


def _add_sites(delivery: Delivery, staged: Staged, reaches: dict[str, Reach]) -> None:
    for i, row in single_rows(staged, SiteRow, lambda row: row.key):
        if missing := [reach for reach in row.reaches if reach not in reaches]:
            staged.refuse(i, "unknown-reach", f"没有航段 / no reach {', '.join(missing)}")
            continue
        said = row.model_dump(
            include={"datum", "highest_navigable_level_m", "lowest_navigable_level_m", "tidal"},
            exclude_none=True,
        )
        delivery.sites.append(
            Site(
                row.key, row.kind, staged.shapes[i], Names(row.name_zh, row.name_en), row.reaches,
                {row.kind: row.key}, {**said, **({"code": row.key} if row.kind == "gauge" else {})},
            )
        )  # fmt: skip


def _add_openings(delivery: Delivery, staged: Staged) -> None:
    kinds = {site.key: site.kind for site in delivery.sites if site.kind != "gauge"}
    for i, row in single_rows(staged, OpeningRow, lambda row: (row.site, row.number)):
        if row.site not in kinds:
            staged.refuse(i, "unknown-site", f"没有建筑物 / no structure {row.site}")
            continue
        kind = "chamber" if kinds[row.site] == "lock" else "opening"
        names = Names(row.name_zh, row.name_en)
        delivery.openings.append(
            Opening(row.site, row.number, kind, names, row.hours, row.lockage_s)
        )


def _add_limits(run: Run, delivery: Delivery, staged: Staged) -> None:
    reaches = {reach.key for reach in delivery.reaches}
    sites = {site.key for site in delivery.sites if site.kind != "gauge"}
    gauges = {s.key: s.props.get("datum") for s in delivery.sites if s.kind == "gauge"}
    usual = _navigable(delivery)
    openings = {(one.site, one.number) for one in delivery.openings}
    for i, row in good_rows(staged, LimitRow):
        if row.reach is not None and row.reach not in reaches:
            staged.refuse(i, "unknown-reach", f"没有航段 / no reach {row.reach}")
        elif row.site is not None and row.site not in sites:
            staged.refuse(i, "unknown-site", f"没有建筑物 / no structure {row.site}")
        elif row.opening is not None and (str(row.site), row.opening) not in openings:
            staged.refuse(i, "unknown-opening", f"{row.site} 没有 / has no opening {row.opening}")
        elif row.gauge is not None and row.gauge not in gauges:
            staged.refuse(i, "unknown-gauge", f"没有水位站 / no gauge {row.gauge}")
        elif row.gauge and (fault := _astray(usual[row.gauge], row.reference_level_m)):
            staged.refuse(i, "bad-value", fault)
        else:
            run.told[_OTHER_DATUM] += row.gauge is not None and row.datum != gauges[row.gauge]
            delivery.limits.append(
                Limit(
                    row.kind, row.value, row.reach, row.site, row.opening, row.datum,
                    row.reference_level_m, row.gauge, row.valid_from, row.valid_to, row.note,
                )
            )  # fmt: skip


def _add_levels(delivery: Delivery, staged: Staged) -> None:
    usual = _navigable(delivery)
    for i, row in single_rows(staged, LevelRow, lambda row: (row.gauge, row.at, row.issued_at)):
        if row.gauge not in usual:
            staged.refuse(i, "unknown-gauge", f"没有水位站 / no gauge {row.gauge}")
            continue
        if fault := _astray(usual[row.gauge], row.p10_m, row.p50_m, row.p90_m):
            staged.refuse(i, "bad-value", fault)
            continue
        forecast = row.issued_at is not None
        issued = row.issued_at or row.at
        delivery.levels.append(
            Level(row.gauge, row.at, row.p50_m, issued, row.p10_m, row.p90_m, forecast)
        )


def _navigable(delivery: Delivery) -> dict[str, list[float]]:
    """Return the highest and lowest navigable level of each gauge, where they are told."""
    names = "highest_navigable_level_m", "lowest_navigable_level_m"
    return {
        site.key: [float(str(site.props[name])) for name in names if name in site.props]
        for site in delivery.sites
        if site.kind == "gauge"
    }


def _astray(usual: Sequence[float], *levels: float | None) -> str | None:
    """Return what is wrong with levels that no water at the gauge has, as those in centimetres."""
    for level in levels:
        if level is not None and usual and min(abs(level - one) for one in usual) > ASTRAY_M:
            return (
                f"水位 {level:g} 与站点通航水位相差超过 {ASTRAY_M:g} 米，单位是米吗 /"
                f" level {level:g} is more than {ASTRAY_M:g} m from the navigable levels of its"
                " gauge; is it in metres?"
            )
    return None
