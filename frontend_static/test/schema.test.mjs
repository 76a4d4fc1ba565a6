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
  const kinds = [LIMIT, { type: 'boolean' }, { enum: ['a'] }, { type: 'string' }, PLACES, PLACE];
  assert.deepEqual(kinds.map(fieldKind), ['number', 'flag', 'choice', 'text', 'places', 'json']);
});

test('a sketch has what is required, at the place that is given', () => {
  assert.deepEqual(sketch(PLACE, AT), { id: '1', point: AT });
  assert.deepEqual(sketch(PLACES, AT), { points: [{ id: '1', point: AT }] });
  assert.deepEqual(sketch({ type: 'array', items: PLACE, minItems: 1 }, AT), [{ id: '1', point: AT }]);
});

test('a form gives the fixed inputs, numbers as numbers, and leaves out what is empty', () => {
  const editable = { limit: LIMIT, name: { type: 'string' }, sites: PLACES, demand: PLACES, at: PLACE };
  const step = {
    fixed: { risks: { title: 'Risks', value: { layer: 'risks' } } },
    editable: Object.fromEntries(Object.entries(editable).map(([name, schema]) => [name, { title: name, schema }])),
  };
  const form = new FormData();
  const given = {
    limit: '1800', name: '', 'sites.layer': 'ports', 'sites.filter': "kind = 'a'", demand: '{"points":[]}', at: '',
  };
  for (const [name, text] of Object.entries(given)) form.set(name, text);
  assert.deepEqual(readInputs(step, form), {
    risks: { layer: 'risks' },
    limit: 1800,
    sites: { layer: 'ports', filter: "kind = 'a'" },
    demand: { points: [] },
  });
});

test('a week belongs to the year of its Thursday', () => {
  const days = ['2026-01-01', '2026-12-31', '2027-01-03', '2027-01-04', '2026-03-02'];
  assert.deepEqual(days.map(isoWeek), ['2026-W01', '2026-W53', '2026-W53', '2027-W01', '2026-W10']);
});
