import assert from 'node:assert/strict';
import test from 'node:test';
import { NEW_VOYAGE, loadingBody, pathBody, stepsOf, topOf } from '../js/core/voyage.js';

const ENDS = [[121.06, 30.14], [121.2, 30.1], [121.41, 30.2]];

test('what is left blank of a vessel is not said', () => {
  const { vessel, waypoints } = pathBody({ ...NEW_VOYAGE, air: ' ', draught: '2.4' }, ENDS);
  const said = JSON.parse(JSON.stringify(vessel));
  assert.deepEqual(said, { draught_m: 2.4, beam_m: 10.8, length_m: 55, deadweight_t: 500 });
  assert.deepEqual(waypoints, ENDS);
});

test('a departure is sent with its offset', () => {
  assert.equal(pathBody({ ...NEW_VOYAGE, from: '2026-03-02 06:30' }, ENDS).depart_at, '2026-03-02T06:30:00+08:00');
  assert.equal('depart_at' in pathBody(NEW_VOYAGE, ENDS), false);
});

test('tonnes are asked from the light to the loaded draught, of the ends alone', () => {
  const body = loadingBody(NEW_VOYAGE, ENDS);
  assert.deepEqual(body.payload, [[0.9, 0], [2.2, 500]]);
  assert.deepEqual(body.waypoints, [ENDS[0], ENDS[2]]);
  assert.equal('draught_m' in body.vessel, false);
  assert.equal(loadingBody({ ...NEW_VOYAGE, light: '2.2' }, ENDS), null);
  assert.equal(loadingBody({ ...NEW_VOYAGE, tonnage: '' }, ENDS), null);
});

test('a stretch of which a size is not told admits any', () => {
  const along = [{ from_m: 0, to_m: 10, admits: { draught_m: { sure: 2, may: 3 } } },
    { from_m: 10, to_m: 30, admits: { draught_m: { sure: null, may: null } } }];
  assert.deepEqual(stepsOf(along, 'draught_m').map(({ sure }) => sure), [2, null]);
  assert.deepEqual(stepsOf(along, 'air_draught_m').map(({ may }) => may), [null, null]);
});

test('an axis ends above what it shows, whatever is unlimited', () => {
  assert.equal(topOf([2.2, null, 99], 15), 3);
  assert.equal(topOf([null], 15), 2);
});
