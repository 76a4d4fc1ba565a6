"""All rules that Sigang reads: the one place that gathers what the packages register.

Whoever checks, loads or serves rules takes what it needs from here, and so has all models.
"""

from __future__ import annotations

from layers.indicators import rule_models as of_indicators
from layers.processes.runtime import rule_models as of_processes
from layers.reports import rule_models as of_reports
from routing.berths import rule_models as of_berths
from routing.cost import rule_models as of_routing
from routing.disruption import rule_models as of_disruption
from routing.gates import rule_models as of_gates
from routing.locks import rule_models as of_locks
from routing.multimodal import rule_models as of_itineraries
from routing.shipments import rule_models as of_shipments
from routing.statistics import rule_models as of_statistics
from routing.waterway import rule_models as of_waterways
from spatial import airspace_rules as of_airspace
from spatial import desk_rules as of_desks
from spatial import rule_models as of_concepts
from spatial.logistics import rule_models as of_messages
from spatial.rule_files import check_complete, read_rules
from spatial.rule_store import list_drift, load_rules, read_stored
from spatial.rules import RuleBook

__all__ = [
    "GATHERED",
    "RuleBook",
    "check_complete",
    "list_drift",
    "load_rules",
    "read_rules",
    "read_stored",
]

GATHERED = (
    of_concepts,
    of_airspace,
    of_desks,
    of_routing,
    of_locks,
    of_berths,
    of_gates,
    of_statistics,
    of_waterways,
    of_itineraries,
    of_disruption,
    of_shipments,
    of_messages,
    of_processes,
    of_indicators,
    of_reports,
)
