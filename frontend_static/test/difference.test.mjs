import assert from 'node:assert/strict';
import test from 'node:test';
import { compare } from '../js/core/difference.js';

test('two runs are compared by their numbers, lists by their length', () => {
  const run = (/** @type {number} */ cost, /** @type {unknown[]} */ rows) => [
    { name: 'sum', title: 'Sum', value: { cost, more: { deep: 2 }, text: 'x' } },
    { name: 'rows', title: 'Rows', value: rows },
  ];
  assert.deepEqual(compare(run(3, [1]), [...run(5, []), { name: 'n', title: 'New', value: 7 }]), [
    { at: 'Sum · cost', before: 3, after: 5 },
    { at: 'Sum · more · deep', before: 2, after: 2 },
    { at: 'Rows', before: 1, after: 0 },
    { at: 'New', before: null, after: 7 },
  ]);
});
