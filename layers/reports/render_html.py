"""The page of a frozen report: one file without script, maps drawn within it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layers.reports import words
from layers.reports.render_svg import draw
from layers.reports.seal import Told
from layers.reports.words import escape

STYLE = """
@font-face{font-family:"Noto Sans SC";src:local("Noto Sans SC"),
url(/vendor/fonts/noto-sans-sc-400.woff2) format("woff2");font-display:swap}
body{font:15px/1.6 "Noto Sans SC",system-ui,sans-serif;color:#1c2730;background:#fff;
max-width:64rem;margin:0 auto;padding:1rem 1.5rem}
h1{font-size:1.6rem;margin:0 0 .25rem} h2{font-size:1.2rem;border-top:2px solid #1c2730;
padding-top:.75rem;margin-top:2rem} h3{font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid #b6c0c8;padding:.2rem .5rem;text-align:left}
td.n,th.n{text-align:right} .marks b{background:#8a2b0f;color:#fff;padding:.1rem .5rem;
margin-right:.5rem;font-weight:400} .total{font-size:1.3rem;font-weight:600} .wide{overflow-x:auto}
dt{font-weight:600} dd{margin:0 0 .3rem} svg{width:100%;height:auto;border:1px solid #b6c0c8}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1.5rem}
footer{border-top:1px solid #b6c0c8;margin-top:2rem;font-size:13px}
@media print{h2{break-after:avoid} table,svg{break-inside:avoid}}
"""


def page(document: Told, outlines: Told, changed: Sequence[Told] = ()) -> str:
    """Return the page of a document.

    Parameters
    ----------
    document, outlines
        As frozen.
    changed
        The numbers in which it differs from the version that it corrects.
    """
    title = f"{document['title']['zh']} {document['period']}"
    marks = "".join(f"<b>{escape(mark)}</b>" for mark in words.marks(document))
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<header><h1>{escape(title)}</h1><p>{escape(document['title']['en'])}</p>",
        f'<p class="marks">{marks}</p>{_facts(words.facts(document))}</header><main>',
        _changed(changed, document),
        *(_item(document, item, outlines) for item in document["items"]),
        *(_listed(*one) for one in words.listed(document)),
        _basis(document["rules"]),
        "</main><footer><h2>来源</h2><ul>",
        *(f"<li>{escape(text)}</li>" for text in words.sources(document)),
        "</ul></footer></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(v)}</dd>' for k, v in facts)}</dl>"


def _item(document: Told, item: Told, outlines: Told) -> str:
    made_of = words.parts(document, item)
    parts = [
        f'<section id="{escape(item["id"])}"><h2>{escape(item["title"]["zh"])}</h2>',
        f"<p>{escape(item['description']['zh'])}</p>" if item["description"] else "",
        f'<p class="total">{escape(words.headline(item))}</p>',
        _table(words.PART_HEADS, made_of, 2) if made_of else "",
        *(f"<p>{escape(note)}</p>" for note in words.notes(document, item)),
        draw(document, item, outlines) if item["map"] else "",
        _lists(document, item),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _lists(document: Told, item: Told) -> str:
    found = [
        f"<div><h3>{escape(title)}</h3>"
        f"{_table(words.place_heads(item), words.place_rows(places, item), 2)}</div>"
        for title, places in words.lists(document, item)
    ]
    return f'<div class="two">{"".join(found)}</div>' if found else ""


def _listed(
    title: str, notes: Sequence[str], heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    said = "".join(f"<p>{escape(note)}</p>" for note in notes)
    table = _table(heads, rows, len(heads)) if rows else ""
    return f"<section><h2>{escape(title)}</h2>{said}{table}</section>"


def _changed(changed: Sequence[Told], document: Told) -> str:
    if not changed:
        return ""
    rows = [[one["indicator"], one["unit"], one["from"], one["to"]] for one in changed]
    head = f"<h2>更正（对第 {document['version'] - 1} 版）</h2>"
    return head + _table(("指标", "单位", "原值", "现值"), rows, 2)


def _basis(rules: Iterable[Told]) -> str:
    rows = [
        [rule["key"], rule["version"], rule["source"], rule["legal_text"] or ""] for rule in rules
    ]
    return f"<h2>依据</h2>{_table(('规则', '版本', '来源', '条文'), rows, 4)}" if rows else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> str:
    """Return a table whose columns are numbers from one on."""
    kinds = ["" if at < numbers_from else ' class="n"' for at in range(len(heads))]
    head = "".join(
        f'<th scope="col"{kind}>{escape(text)}</th>'
        for kind, text in zip(kinds, heads, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'
