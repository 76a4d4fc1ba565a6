"""The railway network: loaded and drawn, not searched yet."""

from __future__ import annotations

from spatial.networks.model import NetworkKind

KIND = NetworkKind(name="rail", zh="铁路", en="railway", modes=("rail",))
