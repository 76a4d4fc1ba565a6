import assert from 'node:assert/strict';
import test from 'node:test';
import { isoWeek } from '../js/core/i18n.js';
import { fieldKind, readInputs, sketch } from '../js/core/schema.js';

const AT = [121.1, 30.35];
const POINT = { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], minItems: 2, maxItems: 2 };
const PLACE = {
  type: 'object',
  properties: { id: { type: 'string' }, point: POINT, weight: { type: 'number', default: 1 } },
  required: ['id', 'point'],
};
const PLACES = {
  type: 'object',
  properties: {
    points: { anyOf: [{ type: 'array', items: PLACE, minItems: 1 }, { type: 'null' }], default: null },
    layer: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
  },
};
const LIMIT = { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }], default: null };

test('a schema asks for its control', () => {
  const lines = { type: 'array', items: { type: 'string' } };
  const lists = [lines, { type: 'array', items: POINT }, { type: 'array', items: PLACE }, { type: 'array' }];
  const kinds = [LIMIT, { type: 'boolean' }, { enum: ['a'] }, { type: 'string' }, POINT, PLACES, PLACE, {}, ...lists];
  const wanted = ['number', 'flag', 'choice', 'text', 'point', 'places', 'object', 'json', 'lines', 'lines', 'list',
    'json'];
  assert.deepEqual(kinds.map(fieldKind), wanted);
});

test('a sketch has what is required, at the place that is given', () => {
  assert.deepEqual(sketch(PLACE, AT), { id: '1', point: AT });
  assert.deepEqual(sketch(PLACES, AT), { points: [{ id: '1', point: AT }] });
  assert.deepEqual(sketch({ type: 'array', items: PLACE, minItems: 1 }, AT), [{ id: '1', point: AT }]);
});

test('a form gives the fixed inputs, and leaves out what is empty at any depth', () => {
  const editable = { limit: LIMIT, name: { type: 'string' }, sites: PLACES, demand: PLACES, at: PLACE, more: {} };
  const step = {
    fixed: { risks: { title: 'Risks', value: { layer: 'risks' } } },
    editable: Object.fromEntries(Object.entries(editable).map(([name, schema]) => [name, { title: name, schema }])),
  };
  const values = {
    limit: 1800, name: '', sites: { layer: 'ports', filter: '' }, at: { id: '', point: ['', ''] }, more: '{"a":1}',
    demand: { points: [{ id: '1', point: [121, 30], weight: '' }] },
  };
  assert.deepEqual(readInputs(step, values), {
    risks: { layer: 'risks' },
    limit: 1800,
    sites: { layer: 'ports' },
    demand: { points: [{ id: '1', point: [121, 30] }] },
    more: { a: 1 },
  });
});

test('a week belongs to the year of its Thursday', () => {
  const days = ['2026-01-01', '2026-12-31', '2027-01-03', '2027-01-04', '2026-03-02'];
  assert.deepEqual(days.map(isoWeek), ['2026-W01', '2026-W53', '2026-W53', '2027-W01', '2026-W10']);
});
