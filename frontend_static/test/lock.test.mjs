import assert from 'node:assert/strict';
import test from 'node:test';
import {
  chainOf, conesOf, costOf, filling, hoursWithin, lockagesAhead, nextTarget, queueOf, signedMinutes, spanOf, targetsOf,
} from '../js/core/lock.js';

const NOW = 1_000_000;
const row = (id, ready, more = {}) => ({ id, vessel: id, ready: NOW + ready, checked_in_at: null, state: 'declared',
  length_m: 50, beam_m: 10, way: 'up', ...more });
const lockage = (start, end, ships, chamber = '1') =>
  ({ chamber, way: 'up', start: NOW + start, end: NOW + end, ships, berths: [] });
const LOCKAGES = [
  lockage(-9000, -6600, ['gone']), lockage(-600, 1800, ['in']), lockage(1800, 4200, []),
  lockage(4200, 6600, ['soon', 'far']), lockage(900, 2700, ['other'], '2'),
];
const LOCK = {
  queue: [row('far', 3000), row('gone', -9000), row('in', -3000), row('new', -60), row('soon', -1200),
    row('other', -5)],
  plan: { lockages: LOCKAGES }, chambers: [{ id: '1', length_m: 200, beam_m: 20 }],
};

test('who is locked comes first, then who waits, then who comes; who is through is gone', () => {
  const all = queueOf(LOCK, NOW);
  assert.deepEqual(all.map(({ row: { id }, stand }) => [id, stand]), [
    ['in', 'locking'], ['other', 'waiting'], ['soon', 'waiting'], ['far', 'coming'], ['new', 'unplanned']]);
  assert.deepEqual(all.map(({ waits }) => waits), [2400, 905, 5400, 1200, 60]);
});

test('a vessel that checked in is there since then', () => {
  const checked = row('late', -3600, { checked_in_at: new Date((NOW - 60) * 1000).toISOString() });
  assert.equal(queueOf({ queue: [checked], plan: null }, NOW)[0].waits, 60);
});

test('what has not ended is shown by begin, with its number in the plan', () => {
  assert.deepEqual(lockagesAhead(LOCK, NOW).map(({ number }) => number), [1, 4, 2, 3]);
  assert.deepEqual(spanOf(LOCKAGES, NOW), [NOW - 1800, NOW + 6 * 3600]);
  const hours = hoursWithin([NOW - 1800, NOW + 40 * 3600]);
  assert.ok(hours.length <= 12 && hours.every((at) => at % 3600 === 0));
  const days = hoursWithin([NOW, NOW + 7 * 86_400], 14);
  assert.ok(days.length >= 7 && days.length <= 15);
  assert.equal(days.filter((at) => (at + 8 * 3600) % 86_400 === 0).length, 7, 'each midnight of Asia/Shanghai');
});

test('how full a chamber is counts the area of its vessels', () => {
  const rows = new Map(LOCK.queue.map((one) => [one.id, one]));
  assert.equal(filling(LOCKAGES[3], LOCK.chambers[0], rows), 1000 / 4000);
  assert.equal(filling(LOCKAGES[4], undefined, rows), null);
  assert.equal(filling(LOCKAGES[3], LOCK.chambers[0], new Map()), null);
});

const OPTIONS = [{ to: 0, allowed: false }, { to: null, allowed: true }, { to: 3, allowed: true },
  { to: 4, allowed: true }, { to: 1, allowed: false }, { to: 2, allowed: false, refusal: { cause: 'way' } }];

test('keys walk through the lockages to come by begin, a lockage of its own last', () => {
  const all = targetsOf(OPTIONS, LOCKAGES, NOW);
  assert.deepEqual(all.map(({ to }) => to), [4, 3, null]);
  const walk = (aimed, own, step) => nextTarget(all, LOCKAGES, aimed, own, step)?.to;
  assert.equal(walk(null, 2, 1), 3);
  assert.equal(walk(null, 2, -1), 4);
  assert.equal(walk(all[1], 2, 1), null);
  assert.equal(walk(all[2], 2, 1), null);
  assert.equal(walk(all[0], 2, -1), 4);
  assert.equal(nextTarget([], LOCKAGES, null, 2, 1), null);
});

test('the cost of a move is told of the others alone, later ones first', () => {
  const later = { me: -900, a: 600, b: -120, c: 0, d: 1200 };
  const option = { to: 3, allowed: true, later, past_promise: { d: 1200 } };
  const told = costOf(option, 'me');
  assert.deepEqual(told.others.map(({ id }) => id), ['d', 'a', 'b']);
  assert.deepEqual([told.own, told.later, told.earlier, told.total, told.broken], [-900, 2, 1, 1680, 1]);
  assert.deepEqual(costOf({ to: 1, allowed: false }, 'me').others, []);
  assert.deepEqual([720, -180, 10].map(signedMinutes), ['+12', '−3', '0']);
});

test('cones are those of dangerous cargo', () => {
  assert.deepEqual(['ordinary', 'cone_1', 'cone_3', 'passenger'].map(conesOf), [0, 1, 3, 0]);
});

test('locks of a voyage come first, in its order', () => {
  const locks = ['a', 'b', 'c'].map((id) => ({ id }));
  const passed = [{ id: 'c', lock: true }, { id: 'x', lock: false }, { id: 'a', lock: true }];
  const { chain, others } = chainOf(locks, passed);
  assert.deepEqual([chain, others].map((all) => all.map(({ id }) => id)), [['c', 'a'], ['b']]);
});
