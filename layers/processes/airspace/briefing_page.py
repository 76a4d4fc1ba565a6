"""The page of a briefing: one file with its own script that opens without a network.

Nothing in it can become script: data is JSON whose signs of markup are escaped, text is escaped,
and the page's own policy allows two scripts and one style by their digests, and no request.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from functools import lru_cache

from layers.processes.airspace.briefing import FONT

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Heading, heads and rows."""
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_OPEN, _CLOSE = "<script type='text/javascript'>", "</script>"
_START = """
document.fonts.load('16px FONT').finally(() => createDeck({
  container: document.getElementById('deck'),
  jsonInput: JSON.parse(document.getElementById('picture').textContent),
  tooltip: {text: '{name}'}, customLibraries: null, configuration: null,
}));
""".replace("FONT", FONT)
_STYLE = """
body{font:15px/1.5 system-ui,FONT,"Noto Sans SC",sans-serif}
body{margin:0;background:#0f1924;color:#e6edf3}
header,section,footer{padding:.5rem 1rem;max-width:72rem}
h1{font-size:1.3rem;margin:.25rem 0} h2{font-size:1.05rem;margin:.5rem 0}
#deck{position:relative;width:100%;height:62vh;min-height:20rem;overflow:hidden}
.marks b{background:#8a2b0f;color:#fff;padding:.1rem .5rem;margin-right:.5rem;font-weight:400}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid #8b9aa8;padding:.2rem .5rem;text-align:left;vertical-align:top}
.wide{overflow-x:auto} dt{font-weight:600} dd{margin:0 0 .3rem}
#deck .deck-tooltip{white-space:pre-line}
""".replace("FONT", FONT)


@lru_cache(1)
def _bundle() -> str:
    """Return deck.gl as pydeck brings it."""
    from pydeck.io.html import cdn_picker

    text: str = cdn_picker(offline=True)
    return text.removeprefix(_OPEN).removesuffix(_CLOSE)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _style(font: bytes | None) -> str:
    if font is None:
        return _STYLE
    source = f"url(data:font/woff2;base64,{base64.b64encode(font).decode()}) format('woff2')"
    return f"{_STYLE}@font-face{{font-family:{FONT};src:{source}}}\n"


@lru_cache(4)
def policy(font: bytes | None = None) -> str:
    """Return the Content-Security-Policy of a page that brings a font, or none."""
    fonts = "" if font is None else " font-src data:;"
    return (
        f"default-src 'none'; script-src {_digest(_bundle())} {_digest(_START)};"
        f" style-src {_digest(_style(font))};{fonts} img-src data: blob:;"
        " worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def page(
    title: str, lang: str, marks: Sequence[str], picture: str,
    facts: Sequence[tuple[str, str]], *tables: Table, font: bytes | None = None,
) -> str:  # fmt: skip
    """Return the page.

    Parameters
    ----------
    title, lang, marks
        Its heading, `zh` or `en`, and what is told in bold.
    picture
        JSON of `createDeck`.
    facts
        Terms and what is said of them.
    tables
        The picture in words.
    font
        A font (WOFF2) for what the reader's machine cannot show.
    """
    said = html.escape
    terms = "".join(f"<dt>{said(term)}</dt><dd>{said(text)}</dd>" for term, text in facts)
    sections = "".join(
        f"<section><h2>{said(heading)}</h2>{_table(heads, rows)}</section>"
        for heading, heads, rows in tables
    )
    return "\n".join((
        f'<!doctype html><html lang="{said(lang)}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{said(policy(font))}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{said(title)}</title><style>{_style(font)}</style></head><body>",
        f"<header><h1>{said(title)}</h1><p class=\"marks\">",
        "".join(f"<b>{said(mark)}</b>" for mark in marks),
        f'</p></header><main><div id="deck" role="img" aria-label="{said(title)}"></div>',
        f"<section><dl>{terms}</dl></section>",
        f"{sections}</main>",
        f'<script type="application/json" id="picture">{picture.translate(_ESCAPED)}</script>',
        f"<script>{_bundle()}</script>", f"<script>{_START}</script></body></html>\n",
    ))  # fmt: skip


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in rows
    )
    return (
        f'<div class="wide" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
