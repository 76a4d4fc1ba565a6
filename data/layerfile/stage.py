"""The rows of a file on their way in: shapes, codes, values, and which of them are refused why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from data.layerfile.georeference import Placer
from data.layerfile.mapping import LayerMapping, Quality
from data.layerfile.read import Row, Table
from data.layerfile.rows import Keys, RowMaker, admin_code, check_texts
from spatial.errors import BadParameter, Quarantined
from spatial.geo import quality
from spatial.geo.admin_units import AdminUnits
from spatial.geo.topology import Mask
from spatial.json_types import JsonObject
from spatial.postgres.ingest import BadRow, Run
from spatial.schema.kinds import Shape

_DIMENSION: dict[Shape, int] = {"point": 0, "line": 1, "polygon": 2}
Made = tuple[dict[str, object], JsonObject]
"""The columns of a row, and its props."""


@dataclass
class Stage:
    """All rows of a file on their way in."""

    table: Table
    shapes: NDArray[np.object_]
    bad: dict[int, tuple[str, str]]
    parts: list[int] = field(default_factory=list)
    """Rows whose further parts stand behind the rows of the file, part by part."""

    @property
    def read(self) -> int:
        """Number of rows that the file has."""
        return len(self.table.rows) - len(self.parts)

    def row_of(self, index: int) -> int:
        """Return the row of the file that a row is, or is a part of."""
        return index if index < self.read else self.parts[index - self.read]

    def add_parts(self, index: int, shapes: Sequence[shapely.Geometry]) -> None:
        """Let a row stand for the first of its parts, and further rows for the others."""
        self.shapes[index] = shapes[0]
        more = len(shapes) - 1
        self.table.rows.extend(dict(self.table.rows[index]) for _ in range(more))
        self.parts.extend([index] * more)
        self.shapes = np.append(self.shapes, np.array([*shapes[1:], None], dtype=object)[:-1])

    def refuse(self, index: int, reason: str, detail: str) -> None:
        """Mark a row bad; the first reason stays."""
        self.bad.setdefault(index, (reason, detail))

    def refuse_all(self, mask: Mask, reason: str, detail: str) -> None:
        """Mark many rows bad."""
        for index in np.flatnonzero(mask):
            self.refuse(int(index), reason, detail)

    def good(self) -> list[int]:
        """Return the indices of rows that are still good."""
        return [i for i in range(len(self.table.rows)) if i not in self.bad]


def fit_shape(stage: Stage, shape: Shape) -> None:
    """Refuse rows without geometry or of the wrong dimension; single parts stand for multi."""
    stage.refuse_all(quality.missing(stage.shapes), "no-geometry", "几何为空 / no geometry")
    stage.refuse_all(quality.zero_length(stage.shapes), "bad-geometry", "线长为零 / no length")
    wanted = _DIMENSION.get(shape)
    for i in stage.good():
        geometry = stage.shapes[i]
        if shape in {"line", "point"} and shapely.get_num_geometries(geometry) == 1:
            geometry = shapely.get_geometry(geometry, 0)
        if shape == "polygon" and geometry.geom_type == "Polygon":
            geometry = shapely.multipolygons([geometry])
        single = shape not in {"line", "point"} or not geometry.geom_type.startswith("Multi")
        right = wanted is None or shapely.get_dimensions(geometry) == wanted
        if right and single and geometry.geom_type != "GeometryCollection":
            stage.shapes[i] = geometry
        else:
            stage.refuse(i, "bad-geometry", f"{geometry.geom_type} is not one {shape}")


def admin_codes(stage: Stage, mapping: LayerMapping, units: AdminUnits) -> list[str | None]:
    """Return each row's declared code, else that of the unit in which it lies."""
    codes: list[str | None] = [None] * len(stage.table.rows)
    column = mapping.admin_code or mapping.place.admin_code
    good = stage.good()
    if good:
        middle = shapely.point_on_surface(stage.shapes[good])
        found = units.codes_of(shapely.get_x(middle), shapely.get_y(middle))
        for i, code in zip(good, found, strict=True):
            codes[i] = code
    for i in good if column else []:
        try:
            codes[i] = admin_code(stage.table.rows[i].get(str(column))) or codes[i]
        except BadParameter as error:
            stage.refuse(i, "bad-value", f"{error.zh} / {error.en}")
    return codes


def convert(stage: Stage, maker: RowMaker, placer: Placer) -> dict[int, Made]:
    """Return columns and props of the rows that are still good; refuse those that do not fit."""
    made = {}
    for i in stage.good():
        row = stage.table.rows[i]
        try:
            check_texts(row)
            made[i] = maker.values(row), maker.props(row, placer.placed.get(i))
        except BadParameter as error:
            reason = "bad-props" if error.en.startswith("props.") else "bad-value"
            stage.refuse(i, reason, f"{error.zh} / {error.en}")
    return made


def judge(stage: Stage, mapping: LayerMapping, codes: list[str | None], units: AdminUnits) -> None:
    """Refuse the rows that break a quality rule of the mapping."""
    rules, keys = mapping.quality, Keys(mapping)
    if rules.duplicate_id:
        names = [keys.key_of(row) for row in stage.table.rows[: stage.read]]
        names += [None] * len(stage.parts)
        stage.refuse_all(quality.duplicate_ids(names), "duplicate-id", "编号重复 / duplicate id")
    if rules.self_intersection:
        mask = quality.self_intersecting(stage.shapes)
        stage.refuse_all(mask, "self-intersection", "几何自相交 / the shape crosses itself")
    if rules.outside_unit and (mapping.admin_code or mapping.place.admin_code):
        mask = quality.outside_unit(stage.shapes, codes, units.units, rules.outside_tolerance_m)
        stage.refuse_all(mask, "outside-unit", "不在所填行政区内 / outside its declared unit")
    if rules.dangling_edge:
        mask = quality.dangling(_left(stage))
        stage.refuse_all(mask, "dangling-edge", "悬挂边 / an end joins nothing")
    if rules.least_component:
        mask = quality.small_component(_left(stage), rules.least_component)
        stage.refuse_all(mask, "small-component", "孤立小路网 / a small part on its own")


def _left(stage: Stage) -> NDArray[np.object_]:
    """Return the geometries with None in place of rows that are already refused."""
    shapes = stage.shapes.copy()
    shapes[list(stage.bad)] = None
    return shapes


def quarantine(run: Run, stage: Stage) -> None:
    """Put the refused rows into quarantine, as they were in the file."""
    raw = stage.table.geometry
    for i, (reason, detail) in sorted(stage.bad.items()):
        row: Row = dict(stage.table.rows[i])
        number = stage.row_of(i)
        if raw is not None and raw[number] is not None:
            row["geometry"] = shapely.geometry.mapping(raw[number])
        run.refuse(BadRow(number + 1, reason, detail, row))


def check_share(run: Run, file: Path, stage: Stage, rules: Quality) -> None:
    """Refuse the file when no row is good, or too few are."""
    total = len(stage.table.rows)
    if not stage.good() or len(stage.bad) / total > rules.max_bad_share:
        quarantine(run, stage)
        reasons = Counter(reason for reason, _ in stage.bad.values())
        text = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        first = [f"row {stage.row_of(i) + 1}: {stage.bad[i][1]}" for i in sorted(stage.bad)[:1]]
        told = "; ".join((text, *first))
        raise Quarantined(
            f"{file.name}: {len(stage.bad)} of {total} rows are bad ({told}); nothing was changed",
            f"{file.name}：{total} 行中 {len(stage.bad)} 行不合格（{told}），数据未改动",
            load_id=str(run.load_id),
        )
