"""What a briefing says in words, in Chinese or English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast

from layers.processes.airspace.answer import NOTE
from layers.processes.airspace.briefing import STRETCH, Box, Planned, Shown
from layers.processes.airspace.briefing_page import Table
from layers.processes.readers.airspace_rows import AirOfTime
from routing.airspace.filing import DAY_ZONE
from routing.airspace.zones import Limit, Zone
from spatial.airspace_rules import GROUND, Category
from spatial.rules import Rules, get_rule

Lang = Literal["zh", "en"]
_WORDS = {
    "title": ("低空简报", "Low-altitude briefing"),
    "zones": ("空域与管制区域", "Zones"),
    "none": ("地面", "ground"),
    "open": ("未声明上限", "no ceiling stated"),
    "unknown": ("未知", "unknown"),
    "PROHIBITED": ("禁止", "prohibited"),
    "REQ_AUTHORISATION": ("须申请", "needs approval"),
    "CONDITIONAL": ("附条件，须确认", "conditional, to be confirmed"),
    "NO_RESTRICTION": ("无限制", "no restriction"),
    "airspace": ("空域", "airspace"),
    "controlled_ground": ("地面管制", "controlled ground"),
    "airspace_restriction": ("临时管制", "restriction"),
    "navigation": ("不可用于航行", "Not for navigation"),
    "synthetic": ("含合成数据", "Holds synthetic data"),
    "derived": ("含推算数据", "Holds derived data"),
    "all_known": ("范围内各县八类均已知", "All eight are known in every county here"),
    "plans": ("飞行计划", "Planned flights"),
    "public_only": ("仅含公开计划", "public ones alone"),
    "cut": ("只列最早开始者", "those that begin first alone"),
    "Filed": ("待批", "filed"),
    "Accepted": ("已接受", "accepted"),
    "Activated": ("执行中", "activated"),
    "Nonconforming": ("偏离计划", "nonconforming"),
    "Contingent": ("应急", "contingent"),
    "Ended": ("已结束", "ended"),
    "Constraint": ("约束", "constraint"),
    "no_review": ("未取得审图号，不得公开使用", "No map review number: not for publication"),
}
_HEADS = (
    ("名称", "类别", "限制", "下限", "上限", "有效期", "依据", "主体", "来源性质"),
    ("Name", "Kind", "Restriction", "Floor", "Ceiling", "Valid", "Rule", "Authority", "Origin"),
)
_PLAN_HEADS = (
    ("名称", "状态", "优先级", "开始", "结束", "高度（W84）", "来源性质"),
    ("Name", "State", "Priority", "Begin", "End", "Heights (W84)", "Origin"),
)


class Words:
    """The words of one language."""

    def __init__(self, lang: Lang, rules: Rules) -> None:
        self.lang = lang
        self._at = 0 if lang == "zh" else 1
        self._grounds = get_rule(rules, GROUND).value.root

    def of(self, key: str) -> str:
        """Return a word."""
        return _WORDS[key][self._at]

    def pick(self, zh: str, en: str) -> str:
        """Return the text of this language, the other where it is empty."""
        return (zh, en)[self._at] or zh or en

    def name(self, zone: Zone) -> str:
        """Return what a zone is called in the picture."""
        name = self.pick(zone.name_zh, zone.name_en)
        limits = self._limit(zone.floor, "none"), self._limit(zone.ceiling, "open")
        return f"{name}\n{self._kind(zone)} · {' – '.join(limits)}"

    def _kind(self, zone: Zone) -> str:
        """Return class of airspace, category of ground, or that it is a restriction."""
        ground = self._grounds.get(cast(Category, zone.level))
        if zone.sort == "controlled_ground" and ground is not None:
            return self.pick(ground.zh, ground.en)
        return f"{self.of(zone.sort)} {zone.level if zone.sort == 'airspace' else ''}".rstrip()

    def table(self, shown: Shown) -> Table:
        """Return the zones in words."""
        return self.of("zones"), _HEADS[self._at], [self._row(zone) for zone in shown.zones]

    def called(self, plan: Planned) -> str:
        """Return what a plan is called in the picture."""
        times = f"{self._time(plan.begin)[5:16]} – {self._time(plan.end)[11:16]}"
        return f"{self.pick(plan.zh, plan.en)}\n{self.of(plan.state)} · {times}"

    def plan_table(
        self, plans: Sequence[Planned], until: datetime, *, public_only: bool, cut: bool
    ) -> Table:
        """Return the flights that are planned until a time, in words."""
        limits = [self.of(key) for key, on in (("public_only", public_only), ("cut", cut)) if on]
        note = f" ({', '.join(limits)})" if limits else ""
        heading = f"{self.of('plans')} – {self._time(until)}: {len(plans)}{note}"
        return heading, _PLAN_HEADS[self._at], [self._plan(one) for one in plans]

    def _plan(self, plan: Planned) -> Sequence[str]:
        return (
            self.pick(plan.zh, plan.en), self.of(plan.state), str(plan.priority),
            self._time(plan.begin), self._time(plan.end),
            f"{plan.lower_m:.0f} – {plan.upper_m:.0f} m", plan.origin,
        )  # fmt: skip

    def _row(self, zone: Zone) -> Sequence[str]:
        valid = f"{self._time(zone.begin)} – {self._time(zone.end)}"
        return (
            self.pick(zone.name_zh, zone.name_en), self._kind(zone),
            self.of(zone.restriction), self._limit(zone.floor, "none"),
            self._limit(zone.ceiling, "open"), valid if zone.begin or zone.end else "–",
            zone.rule or zone.legal_text or "–", self.pick(*zone.authority), zone.origin,
        )  # fmt: skip

    def _limit(self, limit: Limit | None, otherwise: str) -> str:
        if limit is None:
            return self.of(otherwise)
        if limit.value_m is None:
            return self.of("unknown")
        return f"{limit.value_m:g} m {limit.datum}"

    @staticmethod
    def _time(moment: datetime | None) -> str:
        return "…" if moment is None else f"{moment.astimezone(DAY_ZONE):%Y-%m-%d %H:%M%z}"

    def marks(self, air: AirOfTime, shown: Shown, review: str | None) -> list[str]:
        """Return what is told in bold."""
        terrain = air.known.terrain
        origins = {zone.origin for zone in shown.zones} | ({terrain.origin} if terrain else set())
        told = [self.of(origin) for origin in ("synthetic", "derived") if origin in origins]
        return [*told, self.of("navigation"), review or self.of("no_review")]

    def facts(
        self, air: AirOfTime, shown: Shown, box: Box, moment: datetime, sources: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Return what a briefing stands on."""
        terms = (
            ("时间", "Time"), ("范围", "Area"), ("数据截至", "Data as of"),
            ("未加载的地面管制类别", "Categories of controlled ground not loaded"),
            ("高度", "Heights"), ("说明", "Note"), ("数据来源", "Sources"),
        )  # fmt: skip
        known = air.known
        drawn = (
            f"按海拔绘制，夸大 {STRETCH} 倍；AGL 按区域内地面均值换算，STD 按标准大气示意",
            f"Drawn above sea level, stretched {STRETCH} times; AGL over the mean of a zone's"
            " ground, STD as in the standard atmosphere",
        )
        said = (
            self._time(moment), ", ".join(f"{side:g}" for side in box),
            f"{self._time(known.changed_at)} · v{known.version}", self._unknown(shown),
            drawn[self._at], NOTE[self.lang], " · ".join(sources) or "–",
        )  # fmt: skip
        return [(term[self._at], text) for term, text in zip(terms, said, strict=True)]

    def _unknown(self, shown: Shown) -> str:
        grounds = self._grounds
        lines = [
            f"{self.pick(county.name_zh, county.name_en)}: "
            + ", ".join(self.pick(grounds[c].zh, grounds[c].en) for c in county.unknown)
            for county in shown.counties if county.unknown
        ]  # fmt: skip
        beyond = self.pick("各县以外均未知", "beyond all counties everything is unknown")
        return "; ".join([*(lines or [self.of("all_known")]), beyond])
