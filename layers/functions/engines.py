"""All engines by id: a further one is a file that exports `ENGINE`, and a name here."""

from __future__ import annotations

from collections.abc import Mapping

from layers.functions import heat
from layers.functions.engine import Engine

ENGINES: Mapping[str, Engine] = {engine.id: engine for engine in (heat.ENGINE,)}
