// @ts-check
/** Images that the style asks for by name: icons, road shields, signs of waterways, hatches; drawn in the browser. */

import { MARK, drawMark, isMark } from './marks.js';

const SCALE = 2;
const VENDOR = new URL('vendor/maki/', document.baseURI);

/** Colours of the road signs of GB 5768.2: ground, band and text of each kind of route number. */
const SHIELDS = {
  expressway: { ground: '#00713C', band: '#D7000F', text: '#FFFFFF' },
  provincial_expressway: { ground: '#00713C', band: '#F5C400', text: '#FFFFFF' },
  national: { ground: '#C8102E', band: null, text: '#FFFFFF' },
  provincial: { ground: '#F5C400', band: null, text: '#1B1B1B' },
  county: { ground: '#FFFFFF', band: null, text: '#1B1B1B' },
};

/** @typedef {keyof typeof SHIELDS} ShieldKind */

/** @type {Map<string, Promise<string>>} */
const sources = new Map();

function canvas(/** @type {number} */ width, /** @type {number} */ height) {
  const element = document.createElement('canvas');
  element.width = Math.ceil(width * SCALE);
  element.height = Math.ceil(height * SCALE);
  const pen = /** @type {CanvasRenderingContext2D} */ (element.getContext('2d', { willReadFrequently: true }));
  pen.scale(SCALE, SCALE);
  return { element, pen };
}

const pixels = (/** @type {HTMLCanvasElement} */ element) =>
  /** @type {CanvasRenderingContext2D} */ (element.getContext('2d')).getImageData(0, 0, element.width, element.height);

function svgSource(/** @type {string} */ name) {
  let source = sources.get(name);
  if (!source) {
    source = fetch(new URL(`${name}.svg`, VENDOR)).then((response) => {
      if (!response.ok) throw new Error(`icon ${name}: HTTP ${response.status}`);
      return response.text();
    });
    sources.set(name, source);
  }
  return source;
}

/** Draw a Maki icon in one colour with a halo of the other tone, so that it stands on any ground. */
async function icon(/** @type {string} */ name, /** @type {string} */ colour) {
  const size = 17;
  const halo = luminance(colour) > 0.4 ? 'rgba(11,22,34,0.85)' : 'rgba(255,255,255,0.9)';
  const source = await svgSource(name);
  const line = `stroke="${halo}" stroke-width="2.4" stroke-linejoin="round" paint-order="stroke"`;
  const styled = source
    .replace(/<svg /, `<svg fill="${colour}" ${line} `)
    .replace(/width="15"/, 'width="19"')
    .replace(/height="15"/, 'height="19"')
    .replace(/viewBox="0 0 15 15"/, 'viewBox="-2 -2 19 19"');
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(styled)}`;
  await image.decode();
  const { element, pen } = canvas(size + 4, size + 4);
  pen.drawImage(image, 0, 0, size + 4, size + 4);
  return pixels(element);
}

/** Relative luminance of #RRGGBB, 0 to 1. */
function luminance(/** @type {string} */ colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Tell the kind of a route number: G15 is an expressway, G104 a national road, S211 provincial. */
export function shieldKind(/** @type {string} */ kind, /** @type {string} */ text) {
  if (kind in SHIELDS && kind !== 'expressway') return /** @type {ShieldKind} */ (kind);
  if (kind === 'expressway') return /^S/i.test(text) ? 'provincial_expressway' : 'expressway';
  return /** @type {ShieldKind} */ ('county');
}

/** Draw a road shield. */
export function shield(/** @type {string} */ kind, /** @type {string} */ text) {
  const look = SHIELDS[shieldKind(kind, text)];
  const font = '600 10px Inter, "Noto Sans SC", sans-serif';
  const probe = canvas(1, 1).pen;
  probe.font = font;
  const band = look.band ? 3 : 0;
  const [width, height] = [Math.ceil(probe.measureText(text).width) + 9, 14 + band];
  const { element, pen } = canvas(width, height);
  pen.beginPath();
  pen.roundRect(0.5, 0.5, width - 1, height - 1, 2.5);
  pen.fillStyle = look.ground;
  pen.fill();
  pen.save();
  pen.clip();
  if (look.band) {
    pen.fillStyle = look.band;
    pen.fillRect(0, 0, width, band + 1);
  }
  pen.restore();
  pen.strokeStyle = look.text === '#FFFFFF' ? 'rgba(255,255,255,0.9)' : 'rgba(27,27,27,0.8)';
  pen.lineWidth = 1;
  pen.stroke();
  pen.font = font;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillStyle = look.text;
  pen.fillText(text, width / 2, band + (height - band) / 2 + 0.5);
  return element;
}

const HATCH = 8;

/** Strokes of a seamless hatch, each from one point to another, in units of its side. */
const HATCHES = {
  hatch: [[0, 1, 1, 0]],
  'hatch-back': [[0, 0, 1, 1]],
  'hatch-cross': [[0, 1, 1, 0], [0, 0, 1, 1]],
  'hatch-flat': [[0, 0.5, 1, 0.5]],
};

/** Draw a seamless hatch, or dots. */
export function hatch(/** @type {string} */ family, /** @type {string} */ colour) {
  const { element, pen } = canvas(HATCH, HATCH);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = family === 'hatch' ? 2 : 1.5;
  if (family === 'dots') {
    pen.beginPath();
    pen.arc(HATCH / 2, HATCH / 2, 1.4, 0, 2 * Math.PI);
    pen.fill();
    return element;
  }
  for (const [x1, y1, x2, y2] of HATCHES[/** @type {keyof typeof HATCHES} */ (family)]) {
    for (const shift of y1 === y2 ? [0] : [-HATCH, 0, HATCH]) {
      const [dx, dy] = [(x2 - x1) / HATCH, (y2 - y1) / HATCH];
      pen.beginPath();
      pen.moveTo((x1 - dx) * HATCH + shift, (y1 - dy) * HATCH);
      pen.lineTo((x2 + dx) * HATCH + shift, (y2 + dy) * HATCH);
      pen.stroke();
    }
  }
  return element;
}

/** Draw a sign of waterways. */
function mark(/** @type {string} */ name, /** @type {string} */ colour) {
  const { element, pen } = canvas(MARK.width, MARK.height);
  drawMark(pen, name, colour);
  return pixels(element);
}

/** Draw an image by its name. @returns {Promise<ImageData | null>} */
export async function drawImage(/** @type {string} */ id) {
  const [family, first, ...rest] = id.split(':');
  if (family === 'maki' && first) return icon(first, rest[0] ?? '#8FA3B5');
  if (family === 'mark' && isMark(first)) return mark(first, rest[0] ?? '#8FA3B5');
  if (family === 'shield' && first) return pixels(shield(first, rest.join(':')));
  if ((family in HATCHES || family === 'dots') && first) return pixels(hatch(family, first));
  return null;
}

/**
 * Supply images to a map on demand.
 *
 * @param {import('maplibre-gl').Map} map
 * @param {(error: Error) => void} failed
 */
export function supplyImages(map, failed) {
  map.setMissingStyleImageResolver(async (id) => {
    try {
      const image = await drawImage(id);
      if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: SCALE });
    } catch (error) {
      failed(/** @type {Error} */ (error));
    }
  });
}

/** Address of an icon's file, for use as a CSS mask. */
export const iconAddress = (/** @type {string} */ name) => new URL(`${name}.svg`, VENDOR).href;
