"""Style: what a layer declares about its look, and the complete MapLibre style made of it.

A rule is a MapLibre layer fragment. A table with exactly the keys ``dark`` and ``light`` stands for
the value of the asked theme, one with exactly ``zh`` and ``en`` for that of the asked language, and
the text ``{name}`` for the feature's name in that language with the other one as fallback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Protocol, cast, get_args

from pydantic import Field, JsonValue, model_validator

from layers.declare.base import Declaration, Text
from spatial.json_types import Document, Shown

Theme = Literal["dark", "light"]
Lang = Literal["zh", "en"]

Slot = Literal[
    "land",
    "water",
    "area",
    "risk",
    "waterway",
    "casing",
    "road",
    "rail",
    "boundary",
    "structure",
    "closure",
    "heat",
    "volume",
    "point",
    "label",
]
SLOTS: tuple[str, ...] = get_args(Slot)

FONTS = ["Noto Sans SC"]
BACKGROUND = {"dark": "#34363A", "light": "#CBC8C3"}
"""Neither sea nor land: what lies beyond the data, or is not loaded yet."""


CssColour = Annotated[
    str, Field(pattern=r"^(#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})|rgba?\([0-9., %]+\))$")
]


class Colour(Declaration):
    """A CSS colour for each theme."""

    dark: CssColour
    light: CssColour


class LegendEntry(Declaration):
    """One row of a legend: never colour alone, always with a symbol and a label."""

    label: Text
    symbol: Literal["line", "fill", "circle", "icon", "ramp"]
    color: Colour
    icon: str | None = None
    width: float | None = Field(default=None, gt=0, description="Line width in px")
    dash: tuple[float, ...] | None = None
    text: str | Text | None = Field(default=None, description="Text of the symbol, such as II")


class Legend(Declaration):
    """The name of a scale and its rows."""

    title: Text
    entries: tuple[LegendEntry, ...]


class StyleRule(Declaration):
    """One MapLibre style layer without its source."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    slot: Slot
    type: Literal["fill", "line", "circle", "symbol", "heatmap", "fill-extrusion"]
    order: int = Field(default=0, description="Order within the slot; higher lies on top")
    minzoom: float | None = None
    maxzoom: float | None = None
    filter: list[JsonValue] | None = None
    layout: dict[str, JsonValue] = {}
    paint: dict[str, JsonValue] = {}


class Style(Declaration):
    """The rules of a layer's look."""

    rules: tuple[StyleRule, ...] = ()


class Rank(Declaration):
    """Importance of a feature, 1 first: over budget the highest numbers are left out.

    Either the value of a column is looked up in `values`, or a numeric column orders the features
    (`order`: which end is important) in `steps` (upper bounds for asc, lower bounds for desc).
    """

    column: str
    values: dict[str, int] = {}
    steps: tuple[float, ...] = ()
    order: Literal["asc", "desc"] = "desc"
    default: int = 9

    @model_validator(mode="after")
    def _one_way(self) -> Rank:
        if bool(self.values) == bool(self.steps):
            raise ValueError("rank needs either values or steps")
        return self


class Level(Declaration):
    """One level table: what a map shows from the level below up to `maxzoom`."""

    maxzoom: int = Field(ge=0, le=12, description="Last zoom drawn from this level")
    max_rank: int | None = Field(default=None, description="Features of a higher rank are left out")
    by: tuple[str, ...] = Field(
        default=(), description="Columns kept; lines are merged within them"
    )
    cell_px: float | None = Field(
        default=None, gt=0, description="Points: grid cell in px at `maxzoom`"
    )


class Tiles(Declaration):
    """How a layer becomes vector tiles."""

    minzoom: int = Field(default=0, ge=0, le=22)
    maxzoom: int = Field(default=14, ge=0, le=22)
    columns: tuple[str, ...] = Field(default=(), description="Listed columns carried by each tile")
    rank: Rank | None = None
    levels: tuple[Level, ...] = ()
    budget: int = Field(default=20_000, gt=0, description="Features a tile may carry")
    parts: tuple[Literal["label", "line"], ...] = Field(
        default=(), description="Polygons: also a label point, also each shared boundary once"
    )
    coverage: bool = Field(
        default=False, description="Polygons share boundaries: simplify each of these once"
    )
    live: bool = Field(
        default=False, description="Read the source at each request: small and time-dependent"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Tiles:
        if self.minzoom > self.maxzoom:
            raise ValueError(f"minzoom {self.minzoom} is above maxzoom {self.maxzoom}")
        zooms = [level.maxzoom for level in self.levels]
        if zooms != sorted(set(zooms)):
            raise ValueError("levels must have rising maxzoom")
        missing = {name for level in self.levels for name in level.by} - {*self.columns, "origin"}
        if missing:
            raise ValueError(f"levels are merged by columns not carried: {sorted(missing)}")
        if self.live and self.levels:
            raise ValueError("a live layer has no levels")
        if zooms and zooms[-1] >= self.maxzoom:
            raise ValueError("the last level must end below maxzoom")
        return self

    @property
    def carried(self) -> frozenset[str]:
        """Return the names of what a feature of its tiles may carry."""
        gridded = any(level.cell_px is not None for level in self.levels)
        return frozenset({*self.columns, "origin", "part", *(["n"] if gridded else [])})

    @property
    def detail(self) -> int:
        """Return the first zoom at which every feature is drawn as itself, with its id."""
        return self.levels[-1].maxzoom + 1 if self.levels else self.minzoom


class Drawn(Protocol):
    """What the style needs to know of a layer."""

    @property
    def id(self) -> str:
        """Return the layer's id."""

    @property
    def style(self) -> Style | None:
        """Return its rules."""

    @property
    def visible(self) -> bool:
        """Tell whether it is shown when a map opens."""

    @property
    def order(self) -> int:
        """Return its place in the drawing, low numbers below."""


def resolve(value: object, theme: Theme, lang: Lang) -> object:
    """Return a declared value with every theme and language table resolved."""
    if isinstance(value, Mapping):
        keys = set(value)
        if keys == {"dark", "light"}:
            return resolve(value[theme], theme, lang)
        if keys == {"zh", "en"}:
            return resolve(value[lang], theme, lang)
        return {k: resolve(v, theme, lang) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(v, theme, lang) for v in value]
    if value == "{name}":
        other = "en" if lang == "zh" else "zh"
        return ["coalesce", ["get", f"name_{lang}"], ["get", f"name_{other}"], ""]
    return value


def style_layer_id(layer_id: str, rule: StyleRule) -> str:
    """Return the id of a rule's layer in the style JSON."""
    return f"{layer_id}:{rule.id}"


def style_layer(layer: Drawn, rule: StyleRule, theme: Theme, lang: Lang) -> Document:
    """Return one MapLibre style layer."""
    layout = cast(Document, resolve(rule.layout, theme, lang))
    if rule.type == "symbol" and "text-field" in layout:
        layout.setdefault("text-font", FONTS)
    layout["visibility"] = "visible" if layer.visible else "none"
    made: Document = {
        "id": style_layer_id(layer.id, rule),
        "type": rule.type,
        "source": layer.id,
        "source-layer": layer.id,
        "metadata": {"sigang:layer": layer.id},
        "layout": layout,
        "paint": cast(Document, resolve(rule.paint, theme, lang)),
    }
    if rule.filter is not None:
        made["filter"] = cast(Shown, resolve(rule.filter, theme, lang))
    for key in ("minzoom", "maxzoom"):
        if (zoom := getattr(rule, key)) is not None:
            made[key] = zoom
    return made


def build_style(
    layers: Iterable[Drawn], sources: Mapping[str, Mapping[str, Shown]], theme: Theme, lang: Lang
) -> Document:
    """Return the complete MapLibre style: no glyphs, no sprite, labels on top.

    Parameters
    ----------
    layers
        Layers to draw; the order in the drawing is slot, rule order, layer order.
    sources
        The vector source of each layer id (tiles, zooms, attribution).
    theme, lang
        What the tables `{dark, light}` and `{zh, en}` resolve to.
    """
    drawn = [
        (SLOTS.index(rule.slot), rule.order, layer.order, layer, rule)
        for layer in layers
        if layer.style is not None
        for rule in layer.style.rules
    ]
    drawn.sort(key=lambda entry: entry[:3])
    background = {
        "id": "background",
        "type": "background",
        "paint": {"background-color": BACKGROUND[theme]},
    }
    used = {entry[3].id for entry in drawn}
    return {
        "version": 8,
        "name": f"sigang-{theme}-{lang}",
        "metadata": {"sigang:theme": theme, "sigang:lang": lang},
        "sources": {key: dict(source) for key, source in sources.items() if key in used},
        "layers": [
            background,
            *(style_layer(layer, rule, theme, lang) for *_, layer, rule in drawn),
        ],
    }
