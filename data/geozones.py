"""Load zones of a foreign feed: `sigang load airspace FILE`.

The file is read whole and judged; its zones then replace the earlier version of the same source in
one transaction. What was in force before stays answerable: a zone that is gone or changed ends at
the time of the load, one that is the same is left alone. What is no zone goes to quarantine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import orjson
import psycopg
import shapely

from spatial.airspace_rules import FEED_BOUNDS, FEED_RESTRICTIONS
from spatial.errors import BadParameter, Quarantined
from spatial.geo.admin_units import AdminUnits
from spatial.geozones.checks import checked, restricted
from spatial.geozones.formats import FORMATS, recognise
from spatial.geozones.model import GeoZone, ZoneFault, ZoneFile
from spatial.geozones.rows import COLUMNS, values_of
from spatial.geozones.schedule import hull
from spatial.geozones.zone_members import write_members
from spatial.ids import stable_uuid7
from spatial.postgres.ingest import BadRow, LoadReport, Run, SourceInfo, find_source, loading
from spatial.rule_files import read_rule

MOST_BYTES = 64 << 20
KIND, EARLIER = "airspace", "airspace_superseded"
SHOWN = 20
"""Refused rows and doubts told on the way; all of them are kept."""
Progress = Callable[[str], None]
_HELD = """
SELECT id, code, (props ->> 'part')::int, props ->> 'digest', valid_from, valid_to
FROM sigang.zone WHERE source_id = %s AND kind = %s"""
_EARLIER = "SELECT EXISTS (SELECT 1 FROM sigang.zone WHERE source_id = %s)"
_NOW = "SELECT now()"
_END = """
UPDATE sigang.zone SET kind = %(kind)s, valid_to = least(coalesce(valid_to, 'infinity'), %(now)s)
WHERE id = ANY(%(ids)s)"""
_WITHDRAW = "DELETE FROM sigang.zone WHERE id = ANY(%s)"


@dataclass(frozen=True)
class Feed:
    """What is loaded: source and terms; format and encoding where they are named."""

    source: str
    title: str
    license: str = "unknown"
    attribution: str = ""
    format: str | None = None
    encoding: str | None = None

    @property
    def info(self) -> SourceInfo:
        """The row of the source."""
        return SourceInfo(
            self.source, self.title, self.title, self.license, self.attribution or self.title,
            props={"airspace_feed": True},
        )  # fmt: skip


def load_airspace(
    conn: psycopg.Connection, file: Path, feed: Feed, progress: Progress
) -> LoadReport:
    """Replace the zones of a feed by those of a file.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    file
        A file in one of `spatial.geozones.formats.FORMATS`.
    feed
        Its source.
    progress
        Receives one line per step, doubt and refused zone.

    Raises
    ------
    BadParameter
        There is no such file, its format is not known, or the source is none of zones.
    Quarantined
        The file cannot be used; nothing was changed. What is no zone is kept with the load.
    """
    if not file.is_file():
        raise BadParameter(f"{file.name}: no such file", f"{file.name}：没有这个文件")
    held = find_source(conn, feed.source)
    if held is not None and not held.props.get("airspace_feed"):
        raise BadParameter(
            f"source {feed.source!r} is not a feed of zones", f"来源 {feed.source!r} 不是空域数据",
            mend_en="Name another with --source.", mend_zh="请用 --source 指定其他来源。",
        )  # fmt: skip
    options = {"format": feed.format, "encoding": feed.encoding}
    with loading(conn, feed.info, file, KIND, options) as run:
        _load(run, file, feed, progress)
    return run.report()


def _load(run: Run, file: Path, feed: Feed, progress: Progress) -> None:
    if file.stat().st_size > MOST_BYTES:
        raise _refused(run, file, f"larger than {MOST_BYTES >> 20} MB; load its parts",
                       f"超过 {MOST_BYTES >> 20} MB，请分批载入")  # fmt: skip
    body = file.read_bytes()
    try:
        name = feed.format or recognise(body)
        found = FORMATS[name].read(body, feed.encoding)
    except ZoneFault as error:
        raise _refused(run, file, error.en, error.zh) from error
    del body
    zones = _judged(found, FORMATS[name].words)
    for one in found.refused:
        run.refuse(BadRow(one.place, one.reason, one.detail, one.row))
    _tell(found, zones, progress)
    if not zones:
        reasons = Counter(one.reason for one in found.refused)
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "-"
        raise _refused(run, file, f"no zone can be used ({told}); nothing was changed",
                       f"没有可用空域（{told}），数据未改动")  # fmt: skip
    _swap(run, zones, feed.source)


def _refused(run: Run, file: Path, en: str, zh: str) -> Quarantined:
    return Quarantined(f"{file.name}: {en}", f"{file.name}：{zh}", load_id=str(run.load_id))


def _judged(found: ZoneFile, words: str) -> list[GeoZone]:
    """Return the zones that can be used, each with an identifier; put the others aside."""
    rule, bounds = read_rule(FEED_RESTRICTIONS).value, read_rule(FEED_BOUNDS).value
    codes = rule.openair if words == "openair" else rule.geozone
    seen: Counter[str] = Counter()
    good = []
    for zone in found.zones:
        try:
            good.append(_named(checked(restricted(zone, codes), bounds), seen))
        except ZoneFault as error:
            found.refuse(error, zone.place, as_row(zone))
    return good


def _named(zone: GeoZone, seen: Counter[str]) -> GeoZone:
    """Return a zone with an identifier of its own; a name may come again, an identifier may not."""
    wanted = zone.identifier or zone.name_zh or zone.name_en or "zone"
    seen[wanted] += 1
    if seen[wanted] == 1:
        return replace(zone, identifier=wanted)
    if zone.identifier:
        raise ZoneFault("duplicate-id", f"{wanted!r} comes twice", f"编号 {wanted!r} 重复")
    return replace(zone, identifier=f"{wanted} ({seen[wanted]})")


def as_row(zone: GeoZone) -> dict[str, object]:
    """Return a zone as it is kept in quarantine: its members, and shapes as WKT."""
    return {
        "identifier": zone.identifier,
        "name": zone.name_zh or zone.name_en,
        "declared": zone.declared,
        "volumes": [
            {**write_members(zone, volume), "wkt": shapely.to_wkt(volume.shape, 9)}
            for volume in zone.volumes
        ],
    }


def _tell(found: ZoneFile, zones: Sequence[GeoZone], progress: Progress) -> None:
    lines = list(found.remarks)
    lines += [f"{one.place}: refused ({one.reason}): {one.detail}" for one in found.refused]
    lines += [f"{zone.identifier}: {text}" for zone in zones for text in zone.warnings]
    for line in lines[:SHOWN]:
        progress(line)
    if len(lines) > SHOWN:
        progress(f"… {len(lines) - SHOWN} more; --bad-rows FILE writes what was refused")


@dataclass(frozen=True)
class _Made:
    """A volume of a zone as a row, and the times of its feed."""

    values: Mapping[str, object]
    digest: str
    begin: datetime | None
    end: datetime | None

    @property
    def key(self) -> tuple[object, object, str]:
        """What is the same in two versions of a feed."""
        props = self.values["props"]
        assert isinstance(props, dict)  # noqa: S101
        return self.values["code"], props["part"], self.digest


def _made(zones: Sequence[GeoZone], rule_version: str) -> list[_Made]:
    made = []
    for zone in zones:
        begin, end = hull(zone.applicability)
        for part in range(len(zone.volumes)):
            values = values_of(zone, part) | {"rule_version": rule_version}
            shape = shapely.to_wkb(values["geom"], hex=True)
            text = orjson.dumps(values | {"geom": shape}, option=orjson.OPT_SORT_KEYS)
            digest = blake2b(text, digest_size=16).hexdigest()
            props = values["props"]
            assert isinstance(props, dict)  # noqa: S101
            made.append(_Made(values | {"props": props | {"digest": digest}}, digest, begin, end))
    return made


def _swap(run: Run, zones: Sequence[GeoZone], source: str) -> None:
    """End what is gone or changed, leave what is the same, add what is new."""
    rule = read_rule(FEED_RESTRICTIONS)
    made = _made(zones, f"{rule.key}@{rule.version}")
    now = _one(run.conn, _NOW)
    assert isinstance(now, datetime)  # noqa: S101
    earlier = bool(_one(run.conn, _EARLIER, source))
    held = {(code, part, digest): (number, begin, end)
            for number, code, part, digest, begin, end
            in run.conn.execute(_HELD, [source, KIND])}  # fmt: skip
    kept = {one.key for one in made} & set(held)
    gone = [row for key, row in held.items() if key not in kept]
    not_begun = [number for number, begin, _ in gone if begin is not None and begin >= now]
    ended = [number for number, begin, _ in gone if begin is None or begin < now]
    run.conn.execute(_WITHDRAW, [not_begun])
    run.conn.execute(_END, {"now": now, "ids": ended, "kind": EARLIER})
    fresh = [one for one in made if one.key not in kept]
    since = now if earlier else None
    rows = _rows(run, [one for one in fresh if _still(one, since, run)], source, since)
    run.copy("zone", COLUMNS, rows)
    run.rows["zone"] += len(kept)
    run.conn.execute("SELECT sigang.raise_airspace_version()")


def _one(conn: psycopg.Connection, statement: str, *values: object) -> object:
    row = conn.execute(statement.encode(), values).fetchone()
    assert row is not None  # noqa: S101
    return row[0]


def _still(made: _Made, since: datetime | None, run: Run) -> bool:
    """Tell whether a zone is still to come or in force; one that has ended is put aside."""
    if since is None or made.end is None or made.end > since:
        return True
    run.refuse(BadRow(None, "ended", f"{made.end} 已失效 / it has ended: {made.end}",
                      {"code": made.values["code"], "end": made.end.isoformat()}))  # fmt: skip
    return False


def _rows(
    run: Run, made: Sequence[_Made], source: str, since: datetime | None
) -> list[list[object]]:
    units = AdminUnits.load(run.conn)
    shapes = [one.values["geom"] for one in made]
    middles = shapely.point_on_surface(shapes)
    codes = units.codes_of(shapely.get_x(middles), shapely.get_y(middles))
    rows = []
    for one, admin_code in zip(made, codes, strict=True):
        begin = one.begin if since is None else max(filter(None, (one.begin, since)))
        key = f"{one.values['code']}/{one.digest}/{begin}"
        values = {
            **one.values,
            "id": stable_uuid7(source, key), "kind": KIND, "admin_code": admin_code,
            "visibility": "public", "origin": "real", "source_id": source,
            "valid_from": begin, "valid_to": one.end,
        }  # fmt: skip
        rows.append([values[name] for name in COLUMNS])
    return rows
