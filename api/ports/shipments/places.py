"""Places of shipments by their codes: hubs, ports, airports, and the world's UN/LOCODE."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import asyncpg

from api.ports.shipments import shipment_rows as rows
from spatial.errors import BadParameter


@dataclass(frozen=True)
class KnownPlace:
    """A place under the id that stands for all its codes; no point where none is known."""

    id: str
    name_zh: str | None
    name_en: str | None
    at: tuple[float, float] | None
    basis: str


async def find_places(conn: asyncpg.Connection, names: Collection[str]) -> dict[str, KnownPlace]:
    """Return the places that are known of names: an id of a hub, or any code."""
    found = {}
    for row in await conn.fetch(rows.PLACES, sorted(set(names))):
        at = None if row["lon"] is None else (row["lon"], row["lat"])
        found[row["given"]] = KnownPlace(
            row["id"], row["name_zh"], row["name_en"], at, row["basis"]
        )
    return found


async def get_places(conn: asyncpg.Connection, wanted: Mapping[str, str]) -> dict[str, KnownPlace]:
    """Return places by name, each wanted one with a point; `wanted` has the pointer of each name.

    Raises
    ------
    BadParameter
        One is not known, names the nearest; or its point is not.
    """
    found = await find_places(conn, wanted)
    for name, pointer in wanted.items():
        if name not in found:
            raise await _unknown(conn, name, pointer)
        if found[name].at is None:
            raise BadParameter(
                f"UN/LOCODE has no usable point of {name}", f"UN/LOCODE 中 {name} 没有可用坐标",
                mend_en="Give it as a place with name and at.",
                mend_zh="请以 name 与 at 给出该地点。", pointer=pointer,
            )  # fmt: skip
    return found


async def _unknown(conn: asyncpg.Connection, name: str, pointer: str) -> BadParameter:
    code = name.strip().upper()
    alike = [f"{code[:2]}%", f"%{code[2:]}"] if len(code) == 5 and code.isalnum() else []
    known = [row["id"] for row in await conn.fetch(rows.NEAR, alike)]
    near = get_close_matches(code, known, 3, 0.6) or get_close_matches(name, known, 3, 0.5)
    told = (f"是否指 {'、'.join(near)}；", f"Perhaps {', '.join(near)}; ") if near else ("", "")
    return BadParameter(
        f"There is no place {name!r}", f"没有地点 {name!r}",
        mend_en=f"{told[1]}or give it as a place with name and at.",
        mend_zh=f"{told[0]}也可以 name 与 at 给出该地点。", pointer=pointer,
        near=near,
    )  # fmt: skip
