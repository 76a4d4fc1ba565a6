import assert from 'node:assert/strict';
import test from 'node:test';
import * as heat from '../js/core/heat.js';

test('hours are written as ranges and read back', () => {
  assert.equal(heat.writeHours([3, 0, 1, 2, 22]), '0-3,22');
  assert.deepEqual(heat.readHours('0-3,22'), [0, 1, 2, 3, 22]);
  assert.equal(heat.writeHours(Array(168).keys()), '');
  assert.deepEqual(heat.readHours(''), []);
  assert.deepEqual(heat.readHours('5-3,x,166-999'), [166, 167]);
});

test('a period is cut into weeks from Monday, and into months', () => {
  assert.deepEqual(heat.slicesOf(['2026-03-04', '2026-03-17'], 'week'), [
    ['2026-03-04', '2026-03-09'], ['2026-03-09', '2026-03-16'], ['2026-03-16', '2026-03-17'],
  ]);
  assert.deepEqual(heat.slicesOf(['2025-12-15', '2026-02-01'], 'month'), [
    ['2025-12-15', '2026-01-01'], ['2026-01-01', '2026-02-01'],
  ]);
  assert.equal(heat.slicesOf(['2020-01-01', '2026-01-01'], 'week').length, heat.MOST_SLICES);
});

test('a period that is typed wrong counts as blank, and none ends before it begins', () => {
  const all = ['2026-01-01', '2026-08-01'];
  assert.deepEqual(heat.periodOf('2026-02-30', '', all), all);
  assert.deepEqual(heat.periodOf('2026-02-28', '2026-03-01', all), ['2026-02-28', '2026-03-01']);
  assert.equal(heat.periodOf('2026-03-01', '2026-03-01', all), null);
});

test('hours are asked for by whole months, and blanks are not asked for', () => {
  const asked = { ...heat.NEW_HEAT, hours: '0-5,22', events: 'case', kinds: 'overload' };
  const question = heat.questionOf(asked, ['2026-02-03', '2026-03-02']);
  assert.deepEqual(question, {
    surface: 'rate', events: 'case', exposure: 'inspection', kinds: 'overload',
    since: '2026-02-01', until: '2026-04-01', hours: '0-5,22',
  });
  assert.deepEqual(heat.inputsOf(question).hours, [0, 1, 2, 3, 4, 5, 22]);
  assert.equal(heat.questionOf({ ...asked, events: 'hit' }, null).kinds, undefined); // kinds are of cases
  assert.deepEqual(heat.questionOf(heat.NEW_HEAT, null), { surface: 'rate', events: 'hit', exposure: 'inspection' });
});

test('a difference is asked for with both periods, by whole months where hours are chosen', () => {
  const asked = { ...heat.NEW_HEAT, surface: 'difference' };
  const [now, before] = heat.halvesOf(['2026-01-01', '2026-03-01']);
  assert.deepEqual([now, before], [['2026-01-31', '2026-03-01'], ['2026-01-01', '2026-01-31']]);
  const { since, until, before: from, before_until: to } = heat.questionOf(asked, now, before);
  assert.deepEqual([since, until, from, to], [...now, ...before]);
  const whole = heat.questionOf({ ...asked, hours: '3' }, ['2026-03-05', '2026-04-01'], ['2026-01-03', '2026-02-02']);
  assert.deepEqual([whole.since, whole.before, whole.before_until], ['2026-03-01', '2026-01-01', '2026-03-01']);
});

test('cells are asked for where the surface has them', () => {
  const asked = { ...heat.NEW_HEAT, cells: 'county' };
  assert.equal(heat.questionOf(asked, null).cells, 'county');
  assert.equal(heat.questionOf({ ...asked, surface: 'gi' }, null).cells, undefined);
  assert.equal(heat.questionOf({ ...asked, surface: '' }, null).cells, undefined);
  assert.deepEqual(heat.cellsOf('kde'), ['zorder', 'h3', 'beidou']);
});

test('equals share a rank and rows without a value have none', () => {
  const rows = [{ n: 3 }, { n: 9 }, { n: null }, { n: 3 }, { n: 1 }];
  const ranks = heat.ranksOf(rows, (row) => row.n);
  assert.deepEqual(rows.map((row) => ranks.get(row)), [2, 1, undefined, 2, 4]);
});

test('an interval of a share is that of Wilson', () => {
  assert.ok(Math.abs(heat.twoSided(0.9) - 1.644854) < 4.5e-4);
  assert.ok(Math.abs(heat.twoSided(0.95) - 1.959964) < 4.5e-4);
  const { rate, lower, upper } = heat.wilson(10, 100, 0.95);
  assert.equal(rate, 0.1);
  assert.ok(Math.abs(lower - 0.05523) < 1e-4, lower);
  assert.ok(Math.abs(upper - 0.17437) < 1e-4, upper);
  assert.equal(heat.wilson(0, 0, 0.9), null);
  assert.equal(heat.wilson(3, 2, 0.9), null);
});

test('cells touch where they share a corner', () => {
  assert.ok(heat.touching([[0, 0, 1, 1], [5, 5, 6, 6], [1, 1, 2, 2]]));
  assert.ok(!heat.touching([[0, 0, 1, 1], [2, 0, 3, 1]]));
});

test('the period before is as long, and a period has a middle', () => {
  assert.deepEqual(heat.periodBefore(['2026-03-01', '2026-03-11']), ['2026-02-19', '2026-03-01']);
  assert.equal(heat.middleOf(['2026-03-01', '2026-03-12']), '2026-03-07');
});

test('a ring survives the address and knows what lies in it', () => {
  const ring = [[120, 30], [121, 30], [121, 31], [120.123456, 31]];
  const back = heat.readRing(heat.writeRing(ring));
  assert.deepEqual(back, [[120, 30], [121, 30], [121, 31], [120.12346, 31]]);
  assert.ok(heat.inside(back, [120.5, 30.5]));
  assert.ok(!heat.inside(back, [119.9, 30.5]));
  assert.equal(heat.readRing('120,30 121,x'), null);
});

test('only what differs from the default is kept', () => {
  assert.deepEqual(heat.chosenHeat({ surface: 'count', events: 'hit', nonsense: '1' }), { surface: 'count' });
});

test('a tool is asked over what is chosen, with its own numbers alone', () => {
  const question = { events: 'case', exposure: 'shift', kinds: 'overload', since: '2026-01-01', hours: '0-1' };
  const asked = { ...heat.NEW_HEAT, seed: '7', bandwidth: '800', area: '120,30 121,30 121,31' };
  const ring = [[120, 30], [121, 30], [121, 31], [120, 30]];
  const records = { events: 'case', kinds: ['overload'], since: '2026-01-01', hours: [0, 1], area: ring };
  assert.deepEqual(heat.toolInputs(asked, question), { ...records, exposure: 'shift', seed: 7 });
  assert.deepEqual(heat.toolInputs({ ...asked, tool: 'roads' }, question),
    { ...records, kernel: 'continuous', bandwidth_m: 800 });
  assert.equal(heat.toolInputs({ ...asked, tool: 'roads', bandwidth: 'wide' }, question).bandwidth_m, 'wide');
});

test('a density is in the class of the highest bound that it reaches', () => {
  const bounds = heat.densityBounds(80);
  assert.deepEqual(bounds, [40, 20, 10, 5]);
  assert.deepEqual([80, 40, 39.9, 5, 4].map((one) => heat.densityClass(one, bounds)), [0, 0, 1, 3, 4]);
});

test('p of a scan is told as throws that were as strong', () => {
  assert.deepEqual([0.001, 0.05, 1].map((p) => heat.throwsAsStrong(p, 999)), [0, 49, 999]);
});
