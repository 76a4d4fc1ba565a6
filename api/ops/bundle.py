"""The map's scripts and styles as a few files: made at set-up, served while they are fresh.

`js/` and `css/` are what is written and read; the bundle is made from them by esbuild, beside them
in `bundle/`, with a manifest that holds the digest of all that it was made from. It is served as
long as that digest is theirs: whoever edits a module sees the edit at the next reload, from the
modules themselves, and the next `./sigang up` makes the bundle anew. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

PAGE, OUTPUT, MANIFEST = "index.html", "bundle", "MANIFEST.json"
VENDORED = {
    "lit": "lit.mjs",
    "lit/directives/repeat.js": "lit.mjs",
    "@preact/signals-core": "signals.mjs",
    "uplot": "uplot.mjs",
}
"""What goes into the bundle of what the page's import map names; MapLibre finds its worker beside
itself and terra-draw is for those who draw, so that both stay as they are."""
OUTSIDE = ("maplibre-gl", "terra-draw", "terra-draw-maplibre-gl-adapter", "*.woff2")
_STYLE = re.compile(r'[ ]*<link rel="stylesheet" href="([^"]+)"(?: media="(\w+)")? />\n')
_SCRIPT = re.compile(r'[ ]*<script type="module" src="([^"]+)"></script>\n')

Run = Callable[[Sequence[str]], None]


class _Import(TypedDict):
    path: str
    kind: str


class _Output(TypedDict, total=False):
    """A file as esbuild tells of it."""

    entryPoint: str
    imports: list[_Import]


Stamp = tuple[tuple[str, int, int], ...]
"""Names, times and sizes of files: while they are the same, so is what they hold."""


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                yield entry


def _stamp(root: Path) -> Stamp:
    """Return the stamp of all that the bundle is made from."""
    entries = [entry for name in ("js", "css") for entry in _files(root / name)]
    stats = [(entry.path, entry.stat()) for entry in entries]
    stats += [(str(path), path.stat()) for path in (root / PAGE, root / "vendor" / MANIFEST)]
    return tuple(sorted((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats))


def _digest(root: Path, stamp: Stamp) -> str:
    digest = hashlib.sha256()
    for name, _, _ in stamp:
        text = Path(name).read_bytes()
        digest.update(f"{Path(name).relative_to(root).as_posix()} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def fresh_page(root: Path) -> bytes | None:
    """Return the page that loads the bundle; None where there is none of the sources as they are.

    Parameters
    ----------
    root
        The front end's folder.
    """
    try:
        made_ns = (root / OUTPUT / MANIFEST).stat().st_mtime_ns
        return _fresh_page(root, made_ns, _stamp(root))
    except FileNotFoundError:
        return None


@lru_cache(maxsize=4)
def _fresh_page(root: Path, _made_ns: int, stamp: Stamp) -> bytes | None:
    manifest = json.loads((root / OUTPUT / MANIFEST).read_text("utf-8"))
    if manifest["made_from"] != _digest(root, stamp):
        return None
    return _page(root, manifest["scripts"], manifest["style"])


def _page(root: Path, scripts: Sequence[str], style: str) -> bytes:
    """Write the page with one style sheet and script; scripts that this imports come beside it."""
    text = (root / PAGE).read_text("utf-8")
    sheet = f'    <link rel="stylesheet" href="{OUTPUT}/{style}" />\n'
    beside = [f'    <link rel="modulepreload" href="{OUTPUT}/{name}" />\n' for name in scripts[1:]]
    script = f'    <script type="module" src="{OUTPUT}/{scripts[0]}"></script>\n'
    text = _SCRIPT.sub("".join([*beside, script]), text)
    first = _STYLE.search(text)
    at = first.start() if first else 0
    return (text[:at] + sheet + _STYLE.sub("", text[at:])).encode()


def make(root: Path, esbuild: Path, run: Run) -> None:
    """Make the bundle anew where it is not that of the sources.

    Parameters
    ----------
    root
        The front end's folder, with its vendor folder.
    esbuild
        The bundler's program.
    run
        Runs a command in the front end's folder and raises when it fails.
    """
    if fresh_page(root) is not None:
        return
    made_from = _digest(root, _stamp(root))
    stage = root / f"{OUTPUT}.new"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    page = (root / PAGE).read_text("utf-8")
    sheets = [f'@import "../{path}" {media};\n' for path, media in _STYLE.findall(page)]
    (stage / "style.css").write_text("".join(sheets), "utf-8")
    entry = _SCRIPT.findall(page)[0]
    run(
        [
            str(esbuild), entry, f"{stage.name}/style.css", "--bundle", "--splitting",
            "--format=esm", "--target=es2022", "--minify", "--sourcemap", f"--outdir={stage.name}",
            "--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]",
            f"--metafile={stage.name}/meta.json", "--log-level=warning",
            *(f"--external:{name}" for name in OUTSIDE),
            *(f"--alias:{name}=./vendor/{file}" for name, file in VENDORED.items()),
        ]
    )  # fmt: skip
    told = json.loads((stage / "meta.json").read_text("utf-8"))["outputs"]
    manifest = {"made_from": made_from, **_parts(told, entry, f"{stage.name}/style.css")}
    (stage / "meta.json").unlink()
    (stage / "style.css").unlink()
    (stage / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
    shutil.rmtree(root / OUTPUT, ignore_errors=True)
    stage.rename(root / OUTPUT)


def _parts(outputs: Mapping[str, _Output], entry: str, sheet: str) -> dict[str, str | list[str]]:
    """Name the script of the entry, all that it imports, and the style sheet."""
    by_entry = {part.get("entryPoint"): path for path, part in outputs.items()}
    scripts = [by_entry[entry]]
    for path in scripts:
        scripts += [
            one["path"]
            for one in outputs[path]["imports"]
            if one["kind"] == "import-statement" and one["path"] not in scripts
        ]
    return {"scripts": [Path(path).name for path in scripts], "style": Path(by_entry[sheet]).name}
