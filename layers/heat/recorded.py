"""Refusing kinds and units of which nothing is on record: misspelt, they would look like none."""

from __future__ import annotations

from collections.abc import Iterable, Set

from layers.declare.catalog import Catalog
from layers.declare.layer import Layer
from layers.heat.counted import Counted
from layers.heat.heat_filter import LAYERS
from spatial.errors import BadParameter

KIND_OF_CASE = "violation"
MOST_NAMED = 20


def check_recorded(
    catalog: Catalog, asked: Counted, kinds: Set[str], units: Set[str]
) -> None:  # fmt: skip
    """Refuse a question about kinds or units that nobody has recorded anything of.

    Parameters
    ----------
    catalog
        Kinds of cases that it declares may be asked for before the first of them.
    asked
        What is counted.
    kinds, units
        Of which the caller sees any record: kinds of such events, units of all.

    Raises
    ------
    BadParameter
    """
    if asked.kinds is not None:
        known = kinds | declared_kinds(catalog.list_layers(), asked.events)
        _check("kinds", "kind", "类别", asked.kinds, known)
    if asked.units is not None:
        _check("units", "unit", "单位", asked.units, units)


def _check(name: str, en: str, zh: str, given: Iterable[str], known: Set[str]) -> None:
    unknown = [one for one in given if one not in known]
    if not unknown:
        return
    some = sorted(one for one in known if one)[:MOST_NAMED]
    raise BadParameter(
        f"Nothing is on record of {en} {unknown[0]!r}, as far as you may see",
        f"在您可见的范围内没有{zh} {unknown[0]!r} 的任何记录",
        parameter=name,
        mend_en=f"There are: {', '.join(some) or 'none'}.",
        mend_zh=f"现有：{'、'.join(some) or '无'}。",
    )


def declared_kinds(layers: Iterable[Layer], events: str) -> Set[str]:
    """Return the kinds of events that layers list; of hits these are none."""
    found = [one for one in layers if events == "case" and one.id == LAYERS[events]]
    columns = [one for layer in found for one in layer.columns]
    return {key for one in columns if one.name == KIND_OF_CASE for key in one.values or {}}
