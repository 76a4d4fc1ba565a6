import assert from 'node:assert/strict';
import test from 'node:test';
import { isPlace, nearOf, stepTo, whereOf } from '../js/core/search.js';

const zh = (text) => text.zh;
const metres = (far) => `${far} m`;

test('the middle of the map is asked to a hundred metres', () => {
  assert.equal(nearOf({ lng: 121.23456, lat: 30, zoom: 9, bearing: 0, pitch: 0 }), '121.235,30.000');
  assert.equal(nearOf(null), undefined);
});

test('stakes, stretches, positions and cells are pinned, features are selected', () => {
  assert.deepEqual(['stake', 'span', 'coordinate', 'cell'].map((action) => isPlace({ action })), Array(4).fill(true));
  assert.equal(isPlace({ action: 'feature' }), false);
  assert.equal(isPlace({ action: 'fly' }), false);
});

test('area and distance are told where they are known', () => {
  const area = { zh: '北仑区', en: 'Beilun District' };
  assert.equal(whereOf({ area, distance_m: 0 }, zh, metres), '北仑区 · 0 m');
  assert.equal(whereOf({ area, distance_m: null }, zh, metres), '北仑区');
  assert.equal(whereOf({ area: null, distance_m: 120 }, zh, metres), '120 m');
  assert.equal(whereOf({}, zh, metres), '');
});

test('the mark goes round, from none to the first or the last', () => {
  assert.deepEqual([stepTo(0, -1, 3), stepTo(2, 1, 3), stepTo(-1, 1, 3), stepTo(-1, -1, 3)], [2, 0, 0, 2]);
});
