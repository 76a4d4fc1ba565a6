"""Airports, heliports and runways from OurAirports, with the Chinese names of the facts file."""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections.abc import Collection, Iterator, Mapping

import shapely

from data.facts import Facts, read_facts
from data.things import Places, Thing, package_folder
from spatial.geo.crs import GEOD

SOURCE, HUBS = "ourairports", "sample-hubs"
_FOOT_M = 0.3048
_KINDS = {
    "large_airport": "airport",
    "medium_airport": "airport",
    "small_airport": "airport",
    "heliport": "heliport",
    "seaplane_base": "airport",
}
Reject = tuple[str, str, Mapping[str, object]]


def read_airfields(places: Places) -> tuple[list[Thing], list[Reject]]:
    """Return the civil fields and runways of the province, and the rows set aside with reason.

    A field belongs to the province by where its point lies, not by what its row says; military
    and closed fields are left out.
    """
    facts = read_facts("airports")
    fields: list[Thing] = []
    rejects: list[Reject] = []
    for row in _rows("airports", ["CN-33"]):
        point = shapely.Point(float(row["longitude_deg"]), float(row["latitude_deg"]))
        claimed = row["iso_region"] == "CN-33"
        if not claimed or row["type"] not in _KINDS or _is_military(row, facts):
            continue
        code = places.codes_of([point])[0] or places.codes_of([point], 0.05)[0]
        if code is None:
            detail = "point lies outside Zhejiang though the row says CN-33"
            rejects.append(("outside_unit", detail, row))
            continue
        fields.append(_field(row, point, code, facts["name"]))
    fields.extend(_extra(facts["extra"], places))
    return [*fields, *_runways({f.key: f for f in fields})], rejects


def _rows(table: str, words: Collection[str]) -> list[dict[str, str]]:
    """Return the rows of a packed table that hold one of these quoted values."""
    packed = (package_folder("ourairports") / "data" / f"{table}.csv.gz").read_bytes()
    head, *lines = gzip.decompress(packed).decode("utf-8").splitlines()
    quoted = re.compile("|".join(f'"{re.escape(word)}"' for word in words))
    return list(csv.DictReader([head, *(line for line in lines if quoted.search(line))]))


def _is_military(row: dict[str, str], facts: Facts) -> bool:
    return "Air Base" in row["name"] or row["ident"] in facts["military"]


def _field(row: dict[str, str], point: shapely.Geometry, code: str, names: dict[str, str]) -> Thing:
    feet = row["elevation_ft"]
    icao = row["ident"] if row["ident"].startswith("ZS") else None
    return Thing(
        row["ident"], _KINDS[row["type"]], "real", SOURCE, point,
        names.get(row["ident"]), row["name"], code,
        iata=row["iata_code"] or None, icao=icao,
        codes={"ourairports": row["ident"]},
        elevation_m=round(float(feet) * _FOOT_M, 1) if feet else None,
        props={
            "class": row["type"], "ident": row["ident"], "transport": icao is not None,
            "scheduled": row["scheduled_service"] == "yes",
        },
    )  # fmt: skip


def _extra(extra: list[Facts], places: Places) -> Iterator[Thing]:
    for field in extra:
        point = shapely.Point(field["at"])
        yield Thing(
            field["id"], "airport", "schematic", HUBS, point, field["zh"], field["en"],
            places.codes_of([point], 0.05)[0],
            props={"class": "medium_airport", "transport": True,
                   "accuracy_m": field["accuracy_m"]},
        )  # fmt: skip


def _runways(fields: dict[str, Thing]) -> Iterator[Thing]:
    for row in _rows("runways", fields):
        field = fields.get(row["airport_ident"])
        if field is None or row["closed"] == "1" or not row["length_ft"]:
            continue
        length = round(float(row["length_ft"]) * _FOOT_M)
        line, exact = _runway_line(row, field.geom, length)
        if line is None:
            continue
        label = f"{row['le_ident']}/{row['he_ident']}"
        yield Thing(
            f"runway:{row['id']}", "runway", "real" if exact else "derived", SOURCE, line,
            f"{field.name_zh or field.name_en} {label}", f"{field.name_en} {label}",
            field.admin_code, icao=field.icao, codes={"airport": field.key},
            elevation_m=field.elevation_m,
            props={
                "airport_id": str(field.id), "airport_ident": field.key, "designator": label,
                "length_m": length,
                "width_m": _metres(row["width_ft"]), "surface": row["surface"] or None,
                "placed": "thresholds" if exact else "centred on the airport by designator",
            },
        )  # fmt: skip


def _runway_line(
    row: dict[str, str], centre: shapely.Geometry, length: float
) -> tuple[shapely.Geometry, bool]:
    ends = [row[f"{end}_{axis}_deg"] for end in ("le", "he") for axis in ("longitude", "latitude")]
    if all(ends):
        lon1, lat1, lon2, lat2 = map(float, ends)
        return shapely.LineString([(lon1, lat1), (lon2, lat2)]), True
    digits = row["le_ident"][:2]
    if not digits.isdigit():
        return None, False
    heading = float(row["le_heading_degT"] or int(digits) * 10)
    back = GEOD.fwd(centre.x, centre.y, (heading + 180) % 360, length / 2)
    front = GEOD.fwd(centre.x, centre.y, heading, length / 2)
    return shapely.LineString([back[:2], front[:2]]), False


def _metres(feet: str) -> float | None:
    return math.floor(float(feet) * _FOOT_M + 0.5) if feet else None
