"""Write what a source says of waterways: edges, structures, limits, levels, areas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

import shapely

from data.waterway.records import Delivery, Level, Limit, Site
from spatial.geo.admin_units import AdminUnits
from spatial.geo.crs import lengths_m
from spatial.ids import stable_uuid7
from spatial.networks.waterway import KIND
from spatial.postgres.ingest import Run

TABLES = ("waterway_limit", "structure_opening", "water_level", "edge", "node", "facility", "zone")
_HEAD = ("id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id")
_NAMES = ("name_zh", "name_en")


@dataclass(frozen=True)
class Terms:
    """What all rows of a load share: origin, who sees them, and the datum of its gauges."""

    origin: str
    visibility: str = "public"
    unit_id: str | None = None


def clear(run: Run) -> dict[str, int]:
    """Delete the rows that earlier loads of the run's source wrote; return how many by table."""
    run.conn.execute(
        "DELETE FROM sigang.edge_structure"
        " WHERE edge_id IN (SELECT id FROM sigang.edge WHERE source_id = %(source)s)"
        " OR facility_id IN (SELECT id FROM sigang.facility WHERE source_id = %(source)s)",
        {"source": run.source_id},
    )
    return run.clear(*TABLES)


def write(run: Run, delivery: Delivery, terms: Terms, units: AdminUnits) -> None:
    """Replace the rows of the run's source by those of a delivery; the caller commits."""
    clear(run)
    _Writer(run, terms, units).write(delivery)


class _Writer:
    def __init__(self, run: Run, terms: Terms, units: AdminUnits) -> None:
        self._run, self._terms, self._units = run, terms, units

    def write(self, delivery: Delivery) -> None:
        self._edges(delivery)
        self._facilities(delivery.sites)
        self._areas(delivery)
        run, own = self._run, (self._run.source_id, self._terms.origin)
        run.copy(
            "edge_structure",
            ("edge_id", "facility_id", "relation"),
            (
                (self.id("reach", reach), self.id("site", site.key), site.relation)
                for site in delivery.sites
                for reach in site.reaches
            ),
        )
        run.copy(
            "structure_opening",
            ("facility_id", "number", "kind", *_NAMES, "hours", "lockage_s", "source_id", "origin"),
            (
                (self.id("site", o.site), o.number, o.kind, o.names.zh, o.names.en, o.hours,
                 o.lockage_s, *own)
                for o in delivery.openings
            ),
        )  # fmt: skip
        run.copy("waterway_limit", _LIMIT, (self._limit(limit) for limit in delivery.limits))
        run.copy("water_level", _LEVEL, (self._level(level) for level in delivery.levels))
        if delivery.reaches:
            run.raise_topology(KIND.modes)

    def id(self, kind: str, key: str) -> UUID:
        return stable_uuid7(self._run.source_id, f"{kind}/{key}")

    def _heads(
        self, kinds: Iterable[tuple[str, str, str]], points: Iterable[shapely.Point]
    ) -> Iterator[tuple[object, ...]]:
        """Yield the columns that all tables share, of (what, key, kind) and a point of each."""
        places = list(points)
        lon, lat = shapely.get_x(places), shapely.get_y(places)
        codes = self._units.codes_of(lon, lat) if places else []
        terms = self._terms
        for (what, key, kind), code in zip(kinds, codes, strict=True):
            yield (
                self.id(what, key), kind, code, terms.unit_id, terms.visibility, terms.origin,
                self._run.source_id,
            )  # fmt: skip

    def _edges(self, delivery: Delivery) -> None:
        reaches, mode = delivery.reaches, KIND.mode
        lines = [reach.line for reach in reaches]
        middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
        heads = self._heads((("reach", r.key, mode) for r in reaches), middle)
        self._run.copy(
            "edge",
            (*_HEAD, *_NAMES, "mode", "class", "from_node", "to_node", "oneway", "length_m",
             "speed_kmh", "speed_basis", "width_m", "tonnage_t", "structure", "bundle", "props",
             "geom"),
            (
                (*head, r.names.zh, r.names.en, mode, r.class_, self.id("node", r.start),
                 self.id("node", r.end), r.oneway, float(length), r.speed_kmh,
                 "posted" if r.speed_kmh else "assumed", r.width_m, r.tonnage_t, r.structure,
                 f"{self._run.source_id}/{r.key}", {"source_key": r.key, **r.props}, r.line)
                for head, r, length in zip(heads, reaches, lengths_m(lines), strict=True)
            ),
        )  # fmt: skip
        nodes = delivery.junctions
        heads = self._heads((("node", n.key, "junction") for n in nodes), (n.point for n in nodes))
        self._run.copy(
            "node",
            (*_HEAD, "modes", "geom"),
            ((*head, [mode], n.point) for head, n in zip(heads, nodes, strict=True)),
        )

    def _facilities(self, sites: list[Site]) -> None:
        points = (shapely.point_on_surface(site.shape) for site in sites)
        heads = self._heads((("site", site.key, site.kind) for site in sites), points)
        self._run.copy(
            "facility",
            (*_HEAD, *_NAMES, "codes", "props", "geom"),
            (
                (*head, s.names.zh, s.names.en, dict(s.codes), {"source_key": s.key, **s.props},
                 s.shape)
                for head, s in zip(heads, sites, strict=True)
            ),
        )  # fmt: skip

    def _areas(self, delivery: Delivery) -> None:
        areas = delivery.areas
        points = (shapely.point_on_surface(area.shape) for area in areas)
        heads = self._heads((("area", area.key, area.kind) for area in areas), points)
        self._run.copy(
            "zone",
            (*_HEAD, *_NAMES, "code", "props", "geom"),
            (
                (*head, a.names.zh, a.names.en, a.key, {"source_key": a.key, **a.props},
                 shapely.multipolygons(shapely.get_parts(a.shape)))
                for head, a in zip(heads, areas, strict=True)
            ),
        )  # fmt: skip

    def _limit(self, one: Limit) -> tuple[object, ...]:
        return (
            self._run.source_id, self._terms.origin,
            one.edge if one.reach is None else self.id("reach", one.reach),
            None if one.site is None else self.id("site", one.site),
            one.opening, one.kind, one.value, one.datum, one.reference_level_m,
            None if one.gauge is None else self.id("site", one.gauge),
            one.valid_from, one.valid_to, one.note,
        )  # fmt: skip

    def _level(self, one: Level) -> tuple[object, ...]:
        return (
            self.id("site", one.gauge), "forecast" if one.forecast else "reading", one.at,
            one.issued_at, one.p10_m, one.p50_m, one.p90_m, self._run.source_id,
            self._terms.origin,
        )  # fmt: skip


_LIMIT = (
    "source_id", "origin", "edge_id", "facility_id", "opening", "kind", "value", "datum",
    "reference_level_m", "gauge_id", "valid_from", "valid_to", "note",
)  # fmt: skip
_LEVEL = (
    "gauge_id", "kind", "at", "issued_at", "p10_m", "p50_m", "p90_m", "source_id", "origin",
)  # fmt: skip
