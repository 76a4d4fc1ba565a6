"""Kernels of placement: rows of vessels side by side first, then every place that could be one.

Lengths are whole centimetres: x along the chamber from the gate that opens last, y across it. A
vessel is a rectangle; two of them keep a gap along the chamber or one across it, by their classes
of cargo. A gap below nought: never in one lockage.

The exact search sets vessels in the order of x. Pushed towards the gate and the wall as far as they
go, a vessel lies at x = 0 or one gap behind another, and its y is a sum of beams and gaps: no other
place need be tried. Method: normal patterns (Christofides and Whitlock, 1977, "An algorithm for
two-dimensional cutting problems", Operations Research 25), with the area left behind the sweep line
as bound.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Ints

YES, NO, UNDECIDED = 1, 0, -1


@inlined
def behind(at: int, across: int, n: int, who: int, order: Ints, x: Ints, y: Ints, size: Ints,
           cargo: Ints, gap: Ints) -> int:  # fmt: skip
    """Return the least x that vessel `who` may take at y = `across` behind those set before."""
    for k in range(n):
        other = order[k]
        apart = gap[1, cargo[who], cargo[other]]
        if across >= y[other] + size[other, 1] + apart or y[other] >= across + size[who, 1] + apart:
            continue
        at = max(at, x[other] + size[other, 0] + gap[0, cargo[who], cargo[other]])
    return at


@inlined
def in_rows(chamber: Ints, size: Ints, cargo: Ints, gap: Ints, order: Ints, x: Ints, y: Ints)\
        -> int:  # fmt: skip
    """Fill rows side by side in the order given; tell whether all lie within the chamber."""
    done = 0
    n = len(order)
    while done < n:
        begin, wide, start = done, 0, 0
        while done < n:
            who, left = order[done], 0
            for k in range(begin, done):
                other = order[k]
                apart = gap[1, cargo[who], cargo[other]]
                left = max(left, y[other] + size[other, 1] + apart)
            if left + size[who, 1] > chamber[1]:
                break
            y[who] = left
            for k in range(begin):
                other = order[k]
                apart = gap[0, cargo[who], cargo[other]]
                start = max(start, x[other] + size[other, 0] + apart)
            wide = max(wide, size[who, 0])
            done += 1
        if start + wide > chamber[0]:
            return NO
        for k in range(begin, done):
            x[order[k]] = start
    return YES


@inlined
def apart(who: int, n: int, order: Ints, x: Ints, y: Ints, size: Ints, cargo: Ints, gap: Ints)\
        -> bool:  # fmt: skip
    """Tell whether a vessel keeps its gap, along or across, to each of those set before."""
    for k in range(n):
        other = order[k]
        wide = gap[1, cargo[who], cargo[other]]
        if y[who] >= y[other] + size[other, 1] + wide or y[other] >= y[who] + size[who, 1] + wide:
            continue
        long = gap[0, cargo[who], cargo[other]]
        if x[who] < x[other] + size[other, 0] + long and x[other] < x[who] + size[who, 0] + long:
            return False
    return True


@inlined
def in_open_rows(chamber: Ints, size: Ints, cargo: Ints, gap: Ints, order: Ints, x: Ints, y: Ints)\
        -> int:  # fmt: skip
    """Put each vessel, the longest first, into the first row with room beside those there."""
    n, rows = len(order), 0
    row, start = np.empty(n, np.int64), np.empty(n, np.int64)
    for k in range(n):
        who, begin = order[k], np.int64(0)
        row[k] = -1
        for r in range(rows):
            across = np.int64(0)
            for before in range(k):
                if row[before] == r:
                    other = order[before]
                    wide = gap[1, cargo[who], cargo[other]]
                    across = max(across, y[other] + size[other, 1] + wide)
            x[who], y[who] = start[r], across
            if across + size[who, 1] <= chamber[1] and apart(who, k, order, x, y, size, cargo, gap):
                row[k] = r
                break
        if row[k] >= 0:
            continue
        for before in range(k):
            other = order[before]
            begin = max(begin, x[other] + size[other, 0] + gap[0, cargo[who], cargo[other]])
        if begin + size[who, 0] > chamber[0]:
            return NO
        x[who], y[who], row[k], start[rows] = begin, 0, rows, begin
        rows += 1
    return YES


@inlined
def widths(chamber: Ints, size: Ints, cargo: Ints, gap: Ints) -> Ints:
    """Return every y that a sum of beams and the gaps beside them gives, from 0."""
    reach = np.zeros(chamber[1] + 1, np.uint8)
    reach[0] = 1
    step = np.zeros(len(gap[1]), np.int64)
    for who in range(len(size)):
        kinds = 0
        for other in range(len(size)):
            if other == who:
                continue
            apart = gap[1, cargo[who], cargo[other]]
            known = False
            for k in range(kinds):
                known = known or step[k] == apart
            if not known:
                step[kinds] = apart
                kinds += 1
        for at in range(chamber[1], -1, -1):
            if reach[at] != 1:
                continue
            for k in range(kinds):
                further = at + size[who, 1] + step[k]
                if further <= chamber[1]:
                    reach[further] = 1
    return np.nonzero(reach)[0]


@inlined
def scales(chamber: Ints, size: Ints, pad: Ints, axis: int, scale: Ints) -> int:
    """Write what vessels take of one measure of the chamber at least, in several scales.

    Of any vessels that lie side by side the sum is at most `scale[., n]`, the chamber's own. Row 0
    is the measure itself with its gap; others count a vessel by how many of it there may be, or one
    beside which nothing of a size may lie as wide as all. Method: conservative scales (Fekete and
    Schepers, 2004, "A general framework for bounds for higher-dimensional orthogonal packing
    problems", Mathematical Methods of Operations Research 60).
    """
    n, whole, rows = len(size), chamber[axis] + pad[axis], 0
    for parts in range(1, 5):
        for who in range(n):
            own = size[who, axis] + pad[axis]
            if parts == 1 or (parts * own) % whole == 0:
                scale[rows, who] = own * max(1, parts - 1)
            else:
                scale[rows, who] = parts * own // whole * whole
        scale[rows, n] = whole * max(1, parts - 1)
        rows += 1
    for k in range(n):
        least = size[k, axis] + pad[axis]
        if 2 * least > whole or rows == len(scale):
            continue
        for who in range(n):
            own = size[who, axis] + pad[axis]
            scale[rows, who] = whole if own > whole - least else (0 if own < least else own)
        scale[rows, n] = whole
        rows += 1
    return rows


@inlined
def too_much(chamber: Ints, size: Ints, pad: Ints, rows: int, columns: int, across: Ints,
             along: Ints) -> bool:  # fmt: skip
    """Tell whether vessels take more area than there is, in any scales of both measures."""
    n = len(size)
    for row in range(rows):
        for column in range(columns):
            area = np.int64(0)
            for who in range(n):
                area += across[row, who] * along[column, who]
            if area > across[row, n] * along[column, n]:
                return True
    return False


@inlined
def no_room(at: int, n: int, order: Ints, used: Ints, x: Ints, size: Ints, chamber: Ints, pad: Ints,
            rows: int, across: Ints) -> bool:  # fmt: skip
    """Tell whether the vessels not set yet take more than is left behind the sweep line `at`."""
    everyone = len(size)
    for row in range(rows):
        room = (chamber[0] + pad[0] - at) * across[row, everyone]
        for k in range(n):
            who = order[k]
            room -= max(0, x[who] + size[who, 0] + pad[0] - at) * across[row, who]
        for who in range(everyone):
            if not used[who]:
                room -= (size[who, 0] + pad[0]) * across[row, who]
        if room < 0:
            return True
    return False


@inlined
def twin(k: int, rank: Ints, used: Ints, size: Ints, cargo: Ints) -> bool:
    """Tell whether a vessel alike was left out before this one: it may as well take the place."""
    who = rank[k]
    for before in range(k):
        other = rank[before]
        alike = size[other, 0] == size[who, 0] and size[other, 1] == size[who, 1]
        if alike and not used[other] and cargo[other] == cargo[who]:
            return True
    return False


@inlined
def out_of_turn(at: int, where: int, n: int, order: Ints, x: Ints, y: Ints) -> bool:
    """Tell whether a place lies before that of the vessel set last."""
    if n == 0:
        return False
    last = order[n - 1]
    return bool(at < x[last] or (at == x[last] and where < y[last]))


@inlined
def everywhere(chamber: Ints, size: Ints, cargo: Ints, gap: Ints, pad: Ints, rows: int, scale: Ints,
               most: int, order: Ints, x: Ints, y: Ints) -> int:  # fmt: skip
    """Try every place in the order of x; UNDECIDED after `most` places."""
    n, across, rank = len(size), widths(chamber, size, cargo, gap), order.copy()
    last, used, tries, depth = np.full(n + 1, -1), np.zeros(n, np.int64), 0, 0
    while depth >= 0:
        moved = False
        while last[depth] + 1 < n * len(across) and not moved:
            last[depth] += 1
            k, where = last[depth] // len(across), across[last[depth] % len(across)]
            who = rank[k]
            if used[who] or where + size[who, 1] > chamber[1] or twin(k, rank, used, size, cargo):
                continue
            tries += 1
            at = behind(0, where, depth, who, order, x, y, size, cargo, gap)
            if at + size[who, 0] > chamber[0] or out_of_turn(at, where, depth, order, x, y):
                continue
            if not no_room(at, depth, order, used, x, size, chamber, pad, rows, scale):
                x[who], y[who], order[depth], used[who], moved = at, where, who, 1, True
        depth += 1 if moved else -1
        if depth == n:
            return YES
        if tries > most:
            return UNDECIDED
        if moved:
            last[depth] = -1
        elif depth >= 0:
            used[order[depth]] = 0
    return NO


@inlined
def ordered(size: Ints, first: int, order: Ints) -> None:
    """Sort vessels by one measure and then the other, the greatest first."""
    for k in range(len(order)):
        order[k] = k
    for k in range(1, len(order)):
        who, j = order[k], k
        while j > 0:
            other = order[j - 1]
            mine, its = size[who, first], size[other, first]
            if mine < its or (mine == its and size[who, 1 - first] <= size[other, 1 - first]):
                break
            order[j] = other
            j -= 1
        order[j] = who


@inlined
def least_gaps(size: Ints, cargo: Ints, gap: Ints, pad: Ints) -> bool:
    """Write the least gap that any two keep; tell whether all may be in one lockage."""
    pad[:] = 1 << 40
    for who in range(len(size)):
        for other in range(who):
            if gap[0, cargo[who], cargo[other]] < 0:
                return False
            for axis in range(2):
                pad[axis] = min(pad[axis], gap[axis, cargo[who], cargo[other]])
    return True


@inlined
def by_rows(chamber: Ints, size: Ints, cargo: Ints, gap: Ints, order: Ints, x: Ints, y: Ints)\
        -> int:  # fmt: skip
    """Try rows: the longest first into any row with room, then row after row by either size."""
    ordered(size, 0, order)
    if in_open_rows(chamber, size, cargo, gap, order, x, y) == YES:
        return YES
    if in_rows(chamber, size, cargo, gap, order, x, y) == YES:
        return YES
    ordered(size, 1, order)
    return in_rows(chamber, size, cargo, gap, order, x, y)


@inlined
def fits(chamber: Ints, size: Ints, cargo: Ints, gap: Ints, most: int, order: Ints, x: Ints,
         y: Ints) -> int:  # fmt: skip
    """Tell whether vessels fit a chamber: by rows where these do, else by the exact search."""
    n, pad = len(size), np.empty(2, np.int64)
    x[:], y[:], order[:] = 0, 0, np.arange(n)
    if n == 0:
        return YES
    if n > chamber[2] or size[:, 0].max() > chamber[0] or size[:, 1].max() > chamber[1]:
        return NO
    if n == 1 or not least_gaps(size, cargo, gap, pad):
        return YES if n == 1 else NO
    across, along = np.empty((10, n + 1), np.int64), np.empty((10, n + 1), np.int64)
    rows, columns = scales(chamber, size, pad, 1, across), scales(chamber, size, pad, 0, along)
    if too_much(chamber, size, pad, rows, columns, across, along):
        return NO
    if by_rows(chamber, size, cargo, gap, order, x, y) == YES:
        return YES
    return everywhere(chamber, size, cargo, gap, pad, rows, across, most, order, x, y)


@compiled(
    "int64(int64[::1], int64[:, ::1], int64[::1], int64[:, :, ::1], int64, int64[::1],"
    " int64[::1], int64[::1])"
)
def place(chamber: Ints, size: Ints, cargo: Ints, gap: Ints, most: int, order: Ints, x: Ints,
          y: Ints) -> int:  # fmt: skip
    """Write where vessels lie, x and y, and the order in which they enter.

    Parameters
    ----------
    chamber
        Length, beam, most vessels.
    size, cargo
        Length and beam of each vessel; its class, an index of `gap`.
    gap
        Gaps along (0) and across (1) between two classes.
    most
        Places that the exact search tries.
    order, x, y
        Written, one number a vessel each; they hold nothing of use where vessels do not fit.

    Returns
    -------
    1 where they fit, 0 where they do not, -1 where `most` places did not tell.
    """
    return int(fits(chamber, size, cargo, gap, most, order, x, y))
