"""What a format cannot carry: told in the file itself, zone by zone and field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from spatial.geozones.model import GeoZone, ZoneVolume
from spatial.json_types import JsonObject


@dataclass
class LeftOut:
    """What was left out of a file."""

    zones: dict[str, str] = field(default_factory=dict)
    """Why, by identifier of a zone of which at least one volume is not in the file."""
    by_field: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Identifiers of the zones of which a field is not in the file."""

    def stated(
        self, zone: GeoZone, unwritable: Callable[[ZoneVolume], str | None]
    ) -> list[ZoneVolume]:
        """Return the volumes of a zone that a format can state, and tell why others are left out.

        `unwritable` returns why the format has no place for a volume, None where it has.
        """
        found = []
        for volume in zone.volumes:
            if why := unwritable(volume):
                self.zones[zone.identifier] = why
            else:
                found.append(volume)
        return found

    def fields(self, zone: GeoZone, lost: Mapping[str, bool]) -> None:
        """Tell which fields of a zone are left out."""
        for name, gone in lost.items():
            if gone and zone.identifier not in self.by_field[name]:
                self.by_field[name].append(zone.identifier)

    def lines(self) -> list[str]:
        """Return it as lines of text."""
        whole = [f"left out: {name}: {why}" for name, why in sorted(self.zones.items())]
        parts = [
            f"left out: {name} of {', '.join(zones)}"
            for name, zones in sorted(self.by_field.items()) if zones
        ]  # fmt: skip
        return [" ".join(line.split()) for line in whole + parts]

    def as_json(self) -> JsonObject:
        """Return it as members: `zones` with reasons, `fields` with identifiers."""
        return {
            "zones": dict(sorted(self.zones.items())),
            "fields": {name: [*ids] for name, ids in sorted(self.by_field.items()) if ids},
        }
