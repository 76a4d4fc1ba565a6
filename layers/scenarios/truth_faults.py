"""A planted truth held against the layer or indicator that it is looked for in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from layers.declare.relation import Relation
from layers.indicators.catalog import Indicators
from layers.indicators.population import wrong_codes
from layers.processes.runtime.declared_inputs import Faults, bad
from layers.query.filters import parse_query
from spatial.truths import Truth

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def truth_faults(truth: Truth, relations: Mapping[str, Relation], indicators: Indicators) -> Faults:
    """Yield each key that names what there is not, or what cannot be looked for, and why."""
    if truth.indicator is not None:
        if truth.indicator not in indicators.stands_on:
            yield "indicator", f"no indicator {truth.indicator!r}"
        return
    relation = relations.get(str(truth.layer))
    if relation is None:
        yield "layer", f"no layer {truth.layer!r}"
        return
    if truth.column not in relation.layer.by_name:
        yield "column", f"layer {truth.layer} has no column {truth.column!r}"
    asked = truth.asks(_SOME_DAY)
    wrong = list(bad("filter", partial(parse_query, relation, asked)))
    yield from wrong
    if asked and not wrong:
        yield from (("filter", why) for why in wrong_codes(asked["filter"], relation))
