"""Tiles, style and legend as a layer declares them."""

from __future__ import annotations

from layers.base import Declaration, Text


class Tiles(Declaration):
    """How a layer is cut into tiles."""

    columns: tuple[str, ...] = ()
    minzoom: int = 0
    maxzoom: int = 14


class Style(Declaration):
    """How a layer is drawn."""


class Legend(Declaration):
    """How the drawing is explained."""

    title: Text
