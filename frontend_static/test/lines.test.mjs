import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import test from 'node:test';

const MOST = 120;
const HERE = new URL('../', import.meta.url);

test('no line of a script or style sheet is longer than 120 characters', async () => {
  const long = [];
  for (const folder of ['js', 'css', 'test']) {
    const names = await readdir(new URL(`${folder}/`, HERE), { recursive: true });
    for (const name of names.filter((entry) => /\.(js|mjs|css)$/.test(entry))) {
      const lines = (await readFile(new URL(`${folder}/${name}`, HERE), 'utf8')).split('\n');
      lines.forEach((line, at) => line.length > MOST && long.push(`${folder}/${name}:${at + 1}`));
    }
  }
  assert.deepEqual(long, []);
});
