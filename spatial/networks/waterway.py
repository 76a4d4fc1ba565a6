"""The waterway network: loaded and drawn, not searched yet."""

from __future__ import annotations

from spatial.networks.model import NetworkKind

KIND = NetworkKind(name="waterway", zh="航道", en="waterway", modes=("waterway",))
