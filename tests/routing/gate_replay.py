"""A gate replayed event by event, apart from the planner: who comes when, who waits, who is served.

It knows slots, lanes and seconds only; services are lognormal and trucks come at any time of their
slot, so it shares neither arrivals nor services with what planned them.
"""

import heapq
import math
import random


def longest_queue(slots, lanes, slot_s, service, seed, late_s=0.0):
    """Return how many trucks wait at most at any time.

    `slots` has (slot, moves) of each truck; `service` is (seconds, more by move, cv).
    """
    rng = random.Random(seed)
    seconds, more, cv = service
    sigma = math.sqrt(math.log(1 + cv * cv))
    events = []
    for number, (slot, moves) in enumerate(slots):
        at = slot * slot_s + rng.random() * slot_s + rng.gauss(0, late_s)
        mean = seconds + (moves - 1) * more
        lasts = rng.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)
        heapq.heappush(events, (max(0.0, at), 1, number, lasts))
    waiting, busy, most = [], 0, 0
    while events:
        now, kind, number, lasts = heapq.heappop(events)
        if kind == 1:
            waiting.append((number, lasts))
        else:
            busy -= 1
        working = lanes[min(int(now // slot_s), len(lanes) - 1)] or 1
        while waiting and busy < working:
            truck, needs = waiting.pop(0)
            busy += 1
            heapq.heappush(events, (now + needs, 0, truck, 0.0))
        most = max(most, len(waiting))
    return most
