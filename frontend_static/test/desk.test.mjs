import assert from 'node:assert/strict';
import test from 'node:test';
import {
  above, bySeverity, calledFor, calls, covers, lanesOf, lastEnd, passes, readStake, requestOf, stakes, windOf,
} from '../js/core/desk.js';

const AT = Date.parse('2026-03-02T00:00:00Z');
const RULE = { repeat_s: 15, calls: [{ after_min: 5, to: 'above' }, { after_min: 10, to: 'province' }] };
const event = (id, more = {}) => ({
  type: 'Feature', id, geometry: null,
  properties: { kind: 'closure', recorded_at: new Date(AT).toISOString(), receipts: [], ...more },
});
const minutes = (count) => AT + count * 60_000;

test('the worst comes first, then the newest', () => {
  const all = [
    event('low', { kind: 'incident', severity: 'low', recorded_at: '2026-03-03T00:00:00Z' }),
    event('old', { valid_from: '2026-03-01T00:00:00Z' }),
    event('new', { valid_from: '2026-03-01T08:00:00Z' }),
    event('speed', { kind: 'speed', recorded_at: '2026-03-02T09:00:00Z' }),
    event('crash', { kind: 'incident', severity: 'high', valid_from: '2026-02-01T00:00:00Z' }),
  ];
  assert.deepEqual(bySeverity(all).map((one) => one.id), ['new', 'old', 'crash', 'low', 'speed']);
});

test('stakes are said as drivers read them', () => {
  assert.equal(stakes({ route_id: 'G60', k_from: 123_400, k_to: 123_400 }), 'G60 K123+400');
  assert.equal(stakes({ route_id: 'G92', k_from: 104_000, k_to: 100_000 }), 'G92 K100+000–K104+000');
  assert.equal(stakes({ route_id: 'G92', k_from: 999.7, k_to: null }), 'G92 K1+000');
  assert.equal(stakes({ route_id: null }), '');
});

test('the filters of the desk', () => {
  const one = event('a', { stake: { route_id: 'G60' } });
  const asked = (more) => passes(one, { kind: '', road: '', words: '', ...more }, 'G60 K123+400 往杭州 追尾');
  assert.ok(asked({}));
  assert.ok(asked({ road: 'G60', words: '追尾 k123' }));
  assert.ok(!asked({ words: '追尾 G92' }));
  assert.ok(!asked({ kind: 'incident' }));
});

test('who lies in whose area', () => {
  assert.deepEqual(['330282', '330200', '330000'].map(above), ['330200', '330000', '330000']);
  assert.ok(covers('330200', '330282') && covers('330000', '330282'));
  assert.ok(!covers('330200', '330000') && !covers('330200', '330400') && !covers('330200', null));
});

test('a desk that does not sign has others called', () => {
  const receipts = ['330000', '330200', '330282'].map((party) => ({ party, acknowledged_at: null }));
  const one = event('a', { receipts });
  const told = calls(one, RULE).map(({ party, called, at }) => [party, called, (at - AT) / 60_000]);
  assert.deepEqual(told, [
    ['330200', '330000', 5], ['330200', '330000', 10], ['330282', '330200', 5], ['330282', '330000', 10],
  ]);
  assert.deepEqual(calledFor(one, RULE, '330000', minutes(4)), []);
  assert.deepEqual(calledFor(one, RULE, '330000', minutes(5)), ['330200']);
  assert.deepEqual(calledFor(one, RULE, '330000', minutes(10)), ['330200', '330282']);
  receipts[1].acknowledged_at = 'now';
  assert.deepEqual(calledFor(one, RULE, '330000', minutes(9)), []);
  assert.deepEqual(calledFor(one, null, '330000', minutes(9)), []);
});

test('the last end of what closes a road', () => {
  const ends = ['2026-03-02T00:00:00Z', '2026-03-02T10:00:00+08:00'].map((end) => ({ valid_to: end }));
  assert.equal(lastEnd(ends), ends[1].valid_to);
  assert.equal(lastEnd([...ends, { valid_to: null }]), null);
  assert.equal(lastEnd([]), null);
});

test('stakes are read as they are written', () => {
  assert.deepEqual(['K123+400', '123.4', 'k 5', ' 104 '].map(readStake), [123_400, 123_400, 5000, 104_000]);
  assert.ok(Number.isNaN(readStake('G92')));
  assert.deepEqual([lanesOf('1、2,2 '), lanesOf('第3车道'), lanesOf('')], [[1, 2], [3], []]);
});

test('what a form holds becomes one request', () => {
  const span = { route: 'G92', side: null, k_from: 0, k_to: 0 };
  const given = { k_from: 'K100', k_to: 'K104+000', side: 'up', cause: 'accident', valid_to: 'then', lanes: '1、2' };
  const stretch = { route: 'G92', k_from: 100_000, k_to: 104_000, side: 'up' };
  assert.deepEqual(requestOf({ span }, { ...given, entry: 'lanes' }), { path: 'events', body: {
    kind: 'lane_loss', target: { stake: stretch }, lanes: [1, 2], cause: 'accident', valid_to: 'then' } });
  assert.equal(requestOf({ span }, { ...given, lanes: '', entry: 'works' }).body.kind, 'closure');
  assert.deepEqual(requestOf({ span }, { ...given, title: '追尾', severity: 'high', entry: 'incident' }), {
    path: 'incidents', body: { route: 'G92', side: 'up', stake: 'K100+000', lanes: [1, 2], cause: 'accident',
      severity: 'high', title: '追尾' } });
  const target = { edge_id: 'e' };
  assert.deepEqual(requestOf({ target }, { entry: 'weather', direction: 'forward', cause: 'fog', value: '60',
    valid_to: 'then' }).body, { kind: 'weather_limit', target, direction: 'forward', value: 60, cause: 'fog',
    valid_to: 'then' });
});

test('the wind that one drives towards', () => {
  const from = [120, 30];
  const to = [[120, 31], [121, 31], [121, 30], [120, 29], [119, 30], [119, 31]];
  assert.deepEqual(to.map((end) => windOf(from, end)), ['n', 'ne', 'e', 's', 'w', 'nw']);
});
