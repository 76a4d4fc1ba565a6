"""Types of JSON: what is read of it, and what is written as it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""Any value of JSON, where nothing more is known of it: props, a filter, a body of others."""
JsonObject: TypeAlias = dict[str, Json]

JsonBody: TypeAlias = dict[str, object]
"""An object that came in the body of a request; whoever reads it checks it."""

Shown: TypeAlias = (
    str | int | float | date | UUID | np.generic | NDArray[np.generic]
    | Sequence[object] | Mapping[str, object] | None
)  # fmt: skip
"""What is written as JSON: times, ids and arrays too, which orjson knows; typed dicts as well."""
Document: TypeAlias = dict[str, Shown]
"""An object that an answer is made of, its members set one by one."""
