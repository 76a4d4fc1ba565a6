import assert from 'node:assert/strict';
import test from 'node:test';

const heard = {};
Object.assign(globalThis, {
  location: { hash: '#lang=en&view=table&table=roads', href: 'http://map/', pathname: '/' },
  history: { state: null, replaceState: (_, __, hash) => { location.hash = hash; } },
  localStorage: { getItem: () => null, setItem: () => {} },
  addEventListener: (kind, listener) => { heard[kind] = listener; },
});
Object.defineProperty(globalThis, 'navigator', { value: { language: 'en' }, configurable: true });

test('an address that was gone to holds, whatever was written over it meanwhile', async () => {
  const { bindAddress, url } = await import('../js/core/store.js');
  bindAddress();
  assert.equal(url.table.value, 'roads');
  const gone = 'http://map/#lang=en&view=table&table=ports';
  url.table.value = 'structures';
  location.hash = '#lang=en&view=table&table=structures';
  heard.hashchange({ newURL: gone });
  assert.equal(url.table.value, 'ports');
  await new Promise((done) => setTimeout(done, 200));
  assert.match(location.hash, /table=ports/);
});
