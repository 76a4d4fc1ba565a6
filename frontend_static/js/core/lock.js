// @ts-check
/** A lock as its desk shows it: who is where in the plan, what may be aimed at, what a move costs. */

/** @typedef {import('./types.js').LockDetail} LockDetail */
/** @typedef {import('./types.js').LockRow} LockRow */
/** @typedef {import('./types.js').Lockage} Lockage */
/** @typedef {import('./types.js').LockOption} LockOption */

/** Before the now that its lines begin, and after it that they end at the earliest; seconds. */
const [BEFORE_S, AFTER_S] = [1800, 6 * 3600];
/** A plan as old as this is told as old; seconds. */
export const OLD_S = 3600;

/**
 * @typedef {'locking' | 'waiting' | 'coming' | 'unplanned'} Stand
 * @typedef {{ row: LockRow, stand: Stand, number: number | null, start: number | null, waits: number }} Queued
 */

/** When a vessel is there: since its check-in, else as it declared. */
export const readyOf = (/** @type {LockRow} */ row) =>
  (row.checked_in_at ? Math.floor(Date.parse(row.checked_in_at) / 1000) : row.ready);

/**
 * The queue: where each vessel stands, its lockage, and how long it waits (until now where it is not
 * planned). Vessels whose lockage has ended are gone.
 *
 * @param {LockDetail} lock @param {number} now epoch seconds @returns {Queued[]}
 */
export function queueOf(lock, now) {
  const lockages = lock.plan?.lockages ?? [];
  const at = new Map(lockages.flatMap((one, number) => one.ships.map((id) => [id, number])));
  const rank = { locking: 0, waiting: 1, coming: 2, unplanned: 3 };
  const found = lock.queue.flatMap((row) => {
    const number = at.get(row.id) ?? null;
    const one = number === null ? null : lockages[number];
    if (one && one.end <= now) return [];
    const ready = readyOf(row);
    const begun = Boolean(one && one.start <= now);
    const stand = /** @type {Stand} */ (!one ? 'unplanned' : begun ? 'locking' : ready <= now ? 'waiting' : 'coming');
    const waits = Math.max(0, (one?.start ?? Math.max(now, ready)) - ready);
    return [{ row, stand, number, start: one?.start ?? null, waits }];
  });
  return found.sort((a, b) => rank[a.stand] - rank[b.stand] || (a.start ?? 0) - (b.start ?? 0)
    || readyOf(a.row) - readyOf(b.row));
}

/** Lockages that have not ended, with their number in the plan, by begin. */
export function lockagesAhead(/** @type {LockDetail} */ lock, /** @type {number} */ now) {
  const all = (lock.plan?.lockages ?? []).map((one, number) => ({ ...one, number }));
  return all.filter(({ end }) => end > now).sort((a, b) => a.start - b.start || (a.chamber < b.chamber ? -1 : 1));
}

/** The span of time that the sequence of lockages is drawn in. @returns {[number, number]} */
export function spanOf(/** @type {{ end: number }[]} */ lockages, /** @type {number} */ now) {
  return [now - BEFORE_S, Math.max(now + AFTER_S, ...lockages.map(({ end }) => end))];
}

/** Steps of hours that meet midnight, and Asia/Shanghai's offset; s. */
const [STEPS, EAST_S] = [[1, 2, 3, 4, 6, 12, 24].map((hours) => hours * 3600), 8 * 3600];

/** Full hours of Asia/Shanghai within a span, at most so many, evenly from midnight on. */
export function hoursWithin(/** @type {[number, number]} */ [since, until], most = 12) {
  const least = (until - since) / most;
  const step = STEPS.find((each) => each >= least) ?? 86_400 * Math.ceil(least / 86_400);
  const first = Math.ceil((since + EAST_S) / step) * step - EAST_S;
  return Array.from({ length: Math.max(0, Math.floor((until - first) / step) + 1) }, (_, k) => first + k * step);
}

/** Share of a chamber's area under vessels; null where not all of them are the reader's to see. */
export function filling(/** @type {Lockage} */ one, /** @type {LockDetail['chambers'][number] | undefined} */ chamber,
  /** @type {Map<string, LockRow>} */ rows) {
  if (!chamber || one.ships.some((id) => !rows.has(id))) return null;
  const area = one.ships.reduce((sum, id) => {
    const row = rows.get(id);
    return sum + (row ? row.length_m * row.beam_m : 0);
  }, 0);
  return area / (chamber.length_m * chamber.beam_m);
}

/**
 * What may be aimed at, by begin of the lockage; a lockage of its own comes last. Those that have begun or go
 * the other way are left out.
 *
 * @param {LockOption[]} options @param {Lockage[]} lockages @param {number} now
 */
export function targetsOf(options, lockages, now) {
  const start = (/** @type {LockOption} */ { to }) => (to === null ? Infinity : lockages[to]?.start ?? Infinity);
  const usable = (/** @type {LockOption} */ one) => one.to === null || start(one) > now;
  return options.filter((one) => usable(one) && one.refusal?.cause !== 'way').sort((a, b) => start(a) - start(b));
}

/**
 * The next target before or after the one that is aimed at; from the vessel's own lockage where none is.
 *
 * @param {LockOption[]} targets as `targetsOf` @param {Lockage[]} lockages
 * @param {LockOption | null} aimed @param {number} own number of the vessel's lockage @param {1 | -1} step
 */
export function nextTarget(targets, lockages, aimed, own, step) {
  if (!targets.length) return null;
  const at = aimed ? targets.findIndex(({ to }) => to === aimed.to) : -1;
  if (at >= 0) return targets[Math.min(targets.length - 1, Math.max(0, at + step))];
  const begin = lockages[own]?.start ?? 0;
  const later = targets.findIndex(({ to }) => to === null || (lockages[to]?.start ?? 0) > begin);
  const from = later < 0 ? targets.length : later;
  return targets[Math.min(targets.length - 1, Math.max(0, step > 0 ? from : from - 1))];
}

/**
 * What a move costs: each vessel whose begin changes, the moved one apart; sums of the others in seconds.
 *
 * @param {LockOption} option @param {string} ship
 */
export function costOf(option, ship) {
  const others = Object.entries(option.later ?? {}).filter(([id, by]) => by !== 0 && id !== ship)
    .map(([id, by]) => ({ id, by, broken: id in (option.past_promise ?? {}) }))
    .sort((a, b) => b.by - a.by || (a.id < b.id ? -1 : 1));
  const sum = (/** @type {(by: number) => boolean} */ which) =>
    others.filter(({ by }) => which(by)).reduce((total, { by }) => total + by, 0);
  return {
    own: option.later?.[ship] ?? 0,
    others,
    later: others.filter(({ by }) => by > 0).length,
    earlier: others.filter(({ by }) => by < 0).length,
    total: sum(() => true),
    broken: Object.keys(option.past_promise ?? {}).length,
  };
}

/** Seconds as signed whole minutes: +12, −3, 0. */
export function signedMinutes(/** @type {number} */ seconds) {
  const minutes = Math.round(seconds / 60);
  return minutes > 0 ? `+${minutes}` : minutes < 0 ? `−${-minutes}` : '0';
}

/** Cones that a vessel with dangerous cargo shows; 0 for any other. */
export const conesOf = (/** @type {string} */ cargo) => Number(/^cone_([1-3])$/.exec(cargo)?.[1] ?? 0);

/**
 * Locks in the order of a voyage that passes them first, the others after them.
 *
 * @template {{ id: string }} T
 * @param {T[]} locks @param {{ id: string, lock: boolean }[]} passed
 * @returns {{ chain: T[], others: T[] }}
 */
export function chainOf(locks, passed) {
  const ids = passed.filter(({ lock }) => lock).map(({ id }) => id);
  const chain = ids.flatMap((wanted) => locks.filter(({ id }) => id === wanted));
  return { chain, others: locks.filter((lock) => !chain.includes(lock)) };
}
