import assert from 'node:assert/strict';
import test from 'node:test';
import { anchor, distanceBetween, extent, lineLength, measure, ringArea } from '../js/core/geo.js';

const near = (value, wanted, by) => assert.ok(Math.abs(value - wanted) <= by, `${value} is not ${wanted}`);

test('a geodesic equals the one of GeographicLib', () => {
  near(distanceBetween([121, 30], [122, 31]), 146647.1994, 0.01);
  assert.equal(distanceBetween([121, 30], [121, 30]), 0);
});

test('a line is the sum of its parts', () => {
  const parts = distanceBetween([121, 30], [121.5, 30.2]) + distanceBetween([121.5, 30.2], [122, 31]);
  near(lineLength([[121, 30], [121.5, 30.2], [122, 31]]), parts, 1e-6);
});

test('an area equals the one of GeographicLib to a millionth, whatever the winding', () => {
  const ring = [[121, 30], [122, 30], [122, 31], [121, 31]];
  near(ringArea(ring) / 10642455822.3266, 1, 1e-6);
  near(ringArea([...ring].reverse()), ringArea(ring), 1e-3);
});

test('a hole is taken off', () => {
  const outer = [[121, 30], [122, 30], [122, 31], [121, 31], [121, 30]];
  const hole = [[121.4, 30.4], [121.6, 30.4], [121.6, 30.6], [121.4, 30.6], [121.4, 30.4]];
  const { area } = measure({ type: 'Polygon', coordinates: [outer, hole] });
  near(area, ringArea(outer.slice(0, -1)) - ringArea(hole.slice(0, -1)), 1);
});

test('extent and anchor of each kind of geometry', () => {
  assert.deepEqual(extent({ type: 'MultiPolygon', coordinates: [[[[1, 2], [3, 4], [0, 5], [1, 2]]]] }), [0, 2, 3, 5]);
  assert.deepEqual(anchor({ type: 'LineString', coordinates: [[0, 0], [1, 1], [2, 0]] }), [1, 1]);
  assert.deepEqual(anchor({ type: 'Point', coordinates: [7, 8] }), [7, 8]);
  assert.equal(extent(null), null);
});
