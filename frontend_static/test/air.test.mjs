import assert from 'node:assert/strict';
import test from 'node:test';
import {
  NEW_FLIGHT, NEW_RESTRICTION, draftOf, fieldOf, footprintsOf, placesOf, questionOf, restrictionOf, volumesOf,
} from '../js/core/air.js';
import { lineLength, ringArea } from '../js/core/geo.js';
import { toInput } from '../js/core/i18n.js';

const NOW = Date.parse('2026-11-22T10:00:00+08:00');
const LINE = { ...NEW_FLIGHT, shape: 'line', places: '121, 30\n121.1，30.05', size: '200' };
const HEIGHTS = { W84: [10.5, 122.25] };
const SPAN = { at: '2026-11-22T10:00:00+08:00', until: '2026-11-22T10:30:00+08:00' };

test('a draft asks what is typed, and its question gives the draft again', () => {
  const typed = { ...LINE, from: '2026-11-22 10:05', minutes: '45', upper: '120' };
  const question = questionOf(typed, NOW);
  const coordinates = [[121, 30], [121.1, 30.05]];
  assert.deepEqual(question.geometry, { type: 'LineString', coordinates, corridor_m: 200 });
  assert.deepEqual(question.band.upper, { value: 120, datum: 'AGL', unit: 'm' });
  assert.equal(question.until, '2026-11-22T10:50:00+08:00');
  assert.deepEqual(questionOf({ ...NEW_FLIGHT, ...draftOf(question, toInput) }, NOW), question);
});

test('a point with a radius is asked as the circle that is filed, without one as a point', () => {
  const at = { ...NEW_FLIGHT, places: '121, 30' };
  const question = questionOf(at, NOW);
  assert.deepEqual(question.geometry, { type: 'Circle', coordinates: [121, 30], radius_m: 50 });
  assert.deepEqual(questionOf({ ...NEW_FLIGHT, ...draftOf(question, toInput) }, NOW), question);
  const bare = questionOf({ ...at, size: '' }, NOW);
  assert.deepEqual(bare.geometry, { type: 'Point', coordinates: [121, 30] });
  assert.deepEqual(questionOf({ ...NEW_FLIGHT, ...draftOf(bare, toInput) }, NOW), bare);
});

test('a shape that an answer moves aside becomes the places of the form', () => {
  const ring = [[121, 30], [121.1, 30], [121.1, 30.1], [121, 30]];
  assert.deepEqual(placesOf({ type: 'Polygon', coordinates: [ring] }),
    { shape: 'area', places: '121, 30\n121.1, 30\n121.1, 30.1' });
  assert.deepEqual(placesOf({ type: 'Point', coordinates: [121, 30] }), { shape: 'point', places: '121, 30' });
  assert.equal(placesOf({ type: 'LineString', coordinates: ring }).shape, 'line');
});

test('without a lower height one height is asked, without a time the one of the page', () => {
  const { height, band, at } = questionOf({ ...LINE, lower: ' ' }, NOW);
  assert.deepEqual([height.value, band], [100, undefined]);
  assert.equal(Date.parse(at), NOW);
});

test('what is no number or time is asked as it is: the server says what is wrong with it', () => {
  const { band, at } = questionOf({ ...LINE, upper: 'abc', from: 'soon' }, NOW);
  assert.equal(JSON.parse(JSON.stringify(band)).upper.value, null);
  assert.equal(at, 'soon');
});

test('a leg is filed as an area that holds its corridor, ends included', () => {
  const [volume] = volumesOf(LINE, { heights: HEIGHTS, ...SPAN });
  assert.equal(volume.volume.altitude_upper.value, 122.25);
  assert.equal(volume.time_end.value, SPAN.until);
  const [{ coordinates: [ring] }] = footprintsOf(LINE);
  const wanted = (lineLength([[121, 30], [121.1, 30.05]]) + 200) * 200;
  assert.ok(Math.abs(ringArea(ring.slice(0, -1)) / wanted - 1) < 0.005);
});

test('a point is filed as a circle, an area as it is', () => {
  const circle = volumesOf({ ...NEW_FLIGHT, places: '121, 30' }, { heights: HEIGHTS, ...SPAN })[0].volume;
  assert.deepEqual(circle.outline_circle, { center: { lng: 121, lat: 30 }, radius: { value: 50, units: 'M' } });
  const area = { ...NEW_FLIGHT, shape: 'area', places: '121, 30\n121.1, 30\n121.1, 30.1' };
  assert.equal(volumesOf(area, { heights: HEIGHTS, ...SPAN })[0].volume.outline_polygon.vertices.length, 3);
});

test('nothing is drawn of a draft that is not whole', () => {
  for (const places of ['', '121', '121, x']) assert.deepEqual(footprintsOf({ ...NEW_FLIGHT, places }), []);
  assert.deepEqual(footprintsOf({ ...LINE, places: '121, 30' }), []);
});

test('a restriction has its ceiling and beginning only where they are typed', () => {
  const typed = { ...NEW_RESTRICTION, places: '120, 30', until: '2026-11-22 20:00', name: ' 灯光秀 ' };
  const body = restrictionOf(typed);
  assert.deepEqual(Object.keys(body).filter((key) => ['upper', 'lower', 'valid_from'].includes(key)), []);
  assert.deepEqual(body.geometry, { type: 'Circle', coordinates: [120, 30], radius_m: 1000 });
  assert.deepEqual([body.name, body.valid_to], ['灯光秀', '2026-11-22T20:00:00+08:00']);
});

test('a pointer of a problem names the field that it means', () => {
  const wanted = {
    '/geometry/coordinates/3': 'places', '/geometry/corridor_m': 'size', '/band/lower/value': 'lower',
    '/band/upper/datum': 'datum', '/at': 'from', '/until': 'minutes', '/valid_to': 'until', '/aircraft': 'aircraft',
    '/volumes/0/volume/altitude_lower': 'upper', '/volumes': 'from', '/legal_text': 'text', '/qnh_hpa': 'qnh',
  };
  for (const [pointer, field] of Object.entries(wanted)) assert.equal(fieldOf(pointer), field, pointer);
  assert.equal(fieldOf('/elsewhere'), null);
  assert.equal(fieldOf(undefined), null);
});
