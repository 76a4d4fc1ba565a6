"""The slow way to the state of a box: every statement by its definition, with nested loops."""

from __future__ import annotations

from routing.shipments.plan import RETURNED

ON_BOARD = ("DEPA", "LOCK", "ARRI")


def holding(events):
    """Return the events that hold: one a key, the one told last, none that another takes back."""
    found = []
    for event in events:
        newer = [
            other for other in events
            if (other.source, other.id) == (event.source, event.id) and _later(other, event)
        ]  # fmt: skip
        taken = any(other.retracts == event.id and other.source == event.source for other in events)
        plain = bool(event.code) and (not taken or event.retracts is not None)
        if not newer and plain and event not in found:
            found.append(event)
    return found


def _later(one, other):
    if one.created_at == other.created_at:
        return one.digest > other.digest
    if other.created_at is None or one.created_at is None:
        return other.created_at is None
    return one.created_at > other.created_at


def matches(step, event):
    if event.code not in step.codes:
        return False
    if step.empty is True:
        return event.empty is True
    return not (step.empty is False and event.empty) and event.place in (None, step.place)


def number_of(steps, event):
    able = [i for i in range(len(steps)) if matches(steps[i], event)]
    same = [i for i in able if event.transport and steps[i].transport == event.transport]
    if event.unit is None:
        return same[0] if same and event.code in ON_BOARD else None
    return same[0] if same else able[0] if able else None


def statuses(steps, events, now):
    """Return for each step actual, inferred or expected, and when it was reported first."""
    told = sorted(
        (e for e in holding(events) if e.classifier == "ACT" and e.at <= now),
        key=lambda e: (e.at, e.source, e.id),
    )
    mine = [[e for e in told if e.unit and number_of(steps, e) == i] for i in range(len(steps))]
    its = [[e for e in told if not e.unit and number_of(steps, e) == i] for i in range(len(steps))]
    for i, step in enumerate(steps):
        if step.name == RETURNED:
            before = [e for j in range(i) for e in mine[j]]
            mine[i] = [e for e in mine[i] if any(b.at <= e.at for b in before)]
    own = [i for i in range(len(steps)) if mine[i]]
    last = own[-1] if own else -1

    def carried(i):
        """Tell whether the vehicle took the box to a step, from the last one of its own."""
        between = steps[last + 1 : i + 1]
        aboard = last >= 0 and (steps[last].name == "loaded" or steps[last].codes & set(ON_BOARD))
        return bool(aboard) and all(s.codes & set(ON_BOARD) for s in between) and bool(its[i])

    reached = max([last, *(i for i in range(last + 1, len(steps)) if carried(i))])
    found = []
    for i in range(len(steps)):
        seen = mine[i] or its[i]
        if i > reached:
            found.append(("expected", None))
        else:
            found.append(("actual", seen[0].at) if seen else ("inferred", None))
    return found
