"""Locks by trying everything: every order of lockages, every place; for small cases."""

from itertools import combinations, product

NEVER = 10**15


def can_lie(chamber, ships, gaps):
    """Tell whether vessels of whole metres fit a chamber, by trying every metre for each."""

    def apart(one, other):
        along, across = gaps.along_m, gaps.across_m
        for rule in gaps.differ:
            if {rule.a, rule.b} == {one[0].cargo, other[0].cargo}:
                if not rule.together:
                    return False
                along, across = max(along, rule.along_m), max(across, rule.across_m)
        (a, ax, ay), (b, bx, by) = one, other
        long = max(ax - bx - b.length_m, bx - ax - a.length_m)
        wide = max(ay - by - b.beam_m, by - ay - a.beam_m)
        return long >= along or wide >= across

    def rest(set_, left):
        if not left:
            return True
        ship = left[0]
        places = product(
            range(int(chamber.length_m - ship.length_m) + 1),
            range(int(chamber.beam_m - ship.beam_m) + 1),
        )
        for x, y in places:
            here = (ship, x, y)
            if all(apart(here, one) for one in set_) and rest([*set_, here], left[1:]):
                return True
        return False

    return len(ships) <= (chamber.most or NEVER) and rest([], list(ships))


def opens(chamber, at, lasts, draught):
    if not chamber.windows:
        return at
    found = [
        max(at, w.since)
        for w in chamber.windows
        if max(at, w.since) + lasts <= w.until and (w.draught_m is None or draught <= w.draught_m)
    ]
    return min(found, default=NEVER)


def begins_by_ship(task, lockages):
    """Return when each vessel is locked in these lockages (chamber, way, ships), each at once.

    A chamber on the wrong side goes empty first. `NEVER` where it does not open.
    """
    found = {}
    for chamber in task.chambers:
        side, free = chamber.side, max(chamber.free_from, task.now)
        for _, way, keys in (x for x in lockages if x[0] == chamber.id):
            if side != way:
                lasts = chamber.lasts_s(side)
                free = opens(chamber, free, lasts, 0.0) + lasts
            ships = [task.ship(key) for key in keys]
            at = max([free, *(ship.ready for ship in ships)])
            deep = max(ship.draught_m or 0.0 for ship in ships)
            start = opens(chamber, at, chamber.lasts_s(way), deep)
            found.update(dict.fromkeys(keys, start))
            free, side = start + chamber.lasts_s(way), "down" if way == "up" else "up"
    return found


def least_cost(task, fits):
    """Return the least cost of any order of lockages that keeps the bounds, `NEVER` for none.

    `fits(chamber, ships)` tells who may lie together.
    """
    return Exhaustive(task, fits).search()


class Exhaustive:
    """Tries every order of lockages."""

    def __init__(self, task, fits):
        self.task, self.order, self.fits = task, task.order, fits
        self.rank = {rule.name: -k for k, rule in enumerate(task.order.ranks)}
        self.weight = {rule.name: rule.weight for rule in task.order.ranks}
        self.ships = sorted(task.ships, key=lambda ship: (ship.ready, ship.id))
        self.best = NEVER

    def search(self):
        begin = [max(chamber.free_from, self.task.now) for chamber in self.task.chambers]
        sides = [chamber.side for chamber in self.task.chambers]
        self.rest(list(range(len(self.ships))), sides, begin, -NEVER, 0, {})
        return self.best

    def overtaking(self, waiting, taken, chamber, passed):
        passed = dict(passed)
        for one in waiting:
            if one in taken or not self.fits(chamber, [self.ships[one]]):
                continue
            mine = self.rank[self.ships[one].rank]
            later = [o for o in taken if o > one and self.rank[self.ships[o].rank] <= mine]
            passed[one] = passed.get(one, 0) + len(later)
            if passed[one] > self.order.overtaken_most:
                return None
        return passed

    def begins(self, chamber, side, free, last, way, taken):
        at = free
        if side != way:
            lasts = chamber.lasts_s(side)
            at = opens(chamber, at, lasts, 0.0) + lasts
        at = max(at, last, *(ship.ready for ship in taken))
        deep = max(ship.draught_m or 0.0 for ship in taken)
        return opens(chamber, at, chamber.lasts_s(way), deep)

    def in_time(self, ship, start):
        promised = ship.promised is None or start <= max(ship.promised, ship.ready)
        return promised and start - ship.ready <= self.order.wait_most_s

    def follow(self, waiting, sides, free, last, k, way):
        """Yield each lockage that may be next in a chamber: who, when, at what cost."""
        for taken in (s for n in range(len(waiting)) for s in combinations(waiting, n + 1)):
            group = [self.ships[one] for one in taken]
            start = self.begins(self.task.chambers[k], sides[k], free[k], last, way, group)
            if start < NEVER and all(self.in_time(ship, start) for ship in group):
                more = sum(self.weight[ship.rank] * (start - ship.ready) for ship in group)
                water = self.order.lockage_cost_s * (1 if sides[k] == way else 2)
                yield taken, start, more + water

    def rest(self, left, sides, free, last, cost, passed):
        if cost >= self.best or not left:
            self.best = min(self.best, cost)
            return
        for k, way in product(range(len(self.task.chambers)), ("up", "down")):
            chamber, there = self.task.chambers[k], "down" if way == "up" else "up"
            waiting = [one for one in left if self.ships[one].way == way]
            for taken, start, more in self.follow(waiting, sides, free, last, k, way):
                over = self.overtaking(waiting, taken, chamber, passed)
                if over is None or not self.fits(chamber, [self.ships[one] for one in taken]):
                    continue
                after = [*free[:k], start + chamber.lasts_s(way), *free[k + 1 :]]
                turned = [*sides[:k], there, *sides[k + 1 :]]
                others = [one for one in left if one not in taken]
                self.rest(others, turned, after, start, cost + more, over)
