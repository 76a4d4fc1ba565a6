"""POST /match with lines of JSON: fixes of many vehicles in, decided fixes and drives out at once.

Each vehicle has a decoder of its own that holds the fixes within the lag and nothing else. The
answer begins before the question ends; a line that cannot be used is answered by a problem and the
rest goes on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.auth import actor_of
from api.http.concurrency import QUESTION_S, Limits, caller_of, limits_of
from api.http.media_types import NDJSON
from api.http.negotiate import language, single_values
from api.http.problems import problem_document, translate
from api.http.responses import NO_STORE
from api.http.values import Moment, Number
from api.network.service import Roads
from api.roads.conditions import roads_of
from api.roads.match_answer import show_drive, show_fixes, show_line
from api.services import services
from routing.matching.matcher import Matcher, Placed, Tracker
from routing.matching.trace import Trace
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from spatial.errors import BadParameter
from spatial.gates import Caller

MOST_VEHICLES = 2_000
LONGEST_LINE = 4_096
LONGEST_LAG = 200
AT_ONCE = 2_000  # lines that are matched together
IDLE_S = 300.0
LINE_S = 4e-5
"""What a line is likely to take."""


class FixLine(BaseModel):
    """One fix of one vehicle; coordinates are longitude and latitude (EPSG:4326)."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(max_length=100)] = ""
    point: tuple[Number | None, Number | None]
    time: Moment | None = None
    accuracy_m: Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)] | None = None


async def answer_stream(request: Request) -> Response:
    """Answer lines as they come.

    Raises
    ------
    BadParameter
        The profile or the lag cannot be used.
    TooMany, Busy
        Too many streams are open on this worker, of the caller or of all.
    """
    values = single_values(request)
    lag = _lag(values.get("lag"))
    roads = roads_of(request)
    network = await roads.ensure_current()
    profile = values.get("profile", "car")
    conditions = Conditions(profile)
    matcher = network.derived.get(Matcher)
    limits, caller = limits_of(request), caller_of(request)
    await limits.quick.run(
        caller, QUESTION_S, lambda: matcher.lengths(conditions, datetime.now(UTC))
    )
    stream = _Stream(roads, limits, caller, conditions, lag, language(request))
    lines = _counted(stream.answer(request), stream, request)
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    return _Duplex(lines, limits.tracks.seat(caller), headers=headers)


class _Duplex(Response):
    """An answer that is sent while the question is still read.

    The framework's own one listens for the client's leaving, and so takes the question's parts.
    """

    media_type = NDJSON

    def __init__(
        self, lines: AsyncIterator[bytes], seat: AbstractContextManager[None],
        headers: dict[str, str],
    ) -> None:  # fmt: skip
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._lines, self._seat = lines, seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines as they are made, while there is a seat."""
        with self._seat:
            head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(head)
            async for text in self._lines:
                await send({"type": "http.response.body", "body": text, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _lag(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or not 0 <= int(text[:4]) <= LONGEST_LAG or len(text) > 3:
        raise BadParameter(
            f"lag must be a whole number from 0 to {LONGEST_LAG}",
            f"lag 必须是 0 到 {LONGEST_LAG} 的整数",
            parameter="lag",
        )
    return int(text)


async def _counted(
    lines: AsyncIterator[bytes], stream: _Stream, request: Request
) -> AsyncIterator[bytes]:
    """Say at the end why it came too early, and note in the audit what was taken in."""
    try:
        async for text in lines:
            yield text
    except ClientDisconnect:
        return
    except Exception as error:  # the answer has begun: its last line says why it ends
        yield _line({"kind": "problem", **problem_document(translate(error), stream.lang)})
    finally:
        profile = stream.conditions.profile
        services(request).audit.record(actor_of(request), "match", profile, rows=stream.taken)


@dataclass
class _Vehicle:
    """A vehicle followed, and the fixes that wait for the next step."""

    tracker: Tracker
    fixes: list[FixLine] = field(default_factory=list)


@dataclass(eq=False)
class _Stream:
    """One request: the vehicles that it follows on one network."""

    roads: Roads
    limits: Limits
    caller: Caller
    conditions: Conditions
    lag: int | None
    lang: str
    taken: int = 0
    _network: RoadNetwork | None = None
    _vehicles: OrderedDict[str, _Vehicle] = field(default_factory=OrderedDict)

    async def answer(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the lines of the answer."""
        async for batch in _batches(request):
            yield await self._take(batch)
        yield await self._take([], last=True)

    async def _take(self, batch: list[bytes], *, last: bool = False) -> bytes:
        network = await self.roads.ensure_current()
        cost_s = QUESTION_S + LINE_S * len(batch)
        lane = self.limits.lane(cost_s)
        return await lane.run(
            self.caller, cost_s, lambda: b"".join(self._lines(network, batch, last))
        )

    def _lines(self, network: RoadNetwork, batch: list[bytes], last: bool) -> Iterator[bytes]:
        if network is not self._network:  # its roads were loaded anew
            yield from self._end()
            self._network = network
        matcher = network.derived.get(Matcher)
        for text in batch:
            self.taken += 1
            yield from self._read(text, matcher)
        for name, vehicle in list(self._vehicles.items()):
            if vehicle.fixes:
                yield from self._push(name, vehicle, matcher)
        if last:
            yield from self._end()

    def _read(self, text: bytes, matcher: Matcher) -> Iterator[bytes]:
        """Give a line's fix to its vehicle; the one silent for longest makes room."""
        try:
            fix = FixLine.model_validate_json(text)
        except ValidationError as error:
            yield self._problem(error)
            return
        if fix.id not in self._vehicles:
            if len(self._vehicles) >= MOST_VEHICLES:
                yield from self._finish(*self._vehicles.popitem(last=False))
            self._vehicles[fix.id] = _Vehicle(Tracker(matcher, self.conditions, self.lag))
        self._vehicles.move_to_end(fix.id)
        self._vehicles[fix.id].fixes.append(fix)

    def _problem(self, error: ValidationError) -> bytes:
        why = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        said = BadParameter(
            f"Line {self.taken}: {why}",
            f"第 {self.taken} 行：{why}",
            mend_en="Send one JSON object per line: id, point, time, accuracy_m.",
            mend_zh="请每行发送一个 JSON 对象：id、point、time、accuracy_m。",
            line=self.taken,
        )
        return _line({"kind": "problem", **problem_document(said, self.lang)})

    def _push(self, name: str, vehicle: _Vehicle, matcher: Matcher) -> Iterator[bytes]:
        fixes, vehicle.fixes = vehicle.fixes, []
        trace = _trace(fixes, matcher.model.sigma_m)
        placed = vehicle.tracker.push(trace, datetime.now(UTC))
        yield from self._told(name, vehicle.tracker, placed, matcher)

    def _end(self) -> Iterator[bytes]:
        while self._vehicles:
            yield from self._finish(*self._vehicles.popitem(last=False))

    def _finish(self, name: str, vehicle: _Vehicle) -> Iterator[bytes]:
        tracker = vehicle.tracker
        if vehicle.fixes:
            yield from self._push(name, vehicle, tracker.matcher)
        placed = tracker.finish()
        yield from self._told(name, tracker, placed, tracker.matcher)

    def _told(
        self, name: str, tracker: Tracker, placed: list[Placed], matcher: Matcher
    ) -> Iterator[bytes]:
        version = {"network_version": tracker.version}
        for told in show_fixes(matcher, placed):
            yield _line({"kind": "fix", "id": name, **told, **version})
        for drive in tracker.take():
            told = {**show_drive(matcher, drive), "geometry": show_line(matcher, drive)}
            yield _line({"kind": "drive", "id": name, **told, **version})


def _trace(fixes: list[FixLine], sigma_m: float) -> Trace:
    return Trace(
        np.array([fix.point for fix in fixes], np.float64),
        np.array([np.nan if fix.time is None else fix.time.timestamp() for fix in fixes]),
        np.array([fix.accuracy_m or sigma_m for fix in fixes], np.float64),
    )


def _line(content: Mapping[str, object]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"


async def _batches(request: Request) -> AsyncIterator[list[bytes]]:
    """Yield the lines that have come so far; end when nothing comes for long.

    Of a line without an end only so much is kept that it cannot be read.
    """
    rest = b""
    chunks = request.stream().__aiter__()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks), IDLE_S)
        except (StopAsyncIteration, TimeoutError):
            break
        *lines, rest = (rest + chunk).split(b"\n")
        lines = [text for text in lines if text.strip()]
        for at in range(0, len(lines), AT_ONCE):
            yield lines[at : at + AT_ONCE]
        rest = rest[:LONGEST_LINE]
    if rest.strip():
        yield [rest]
