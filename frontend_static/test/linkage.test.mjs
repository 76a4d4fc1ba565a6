import assert from 'node:assert/strict';
import test from 'node:test';
import { boxesOf, laidOut, spanOfPlan } from '../js/core/berth.js';
import { changedOf, choiceBody, closureSign, cornersOf, middleOf } from '../js/core/choice.js';
import { checkDigit, judgeUnit } from '../js/core/container.js';
import { areaText, drillBody, ringOf, windowOf, worstFirst } from '../js/core/drill.js';
import { busySlots, daysOf, gateBody, shownDay, trucksOf } from '../js/core/gate.js';
import {
  NEW_SHIPMENT, askable, axisOf, changesOf, cheapestOf, courseOf, differing, fieldOf, findHubs, frontOf, gateOf,
  itinerariesBody, madeUp, placeOf, profileBody,
} from '../js/core/linkage.js';

const NOW = Date.parse('2026-12-01T08:00:00+08:00');
const HOUR = 3_600_000;
const draft = (more) => ({ ...NEW_SHIPMENT, start: 'zhapu', goal: 'CNBLG', ...more });
const hub = (id, zh, en, codes = []) => ({ id, name: { zh, en }, un_locodes: codes, kind: 'sea', at: [121, 30] });
const HUBS = [
  hub('jiaxing-inland', '嘉兴内河港', 'Jiaxing Inland Port', ['CNJAX', 'CNJIX']),
  hub('zhapu', '乍浦港区', 'Zhapu Port Area', ['CNZPU', 'CNZAP']), hub('ningbo-air', '宁波栎社国际机场', 'Ningbo Lishe'),
];
const leg = (more) => ({ mode: 'feeder', from_hub: 'zhapu', to_hub: 'beilun', km: 120, origin: 'synthetic',
  gate_closes: '2026-12-01T13:00:00+08:00', departs: '2026-12-01T18:00:00+08:00',
  arrives: '2026-12-02T00:00:00+08:00', ...more });
const one = (id, more) => ({ id, any_time: false, departs: '2026-12-01T09:00:00+08:00',
  arrives: '2026-12-02T03:00:00+08:00', cost_cny: { low: 700, high: 800 }, co2_kg: { low: 58, high: 106 },
  legs: [leg()], ...more });

test('what is typed becomes the question, and what is left out is no part of it', () => {
  assert.deepEqual(itinerariesBody(draft(), NOW), {
    start: { hub: 'zhapu' }, goal: { hub: 'CNBLG' }, teu: 2, mass_t: 20, kinds: ['container'], max_transfers: 4,
    depart_at: '2026-12-01T08:00:00+08:00' });
  assert.equal(itinerariesBody(draft(), NOW + 1).depart_at, '2026-12-01T08:01:00+08:00', 'the next full minute');
  const full = itinerariesBody(draft({ start: '121.05, 30.6', ban: 'road,air', latest: '2026-12-03 12:00',
    ready: '2026-12-02 06:30' }), NOW);
  assert.deepEqual(full.start, { point: [121.05, 30.6] });
  assert.deepEqual(full.ban_modes, ['road', 'air']);
  assert.equal(full.latest_arrival, '2026-12-03T12:00:00+08:00');
  assert.equal(full.depart_at, '2026-12-02T06:30:00+08:00');
  assert.equal(profileBody(draft(), NOW).until, '2026-12-08T08:00:00+08:00');
  assert.equal(profileBody(draft({ ready: 'soon' }), NOW), null);
  assert.ok(!askable(draft({ goal: ' ' })) && askable(draft()));
  assert.deepEqual(differing({ teu: '2', view: 'hub', mass: '21' }), { view: 'hub', mass: '21' });
  assert.equal(placeOf('CNZPU'), null);
});

test('a problem is told beside its field, whether it names a parameter or a pointer', () => {
  const about = (body) => fieldOf({ body });
  assert.equal(about({ parameter: 'start' }), 'start');
  assert.equal(about({ pointer: '/goal/point/1' }), 'goal');
  assert.equal(about({ pointer: '/mass_t' }), 'mass');
  assert.equal(about({ parameter: 'factor_set' }), null);
  assert.equal(fieldOf(new Error('no answer')), null);
});

test('hubs are found by code of any generation, name, pinyin and without blanks', () => {
  const ids = (text) => findHubs(HUBS, text).map(({ id }) => id);
  assert.deepEqual(ids('cn zap'), ['zhapu']);
  assert.deepEqual(ids('JIX'), ['jiaxing-inland']);
  assert.deepEqual(ids('乍浦'), ['zhapu']);
  assert.deepEqual(ids('zha'), ['zhapu']);
  assert.deepEqual(ids('内河'), ['jiaxing-inland']);
  assert.deepEqual(ids('x'), ['jiaxing-inland']);
  assert.deepEqual(ids('port'), ['jiaxing-inland', 'zhapu']);
  assert.deepEqual(ids('上海'), []);
  assert.equal(ids('').length, 3);
});

test('axes end at a round step above the largest value', () => {
  assert.deepEqual(axisOf([17.8]), { step: 5, top: 20, ticks: [0, 5, 10, 15, 20] });
  assert.deepEqual(axisOf([2749]), { step: 1000, top: 3000, ticks: [0, 1000, 2000, 3000] });
  assert.equal(axisOf([0.3]).top, 0.3);
  for (const most of [0.07, 1, 9.99, 10, 480, 99_999]) {
    const { top, ticks } = axisOf([most]);
    assert.ok(top >= most && ticks.length <= 6 && ticks.length > 2, String(most));
  }
});

test('a front has whiskers to the upper ends, and an unknown one bounds no axis', () => {
  const all = [one(0), one(1, { cost_cny: { low: 900, high: null } })];
  const { points, y } = frontOf(all, 'hours', 'cost', NOW);
  assert.equal(points[0].x.low, 19);
  assert.deepEqual(points[1].y, { low: 900, high: null });
  assert.equal(y.top, 1000);
});

test('the course waits where it is until each departure, and rests until the cargo may be fetched', () => {
  const second = leg({ from_hub: 'beilun', to_hub: 'meishan', km: 30, gate_closes: null,
    departs: '2026-12-02T02:00:00+08:00', arrives: '2026-12-02T05:00:00+08:00' });
  const told = courseOf(one(0, { arrives: '2026-12-02T06:00:00+08:00', legs: [leg(), second] }), NOW);
  assert.deepEqual(told.legs.map(({ waits }) => (waits.until - waits.since) / HOUR), [10, 2]);
  assert.deepEqual(told.legs.map(({ from, to }) => [from.km, to.km]), [[0, 120], [120, 150]]);
  assert.equal(told.legs[0].closes, NOW + 5 * HOUR);
  assert.deepEqual([told.since, (told.rests.until - told.rests.since) / HOUR, told.km], [NOW, 1, 150]);
});

test('the cheapest of a day is one that sets out then, never the road at any time', () => {
  const road = one(0, { any_time: true, cost_cny: { low: 1, high: 2 } });
  const profile = { days: [], itineraries: [road, one(1), one(2, { cost_cny: { low: 650, high: null } }),
    one(3, { departs: '2026-12-02T09:00:00+08:00', cost_cny: { low: 10, high: 10 } })] };
  assert.equal(cheapestOf(profile, '2026-12-01').id, 2);
  assert.equal(cheapestOf(profile, '2026-12-03'), null);
});

test('the first gate on the way is told, and what is made up', () => {
  const truck = leg({ mode: 'road', gate_closes: null, origin: 'derived' });
  assert.equal(gateOf(one(0, { legs: [truck, leg()] })), '2026-12-01T13:00:00+08:00');
  assert.equal(gateOf(one(0, { legs: [truck] })), null);
  assert.ok(madeUp(one(0)) && !madeUp(one(0, { legs: [truck] })));
});

test('a change of the network is told of the itineraries that it touches alone', () => {
  const truck = one(0, { hours: 1.6, legs: [leg({ mode: 'road', service: null, trip: null })] });
  const ship = one(1, { legs: [leg({ service: 's', trip: 't' })] });
  const gone = one(2, { legs: [leg({ service: 's', trip: 'u' })] });
  const added = one(2, { legs: [leg({ service: 's', trip: 'v' })] });
  const now = { itineraries: [{ ...ship, id: 0 }, { ...truck, id: 1, hours: 2.2 }, added] };
  const told = changesOf({ itineraries: [truck, ship, gone] }, now);
  assert.deepEqual([...told.told.keys()], [1, 2]);
  assert.equal(told.told.get(1).hours, 1.6);
  assert.equal(told.told.get(2), 'new');
  assert.deepEqual(told.gone, [gone]);
  const any = one(0, { any_time: true, hours: 1.6, legs: [leg({ mode: 'road', service: null, trip: null })] });
  const later = { ...any, departs: '2026-12-01T09:30:00+08:00' };
  assert.equal(changesOf({ itineraries: [any] }, { itineraries: [later] }).told.size, 0, 'the clock alone moved');
  assert.equal(changesOf({ itineraries: [any] }, { itineraries: [{ ...later, hours: 2 }] }).told.size, 1);
  assert.deepEqual(changesOf(null, now), { told: new Map(), gone: [] });
});

test('numbers of containers are judged by their check digit, and the right one is named', () => {
  assert.equal(checkDigit('CSQU305438'), 3);
  assert.equal(checkDigit('KOCU411459'), 0, 'a remainder of ten is 0');
  assert.deepEqual(judgeUnit('csqu 305438-3'), { kind: 'right', plain: 'CSQU3054383', right: 3 });
  assert.deepEqual(judgeUnit('CSQU3054384'), { kind: 'wrong', plain: 'CSQU3054384', right: 3 });
  assert.equal(judgeUnit('0123456789').kind, 'bag');
  assert.equal(judgeUnit('CSQX3054383').kind, 'none');
  assert.equal(judgeUnit('  ').kind, 'blank');
});

test('vessels lie along the quay of their terminal, each at her own berth', () => {
  const berths = [{ key: 'b1', length_m: 300, from_m: 0 }, { key: 'b2', length_m: 200, from_m: null }];
  assert.deepEqual(laidOut(berths).placed.map(({ from, to }) => [from, to]), [[0, 300], [300, 500]]);
  const lying = (berth, more) => ({ properties: { call: berth, berth, from_m: 20, to_m: 180,
    start: '2026-12-01T09:00:00+08:00', handled: '2026-12-01T15:00:00+08:00', leaves: '2026-12-01T18:00:00+08:00',
    ...more } });
  const plan = { berths, since: '2026-12-01T08:00:00+08:00', features: [lying('b2'), lying('gone')] };
  const boxes = boxesOf(plan);
  assert.deepEqual(boxes.map(({ from, to, start }) => [from, to, (start - NOW) / HOUR]), [[320, 480, 1]]);
  assert.deepEqual(spanOfPlan(plan), [NOW, NOW + 10 * HOUR]);
  assert.deepEqual(spanOfPlan({ ...plan, features: [] }), [NOW, NOW + HOUR]);
});

test('a drill is an area with three corners and a window of 36 hours unless it is typed', () => {
  assert.equal(ringOf('121,30;122,30'), null);
  assert.equal(ringOf('121,30;122,30;x,1'), null);
  const area = areaText([[121.00001, 30], [122, 30], [122, 31]]);
  assert.deepEqual(ringOf(area), [[121, 30], [122, 30], [122, 31], [121, 30]]);
  const told = { since: '', until: '' };
  assert.deepEqual(windowOf(told, NOW),
    { since: '2026-12-01T20:00:00+08:00', until: '2026-12-03T08:00:00+08:00' });
  const body = drillBody(draft({ area, count: '0', roads: '1' }), NOW);
  assert.equal(body.table, true);
  assert.equal(body.disruptions[0].roads, true);
  assert.deepEqual(drillBody(draft({ area }), NOW).synthetic, { count: 200, seed: 1 });
  assert.equal(drillBody(draft(), NOW), null);
  const all = [{ id: 'a', status: 'waits', later_h: 9 }, { id: 'b', status: 'rerouted', later_h: 1 },
    { id: 'c', status: 'unserved', later_h: null }, { id: 'd', status: 'rerouted', later_h: 3 },
    { id: 'e', status: 'unchanged', later_h: 20 }];
  assert.deepEqual(worstFirst(all).map(({ id }) => id), ['c', 'd', 'b', 'a', 'e']);
});

test('a day of a gate is one that windows of requests touch, the first that is not past', () => {
  const at = (day, hour) => `2026-12-0${day}T${hour}:00:00+08:00`;
  const days = daysOf([{ since: at(2, '09'), until: at(2, '10') }, { since: at(1, '23'), until: at(2, '00') },
    { since: at(1, '23'), until: at(2, '01') }]);
  assert.deepEqual(days, [{ day: '2026-12-01', trucks: 2 }, { day: '2026-12-02', trucks: 2 }]);
  assert.equal(shownDay(days, '', NOW + 24 * HOUR), '2026-12-02');
  assert.equal(shownDay(days, '2026-12-01', NOW + 24 * HOUR), '2026-12-01');
  assert.equal(shownDay(days, '2026-11-01', NOW + 90 * 24 * HOUR), '2026-12-02', 'the last where all are past');
  assert.equal(shownDay([], '', NOW), null);
  const body = gateBody({ id: 'u', key: "o'b" }, '2026-12-01', '3');
  assert.equal(body.until, '2026-12-02T00:00:00+08:00');
  assert.equal(body.terminal.filter, "key = 'o''b'");
  assert.deepEqual(body.lanes, [{ since: '2026-12-01T00:00:00+08:00', until: body.until, lanes: 3 }]);
  assert.ok(!('lanes' in gateBody({ id: 'u', key: 'k' }, '2026-12-01', '')));
});

test('slots are drawn from the first with somebody to the last in which somebody waits', () => {
  const slot = (begins, more) => ({ begins, load: 0, wished: 0, queue: 0, queue_wished: 0.2, ...more });
  const slots = [slot('a'), slot('b', { wished: 3 }), slot('c'), slot('d', { queue_wished: 0.5 }), slot('e')];
  assert.deepEqual(busySlots({ slots }).map(({ begins }) => begins), ['b', 'c', 'd']);
  assert.deepEqual(busySlots({ slots: [slot('a')] }), []);
  const appointments = [{ id: 't', begins: '2026-12-01T00:00:00Z' }, { id: 'u', begins: '2026-12-01T00:30:00Z' }];
  assert.deepEqual(trucksOf({ appointments }, '2026-12-01T08:00:00+08:00').map(({ id }) => id), ['t']);
  assert.deepEqual(trucksOf({ appointments }, null), []);
});

test('counties that use another port are told by measure, and one that reaches none has none', () => {
  const asked = draft({ view: 'hub', hub: 'damaiyu' });
  assert.deepEqual(choiceBody(asked, NOW), { closed: [{ hub: 'damaiyu' }] });
  assert.equal(closureSign(draft({ view: 'drill' })), '');
  const typhoon = draft({ view: 'drill', area: '121,28;123,28;123,31' });
  assert.notEqual(closureSign(typhoon), closureSign({ ...typhoon, since: '2026-12-02 08:00' }));
  const body = choiceBody(typhoon, NOW);
  assert.equal(body.closed[0].area.length, 4);
  assert.equal(body.depart_at, body.closed[0].since);
  const square = { type: 'MultiPolygon', coordinates: [[[[0, 0], [1, 1]]], [[[2, 2], [4, 2], [4, 4], [2, 4]]]] };
  const told = (code, more) => ({ geometry: square, properties: { admin_code: code, name_zh: code, changed: true,
    cost_changed: true, cost_port: 'a', cost_port_zh: '甲', cost_hub: 'h', cost_low_cny: 10, ...more } });
  const after = { cost_port_after: 'b', cost_port_zh_after: '乙', cost_hub_after: null, cost_low_cny_after: 14 };
  const found = changedOf({ areas: { features: [told('2', after), told('1', { cost_port_after: null }),
    told('0', { changed: false })] } });
  assert.deepEqual(found.map(({ code }) => code), ['1', '2']);
  assert.equal(found[0].changes[0].to, null);
  assert.deepEqual(found[1].changes.map(({ measure, from, to }) => [measure, from.hub, to.port.zh, to.low - from.low]),
    [['cost', 'h', '乙', 4]]);
  assert.deepEqual(middleOf(square), [3, 3]);
  assert.deepEqual(middleOf({ type: 'Point', coordinates: [1, 2] }), [1, 2]);
  assert.equal(cornersOf(square).length, 6);
});
