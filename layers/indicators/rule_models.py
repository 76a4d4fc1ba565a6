"""The rules that indices read: weights, vetoes, what a missing part does, how they roll up."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spatial.rules import RuleModel, register

TOLERANCE = 1e-9
"""How far the sum of weights may be from one."""


class Veto(RuleModel):
    """The index is `cap` at most while an indicator's value is above a bound."""

    indicator: str
    above: float
    cap: float = Field(ge=0, le=100)


class RankingRule(RuleModel):
    """How units with equal values are ranked; among them the order is that of their codes.

    `competition` is 1-2-2-4, `dense` 1-2-2-3. Values are compared unrounded; units without cases
    have no rank.
    """

    ties: Literal["competition", "dense"]


class IndexRule(RuleModel):
    """How an index is made of its parts.

    Parameters
    ----------
    weights
        Weight of each part by name; together 1.
    vetoes
        What caps the index.
    missing
        What a part without cases does: `void` leaves the index without a value, `reweigh` shares
        its weight among the others, `full` counts it as 100.
    rollup
        Indicator by whose values the indices of the units below are weighed; without one the index
        of a larger unit is made of its own parts.
    """

    weights: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)
    vetoes: tuple[Veto, ...] = ()
    missing: Literal["void", "reweigh", "full"] = "void"
    rollup: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(math.fsum(self.weights.values()) - 1) > TOLERANCE:
            raise ValueError("the weights must sum to 1")
        return self


class _EveryIndex(Collection[str]):
    """The keys of the rules of indices: `<area>.index.<name>`."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(re.fullmatch(r"[a-z0-9_]+\.index\.[a-z0-9_]+", key))

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


RANKING = register("office.ranking", RankingRule, zh="排名规则", en="How units are ranked")
INDEX = register("*.index.*", IndexRule, zh="指数", en="An index", only=_EveryIndex)
