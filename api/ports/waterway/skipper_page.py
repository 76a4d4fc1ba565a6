"""The page of a skipper: four answers on a small screen, a form, and how old the answers are.

It needs nothing after it is there, but a font where the machine has none, so that a copy of it can
be read without a network; its one script tells the age of the copy. Text is escaped, and the policy
allows that script and the style by their digests.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Literal, TypedDict

from api.http.html import Markup, element, table
from spatial.schema.cells import CHINA

Lang = Literal["zh", "en"]
OLD_MIN = 60
"""Minutes after which a copy is told to be old."""
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("船长一页", "Skipper's page"),
    "passes": ("可以通过", "You may pass"),
    "cannot_tell": ("无法判定", "Cannot tell"),
    "refused": ("不能通过", "You may not pass"),
    "may": ("能走吗", "May I"),
    "much": ("能装多少", "How much"),
    "when": ("什么时候", "When"),
    "wait": ("候闸并过闸", "wait and lockage"),
    "no_queue": ("无排队信息", "no queue known"),
    "stops": ("卡在哪里", "What stops me"),
    "arrive": ("预计到达", "Expected there"),
    "first": ("本吃水有把握的首日", "First day on which this draught is sure"),
    "no_day": ("预报期内没有有把握的一天", "No day of the forecast is sure"),
    "no_load": (
        "填空载吃水、满载吃水与载重吨后推算",
        "Fill in light and loaded draught and deadweight",
    ),
    "no_tonnes": ("没有水位预报，或都不能通过", "No level is forecast, or no draught passes"),
    "nothing": ("没有限值挡住", "Nothing is in the way"),
    "missing": ("缺少", "Missing"),
    "day": ("日", "Day"),
    "sure": ("有把握", "Sure"),
    "expected": ("期望", "Expected"),
    "from": ("起点 经度,纬度", "From longitude,latitude"),
    "to": ("终点 经度,纬度", "To longitude,latitude"),
    "draught_m": ("满载吃水 m", "Loaded draught m"),
    "light_m": ("空载吃水 m", "Light draught m"),
    "air_draught_m": ("水线以上高 m", "Air draught m"),
    "beam_m": ("型宽 m", "Beam m"),
    "length_m": ("总长 m", "Length m"),
    "deadweight_t": ("载重吨 t", "Deadweight t"),
    "ask": ("查询", "Ask"),
    "taken": ("取于", "Taken at"),
    "copy": ("离线副本不会更新。", "A copy kept offline does not change."),
    "depth": ("水深", "Depth"),
    "sill": ("门槛水深", "Depth over the sill"),
    "clearance": ("净高", "Clear height"),
    "width": ("宽度", "Width"),
    "length": ("长度", "Length"),
    "bend_radius": ("弯曲半径", "Bend radius"),
    "tonnage": ("吨级", "Tonnage"),
    "level": ("水位预报", "Forecast of the level"),
    "survey": ("实测", "A survey"),
    "vessel": ("船舶尺度", "A size of the vessel"),
    "needs": ("需要", "needs"),
}
_AGE = {"zh": ("此页已过 ", " 分钟"), "en": ("This page is ", " minutes old")}
_STYLE = """
@font-face{font-family:"Noto Sans SC";src:local("Noto Sans SC"),
url(/vendor/fonts/noto-sans-sc-400.woff2) format("woff2");font-display:swap}
:root{color-scheme:light dark;--line:#8b9aa8;--bad:#b3001b;--warn:#a34a00;--ok:#0b7a55}
@media (prefers-color-scheme:dark){:root{--bad:#ff5a6e;--warn:#ff8c1a;--ok:#2fbf8f}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,"Noto Sans SC",sans-serif;max-width:34rem;margin:0 auto;padding:.75rem}
h1{font-size:1.1rem;margin:0}h2{font-size:.95rem;margin:1rem 0 .25rem}p{margin:.25rem 0}
.verdict{font-size:1.5rem;font-weight:600;border-left:.4rem solid;padding-left:.5rem}
.passes{color:var(--ok)}.cannot_tell{color:var(--warn)}.refused{color:var(--bad)}
#age{font-size:.85rem}#age.old{color:var(--bad);font-weight:600}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.25rem;text-align:left}.wide{overflow-x:auto}
ul{margin:.25rem 0;padding-left:1.1rem}
form{display:grid;grid-template-columns:1fr 1fr;gap:.5rem;margin-top:1rem}
label{display:grid;font-size:.85rem}input,button{font:inherit;min-height:2.5rem;width:100%}
button{grid-column:1/-1}
"""
_SCRIPT = """
(()=>{const p=document.getElementById('age'),at=Date.parse(p.dataset.at);
const tell=()=>{const m=Math.max(0,Math.floor((Date.now()-at)/60000));
p.querySelector('b').textContent=p.dataset.before+m+p.dataset.after;
p.classList.toggle('old',m>=+p.dataset.old);};tell();setInterval(tell,15000);})();
"""


class Name(TypedDict):
    """A name in both languages."""

    zh: str | None
    en: str | None


class Available(TypedDict):
    """What there is of a limit at the level of the time."""

    least: float | None
    most: float | None


class LimitTold(TypedDict, total=False):
    """A limit, as an answer tells of it."""

    kind: str
    verdict: str
    available: Available
    needed: float | None


class OpeningTold(TypedDict):
    """An opening or a chamber."""

    name: Name | None
    limits: list[LimitTold]


class StructureTold(TypedDict):
    """A structure on an edge."""

    name: Name
    openings: list[OpeningTold]


class EdgeTold(TypedDict):
    """An edge that refuses."""

    name: Name
    limits: list[LimitTold]
    structures: list[StructureTold]


class Site(TypedDict):
    """A structure or gauge that is named."""

    name: Name


class MissingTold(TypedDict, total=False):
    """A value that is missing."""

    what: str
    kind: str | None
    size: str
    structure: Site
    gauge: Site
    at_least: float | None


class DayTold(TypedDict):
    """A day's draught (m) and tonnes by quantile."""

    date: str
    draught_m: dict[str, float | None]
    payload_t: dict[str, float | None]


class LoadingTold(TypedDict):
    """Tonnes by day."""

    days: list[DayTold]


class LockWait(TypedDict):
    """A lock: what one waits there until the gate opens behind it, None where it is not known."""

    name: Name
    wait_s: dict[str, float] | None


class Eta(TypedDict):
    """When a voyage ends, with the locks of its way."""

    depart_at: str
    arrive_at: str
    with_locks_s: dict[str, float]
    locks: list[LockWait]


class PaperTold(TypedDict):
    """What is wrong with a paper."""

    kind: str
    fault: str
    article: str


class Said(TypedDict, total=False):
    """What a check and a loading say; `problem` where the question cannot be answered."""

    problem: Name
    answer: str
    eta: Eta
    refusals: list[EdgeTold]
    missing: list[MissingTold]
    papers: list[PaperTold] | None
    loading: LoadingTold | None


@dataclass(frozen=True)
class Asked:
    """What a page was asked: places as they were written, sizes (m, t) that were said."""

    start: str | None
    end: str | None
    light_m: float | None
    sizes: Mapping[str, float]

    @property
    def payload(self) -> list[tuple[float, float]] | None:
        """Tonnes at the light and the loaded draught, None where these are not all said."""
        loaded, tonnes = self.sizes.get("draught_m"), self.sizes.get("deadweight_t")
        if self.light_m is None or loaded is None or tonnes is None or loaded <= self.light_m:
            return None
        return [(self.light_m, 0.0), (loaded, tonnes)]


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy() -> str:
    """Return the Content-Security-Policy of a page."""
    return (
        f"default-src 'none'; script-src {_digest(_SCRIPT)}; style-src {_digest(_STYLE)};"
        " font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def page(lang: Lang, asked: Asked, said: Said | None, now: datetime) -> str:
    """Return the page of what was said, or of the form alone where nothing was asked."""
    words = _Words(lang)
    parts = [] if said is None else list(_answers(words, asked, said))
    title = words("title")
    return (
        f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{_age(words, now)}{''.join(parts)}{_form(words, asked)}"
        f"</main><script>{_SCRIPT}</script></body></html>"
    )


class _Words:
    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang

    def __call__(self, key: str) -> str:
        return _WORDS[key][self.lang == "en"] if key in _WORDS else key

    def pick(self, text: Name | None) -> str:
        """Return a text in the page's language, of the other one where it has but that."""
        if text is None:
            return ""
        zh, en = text["zh"] or "", text["en"] or ""
        return (zh or en) if self.lang == "zh" else (en or zh)


def _age(words: _Words, now: datetime) -> Markup:
    before, after = _AGE[words.lang]
    local = now.astimezone(CHINA)
    time = element("time", f"{local:%Y-%m-%d %H:%M}", datetime=now.isoformat(timespec="seconds"))
    return element(
        "p", words("taken"), " ", time, " · ", element("b", ""), " ", words("copy"), id="age",
        **{"data-at": now.isoformat(timespec="seconds"), "data-before": before,
           "data-after": after, "data-old": str(OLD_MIN)},
    )  # fmt: skip


def _answers(words: _Words, asked: Asked, said: Said) -> Iterator[Markup]:
    if "problem" in said:
        yield element("p", words.pick(said["problem"]), class_="verdict refused", role="alert")
        return
    yield element("h2", words("may"))
    yield element("p", words(said["answer"]), class_=f"verdict {said['answer']}", id="verdict")
    yield element("h2", words("when"), id="when")
    eta = said.get("eta")
    if eta:
        yield _arrival(words, eta)
        if eta["locks"]:
            yield element("ul", *(_at_lock(words, one) for one in eta["locks"]), id="locks")
    loaded = said.get("loading")
    if loaded:
        yield element("p", _first_day(words, asked, loaded))
    yield element("h2", words("much"), id="much")
    without = words("no_load" if asked.payload is None else "no_tonnes")
    yield _days(words, loaded) if loaded else element("p", without)
    yield element("h2", words("stops"), id="stops")
    rows = list(_stops(words, said))
    yield element("ul", *rows) if rows else element("p", words("nothing"))


def _arrival(words: _Words, eta: Eta) -> Markup:
    """Tell when the voyage ends, and between which times four of five do."""
    depart, told = datetime.fromisoformat(eta["depart_at"]), eta["with_locks_s"]
    low, high = ((depart + timedelta(seconds=told[q])).astimezone(CHINA) for q in ("p10", "p90"))
    arrive = datetime.fromisoformat(eta["arrive_at"]).astimezone(CHINA)
    between = "" if low == high else f" ({low:%H:%M} – {high:%m-%d %H:%M})"
    return element("p", f"{words('arrive')} ", element("b", f"{arrive:%m-%d %H:%M}"), between)


def _at_lock(words: _Words, one: LockWait) -> Markup:
    wait = one["wait_s"]
    minutes = "" if wait is None else (
        f"{wait['p50'] / 60:.0f} min ({wait['p10'] / 60:.0f} – {wait['p90'] / 60:.0f})"
    )  # fmt: skip
    text = words("no_queue") if wait is None else f"{words('wait')} {minutes}"
    return element("li", element("b", words.pick(one["name"])), f" {text}")


def _first_day(words: _Words, asked: Asked, loaded: LoadingTold) -> str:
    draught = asked.sizes["draught_m"]
    for day in loaded["days"]:
        sure = day["draught_m"]["p10"]
        if sure is not None and sure >= draught:
            return f"{words('first')}: {day['date']}"
    return words("no_day")


def _days(words: _Words, loaded: LoadingTold) -> Markup:
    def tonnes(value: float | None) -> str:
        return "?" if value is None else f"{value:.0f} t"

    return table(
        [words("day"), words("sure"), words("expected")],
        [
            [day["date"][5:], tonnes(day["payload_t"]["p10"]), tonnes(day["payload_t"]["p50"])]
            for day in loaded["days"]
        ],
    )


def _stops(words: _Words, said: Said) -> Iterator[Markup]:
    """Yield a line for each limit that refuses, then for each value that is missing."""
    for edge in said.get("refusals", ()):
        for where, limits in _groups(words, edge):
            for limit in limits:
                if limit["verdict"] != "passes":
                    yield element("li", element("b", where), " ", _limit(words, limit))
    for one in said.get("missing", ()):
        site = one.get("structure") or one.get("gauge")
        where = words.pick(site["name"]) if site else ""
        kind = words(one.get("size") or one.get("kind") or one["what"])
        enough = one.get("at_least")
        text = f"{words('missing')} {kind}" + (f" ≥ {enough:g}" if enough is not None else "")
        yield element("li", element("b", where), " ", text)
    for fault in said.get("papers") or ():
        yield element("li", element("b", fault["kind"]), f" {fault['fault']} {fault['article']}")


def _groups(words: _Words, edge: EdgeTold) -> Iterator[tuple[str, list[LimitTold]]]:
    yield words.pick(edge["name"]), edge["limits"]
    for structure in edge["structures"]:
        for opening in structure["openings"]:
            name = f"{words.pick(structure['name'])} {words.pick(opening['name'])}"
            yield name.strip(), opening["limits"]


def _limit(words: _Words, limit: LimitTold) -> str:
    unit = "t" if limit["kind"] == "tonnage" else "m"
    available = limit["available"]["most"] if "available" in limit else None
    there = "?" if available is None else f"{available:.2f} {unit}"
    needed = limit.get("needed")
    need = "" if needed is None else f", {words('needs')} {needed:.2f} {unit}"
    return f"{words(limit['kind'])} {there}{need}"


def _form(words: _Words, asked: Asked) -> Markup:
    values = {"from": asked.start or "", "to": asked.end or ""}
    numbers = {"light_m": asked.light_m, **dict.fromkeys(_FIELDS), **asked.sizes}
    fields = [
        _field(words, name, value, inputmode="text", required="required")
        for name, value in values.items()
    ]
    fields += [
        _field(words, name, "" if numbers[name] is None else f"{numbers[name]:g}",
               inputmode="decimal", pattern="[0-9]*[.]?[0-9]+")
        for name in ("draught_m", "light_m", *_FIELDS[1:])
    ]  # fmt: skip
    hidden = Markup(f'<input type="hidden" name="lang" value="{words.lang}">')
    return element("form", *fields, hidden, element("button", words("ask")), method="get")


_FIELDS = ("draught_m", "air_draught_m", "beam_m", "length_m", "deadweight_t")


def _field(words: _Words, name: str, value: str, **more: str) -> Markup:
    given = "".join(f' {key}="{escape(text)}"' for key, text in more.items())
    field = Markup(f'<input name="{name}" value="{escape(value)}"{given}>')
    return element("label", words(name), field)
