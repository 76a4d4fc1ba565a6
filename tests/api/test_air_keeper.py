"""The air that a process holds: of each time by its own rules, whatever was asked before."""

from datetime import UTC, datetime

from api.airspace import air_keeper
from api.airspace.air_keeper import AirKeeper
from spatial.rules import RuleSet

NOVEMBER, LATER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


class Zones:
    """Stands for what is known of the air, and counts the judges that were made of it."""

    made = 0

    def judge(self, rules, geoid):
        self.made += 1
        return self.made


def test_the_same_rules_of_another_time_have_their_own_end(monkeypatch):
    monkeypatch.setattr(air_keeper, "find_geoid", lambda rules: None)
    keeper, zones = AirKeeper(), Zones()
    early, late = RuleSet((), until=NOVEMBER), RuleSet((), until=LATER)
    assert early.digest == late.digest
    assert keeper._of(zones, early).rules.until == NOVEMBER
    assert keeper._of(zones, late).rules.until == LATER
    assert zones.made == 1  # judged alike, by one judge
