"""The map's files: policy, entity tags, and nothing but what the map needs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re

import httpx
import pytest
from starlette.applications import Starlette

from api.ops import static


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
