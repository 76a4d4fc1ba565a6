"""The plan of synthetic enforcement: posts, and what each shift inspected and found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tomllib import loads

import numpy as np
from numpy.typing import NDArray

from data.facts import Facts
from data.generate.world import TRUNK, Floats, Indices, Lines, Rng, Spots
from spatial.geo.crs import distance_m
from spatial.geo.zorder import LEVEL, keys_of

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
SHIFT_S = 4 * 3600
SPACING_M = 500.0
_CELL = 12  # tile level of the cell in whose middle the over-patrolled post lies
_DAY_HOURS = np.arange(6, 19)
_NIGHT_HOURS = np.array([22, 23])
_NO_WEEKS = np.zeros(0, np.int64)


@cache
def enforcement() -> Facts:
    """Return enforcement.toml."""
    return loads(Path(__file__).with_name("enforcement.toml").read_text("utf-8"))


def begin_of(plan: Facts, anchor: datetime) -> datetime:
    """Return the Monday on which the first week begins, in the zone of the sample's day."""
    return anchor - timedelta(days=anchor.weekday(), weeks=plan["weeks"])


@dataclass(frozen=True)
class Shifts:
    """Inspections as arrays of equal length: where, when, how many vehicles, how many cases.

    `start_s` counts from the first week; cases lie about `jitter_m` from the post. What is
    `withdrawn` counts for nothing; what is `late` was recorded on the sample's day.
    """

    edges: Indices
    share: Floats
    start_s: Floats
    inspected: NDArray[np.int64]
    hits: NDArray[np.int64]
    jitter_m: Floats
    withdrawn: NDArray[np.bool_]
    late: NDArray[np.bool_]

    @classmethod
    def together(cls, parts: list[Shifts]) -> Shifts:
        """Return several as one."""
        return cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in cls.__annotations__))


def plan_shifts(rng: Rng, roads: Lines, plan: Facts) -> Shifts:
    """Return all shifts: usual posts, rows, junction, and the over-patrolled post."""
    usual = _usual_posts(rng, roads, plan)
    parts = [_weekly(rng, plan, usual, plan)]
    for row in plan["row"]:
        parts.append(_weekly(rng, plan, _row_of_posts(roads, row), row))
    parts.append(_weekly(rng, plan, _about(roads, plan["junction"]), plan["junction"]))
    parts.append(_daily(rng, plan, _post_amid_cell(roads, plan["over_patrolled"])))
    return Shifts.together(parts)


def _weekly(rng: Rng, plan: Facts, posts: Spots, what: Facts) -> Shifts:
    """Return one shift a week at each post."""
    many, weeks = len(posts.edges), int({**plan, **what}["weeks"])
    week = np.tile(np.arange(weeks), many)
    post = np.repeat(np.arange(many), weeks)
    night = (week + post) % plan["night_every"] == 0
    hour = np.where(
        night, rng.choice(_NIGHT_HOURS, len(week)), rng.choice(_DAY_HOURS, len(week))
    )  # fmt: skip
    rates = _rates(rng, plan, many, weeks, what)
    if "night_rate" in what:
        rates = np.where(night, what["night_rate"], rates)
    inspected = _between(rng, what["inspected"], len(week))
    return Shifts(
        posts.edges[post],
        posts.share[post],
        week * WEEK_S + (post % 7) * DAY_S + hour * 3600.0,
        inspected,
        rng.binomial(inspected, rates),
        np.full(len(week), float(plan["jitter_m"])),
        np.full(len(week), bool(what.get("withdrawn", False))),
        np.isin(week, what.get("late_weeks", _NO_WEEKS)),
    )


def _rates(rng: Rng, plan: Facts, posts: int, weeks: int, what: Facts) -> Floats:
    """Return the rate of each shift, post by post: steady, or in a line over the weeks."""
    if "rates" not in what:
        least, most = what["rate"]
        return np.repeat(rng.uniform(least, most, posts), weeks)
    first, last = what["rates"]
    line = np.linspace(first, last, plan["weeks"])[:weeks]
    line[-1] = what.get("last_rate", line[-1])
    return np.tile(line, posts)


def _daily(rng: Rng, plan: Facts, post: Spots) -> Shifts:
    """Return a shift on each of many days up to the end of the last week."""
    what = plan["over_patrolled"]
    days = what["days"]
    day = np.arange(days) + plan["weeks"] * 7 - days
    inspected = _between(rng, what["inspected"], days)
    hour = np.where(
        day % plan["night_every"] == 0, rng.choice(_NIGHT_HOURS, days), rng.choice(_DAY_HOURS, days)
    )
    return Shifts(
        np.repeat(post.edges, days),
        np.repeat(post.share, days),
        day * DAY_S + hour * 3600.0,
        inspected,
        rng.binomial(inspected, what["rate"]),
        np.full(days, float(what["jitter_m"])),
        np.zeros(days, np.bool_),
        np.zeros(days, np.bool_),
    )


def _between(rng: Rng, bounds: list[int], count: int) -> NDArray[np.int64]:
    return rng.integers(bounds[0], bounds[1], count, endpoint=True)


def _usual_posts(rng: Rng, roads: Lines, plan: Facts) -> Spots:
    """Return a post in each county that is inspected, on a numbered road where there is one."""
    main = np.isin(roads.classes, TRUNK)
    numbered = main & np.array([route is not None for route in roads.routes])
    edges = []
    for code in np.unique(roads.admin.astype(str)):
        if code in plan["uninspected"]:
            continue
        here = roads.where(numbered & (roads.admin == code))
        here = here if len(here) else roads.where(main & (roads.admin == code))
        if len(here):
            edges.append(rng.choice(here))
    return roads.at(np.array(edges), rng.random(len(edges)))


def _row_of_posts(roads: Lines, row: Facts) -> Spots:
    """Return posts from a stake on, so many metres apart, each on the edge that has its stake."""
    mine = roads.where(roads.routes == row["route"])
    wanted = row["k_m"] + np.arange(row["posts"]) * SPACING_M
    low, high = roads.k_from[mine], roads.k_to[mine]
    at = [int(np.flatnonzero((low <= k) & (k < high))[0]) for k in wanted]
    return roads.at(mine[at], (wanted - low[at]) / (high - low)[at])


def _about(roads: Lines, junction: Facts) -> Spots:
    """Return posts on the main roads about a place, the nearest first, apart from each other."""
    edges = np.repeat(roads.where(np.isin(roads.classes, TRUNK)), 5)
    spots = roads.at(edges, np.tile(np.linspace(0.1, 0.9, 5), len(edges) // 5))
    lon, lat = junction["place"]
    away = distance_m(spots.lon, spots.lat, lon, lat)
    chosen: list[int] = []
    for i in np.argsort(away, kind="stable").tolist():
        taken = spots.lon[chosen], spots.lat[chosen]
        if np.all(distance_m(*taken, spots.lon[i], spots.lat[i]) >= junction["spacing_m"]):
            chosen.append(i)
        if len(chosen) == junction["posts"]:
            break
    return roads.at(edges[chosen], spots.share[chosen])


def _post_amid_cell(roads: Lines, planted: Facts) -> Spots:
    """Return the spot of the planted corridor that lies nearest the middle of its cell."""
    mask = (roads.routes == planted["route"]) & np.isin(roads.admin, planted["counties"])
    edges = np.repeat(roads.where(mask), 9)
    spots = roads.at(edges, np.tile(np.linspace(0.1, 0.9, 9), int(mask.sum())))
    keys = keys_of(spots.lon, spots.lat)
    side = LEVEL - _CELL
    x = np.zeros(len(keys))
    y = np.zeros(len(keys))
    for bit in range(side):
        x += (keys >> (2 * bit) & 1) * float(1 << bit)
        y += (keys >> (2 * bit + 1) & 1) * float(1 << bit)
    best = int(np.hypot(x - (1 << side) / 2, y - (1 << side) / 2).argmin())
    return roads.at(edges[best : best + 1], spots.share[best : best + 1])
