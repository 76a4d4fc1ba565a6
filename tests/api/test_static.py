"""The map's files: policy, entity tags, and nothing but what the map needs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.ops import bundle, static


def get(path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(
            Starlette(
                routes=[*(one.mounted() for one in static.pages.registered), *static.mounts()]
            )
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_the_page_allows_its_import_map_by_hash_and_no_other_script():
    answer = get("/")
    policy = answer.headers["content-security-policy"]
    script = re.search(r'<script type="importmap">(.*?)</script>', answer.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = re.search(r"script-src ([^;]*);", policy)[1].split()
    assert scripts == ["'self'", f"'sha256-{digest}'"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy


def test_the_page_has_an_entity_tag():
    tag = get("/").headers["etag"]
    again = get("/", **{"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_files_have_entity_tags():
    answer = get("/js/main.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert get("/js/main.js", **{"If-None-Match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    "path", ["/package.json", "/vendor.mjs", "/node_modules/lit/package.json", "/js/../x.json",
             "/js/%2e%2e/package.json", "/test/", "/css/"]
)  # fmt: skip
def test_nothing_else_is_served(path):
    assert get(path).status_code == 404


def front_end(root):
    """Make a front end of two modules and two sheets, and what bundles it as esbuild would."""
    texts = {
        "index.html": '    <link rel="stylesheet" href="css/a.css" />\n'
        '    <link rel="stylesheet" href="css/b.css" media="print" />\n'
        '    <script type="module" src="js/main.js"></script>\n',
        "js/main.js": "import './core/a.js';", "js/core/a.js": "1;",
        "css/a.css": "a {}", "css/b.css": "b {}", "vendor/MANIFEST.json": "{}",
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    sheets = []

    def run(_):
        stage = root / "bundle.new"
        sheets.append((stage / "style.css").read_text())
        chunk = {"path": "bundle.new/chunk-2.js", "kind": "import-statement"}
        later = {"path": "bundle.new/later-3.js", "kind": "dynamic-import"}
        outputs = {
            "bundle.new/main-1.js": {"entryPoint": "js/main.js", "imports": [chunk, later]},
            "bundle.new/chunk-2.js": {"imports": []},
            "bundle.new/style-4.css": {"entryPoint": "bundle.new/style.css", "imports": []},
        }
        (stage / "meta.json").write_text(json.dumps({"outputs": outputs}))

    return run, sheets


def test_the_bundle_is_served_while_it_is_that_of_the_modules(tmp_path):
    run, sheets = front_end(tmp_path)
    assert bundle.fresh_page(tmp_path) is None
    bundle.make(tmp_path, Path("esbuild"), run)
    page = (
        '    <link rel="stylesheet" href="bundle/style-4.css" />\n'
        '    <link rel="modulepreload" href="bundle/chunk-2.js" />\n'
        '    <script type="module" src="bundle/main-1.js"></script>\n'
    )
    assert bundle.fresh_page(tmp_path) == page.encode()
    assert sheets == ['@import "../css/a.css" ;\n@import "../css/b.css" print;\n']
    module = tmp_path / "js" / "core" / "a.js"
    module.write_text("2; // edited")
    assert bundle.fresh_page(tmp_path) is None
    module.write_text("1;")
    assert bundle.fresh_page(tmp_path) == page.encode()
    (tmp_path / "css" / "c.css").write_text("")
    assert bundle.fresh_page(tmp_path) is None
    bundle.make(tmp_path, Path("esbuild"), run)
    bundle.make(tmp_path, Path("esbuild"), run)
    assert bundle.fresh_page(tmp_path) == page.encode()
    assert len(sheets) == 2


def test_a_bundle_that_cannot_be_made_leaves_the_modules(tmp_path):
    def fail(_):
        raise OSError("no such program")

    front_end(tmp_path)
    with pytest.raises(OSError, match="no such program"):
        bundle.make(tmp_path, Path("esbuild"), fail)
    assert bundle.fresh_page(tmp_path) is None


def test_files_of_the_bundle_may_be_kept_for_ever(tmp_path, monkeypatch):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "main-1.js").write_text("1;")
    monkeypatch.setattr(static, "ROOT", tmp_path)
    assert "immutable" in get("/bundle/main-1.js").headers["cache-control"]


def test_the_page_names_files_that_are_served():
    names = re.findall(r'(?:src|href)="((?:js|css|img|vendor|bundle)/[^"]+)"', get("/").text)
    assert len(names) > 3
    assert {name: get(f"/{name}").status_code for name in names} == dict.fromkeys(names, 200)
