"""The training network of waterways: made up, marked as synthetic in every row, full of values.

Names, levels and limits stand in `facts/training_waterways.toml`. What is planted there as not
known stays unknown here: a limit without a value, a bridge without a clear height, a gauge that
says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from shapely import LineString, Point

from data.facts import Facts, read_facts
from data.sample.network.training_chart import chart_of
from data.sample.network.training_levels import levels_of
from data.things import write_sources
from data.waterway.records import Delivery, Junction, Limit, Names, Opening, Reach, Site
from data.waterway.write import Terms, write
from spatial.geo.admin_units import AdminUnits
from spatial.postgres.ingest import NO_LOAD, Run

SOURCE = "sample-training-waterways"
UNKNOWN = -1  # what a value that is planted as not known is written as


def load_training(conn: psycopg.Connection, anchor: datetime) -> None:
    """Write the training network with levels around `anchor`; the caller commits."""
    write_sources(conn, SOURCE)
    write(
        Run(conn, NO_LOAD, SOURCE),
        build_training(anchor),
        Terms("synthetic"),
        AdminUnits.load(conn),
    )


def build_training(anchor: datetime) -> Delivery:
    """Return the training network with readings before `anchor` and forecasts from it on."""
    facts = read_facts("training_waterways")
    maker = _Maker(facts)
    delivery = Delivery(
        junctions=[Junction(key, Point(at)) for key, at in facts["points"].items()],
        reaches=[maker.reach(key) for key in facts["reach"]],
        levels=[
            level
            for key, gauge in facts["gauge"].items()
            for level in levels_of(key, gauge, anchor)
        ],
    )
    delivery.sites += [*maker.gauges(), *maker.weirs()]
    for key in facts["lock"]:
        maker.add_lock(delivery, key)
    for key in facts["bridge"]:
        maker.add_bridge(delivery, key)
    for key in facts["reach"]:
        delivery.limits += maker.limits_of(key)
    delivery.limits += maker.notices(anchor)
    depths = {key: maker.said(key, "depth") for key in facts["reach"]}
    chart = chart_of(delivery, depths, maker.marked())
    delivery.areas += chart.areas
    delivery.sites += chart.marks
    return delivery


@dataclass
class _Maker:
    facts: Facts

    def names(self, one: Facts, more: str = "") -> Names:
        suffix = self.facts["suffix"]
        return Names(f"{one['zh']}{more}{suffix['zh']}", f"{one['en']}{more}{suffix['en']}")

    def water(self, reach: str) -> Facts:
        found: Facts = self.facts["waterway"][self.facts["reach"][reach]["of"]]
        return found

    def said(self, reach: str, kind: str) -> float | None:
        """Return what a reach has of a limit: its own, its waterway's or its class's value."""
        own, water = self.facts["reach"][reach], self.water(reach)
        if kind in own.get("missing", ()):
            return None
        for table in (own, water, self.facts["class"][water["class"]]):
            if kind in table:
                return float(table[kind])
        return None

    def reach(self, key: str) -> Reach:
        own, water = self.facts["reach"][key], self.water(key)
        points = self.facts["points"]
        line = LineString([points[own["from"]], *own.get("via", ()), points[own["to"]]])
        return Reach(
            key, own["from"], own["to"], line, water["class"], self.names(water),
            oneway=own.get("oneway", False), width_m=self.said(key, "width"),
            tonnage_t=self.said(key, "tonnage"), structure="lock" if "lock" in own else None,
        )  # fmt: skip

    def limits_of(self, key: str) -> Iterator[Limit]:
        """Yield the limits of a reach; those of a lock's chambers stand beside them."""
        yield self._level_limit("depth", self.said(key, "depth"), self.water(key), reach=key)
        yield Limit("bend_radius", self.said(key, "bend_radius"), reach=key)

    def _level_limit(
        self, kind: str, value: float | None, water: Facts, *, reach: str | None = None,
        site: str | None = None, opening: int | None = None,
    ) -> Limit:  # fmt: skip
        gauge = self.facts["gauge"][water["gauge"]]
        level = gauge["highest" if kind == "clearance" else "lowest"]
        return Limit(
            kind, value, reach, site, opening, self.facts["datum"], level, f"gauge/{water['gauge']}"
        )

    def marked(self) -> set[str]:
        """Return the reaches with marks: canals have banks to be seen, and locks need none."""
        reaches = self.facts["reach"]
        return {
            key
            for key, one in reaches.items()
            if "lock" not in one and self.water(key).get("marks")
        }

    def gauges(self) -> Iterator[Site]:
        for key, gauge in self.facts["gauge"].items():
            props = {
                "code": key, "datum": self.facts["datum"], "tidal": "tide" in gauge,
                "lowest_navigable_level_m": gauge["lowest"],
                "highest_navigable_level_m": gauge["highest"],
            }  # fmt: skip
            yield Site(f"gauge/{key}", "gauge", Point(gauge["at"]), self.names(gauge), props=props)

    def weirs(self) -> Iterator[Site]:
        for key, weir in self.facts["weir"].items():
            yield Site(f"weir/{key}", "weir", Point(weir["at"]), self.names(weir))

    def add_lock(self, delivery: Delivery, key: str) -> None:
        """Add a lock with its chambers; each limits length, width and the depth over its sill."""
        lock, site = self.facts["lock"][key], f"lock/{key}"
        (reach,) = [r for r, one in self.facts["reach"].items() if one.get("lock") == key]
        line = next(one.line for one in delivery.reaches if one.key == reach)
        length, width, _, lockage = lock["chambers"][0]
        props = {"chamber_length_m": length, "chamber_width_m": width, "lockage_s": lockage}
        delivery.sites.append(
            Site(
                site,
                "lock",
                line.interpolate(0.5, normalized=True),
                self.names(lock),
                (reach,),
                {"lock": key},
                {k: float(v) for k, v in props.items()},
            )
        )
        for number, (length, width, sill, lockage) in enumerate(lock["chambers"], 1):
            names = Names(f"{number}号闸室", f"Chamber {number}")
            delivery.openings.append(
                Opening(site, number, "chamber", names, lock.get("hours"), lockage)
            )
            delivery.limits += [
                Limit("length", length, site=site, opening=number),
                Limit("width", width, site=site, opening=number),
                self._level_limit("sill", sill, self.water(reach), site=site, opening=number),
            ]

    def add_bridge(self, delivery: Delivery, key: str) -> None:
        """Add a bridge with its openings; each limits clear height and clear width."""
        bridge, site = self.facts["bridge"][key], f"bridge/{key}"
        reach, water = bridge["reach"], self.water(bridge["reach"])
        line = next(one.line for one in delivery.reaches if one.key == reach)
        openings = [[None if v == UNKNOWN else float(v) for v in o] for o in bridge["openings"]]
        best = max(openings, key=lambda opening: opening[0] or 0)
        props = {
            "clear_height_m": best[0], "clear_width_m": best[1],
            "highest_level_m": self.facts["gauge"][water["gauge"]]["highest"],
        }  # fmt: skip
        delivery.sites.append(
            Site(
                site,
                "bridge",
                line.interpolate(0.5, normalized=True),
                self.names(bridge),
                (reach,),
                props={k: v for k, v in props.items() if v is not None},
            )
        )
        hours = bridge.get("hours", [""] * len(openings))
        for number, ((height, width), open_at) in enumerate(zip(openings, hours, strict=True), 1):
            names = Names(f"{number}号通航孔", f"Opening {number}")
            delivery.openings.append(Opening(site, number, "opening", names, open_at or None))
            delivery.limits += [
                self._level_limit("clearance", height, water, site=site, opening=number),
                Limit("width", width, site=site, opening=number),
            ]

    def notices(self, anchor: datetime) -> Iterator[Limit]:
        """Yield limits that hold for some days."""
        for notice in self.facts["notice"]:
            first, last = (anchor + timedelta(days=days) for days in notice["days"])
            limit = self._level_limit(
                notice["kind"], notice["value"], self.water(notice["reach"]), reach=notice["reach"]
            )
            limit.valid_from, limit.valid_to = first, last
            limit.note = f"{notice['zh']} / {notice['en']}"
            yield limit
