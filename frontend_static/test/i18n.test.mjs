import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import test from 'node:test';
import en from '../js/core/i18n/en.js';
import zh from '../js/core/i18n/zh.js';

const ROOT = new URL('../js/', import.meta.url);

async function sources() {
  const names = await readdir(ROOT, { recursive: true });
  const files = names.filter((name) => name.endsWith('.js') && !name.startsWith('core/i18n/'));
  return (await Promise.all(files.map((name) => readFile(new URL(name, ROOT), 'utf8')))).join('\n');
}

test('both languages have the same keys and no empty text', () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
  for (const texts of [zh, en]) for (const [key, text] of Object.entries(texts)) assert.ok(text, key);
});

test('both languages use the same placeholders', () => {
  const names = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const key of Object.keys(zh)) assert.deepEqual(names(en[key]), names(zh[key]), key);
});

test('every key that the code names exists', async () => {
  const used = [...(await sources()).matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1]);
  assert.ok(used.length > 50);
  for (const key of used) assert.ok(key in zh, key);
});

/** Return patterns of the keys that code makes of parts: `time.day_${which}` names `time.day_…`. */
function madeKeys(code) {
  const made = [...code.matchAll(/`([a-z]\w*\.(?:[\w.]|\$\{[^{}`]*\})*)`/g)].map((match) => match[1]);
  const parts = made.filter((text) => text.includes('${')).map((text) => text.split(/\$\{[^}]*\}/));
  return parts.map((fixed) => new RegExp(`^${fixed.map((text) => text.replaceAll('.', '\\.')).join('.+')}$`));
}

test('every text is used', async () => {
  const code = await sources();
  const made = madeKeys(code);
  const used = (key) => code.includes(`'${key}'`) || made.some((pattern) => pattern.test(key));
  assert.ok(!used('app.nobody_says_this'));
  assert.deepEqual(Object.keys(zh).filter((key) => !used(key)), []);
});
