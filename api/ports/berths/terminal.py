"""A container terminal from its rows: berths along its quay, calls of vessels, the plan kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import shapely

from api.ports.berths import berth_rows as rows
from api.ports.berths.bodies import CallBody
from routing.berths.checks import MOST_QUAYS
from spatial.actor import WRITERS, Actor
from spatial.errors import BadParameter, LimitViolated, NotFound

CLOCKS = timedelta(minutes=5)
"""By how much the clock of who tells may be ahead."""


@dataclass(frozen=True)
class Berth:
    """A berth or quay: `line` (EPSG:4326) runs along it from its end 0."""

    id: UUID
    key: str
    name_zh: str | None
    name_en: str | None
    origin: str
    length_m: float
    depth_m: float | None
    from_m: float | None
    single: bool
    line: shapely.Geometry


class Call(NamedTuple):
    """A call of a vessel, see `bodies.CallBody`; `id` is that of its row, or `given/` and key."""

    id: str
    key: str
    vessel: str
    length_m: float
    draught_m: float | None
    draught_out_m: float | None
    eta: datetime
    due: datetime | None
    handling_min: int | None
    moves: int | None
    cranes: int | None
    weight: int
    late_weight: int
    berth: str | None
    from_m: float | None
    berthed_at: datetime | None
    state: str
    origin: str

    @classmethod
    def of_row(cls, row: asyncpg.Record) -> Call:
        """Return the call of a row."""
        return cls._make([str(row["id"]), *(row[name] for name in cls._fields[1:])])

    @classmethod
    def given(cls, body: CallBody) -> Call:
        """Return a call that is asked about and not kept."""
        return cls(**body.model_dump(), id=f"given/{body.key}", origin="real")


@dataclass(frozen=True)
class Terminal:
    """A terminal as it stands; `calls` are those that the reader sees."""

    row: asyncpg.Record
    berths: Sequence[Berth]
    calls: Sequence[Call]
    kept: asyncpg.Record | None

    def berth(self, key: str) -> Berth | None:
        """Return one of its berths, None where it has none of that key."""
        return next((one for one in self.berths if one.key == key), None)

    def known_whole(self, actor: Actor) -> bool:
        """Tell whether an account sees all calls of it."""
        code = self.row["admin_code"]
        return code is not None and actor.covers(code)

    def may_write(self, actor: Actor) -> bool:
        """Tell whether an account may change its calls."""
        return actor.role in WRITERS and self.known_whole(actor)


async def read_terminal(conn: asyncpg.Connection, key: UUID) -> Terminal:
    """Return the terminal of an id, its own or that of one of its berths.

    Raises
    ------
    NotFound
        There is none, or it has no berth with a line and a length.
    """
    row = await conn.fetchrow(rows.TERMINALS, key)
    if row is None:
        raise NotFound(
            f"No container terminal or berth {key}", f"没有集装箱码头或泊位 {key}",
            mend_en="GET /api/berths lists them.", mend_zh="可用码头见 GET /api/berths。",
        )  # fmt: skip
    found = await conn.fetch(rows.QUAYS, row["key"])
    berths = [
        Berth(**{**dict(one), "line": shapely.from_wkb(one["line"])})
        for one in found[:MOST_QUAYS] if one["length_m"] is not None and one["key"] is not None
    ]  # fmt: skip
    if not berths:
        raise NotFound(
            f"Terminal {row['name_en']} has no berth whose length is known",
            f"码头 {row['name_zh']} 没有已知长度的泊位",
            mend_en="Load berths (docs/berths.md) that name it as their terminal.",
            mend_zh="请加载（docs/berths.md）以该码头为所属码头的泊位。",
        )  # fmt: skip
    calls = [Call.of_row(one) for one in await conn.fetch(rows.CALLS, row["id"])]
    return Terminal(row, berths, calls, await conn.fetchrow(rows.PLAN, row["id"]))


def check_call(terminal: Terminal, call: CallBody, pointer: str) -> None:
    """Refuse a call that no berth of a terminal could take.

    Raises
    ------
    BadParameter
        The berth is none of its, she lies beyond its end, or berthed in the future.
    LimitViolated
        She is longer than the berth, or than all.
    """
    own = terminal.berths
    if call.berth is not None:
        one = terminal.berth(call.berth)
        if one is None:
            known = [berth.key for berth in terminal.berths]
            raise BadParameter(
                f"{call.key}: no berth {call.berth!r} at this terminal",
                f"{call.key}：该码头没有泊位 {call.berth!r}",
                mend_en=f"There are {', '.join(known)}.", mend_zh=f"可用：{'、'.join(known)}。",
                pointer=f"{pointer}/berth",
            )  # fmt: skip
        own = [one]
    longest = max(berth.length_m for berth in own)
    if call.length_m > longest + 1e-9:
        raise LimitViolated(
            f"Vessel {call.vessel} is {call.length_m:g} m long, the quay {longest:g} m",
            f"船舶 {call.vessel} 长 {call.length_m:g} 米，岸线长 {longest:g} 米",
            mend_en="Name a longer berth, or another terminal.",
            mend_zh="请选择更长的泊位或其他码头。",
            pointer=f"{pointer}/length_m", cause="too-long", ship=call.key,
        )  # fmt: skip
    if call.state == "berthed":
        _check_berthed(call, longest, pointer)


def _check_berthed(call: CallBody, longest: float, pointer: str) -> None:
    if (call.from_m or 0) + call.length_m > longest + 1e-9:
        raise BadParameter(
            f"{call.key}: she would lie beyond the end of the berth, {longest:g} m",
            f"{call.key}：靠泊位置超出泊位末端（{longest:g} 米）",
            pointer=f"{pointer}/from_m",
        )  # fmt: skip
    if call.berthed_at is not None and call.berthed_at > datetime.now(UTC) + CLOCKS:
        raise BadParameter(
            f"{call.key}: she has not berthed yet", f"{call.key}：靠泊时间尚未到",
            mend_en="A vessel that is to come is expected, with her eta.",
            mend_zh="尚未靠泊的船舶状态为 expected，并给出 eta。", pointer=f"{pointer}/berthed_at",
        )  # fmt: skip
