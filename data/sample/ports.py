"""Ports and dry ports: UN/LOCODE with its aliases, points checked against the declared unit."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson
import shapely

from data.facts import Facts, read_facts
from data.things import Places, Thing, package_folder
from spatial.errors import BadParameter
from spatial.geo.unlocode import parse_minutes

UNLOCODE, SEAROUTE = "unlocode", "searoute-ports"
_PORT, _DRY = "1", "6"
Reject = tuple[str, str, Mapping[str, object]]


@dataclass
class _Listed:
    """One row of a published list: its code, name and point, if it has one."""

    code: str
    name: str
    source: str
    point: tuple[float, float] | None
    functions: str
    row: dict[str, str] = field(default_factory=dict)


@dataclass
class Ports:
    """The ports of the province and the published rows that were set aside, by source."""

    things: list[Thing]
    rejects: dict[str, list[Reject]]


def read_ports(
    places: Places, stand_ins: dict[str, tuple[float, float]], tolerance_m: float
) -> Ports:
    """Return one facility per place, however many codes it has, each at its best point.

    The point is the first published one that lies in the declared unit; a place without one stands
    at its hub or the seat of its unit, schematic. A point may lie `tolerance_m` outside its unit.
    """
    facts = read_facts("unlocode")["place"]
    place_of = {c: key for key, place in facts.items() for c in [key, *place.get("same", [])]}
    rejects: dict[str, list[Reject]] = {UNLOCODE: [], SEAROUTE: []}
    listed: dict[str, list[_Listed]] = {}
    for item in [*_unlocode(rejects[UNLOCODE]), *_searoute(place_of)]:
        key = place_of.get(item.code)
        if key is None:
            detail = "no Chinese name and administrative unit are known for this code"
            rejects[item.source].append(("unknown_place", detail, item.row))
        else:
            listed.setdefault(key, []).append(item)
    things: list[Thing] = []
    for key, items in sorted(listed.items()):
        good = [i for i in items if _fits(i, facts[key]["unit"], places, tolerance_m, rejects)]
        things.extend(_things(key, facts[key], items, good, stand_ins))
    return Ports(things, rejects)


def _unlocode(rejects: list[Reject]) -> Iterator[_Listed]:
    for part in sorted((package_folder("pyunlocode") / "csv").glob("*CodeListPart*.csv")):
        lines = (li for li in part.read_text("latin-1").splitlines() if ',"CN",' in li)
        for row in csv.reader(lines):
            if len(row) < 11 or row[1] != "CN" or row[5] not in ("ZJ", "33"):
                continue
            if _PORT not in row[6] and _DRY not in row[6]:
                continue
            record = {"code": f"CN{row[2]}", "name": row[3], "function": row[6], "at": row[10]}
            point = None
            try:
                point = parse_minutes(row[10]) if row[10] else None
            except BadParameter as error:
                rejects.append(("bad_coordinate", error.en, record))
            yield _Listed(record["code"], row[4], UNLOCODE, point, row[6], record)


def _searoute(place_of: dict[str, str]) -> Iterator[_Listed]:
    text = (package_folder("searoute") / "data" / "ports.geojson").read_bytes()
    for feature in orjson.loads(text)["features"]:
        found = feature["properties"]
        if found["port"] not in place_of:
            continue
        lon, lat = feature["geometry"]["coordinates"][:2]
        record = {"code": found["port"], "name": found["name"], "at": [lon, lat]}
        yield _Listed(found["port"], found["name"], SEAROUTE, (lon, lat), _PORT, record)


def _fits(
    item: _Listed,
    unit: str,
    places: Places,
    tolerance_m: float,
    rejects: dict[str, list[Reject]],
) -> bool:
    if item.point is None:
        return False
    off = places.off_m(unit, *item.point)
    if off > tolerance_m:
        detail = f"point lies {off / 1000:.1f} km outside the declared unit {unit}"
        rejects[item.source].append(("outside_unit", detail, item.row | {"unit": unit}))
    return off <= tolerance_m


def _things(
    key: str,
    place: Facts,
    items: list[_Listed],
    good: list[_Listed],
    stand_ins: dict[str, tuple[float, float]],
) -> Iterator[Thing]:
    """Yield the place as port, as dry port, or as both, by the functions of its codes."""
    best = good[0] if good else None
    stand_in = stand_ins.get(key) or stand_ins[place["unit"]]
    at = best.point if best and best.point else stand_in
    props = {
        "placed": "published point" if best else "its hub" if key in stand_ins else "unit's seat",
        "point_source": best.source if best else "sample-places",
        "accuracy_m": 1900 if best else 5000,
    }
    codes = sorted({item.code for item in items} | {key, *place.get("same", [])})
    for function, kind in ((_PORT, "port"), (_DRY, "dry_port")):
        if any(function in item.functions for item in items):
            yield Thing(
                f"{kind}:{key}", kind, "real" if best else "schematic",
                items[0].source, shapely.Point(at), place["zh"],
                items[0].name.removesuffix(" Pt"), place["unit"], un_locode=key,
                codes={"un_locode": codes}, props=props,
            )  # fmt: skip
