"""Step instructions in Chinese and English: what to do at each junction where there is a choice.

Angles are those between the direction in which a junction is reached and the one in which it is
left, each measured over the last or first `SIGHT_M` of the road; positive is to the right. The
thresholds below are conventions of this project, not law. A roundabout is what the map names one;
counted from where it is entered are the junctions at which the vehicle could leave it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.graph import Coded, Graph
from routing.graph.weights import Bools, Floats, Ints
from routing.query.driven_leg import Leg

SIGHT_M = 25.0
SEEN = 12  # vertices looked at for it
DEGREE_M = 111_200.0  # of latitude, about
STRAIGHT_DEG, SLIGHT_DEG, TURN_DEG, SHARP_DEG = 20.0, 55.0, 120.0, 165.0
FORK_DEG = 25.0
"""Two ways ahead within this angle of straight on, and of each other, are a fork."""

Text = dict[str, str]
_POINTS = (
    ("北", "north"), ("东北", "northeast"), ("东", "east"), ("东南", "southeast"),
    ("南", "south"), ("西南", "southwest"), ("西", "west"), ("西北", "northwest"),
)  # fmt: skip
_SAID = {
    "continue": ("继续沿{zh}行驶", "Continue on {en}"),
    "slight_left": ("向左前方行驶，进入{zh}", "Bear left onto {en}"),
    "left": ("左转，进入{zh}", "Turn left onto {en}"),
    "sharp_left": ("向左后方急转，进入{zh}", "Turn sharp left onto {en}"),
    "slight_right": ("向右前方行驶，进入{zh}", "Bear right onto {en}"),
    "right": ("右转，进入{zh}", "Turn right onto {en}"),
    "sharp_right": ("向右后方急转，进入{zh}", "Turn sharp right onto {en}"),
    "uturn": ("掉头，沿{zh}行驶", "Make a U-turn and follow {en}"),
    "keep_left": ("靠左行驶，沿{zh}", "Keep left along {en}"),
    "keep_right": ("靠右行驶，沿{zh}", "Keep right along {en}"),
    "keep_straight": ("直行，沿{zh}", "Keep straight along {en}"),
    "merge": ("汇入{zh}", "Merge onto {en}"),
    "ramp": ("驶入匝道，前往{zh}", "Take the ramp towards {en}"),
    "ramp_left": ("从左侧驶入匝道，前往{zh}", "Take the ramp on the left towards {en}"),
    "ramp_right": ("从右侧驶入匝道，前往{zh}", "Take the ramp on the right towards {en}"),
    "exit": ("驶离主路，前往{zh}", "Take the exit towards {en}"),
    "exit_left": ("从左侧出口驶离，前往{zh}", "Take the exit on the left towards {en}"),
    "exit_right": ("从右侧出口驶离，前往{zh}", "Take the exit on the right towards {en}"),
    "ferry": ("驶上轮渡{zh}", "Take the ferry {en}"),
    "roundabout": (
        "进入环岛，从第 {exit} 个出口驶出，进入{zh}",
        "At the roundabout take exit {exit} onto {en}",
    ),
    "roundabout_enter": ("驶入环岛{zh}", "Enter the roundabout {en}"),
}
_FAST = ("motorway", "trunk")


@dataclass(frozen=True)
class Drive:
    """A leg as it is driven: its parts of edges with length (m) and time (s) of each."""

    leg: Leg
    length_m: Floats
    duration_s: Floats


@dataclass
class Step:
    """One instruction, with the road that follows it up to the next one."""

    maneuver: str
    text: Text
    ref: str | None
    name: dict[str, str | None]
    point: tuple[float, float]
    length_m: float = 0.0
    duration_s: float = 0.0
    bearing: int | None = None
    exit: int | None = None


class Instructor:
    """Tells the steps of paths on one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        edges = graph.edges
        self._link = _codes_where(edges.edge_class, lambda name: name.endswith("_link"))
        self._fast = _codes_where(edges.edge_class, lambda name: name.split("_")[0] in _FAST)
        self._ferry = _codes_where(edges.edge_class, lambda name: name == "ferry")

    def steps(self, drives: Sequence[Drive], passable: Bools) -> list[Step]:
        """Return the steps of drives one after another.

        Parameters
        ----------
        drives
            Legs of one path; each ends at a stop.
        passable
            By key, where this vehicle may drive: other ways are no choice at a junction.
        """
        steps: list[Step] = []
        for number, drive in enumerate(drives, start=1):
            driven = np.flatnonzero(drive.leg.stop > drive.leg.start)
            if len(driven):
                self._add(steps, drive, driven, passable)
            steps.append(self._arrival(drive, number if number < len(drives) else None))
        return steps

    def _add(self, steps: list[Step], drive: Drive, driven: Ints, passable: Bools) -> None:
        keys = drive.leg.keys[driven].tolist()
        metres, seconds = drive.length_m[driven].tolist(), drive.duration_s[driven].tolist()
        steps.append(self._departure(drive, keys[0]))
        for number in range(len(keys)):
            told = self._next(keys, number, passable) if number else None
            if told:
                steps.append(told)
            steps[-1].length_m += metres[number]
            steps[-1].duration_s += seconds[number]

    def _next(self, keys: Sequence[int], number: int, passable: Bools) -> Step | None:
        """Return what is to be told where a key of a drive begins."""
        round_ = self._graph.edges.roundabout
        before, key = keys[number - 1], keys[number]
        if round_[key >> 1]:
            return None if round_[before >> 1] else self._roundabout(keys, number, passable)
        if round_[before >> 1] and not all(round_[other >> 1] for other in keys[:number]):
            return None
        told = self._maneuver(before, key, passable)
        return self._step(told, key) if told else None

    def _roundabout(self, keys: Sequence[int], number: int, passable: Bools) -> Step:
        """Return the step of a roundabout that begins with a key: which exit, and onto what."""
        exits, after = 0, number
        while after < len(keys) and self._graph.edges.roundabout[keys[after] >> 1]:
            exits += self._has_exit(keys[after], passable)
            after += 1
        if after == len(keys):
            return self._step("roundabout_enter", keys[number])
        step = self._step("roundabout", keys[after], max(exits, 1))
        step.point = self._begin(keys[number])
        return step

    def _has_exit(self, key: int, passable: Bools) -> bool:
        """Tell whether an open way leaves the roundabout at the end of one of its keys."""
        node = self._head(key)
        leaving = self._graph.junctions.at(node)
        return bool((passable[leaving] & ~self._graph.edges.roundabout[leaving >> 1]).any())

    def _departure(self, drive: Drive, key: int) -> Step:
        zh, en = self._road(key >> 1)
        bearing = self._bearing(key, leaving=True)
        point_zh, point_en = _POINTS[round(bearing / 45) % 8]
        text = {"zh": f"向{point_zh}出发，沿{zh}行驶", "en": f"Head {point_en} on {en}"}
        spot = drive.leg.source
        step = self._made("depart", text, key >> 1, (spot.lon, spot.lat))
        step.bearing = round(bearing) % 360
        return step

    @staticmethod
    def _arrival(drive: Drive, number: int | None) -> Step:
        spot = drive.leg.target
        if number is None:
            text = {"zh": "到达目的地", "en": "Arrive at the destination"}
        else:
            text = {"zh": f"到达途经点 {number}", "en": f"Arrive at stop {number}"}
        return Step("arrive", text, None, {"zh": None, "en": None}, (spot.lon, spot.lat))

    def _step(self, maneuver: str, key: int, exit_: int | None = None) -> Step:
        zh, en = self._road(key >> 1)
        said_zh, said_en = _SAID[maneuver]
        text = {"zh": said_zh.format(zh=zh, exit=exit_), "en": said_en.format(en=en, exit=exit_)}
        step = self._made(maneuver, text, key >> 1, self._begin(key))
        step.exit = exit_
        return step

    def _begin(self, key: int) -> tuple[float, float]:
        lon, lat = self._ahead(key, leaving=True)[0].tolist()
        return lon, lat

    def _made(self, maneuver: str, text: Text, edge: int, point: tuple[float, float]) -> Step:
        edges = self._graph.edges
        name = {"zh": edges.name_zh.get(edge), "en": edges.name_en.get(edge)}
        return Step(maneuver, text, edges.ref.get(edge), name, point)

    def _road(self, edge: int) -> tuple[str, str]:
        """Return how a road is called in both languages."""
        edges = self._graph.edges
        ref = edges.ref.get(edge)
        zh, en = edges.name_zh.get(edge), edges.name_en.get(edge)
        zh, en = zh or en, en or zh
        if ref and ref not in (zh or ""):
            zh = f"{ref} {zh}" if zh else ref
        if ref and ref not in (en or ""):
            en = f"{en} ({ref})" if en else ref
        return zh or "无名道路", en or "an unnamed road"

    def _maneuver(self, before: int, after: int, passable: Bools) -> str | None:
        """Return what is to be told between two keys, None where nobody needs to be told."""
        a, b = before >> 1, after >> 1
        if a == b:
            return "uturn"
        if self._is(self._ferry, b):
            return None if self._is(self._ferry, a) else "ferry"
        angle = self._angle(before, after)
        if abs(angle) > SHARP_DEG:
            return "uturn"
        ramp = self._ramp(a, b, angle)
        others = self._others(before, after, passable)
        if ramp or others:
            return ramp or self._fork(before, after, angle, others)
        return None if self._same_road(a, b) else "continue"

    def _ramp(self, a: int, b: int, angle: float) -> str | None:
        onto, off = self._is(self._link, b), self._is(self._link, a)
        if onto and not off:
            kind = "exit" if self._is(self._fast, a) else "ramp"
            return kind + _side(angle)
        if off and not onto and self._is(self._fast, b) and abs(angle) < SLIGHT_DEG:
            return "merge"
        return None

    def _fork(self, before: int, after: int, angle: float, others: Sequence[int]) -> str | None:
        a, b = before >> 1, after >> 1
        same = self._same_road(a, b)
        angles = [self._angle(before, other) for other in others]
        ahead = [
            turn for turn, other in zip(angles, others, strict=True)
            if abs(turn) < FORK_DEG and abs(turn - angle) < FORK_DEG
            and self._equals(b, other >> 1) and not (same and not self._same_road(a, other >> 1))
        ]  # fmt: skip
        if ahead and abs(angle) < FORK_DEG:
            left, right = angle < min(ahead), angle > max(ahead)
            return "keep_left" if left else "keep_right" if right else "keep_straight"
        straighter = any(abs(turn) < abs(angle) for turn in angles)
        if abs(angle) < STRAIGHT_DEG or (same and abs(angle) < SLIGHT_DEG and not straighter):
            return None if same else "continue"
        return _turn(angle)

    def _others(self, before: int, after: int, passable: Bools) -> list[int]:
        """Return the keys that a vehicle could take instead, but for turning round."""
        node = self._head(before)
        leaving = self._graph.junctions.at(node)
        keys = leaving[passable[leaving]].tolist()
        return [key for key in keys if key not in (after, before ^ 1)]

    def _head(self, key: int) -> int:
        edges = self._graph.edges
        return int((edges.tail if key & 1 else edges.head)[key >> 1])

    def _is(self, by_code: Bools, edge: int) -> bool:
        return bool(by_code[self._graph.edges.edge_class.codes[edge]])

    def _equals(self, a: int, b: int) -> bool:
        """Tell whether two roads are of one class, so that neither is the obvious one."""
        codes = self._graph.edges.edge_class.codes
        return bool(codes[a] == codes[b])

    def _same_road(self, a: int, b: int) -> bool:
        """Tell whether two edges are one road to its users: one number, one name, or neither."""
        edges = self._graph.edges
        known = False
        for column in (edges.ref, edges.name_zh, edges.name_en):
            first, second = int(column.codes[a]), int(column.codes[b])
            if first == second and first >= 0:
                return True
            known |= first >= 0 or second >= 0
        return not known

    def _angle(self, before: int, after: int) -> float:
        turn = self._bearing(after, leaving=True) - self._bearing(before, leaving=False)
        return (turn + 180) % 360 - 180

    def _bearing(self, key: int, *, leaving: bool) -> float:
        """Return the direction (degrees from north, clockwise) at the begin or end of a key."""
        points = self._ahead(key, leaving=leaving)
        lon, lat = points[0].tolist()
        shrunk = math.cos(math.radians(lat))
        east = north = 0.0
        for x, y in points[1:SEEN].tolist():
            east, north = (x - lon) * shrunk * DEGREE_M, (y - lat) * DEGREE_M
            if math.hypot(east, north) >= SIGHT_M:
                break
        if not leaving:
            east, north = -east, -north
        return math.degrees(math.atan2(east, north)) % 360

    def _ahead(self, key: int, *, leaving: bool) -> Floats:
        """Return the vertices of a key from its begin on, or from its end back."""
        points = self._graph.edges.vertices(key >> 1)
        return points[::-1] if bool(key & 1) == leaving else points


def _codes_where(column: Coded, wanted: Callable[[str], bool]) -> Bools:
    """Return by code whether a value is wanted; the last entry stands for no value."""
    return np.array([*(wanted(value) for value in column.values), False], np.bool_)


def _side(angle: float) -> str:
    if abs(angle) < 3:
        return ""
    return "_right" if angle > 0 else "_left"


def _turn(angle: float) -> str:
    side = "right" if angle > 0 else "left"
    if abs(angle) < SLIGHT_DEG:
        return f"slight_{side}"
    return side if abs(angle) < TURN_DEG else f"sharp_{side}"
