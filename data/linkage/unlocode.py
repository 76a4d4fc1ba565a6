"""Load UN/LOCODE: `sigang load unlocode FILE`, its rows as they really are.

A row whose point cannot be read, or lies outside its subdivision, goes to quarantine and stays
without a point: the code and its names are known. One code may have several names.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial.errors import BadParameter, Quarantined
from spatial.geo.admin_units import AdminUnits
from spatial.geo.crs import GEOD
from spatial.geo.unlocode import parse_point
from spatial.logistics.rule_models import CODE_PLACES, CodePlaces
from spatial.postgres.ingest import BadRow, LoadReport, Run, SourceInfo, loading, trying
from spatial.rule_store import read_stored
from spatial.rules import RuleBook, get_rule

KIND = "unlocode"
COLUMNS = (
    "change", "country", "location", "name", "name_ascii", "subdivision", "function", "status",
    "date", "iata", "coordinates", "remarks",
)  # fmt: skip
"""Columns of the published list, which has no header."""
_CODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
_OURS = ("code", "name", "name_ascii", "subdivision", "functions", "status", "coordinates", "flags",
         "geom", "source_id")  # fmt: skip
_EARTH_M = 6_371_000.0
PROVINCES = {
    "11": "BJ", "12": "TJ", "13": "HE", "14": "SX", "15": "NM", "21": "LN", "22": "JL", "23": "HL",
    "31": "SH", "32": "JS", "33": "ZJ", "34": "AH", "35": "FJ", "36": "JX", "37": "SD", "41": "HA",
    "42": "HB", "43": "HN", "44": "GD", "45": "GX", "46": "HI", "50": "CQ", "51": "SC", "52": "GZ",
    "53": "YN", "54": "XZ", "61": "SN", "62": "GS", "63": "QH", "64": "NX", "65": "XJ",
}  # fmt: skip
"""ISO 3166-2:CN in both of its forms; lists have either."""
Progress = Callable[[str], None]
Floats = NDArray[np.float64]


@dataclass
class CodeRow:
    """A row of the list; subdivisions of China are by letters."""

    line: int
    cells: Mapping[str, str]
    code: str
    name: str
    subdivision: str
    point: tuple[float, float] | None = None
    flags: list[str] = field(default_factory=list)

    @property
    def country(self) -> str:
        """Its country, also where that is NA."""
        return self.code[:2]


def load_unlocode(
    conn: psycopg.Connection, file: Path, progress: Progress, *, source: str,
    dry_run: bool = False, bad_rows: Path | None = None,
) -> LoadReport:  # fmt: skip
    """Replace the places of a source by those of a list.

    Parameters
    ----------
    conn
        An owner's connection outside a transaction; the load commits.
    file
        CSV of the list as published (12 columns), or with a header; .gz too.
    progress, source
        Receives one line per step; what it is a version of.
    dry_run
        Do all of it and undo it.
    bad_rows
        File for the rows that a dry run refuses; those of a load are in quarantine.

    Raises
    ------
    Quarantined
        The file is no such list; nothing was changed.
    """
    info = SourceInfo(
        source, "UN/LOCODE", "UN/LOCODE", "UNECE, free use", "UNECE", version=file.name
    )  # fmt: skip
    given = list(_cells(file))
    tried = trying(conn, info, bad_rows) if dry_run else None
    with tried or loading(conn, info, file, KIND, {}) as run:
        periods, now = read_stored(conn)
        rule = get_rule(RuleBook.of(periods, now).at(now), CODE_PLACES).value
        rows = read_rows(run, given)
        progress(f"{len(rows)} places read")
        judge_points(run, rows, rule, AdminUnits.load(conn))
        run.clear("unlocode")
        run.copy("unlocode", _OURS, _written(run, rows))
        progress(f"{len(run.bad)} points or rows refused")
    return run.report()


def _cells(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield rows as text, so that no code becomes a missing value, with their lines."""
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # as UNECE publishes it
    lines = csv.reader(text.splitlines())
    first = next(lines, [])
    header = [name.strip().lower() for name in first]
    if "country" in header and "location" in header:
        names: Sequence[str] = header
    elif len(first) in (11, 12):
        names = COLUMNS
        yield 1, dict(zip(names, first, strict=False))
    else:
        raise Quarantined(
            f"{file.name} is no list of UN/LOCODE", f"{file.name} 不是 UN/LOCODE 代码表",
            mend_en=f"It has the columns {', '.join(COLUMNS)}.",
            mend_zh=f"其列应为 {'、'.join(COLUMNS)}。",
        )  # fmt: skip
    for number, row in enumerate(lines, 2):
        yield number, dict(zip(names, row, strict=False))


def read_rows(run: Run, given: Sequence[tuple[int, Mapping[str, str]]]) -> list[CodeRow]:
    """Return the rows that name a place; those of countries alone have none."""
    rows: list[CodeRow] = []
    seen: set[tuple[str, str]] = set()
    names = defaultdict[str, set[str]](set)
    for line, cells in given:
        place, name = cells.get("location", "").strip(), cells.get("name", "").strip()
        if not place:  # a country, or one name that refers to another
            run.told["rows without a code"] += 1
            continue
        code = f"{cells.get('country', '').strip()}{place}"
        if not _CODE.fullmatch(code) or not name:
            _refuse(run, line, cells, "bad-code", f"不是代码与名称：{code!r} {name!r}",
                    f"no code with a name: {code!r} {name!r}")  # fmt: skip
        elif (code, name) in seen:
            run.told["the same row again"] += 1
        else:
            seen.add((code, name))
            names[code].add(name)
            rows.append(_row(run, line, cells, code, name))
    for row in rows:
        if len(names[row.code]) > 1:
            row.flags.append("two-names")
    run.told["codes with two names"] += sum(len(own) > 1 for own in names.values())
    return rows


def _row(run: Run, line: int, cells: Mapping[str, str], code: str, name: str) -> CodeRow:
    division = cells.get("subdivision", "").strip()
    row = CodeRow(
        line, cells, code, name, PROVINCES.get(division, division) if code[:2] == "CN" else division
    )
    text = cells.get("coordinates", "").strip()
    if not text:
        return row
    try:
        lon, lat, decimal = parse_point(text)
    except BadParameter as error:
        _refuse(run, line, cells, "bad-coordinate", error.zh, error.en)
        row.flags.append("bad-coordinate")
        return row
    row.point = lon, lat
    if decimal:
        row.flags.append("decimal-degrees")
        run.told["decimal degrees"] += 1
    return row


def judge_points(run: Run, rows: Sequence[CodeRow], rule: CodePlaces, units: AdminUnits) -> None:
    """Take the points from rows that lie outside their subdivision: by its outline, where there is
    one, else by the other rows of the country.
    """
    by_country = defaultdict[str, list[CodeRow]](list)
    for row in rows:
        if row.point is not None and row.subdivision:
            by_country[row.country].append(row)
    for country, own in sorted(by_country.items()):
        outlines = _outlines(units) if country == "CN" else {}
        for row, off in zip(own, _off(own, rule, outlines), strict=True):
            if off is None:
                continue
            km = f"{off / 1000:.0f} km"
            _refuse(run, row.line, row.cells, "outside-subdivision",
                    f"{row.code} 的坐标距其行政区 {row.subdivision} {km}",
                    f"the point of {row.code} lies {km} from its subdivision "
                    f"{row.subdivision}")  # fmt: skip
            row.flags.append("outside-subdivision")
            row.point = None


def _outlines(units: AdminUnits) -> dict[str, shapely.Geometry]:
    found = {name: units.units.get(f"{code}0000") for code, name in PROVINCES.items()}
    return {name: shape for name, shape in found.items() if shape is not None}


def _off(
    rows: Sequence[CodeRow], rule: CodePlaces, outlines: Mapping[str, shapely.Geometry]
) -> list[float | None]:
    """Return how far (m) each point lies from its subdivision, None where it fits."""
    xyz = _on_sphere(np.array([row.point for row in rows], np.float64))
    names = np.array([row.subdivision for row in rows])
    sizes = Counter(row.subdivision for row in rows)
    near = min(rule.neighbours + 1, len(rows))
    _, around = cKDTree(xyz).query(xyz, k=near)
    around = around.reshape(len(rows), -1)
    alone = [not np.any(names[own[own != n]] == names[n]) for n, own in enumerate(around)]
    found: list[float | None] = []
    for n, row in enumerate(rows):
        if row.subdivision in outlines:
            away = _away_m(outlines[row.subdivision], row.point or (0, 0))
            found.append(away if away > rule.off_m / 4 else None)
            continue
        off = None
        if alone[n] and sizes[row.subdivision] > 1 and len(rows) > rule.neighbours:
            mates = np.flatnonzero(names == row.subdivision)
            chords = np.linalg.norm(xyz[mates[mates != n]] - xyz[n], axis=1)
            away = float(2 * _EARTH_M * np.arcsin(min(chords.min() / 2, 1)))
            off = away if away > rule.off_m else None
        found.append(off)
    return found


def _away_m(shape: shapely.Geometry, point: tuple[float, float]) -> float:
    """Return how far (m) a point lies outside a shape; 0 inside it."""
    at = shapely.Point(point)
    if shape.covers(at):
        return 0.0
    return float(GEOD.geometry_length(shapely.shortest_line(at, shape)))


def _on_sphere(lonlat: Floats) -> Floats:
    lon, lat = np.radians(lonlat).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _refuse(run: Run, line: int, cells: Mapping[str, str], reason: str, zh: str, en: str) -> None:
    run.refuse(BadRow(line, reason, f"{line}: {zh} / {en}", cells))


def _written(run: Run, rows: Sequence[CodeRow]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        get = row.cells.get
        yield (
            row.code, row.name, get("name_ascii"), row.subdivision or None, get("function"),
            get("status"), get("coordinates"), row.flags,
            None if row.point is None else shapely.Point(row.point), run.source_id,
        )  # fmt: skip
