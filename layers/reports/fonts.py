"""The fonts of printed reports: those of the map, unpacked once into the state folder."""

from __future__ import annotations

import fcntl
from io import BytesIO
from pathlib import Path

from spatial.errors import SetupError
from spatial.settings import PROJECT

VENDORED = PROJECT / "frontend_static" / "vendor" / "fonts"
NAMES = ("noto-sans-sc-400", "inter-400", "inter-600")


def unpacked_fonts(home: Path) -> Path:
    """Return a folder with the vendored fonts as TrueType, made at the first need.

    Raises
    ------
    SetupError
        The fonts are not there.
    """
    folder = home / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in NAMES:
            _unpack(VENDORED / f"{name}.woff2", folder / f"{name}.ttf")
    return folder


def _unpack(packed: Path, whole: Path) -> None:
    if not packed.exists():
        raise SetupError(
            f"The font {packed} is not there", f"缺少字体 {packed}",
            mend_en="Run ./sigang up once: it brings what the map is made of.",
            mend_zh="请先运行 ./sigang up，它会准备地图所需文件。",
        )  # fmt: skip
    if whole.exists() and whole.stat().st_mtime >= packed.stat().st_mtime:
        return
    from fontTools.ttLib import TTFont

    part = whole.with_suffix(".part")
    font = TTFont(packed, recalcTimestamp=False, recalcBBoxes=False)
    font.flavor = None
    font.save(part)
    part.replace(whole)


def subset(home: Path, characters: str) -> bytes:
    """Return the Chinese font with some characters alone, as WOFF2.

    Raises
    ------
    SetupError
        The font is not there.
    """
    from fontTools import subset as tools

    options = tools.Options(flavor="woff2", layout_features=[], notdef_outline=True)
    font = tools.load_font(str(unpacked_fonts(home) / f"{NAMES[0]}.ttf"), options)
    cutter = tools.Subsetter(options)
    cutter.populate(text=characters)
    cutter.subset(font)
    packed = BytesIO()
    tools.save_font(font, packed, options)
    return packed.getvalue()


SPELT = {"≥": ">=", "≤": "<=", "≠": "!=", "Σ": "Sum", "∑": "Sum", "→": "->", "μ": "u"}
"""Signs that the fonts lack, as they are printed."""
UNKNOWN = "?"


class Printable:
    """What the fonts of a folder can print: PDF/A refuses a text with any other character."""

    def __init__(self, folder: Path) -> None:
        from fontTools.ttLib import TTFont

        self._covered: set[int] = set()
        for name in NAMES:
            with TTFont(folder / f"{name}.ttf", lazy=True) as font:
                self._covered |= font.getBestCmap().keys()

    def text(self, text: str) -> str:
        """Return a text with what cannot be printed spelt otherwise."""
        if all(ord(one) in self._covered for one in text):
            return text
        return "".join(
            one if ord(one) in self._covered or one.isspace() else SPELT.get(one, UNKNOWN)
            for one in text
        )

    def texts(self, value: object) -> object:
        """Return a document whose texts can be printed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.texts(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.texts(member) for member in value]
        return value
