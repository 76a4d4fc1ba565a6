"""When edges are shut to a vessel in the coming days: what never opens, what does at its hours.

Levels are looked at every ten minutes. Between two such moments an edge is open only if it is at
both: a level runs straight between them, so it is never taken for open while it is not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from routing.cost.time_bans import Bans
from routing.cost.weekly_hours import WEEK_MIN, minute_of_week
from routing.graph.graph import Graph
from routing.graph.weights import Bools, Floats, Ints
from routing.waterway.judge import FAIL, PASS, UNKNOWN, Judge, LevelState, Verdicts
from routing.waterway.levels import STEP_S

DAY_STEPS = round(86_400 / STEP_S)
STEP_MIN = round(STEP_S / 60)
MOST_CELLS = 2_000_000  # terms times moments that are judged at once


class Windows(NamedTuple):
    """What a vessel finds from `begin` on: levels then, edges that stay shut, edges that open."""

    begin: float
    state: LevelState
    verdict: Verdicts
    shut: Bools
    changing: Ints
    shut_minutes: Bools


def look_ahead(judge: Judge, at: datetime, sizes: Floats, *, sure: bool) -> Windows:
    """Return when edges are shut; `sure` takes what is not known for shut.

    `shut_minutes` is (changing edges, minutes of the week), those of the coming days; after these
    an edge stays as it is at their end.
    """
    begin = np.floor(at.timestamp() / STEP_S) * STEP_S
    state = judge.at(begin)
    verdict = judge.verdict(state, sizes).edge
    bad = UNKNOWN if sure else FAIL
    shut = np.asarray(verdict <= bad)
    when = begin + STEP_S * np.arange(judge.reach.days * DAY_STEPS + 1)
    changing = _changing(judge, when)
    closed = np.concatenate([
        _verdicts(judge, part, when, sizes) <= bad for part in _parts(judge, changing, len(when))
    ]) if len(changing) else np.zeros((0, len(when)), np.bool_)  # fmt: skip
    blocks = closed[:, :-1] | closed[:, 1:]
    shut[changing] = blocks.all(axis=1)
    opens = ~shut[changing] & blocks.any(axis=1)
    shut[changing[~opens]] = blocks[~opens].any(axis=1)
    minutes = _minutes(blocks[opens], closed[opens, -1], begin)
    return Windows(float(begin), state, verdict, shut, changing[opens], minutes)


def _changing(judge: Judge, when: Floats) -> Ints:
    """Return the edges whose verdict may change between the first and the last moment."""
    table, levels = judge.table, judge.levels_at(when)
    same = (levels == levels[:, :, :1]) | (np.isnan(levels) & np.isnan(levels[:, :, :1]))
    moving = np.append(~same.all(axis=(0, 2)), [False, False])  # the last two are no gauge
    term = moving[table.term_gauge]
    for edge in (table.term_since, table.term_until):
        term |= (edge > when[0]) & (edge <= when[-1])
    option = table.option_hours > 0
    option[table.term_option[term]] = True
    return np.unique(table.group_edge[table.option_group[option]])


def _parts(judge: Judge, changing: Ints, moments: int) -> list[Ints]:
    """Cut edges into parts that are judged at once."""
    terms = len(judge.table.term_row) / max(1, judge.table.edge_count)
    each = max(1, int(MOST_CELLS / moments / max(1.0, terms)))
    return [changing[i : i + each] for i in range(0, len(changing), each)]


def _verdicts(judge: Judge, edges: Ints, when: Floats, sizes: Floats) -> Verdicts:
    """Return the (edges, moments) verdicts of some edges."""
    table = judge.table
    place = np.full(table.edge_count, -1, np.int64)
    place[edges] = np.arange(len(edges))
    groups = np.flatnonzero(place[table.group_edge] >= 0)
    of_group = np.full(len(table.group_edge), -1, np.int64)
    of_group[groups] = np.arange(len(groups))
    options = np.flatnonzero(of_group[table.option_group] >= 0)
    of_option = np.full(len(table.options), -1, np.int64)
    of_option[options] = np.arange(len(options))
    terms = np.flatnonzero(of_option[table.term_option] >= 0)
    applies = (table.term_since[terms][:, None] <= when) & (table.term_until[terms][:, None] > when)
    option = np.full((len(options), len(when)), PASS, np.int8)
    np.minimum.at(option, of_option[table.term_option[terms]],
                  judge.term_verdicts(terms, when, sizes, applies))  # fmt: skip
    needs = np.flatnonzero(of_option[table.need_option] >= 0)
    np.minimum.at(option, of_option[table.need_option[needs]],
                  judge.need_verdicts(needs, terms, applies))  # fmt: skip
    week = (minute_of_week(datetime.fromtimestamp(when[0], UTC)) + (when - when[0]) / 60) % WEEK_MIN
    option[table.hours[table.option_hours[options]][:, week.astype(np.int64)]] = FAIL
    group = np.full((len(groups), len(when)), FAIL, np.int8)
    np.maximum.at(group, of_group[table.option_group[options]], option)
    edge = np.full((len(edges), len(when)), PASS, np.int8)
    np.minimum.at(edge, place[table.group_edge[groups]], group)
    edge[table.schematic[edges][:, None] & (edge == PASS)] = UNKNOWN
    return edge


def _minutes(blocks: Bools, after: Bools, begin: float) -> Bools:
    """Spread blocks of ten minutes over the minutes of the week from a moment on."""
    found = np.repeat(after[:, None], WEEK_MIN, axis=1)
    length = min(WEEK_MIN, blocks.shape[1] * STEP_MIN)
    found[:, :length] = np.repeat(blocks, STEP_MIN, axis=1)[:, :length]
    return np.roll(found, int(minute_of_week(datetime.fromtimestamp(begin, UTC))), axis=1)


def with_windows(bans: Bans, graph: Graph, windows: Windows) -> Bans:
    """Return bans that also keep a vessel off edges while they are shut."""
    if not len(windows.changing):
        return bans
    packed, of_edge = np.unique(windows.shut_minutes, axis=0, return_inverse=True)
    row = np.zeros(2 * len(graph.edges), np.int64)  # 0 is never shut
    row[2 * windows.changing] = row[2 * windows.changing + 1] = of_edge.ravel() + 1
    pair = row * len(bans.weeks) + bans.code
    pairs, code = np.unique(np.append(0, pair), return_inverse=True)  # pair 0 is banned never
    rows = np.concatenate([np.zeros((1, WEEK_MIN), np.bool_), packed])
    weeks = rows[pairs // len(bans.weeks)] | bans.weeks[pairs % len(bans.weeks)]
    return Bans(code.ravel()[1:].astype(np.int32), weeks)
