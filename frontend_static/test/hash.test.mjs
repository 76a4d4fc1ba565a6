import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULTS, decode, encode } from '../js/core/hash.js';

const FULL = {
  camera: { lng: 121.12345, lat: 30.54321, zoom: 9.25, bearing: 12.5, pitch: 30 },
  on: ['cases', 'sensors'],
  off: ['ports'],
  time: '2026-11-22T18:05:00+08:00',
  lang: 'en',
  theme: 'light',
  view: 'table',
  table: 'roads',
  within: false,
  sort: '-length_m',
  selection: { layer: 'structures', id: '018f-aa' },
  panel: 'path',
  waypoints: [
    { lon: 120.75, lat: 30.75, label: '嘉兴, 市 & "x";=#' },
    null,
    { lon: 121.85, lat: 29.9, label: 'Beilun' },
  ],
  profile: 'truck',
  plan: 'reach',
  vehicle: { height_m: 4.2, mass_t: 49 },
  hazmat: 'any',
  unknown: 'refuse',
  when: { mode: 'arrive', at: '2026-11-22T18:05:00+08:00' },
  choice: 2,
  pin: {
    body: { profile: 'car', waypoints: [[120.75, 30.75], [121.85, 29.9]], as_of: '2026-11-22T10:05:00.000Z' },
    choice: 1,
  },
  origin: { lon: 121.5, lat: 29.9, label: '宁波; 江北' },
  contours: { way: 'to', unit: 'km', values: [10, 20.5] },
  near: { layer: 'ports', way: 'from_point', minutes: 45 },
  event: '0193-bb',
  filter: "severity = 'high' & due_on < DATE('2026-11-01')",
  air: 'inbox',
  cells: true,
  flight: { shape: 'line', places: '121.1, 30.4\n121.2, 30.5', upper: '真高 100', title: '无人机巡桥 & 100%' },
  restriction: { name: '灯光秀', reason: 'a=b;c' },
  answer: '01a228ce-85f7-7765-8d38-34ab84a7a57f',
  operation: '01a228ce-9ea9-79ad-9f1b-cb594b5f1775',
  restricted: '01a228ce-9ea9-79ad-9f1b-cb594b5f1776',
  lock: 'board',
  voyage: { places: '121.06, 30.14\n121.41, 30.2', draught: '2.5' },
  linkage: { view: 'hub', start: 'zhapu', goal: '121.87,29.93', ready: '2026-12-01 08:00', hub: 'beilun' },
  heat: { surface: 'count', since: '2026-03-01', hours: '0-5,22', area: '120,30 121,30 121,31' },
  scenario: 'safety_index',
  former: { on: ['cases'], off: [], time: '2026-11-22T18:05:00+08:00' },
  inputs: { 'S26/0': { origin: { id: '北仑', point: [121.8, 29.9] }, limit_s: 1800 } },
  tiles: ['hazards_open', 'safety_index'],
  level: 'county',
  period: '2026-W09',
  kiosk: true,
  space: '3d',
  datum: 'AMSL',
  exaggeration: 10,
  flights: true,
  follow: '0193-cc',
  cut: [[120.1, 30.2], [120.35, 30.45], [120.5, 30.5]],
  speed: 60,
};

test('a full state survives the address', () => {
  assert.deepEqual({ ...DEFAULTS, ...decode(encode(FULL)) }, FULL);
});

test('the default state writes language, theme and panel only', () => {
  assert.equal(encode(DEFAULTS), '#lang=zh&theme=dark&panel=events');
  assert.deepEqual({ ...DEFAULTS, ...decode(encode(DEFAULTS)) }, DEFAULTS);
});

test('writing is stable', () => {
  const once = encode(FULL);
  assert.equal(encode({ ...DEFAULTS, ...decode(once) }), once);
});

test('broken values are ignored, the rest is kept', () => {
  const state = decode(
    '#m=x/y&theme=neon&lang=zh&w=1&by=B%2F&t=never&sel=%E0%A4%A&junk=1&alt=9&reach=up,min,5' +
      '&near=x,y,0&when=depart@never&pin=%5B1',
  );
  assert.equal(state.camera, null);
  assert.equal(state.lang, 'zh');
  assert.equal('theme' in state, false);
  assert.equal('profile' in state, false);
  assert.equal('selection' in state, false);
  for (const name of ['choice', 'contours', 'near', 'pin']) assert.equal(name in state, false);
  assert.equal(state.when, null);
  assert.equal(state.time, null);
  assert.deepEqual(state.waypoints, [null, null]);
});

test('a camera off the globe is refused', () => {
  assert.equal(decode('#m=8/95/120').camera, null);
  assert.equal(decode('#m=8/30/220').camera, null);
});

test('an address with a selection and no panel opens its details', () => {
  assert.equal(decode('#sel=ports,a').panel, 'inspect');
  assert.equal(decode('#sel=ports,a&panel=events').panel, 'events');
  assert.equal(decode('#lang=zh').panel, undefined);
});
