// Copy the browser dependencies of the map from node_modules into vendor/.
// Run `npm ci --ignore-scripts` first; Node >= 18. The output is the same for the same lock file.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile, copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, 'node_modules');
const STAGE = join(MODULES, '.vendor-stage');
const VENDOR = join(HERE, 'vendor');

/** Bundled modules: output name -> what it exports. */
const BUNDLES = {
  'lit.mjs': `export * from 'lit';
    export { repeat } from 'lit/directives/repeat.js';`,
  'signals.mjs': `export * from '@preact/signals-core';`,
  'uplot.mjs': `export { default } from 'uplot';`,
  'terra-draw.mjs': `export { TerraDraw, TerraDrawLineStringMode, TerraDrawPolygonMode } from 'terra-draw';
    export { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter';`,
};

/** Files copied as they are: output name -> path in node_modules. */
const FILES = {
  'maplibre-gl.mjs': 'maplibre-gl/dist/maplibre-gl.mjs',
  'maplibre-gl-worker.mjs': 'maplibre-gl/dist/maplibre-gl-worker.mjs',
  'maplibre-gl.css': 'maplibre-gl/dist/maplibre-gl.css',
  'uplot.css': 'uplot/dist/uPlot.min.css',
  'fonts/inter-400.woff2': '@fontsource/inter/files/inter-latin-400-normal.woff2',
  'fonts/inter-600.woff2': '@fontsource/inter/files/inter-latin-600-normal.woff2',
  'fonts/noto-sans-sc-400.woff2':
    '@fontsource/noto-sans-sc/files/noto-sans-sc-chinese-simplified-400-normal.woff2',
};

/** The licence text for MIT packages that carry only the name of the licence. */
const mit = (/** @type {string} */ holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

const sha256 = (/** @type {Buffer} */ bytes) => createHash('sha256').update(bytes).digest('hex');

/** Name the package that a path inside node_modules belongs to. */
function packageOf(/** @type {string} */ path) {
  const parts = path.split('node_modules/').pop()?.split('/') ?? [];
  return parts[0].startsWith('@') ? `${parts[0]}/${parts[1]}` : parts[0];
}

async function put(/** @type {string} */ name, /** @type {Buffer | Uint8Array | string} */ bytes) {
  const path = join(STAGE, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/** Bundle one entry and return the packages that went into it. */
async function bundle(/** @type {string} */ name, /** @type {string} */ contents) {
  const result = await build({
    stdin: { contents, resolveDir: HERE, loader: 'js' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'inline',
    metafile: true,
    write: false,
    conditions: ['production'],
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  await put(name, result.outputFiles[0].contents);
  const inputs = Object.keys(result.metafile.inputs).filter((path) => path.includes('node_modules/'));
  return new Set(inputs.map(packageOf));
}

/** Read a package's licence text, or write the MIT text under its author's name. */
async function licenceText(
  /** @type {string} */ folder,
  /** @type {{ name: string, license: string, author?: string | { name: string } }} */ meta,
) {
  const file = (await readdir(folder)).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
  if (file) return readFile(join(folder, file));
  const author = typeof meta.author === 'object' ? meta.author.name : meta.author;
  if (meta.license !== 'MIT' || !author) throw new Error(`${meta.name} carries no licence text`);
  return mit(author);
}

/** Collect the version, licence and licence text of one package. */
async function describe(/** @type {string} */ name, /** @type {string[]} */ files) {
  const folder = join(MODULES, name);
  const meta = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const text = `licences/${name.replace('/', '-').replace('@', '')}.txt`;
  await put(text, await licenceText(folder, meta));
  const entries = [];
  for (const file of [...files].sort()) {
    const bytes = await readFile(join(STAGE, file));
    entries.push({ path: file, bytes: bytes.length, sha256: sha256(bytes) });
  }
  return { package: name, version: meta.version, licence: meta.license, licence_text: text, files: entries };
}

async function main() {
  await rm(STAGE, { recursive: true, force: true });
  /** @type {Map<string, string[]>} */
  const owners = new Map();
  const own = (/** @type {string} */ name, /** @type {string} */ file) =>
    owners.set(name, [...(owners.get(name) ?? []), file]);
  for (const [name, contents] of Object.entries(BUNDLES)) {
    for (const owner of await bundle(name, contents)) own(owner, name);
  }
  for (const [name, source] of Object.entries(FILES)) {
    await mkdir(dirname(join(STAGE, name)), { recursive: true });
    await copyFile(join(MODULES, source), join(STAGE, name));
    own(packageOf(`node_modules/${source}`), name);
  }
  for (const icon of (await readdir(join(MODULES, '@mapbox/maki/icons'))).sort()) {
    await put(`maki/${icon}`, await readFile(join(MODULES, '@mapbox/maki/icons', icon)));
    own('@mapbox/maki', `maki/${icon}`);
  }
  const packages = [];
  for (const name of [...owners.keys()].sort()) packages.push(await describe(name, owners.get(name) ?? []));
  const lock = sha256(await readFile(join(HERE, 'package-lock.json')));
  await put('MANIFEST.json', `${JSON.stringify({ lock_sha256: lock, packages }, null, 1)}\n`);
  await rm(VENDOR, { recursive: true, force: true });
  await rename(STAGE, VENDOR);
  console.log(`vendor: ${packages.length} packages, lock ${lock.slice(0, 12)}`);
}

await main();
