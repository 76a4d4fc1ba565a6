"""An air whose zones have names that would like to be script, and the page of its briefing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from layers.processes.airspace.briefing import deck_json, shown_in
from layers.processes.airspace.briefing_page import page
from layers.processes.airspace.briefing_words import Words
from layers.processes.readers.airspace_rows import AirOfTime, Known
from routing.airspace.judge import Judge
from routing.airspace.zones import Zones
from spatial.airspace_rules import GROUND
from tests.routing.test_airspace import NOON, judge, read_rule

BOX = (120.0, 30.0, 120.7, 30.8)
MOMENT = datetime.fromtimestamp(NOON, UTC)
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "'); document.title = 'owned'; ('",
    "line\u2028end\u2029 ${document.title='owned'}",
    "@@=document.title",
    "]]><!-- {name}",
)


@cache
def air(names: Sequence[str] = ()) -> AirOfTime:
    """Return the air of the judge's tests, its first zones called by some names."""
    made, given = judge().air, iter(names)
    zones = Zones([replace(zone, name_zh=next(given, zone.id)) for zone in made.zones.all])
    known = Known(1, MOMENT, zones, made.coverage, made.joins.terrain)
    rule = read_rule(GROUND)
    return AirOfTime(known, Judge(replace(made, zones=zones)), {rule.key: rule})


def briefed(names: Sequence[str]) -> str:
    """Return the page of a briefing whose zones have these names."""
    made = air(tuple(names))
    words = Words("zh", made.rules)
    shown = shown_in(made, BOX, MOMENT)
    picture = deck_json(shown, BOX, [words.name(zone) for zone in shown.zones])
    facts = words.facts(made, shown, BOX, MOMENT, list(names))
    marks = words.marks(made, shown, None)
    return page(words.of("title"), "zh", marks, picture, facts, words.table(shown))
