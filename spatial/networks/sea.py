"""The sea lane network: loaded and drawn, not searched yet."""

from __future__ import annotations

from spatial.networks.model import NetworkKind

KIND = NetworkKind(name="sea", zh="航路", en="sea lane", modes=("sea_lane",))
