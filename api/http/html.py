"""Small server-made pages for people: escaped, without script, zh or en."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

import orjson
from starlette.responses import Response

from spatial.json_types import Shown

STYLE = """
@font-face{font-family:"Noto Sans SC";src:local("Noto Sans SC"),
url(/vendor/fonts/noto-sans-sc-400.woff2) format("woff2");font-display:swap}
:root{color-scheme:light dark;--line:#8b9aa8;--link:#0b6ba8}
@media (prefers-color-scheme:dark){:root{--link:#4cc9f0}}
body{font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;max-width:72rem;margin:0 auto;padding:1rem}
a{color:var(--link)} h1{font-size:1.4rem} h2{font-size:1.1rem;margin-top:1.5rem}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
td{overflow-wrap:break-word} .wide{overflow-x:auto} nav a{margin-right:.75rem}
dt{font-weight:600} dd{margin:0 0 .5rem} code{font-size:13px}
footer{margin-top:2rem;border-top:1px solid var(--line);font-size:13px}
@media print{nav{display:none}}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def render(value: Shown) -> Markup:
    """Return any value as escaped HTML; None is empty, structures are JSON."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup("")
    if isinstance(value, (dict, list)):
        value = orjson.dumps(value).decode()
    return Markup(escape(str(value)))


def element(tag: str, *children: Shown, **attributes: str) -> Markup:
    """Return one element with escaped children and attributes."""
    given = "".join(f' {name.rstrip("_")}="{escape(v)}"' for name, v in attributes.items())
    return Markup(f"<{tag}{given}>{''.join(map(render, children))}</{tag}>")


def anchor(text: Shown, href: str) -> Markup:
    """Return a link; only addresses of http and of this server become one."""
    if not href.startswith(("http://", "https://", "/", "?")):
        return render(text)
    return element("a", text, href=href)


def table(head: Sequence[Shown], rows: Iterable[Sequence[Shown]]) -> Markup:
    """Return a table that scrolls sideways by itself."""
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    cells = ("".join([f"<td>{render(cell)}</td>" for cell in row]) for row in rows)
    body = Markup("".join([f"<tr>{row}</tr>" for row in cells]))
    inner = element("table", element("thead", top), element("tbody", body))
    return element("div", inner, class_="wide")


def pairs(items: Iterable[tuple[Shown, Shown]]) -> Markup:
    """Return terms and their values."""
    return element("dl", *(part for k, v in items for part in (element("dt", k), element("dd", v))))


def page(
    lang: str, title: str, trail: Sequence[tuple[str, str]], body: Sequence[Markup]
) -> Response:
    """Return a whole page.

    Parameters
    ----------
    lang
        `zh` or `en`.
    title
        Plain text.
    trail
        Text and address of the pages above this one.
    body
        Parts of the page.
    """
    crumbs = element("nav", *(anchor(text, href) for text, href in trail))
    html = (
        f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"{crumbs}<main><h1>{escape(title)}</h1>{''.join(body)}</main></body></html>"
    )
    headers = {
        "Content-Security-Policy": POLICY,
        "Content-Language": lang,
        "Vary": "Accept, Accept-Language, Cookie, Authorization, Origin",
        "Cache-Control": "private, no-cache",
    }
    return Response(html, media_type="text/html", headers=headers)
