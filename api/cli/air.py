"""pack and briefing: the air into one file, through the server's own way."""

from __future__ import annotations

import urllib.request
from argparse import Namespace
from pathlib import Path
from urllib.parse import urlencode

from api.cli.export import fetch, serving
from api.cli.ground import ground
from api.cli.progress import step
from layers.reports.keys import known_keys
from spatial.settings import Settings


def pack(settings: Settings, options: Namespace) -> int:
    """Write the signed offline pack, and print the key that apps are given."""
    _write(settings, "/api/airspace/pack", options.file)
    print(f"key {known_keys(settings.home)[-1]}")
    return 0


def briefing(settings: Settings, options: Namespace) -> int:
    """Write the briefing of an area at a time: one page that opens without a network."""
    names = ("bbox", "time", "until", "lang")
    asked = {name: getattr(options, name) for name in names}
    query = urlencode({name: text for name, text in asked.items() if text is not None})
    _write(settings, f"/api/airspace/briefing.html?{query}", options.file)
    return 0


def _write(settings: Settings, path: str, file: Path) -> None:
    with ground(settings) as base, serving(base) as url, step(f"writing {file.name}"):
        fetch(urllib.request.Request(url + path), file)  # noqa: S310
    print(f"{file}: {file.stat().st_size:,} bytes")
