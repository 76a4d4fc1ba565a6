"""A network under other rules: beside the one that goes on answering, until it takes its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from routing.cost.profile import Profile
from routing.query.network import RoadNetwork
from spatial.rules import Rules


def under_rules(network: RoadNetwork, rules: Rules, profiles: Mapping[str, Profile]) -> RoadNetwork:
    """Return a network under other rules; roads and live state are shared, not copied.

    Metrics stay where no rule of theirs is another one; of the profiles that are asked for the
    others are made anew, so that no question waits for them.

    Raises
    ------
    RuleMissing
        A rule is gone that is needed.
    """
    made = RoadNetwork(
        network.graph, network.topology, profiles, rules, network.structures,
        network.snapper.index, network,
    )  # fmt: skip
    made.prepare_for(network, datetime.now(UTC))
    return made
