"""An indicator resolved against its layer: the rows that count, as conditions and as filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, true

from layers.cql.codes import list_unknown_codes
from layers.cql.parse import parse
from layers.cql.sql import condition
from layers.cql.types import DAY_ZONE, Expression, day_start
from layers.declare.relation import Relation
from layers.indicators.model import MAX_FILTER, Indicator, Measure
from layers.indicators.periods import Period
from spatial.errors import BadParameter

Part = Literal["numerator", "denominator"]
TIMES = frozenset({"datetime", "date"})
NUMBERS = frozenset({"int", "number"})


@dataclass(frozen=True, slots=True)
class Side:
    """One measure: which rows, and the column that is summed up; None counts them."""

    where: ColumnElement[bool]
    column: Expression | None


@dataclass(frozen=True, slots=True)
class Population:
    """What the number of an indicator is made of."""

    indicator: Indicator
    relation: Relation
    where: ColumnElement[bool]
    """Which of the layer's rows, beside the layer's own condition."""
    numerator: Side
    denominator: Side | None
    by: tuple[Expression, ...]

    def measure(self, part: Part) -> Measure | None:
        """Return a side as declared."""
        return self.indicator.numerator if part == "numerator" else self.indicator.denominator

    def is_date(self, column: str) -> bool:
        """Tell whether a column of the time holds days."""
        return self.relation.names[column].type == "date"

    def rows_filter(self, part: Part, period: Period, now: datetime) -> str:
        """Return the CQL2 text of the rows that one side counts or sums up, of all units.

        Parameters
        ----------
        part
            Which side.
        period, now
            When; `now` is what the number was counted up to while the period lasts.
        """
        measure = self.measure(part) or Measure()
        texts = [self.indicator.where, measure.where]
        said = [f"({text})" for text in texts if text]
        return " AND ".join([*said, *self._times(period, now)])

    def _times(self, period: Period, now: datetime) -> list[str]:
        time = self.indicator.time
        cutoff = period.cutoff(now)
        if time.stock is None:
            (column,) = time.columns
            first, last = (self._instant(column, at) for at in (period.start, cutoff))
            return [f"{column} >= {first}", f"{column} < {last}"]
        start, end = time.stock
        begun = f"{start} < {self._instant(start, cutoff)}"
        lasts = f"{end} >= {self._instant(end, cutoff)}"
        return [f"({start} IS NULL OR {begun})", f"({end} IS NULL OR {lasts})"]

    def _instant(self, column: str, at: datetime) -> str:
        moment = self.instant(column, at)
        if isinstance(moment, datetime):
            return f"TIMESTAMP('{moment.isoformat().replace('+00:00', 'Z')}')"
        return f"DATE('{moment.isoformat()}')"

    def instant(self, column: str, at: datetime) -> date:
        """Return a moment as a column of the time has it: itself, or the day that it lies in.

        Of a flow it is the next day, as today has come, except at midnight.
        """
        if not self.is_date(column):
            return at
        day = at.astimezone(DAY_ZONE).date()
        begun = self.indicator.time.flow is not None and at > day_start(day)
        return day + timedelta(days=1) if begun else day


class WrongKey(ValueError):
    """A key of an indicator that its layer does not bear out."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key, self.why = key, why


def resolve(indicator: Indicator, relation: Relation) -> Population:
    """Resolve an indicator.

    Raises
    ------
    WrongKey
        Names the wrong key.
    """
    _check_layer(indicator, relation)
    _check_columns(indicator, relation)
    found = {key: _condition(key, text, relation) for key, text in indicator.filters.items()}
    _check_lengths(indicator)
    below = indicator.denominator
    return Population(
        indicator=indicator,
        relation=relation,
        where=found.get("where", true()),
        numerator=_side("numerator", indicator.numerator, relation, found),
        denominator=None if below is None else _side("denominator", below, relation, found),
        by=tuple(relation.columns[name] for name in indicator.by),
    )


def check_codes(indicator: Indicator, relation: Relation) -> None:
    """Refuse filters that compare a coded column with what is no code of it: they find nothing.

    Raises
    ------
    WrongKey
        Names the wrong key.
    """
    for key, text in indicator.filters.items():
        for why in wrong_codes(text, relation):
            raise WrongKey(key, why)
    if len(set(indicator.by)) < len(indicator.by):
        raise WrongKey("by", "names a column twice")
    if len(set(indicator.time.columns)) < len(indicator.time.columns):
        raise WrongKey("time", "a row would end when it begins")


def wrong_codes(text: str, relation: Relation) -> Iterator[str]:
    """Yield what is wrong about the codes that a filter of a layer's rows names."""
    coded = {c.name: c.values for c in relation.layer.columns if c.values is not None}
    for column, code in list_unknown_codes(parse(text), coded):
        known = ", ".join(coded[column])
        yield f"{column} of {relation.layer.id} has no code {code!r}; it has {known}"


def _check_layer(indicator: Indicator, relation: Relation) -> None:
    layer = relation.layer
    code = layer.by_name.get("admin_code")
    if code is None or code.path or code.column not in (None, "admin_code"):
        raise WrongKey("layer", f"{layer.id} does not list admin_code")
    if not layer.access.sensitive:
        return
    if indicator.k is None:
        raise WrongKey("k", f"{layer.id} is sensitive: name k")
    sums = [m.sum for m in (indicator.numerator, indicator.denominator) if m and m.sum]
    if sums:
        raise WrongKey("numerator.sum", f"{layer.id} is sensitive: its rows are only counted")


def _check_columns(indicator: Indicator, relation: Relation) -> None:
    for name in indicator.time.columns:
        typed = relation.names.get(name)
        if typed is None or typed.type not in TIMES:
            raise WrongKey("time", f"{relation.layer.id} lists no time {name!r}")
    for name in indicator.by:
        listed = relation.layer.by_name.get(name)
        if listed is None or listed.values is None:
            raise WrongKey("by", f"{relation.layer.id} lists no coded column {name!r}")


def _condition(key: str, text: str, relation: Relation) -> ColumnElement[bool]:
    try:
        return condition(parse(text), relation.names)
    except BadParameter as error:
        raise WrongKey(key, f"{error.en}. {error.mend_en or ''}".strip()) from error


def _check_lengths(indicator: Indicator) -> None:
    where = len(indicator.where or "")
    sides: Sequence[Measure | None] = (indicator.numerator, indicator.denominator)
    if where + max(len(side.where or "") for side in sides if side) > MAX_FILTER:
        raise WrongKey("where", f"the filters of a side have at most {MAX_FILTER} characters")


def _side(
    part: Part, measure: Measure, relation: Relation, found: dict[str, ColumnElement[bool]]
) -> Side:
    column = None
    if measure.sum is not None:
        typed = relation.names.get(measure.sum)
        if typed is None or typed.type not in NUMBERS:
            raise WrongKey(f"{part}.sum", f"{relation.layer.id} lists no number {measure.sum!r}")
        column = relation.columns[measure.sum]
    return Side(found.get(f"{part}.where", true()), column)
