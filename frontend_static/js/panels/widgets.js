// @ts-check
/** Small pieces that several parts draw: icons, origin badges, legend symbols, values, errors. */
import { html, svg } from 'lit';
import { explain } from '../core/api.js';
import { maybe, moment, number, pick, t } from '../core/i18n.js';
import { iconAddress, shield } from '../core/icons.js';
import { classColour } from '../map/colours.js';
import { UNIT_CLASSES } from '../model/scenarios.js';
import { shellStore } from '../model/shell.js';

/** @typedef {import('../core/types.js').Origin} Origin */
/** @typedef {import('../core/types.js').LegendEntry} LegendEntry */

/** 16 px line icons. @type {Record<string, string>} */
const PATHS = {
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.4 10.4 14 14',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6',
  map: 'M2 4l4-1.5 4 1.5 4-1.5v10L10 14l-4-1.5L2 14zM6 2.5v10M10 4v10',
  layers: 'M8 2 14 5.5 8 9 2 5.5zM2 8.5 8 12l6-3.5M2 11 8 14.5 14 11',
  link: 'M6.5 9.5l3-3M7 4.5 8.6 2.9a3 3 0 0 1 4.4 4.3L11.5 9M9 11.5l-1.6 1.6a3 3 0 0 1-4.4-4.3L4.5 7',
  image: 'M2.5 3h11v10h-11zM2.5 11l3.5-4 3 3 1.5-1.5L13.5 11M10.5 5.5h.01',
  print: 'M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z',
  sun:
    'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15' +
    'M3 3l1.1 1.100M11.9 11.9 13 13M13 3l-1.1 1.100M4.1 11.9 3 13',
  moon: 'M13 9.800A5.5 5.5 0 0 1 6.2 3a5.5 5.5 0 1 0 6.8 6.800z',
  user: 'M8 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M3 13.5c.5-3 2.5-4.5 5-4.5s4.5 1.5 5 4.5',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  close: 'M4 4l8 8M12 4l-8 8',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  play: 'M5 3.5v9l7-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  swap: 'M5 2.5v10M5 12.5 2.5 10M5 12.5 7.5 10M11 13.5v-10M11 3.5 8.5 6M11 3.5 13.5 6',
  plus: 'M8 3v10M3 8h10',
  target: 'M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3',
  ruler: 'M2 10.5 10.5 2 14 5.5 5.5 14zM5 7.5 6.5 9M7.5 5 9 6.5M10 2.5',
  area: 'M3 5l6-2.5L13.5 7 11 13 4 12zM3 5h.01M9 2.5h.01M13.5 7h.01M11 13h.01M4 12h.01',
  barrier: 'M1.5 5.5h13v4h-13zM4 9.5v4M12 9.5v4M4 5.5l-2 4M8 5.5l-2 4M12 5.5l-2 4M4 5.5V3.5M12 5.5V3.5',
  home: 'M2.5 7.5 8 3l5.5 4.5M4 6.5v7h8v-7',
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM6.5 13.5h3',
  sound: 'M2.5 6.5v3H5l3.5 3v-9L5 6.5zM11 6a3 3 0 0 1 0 4',
  mute: 'M2.5 6.5v3H5l3.5 3v-9L5 6.5zM11 6.5l3 3M14 6.5l-3 3',
  path:
    'M4 13a1.5 1.5 0 1 1 0-3 1.5 1.5 0 0 1 0 3M12 6a1.5 1.5 0 1 1 0-3 1.5 1.5 0 0 1 0 3' +
    'M5.5 11.5H10a2 2 0 0 0 0-4H6a2 2 0 0 1 0-3h4.5',
  drone: 'M6 6h4v4H6zM6 6 4 4M10 6l2-2M6 10l-2 2M10 10l2 2M1.5 3.5h5M9.5 3.5h5M1.5 12.5h5M9.5 12.5h5',
  heat: 'M2.5 2.5h3.6v3.6H2.5zM6.2 6.2h3.6v3.6H6.2zM9.9 2.5h3.6v3.6H9.9zM2.5 9.9h3.6v3.6H2.5z',
  board: 'M2.5 2.5H7V7H2.5zM9 2.5h4.5V7H9zM2.5 9H7v4.5H2.5zM9 9h4.5v4.5H9z',
  info: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 7.5v3.5M8 5h.01',
  download: 'M8 2.5v8M8 10.5 5 7.5M8 10.5l3-3M2.5 13.5h11',
  up: 'M4 10l4-4 4 4',
  down: 'M4 6l4 4 4-4',
  cube: 'M8 2 13.5 5v6L8 14l-5.500-3V5zM2.500 5 8 8l5.500-3M8 8v6',
  flight: 'M8 1.500v7M8 8.500l-5.500 2.500v1.500L8 11l5.500 1.500V11zM6 14.500h4',
  chevron: 'M6 4l4 4-4 4',
  check: 'M3 8.5 6.5 12 13 4.5',
  keyboard: 'M1.5 4.5h13v7h-13zM4 7h.01M6.5 7h.01M9 7h.01M11.5 7h.01M5 9.5h6',
};

/** Draw a line icon. */
export const icon = (/** @type {string} */ name) =>
  html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]}></path></svg>`;

const HAN = /[\u4e00-\u9fff]/;

/** Draw the words of a law; a reader of another language is told that they are the original's. */
export const legalText = (/** @type {string} */ text) =>
  HAN.test(text) && shellStore.lang.value !== 'zh'
    ? html`<span class="muted">${t('law.original')}</span> <span lang="zh-CN">${text}</span>`
    : text;

/** Name a law, `Chinese / English`, in the reader's language; the English name keeps the original's. */
export function lawTitle(/** @type {string} */ source) {
  const [own, english] = source.split(' / ');
  if (shellStore.lang.value === 'zh' || !english) return own;
  return html`${english} <span lang="zh-CN">${own}</span>`;
}

const SHAPES = {
  real: svg`<circle cx="5" cy="5" r="4"></circle>`,
  derived: svg`<path d="M5 .5 9.5 5 5 9.5.5 5z"></path>`,
  schematic: svg`<path d="M5 1 9.5 9h-9z"></path>`,
  synthetic: svg`<path d="M1.5 1.5h7v7h-7z" fill="none" stroke="currentColor" stroke-width="2"></path>`,
};

/** Name an origin. */
export const originName = (/** @type {string} */ origin) => maybe(`origin.${origin}`, origin);

/** Draw the badge of an origin: a shape and, unless it is `bare`, its name. */
export function badge(/** @type {Origin} */ origin, /** @type {{ bare?: boolean, title?: string }} */ options = {}) {
  const name = originName(origin);
  return html`<span class="badge origin-${origin}" data-origin=${origin} title=${options.title ?? name}>
    <svg viewBox="0 0 10 10" aria-hidden="true">${SHAPES[origin]}</svg
    ><span class=${options.bare ? 'sr' : ''}>${name}</span></span>`;
}

const colourOf = (/** @type {LegendEntry} */ entry, /** @type {'dark' | 'light'} */ theme) => {
  const colour = entry.color?.[theme] ?? 'currentColor';
  return Array.isArray(colour) ? colour : [colour];
};

/** A symbol of simple shapes. */
const drawn = (/** @type {unknown} */ shape) =>
  html`<svg class="symbol" viewBox="0 0 22 14" aria-hidden="true">${shape}</svg>`;

/** Draw the symbol of a legend row. */
export function symbol(/** @type {LegendEntry} */ entry, theme = shellStore.theme.value) {
  const [colour, ...rest] = colourOf(entry, theme);
  if (entry.symbol === 'line') return lineSymbol(entry, colour);
  if (entry.symbol === 'fill') {
    return drawn(svg`<rect x="1.5" y="1.5" width="19" height="11" rx="1.5" fill=${colour}
      stroke="var(--edge)"></rect>`);
  }
  if (entry.symbol === 'ramp') {
    const stops = rest.length ? [colour, ...rest] : [colour, colour];
    return html`<span class="symbol ramp" style="background:linear-gradient(90deg, ${stops.join(',')})"></span>`;
  }
  if (entry.symbol === 'icon' && entry.icon) return iconSymbol(entry.icon, colour);
  return drawn(svg`<circle cx="11" cy="7" r="5" fill=${colour}></circle>`);
}

function lineSymbol(/** @type {LegendEntry} */ entry, /** @type {string} */ colour) {
  const width = Math.min(entry.width ?? 3, 8);
  const dash = (entry.dash ?? []).map((part) => part * width).join(' ');
  return drawn(svg`<line x1="1" y1="7" x2="21" y2="7" stroke=${colour} stroke-width=${width}
    stroke-dasharray=${dash || 'none'}></line>`);
}

function iconSymbol(/** @type {string} */ name, /** @type {string} */ colour) {
  const parts = name.split(':');
  if (parts[0] === 'shield') {
    const source = shield(parts[1], parts.slice(2).join(':')).toDataURL();
    return html`<span class="symbol"><img class="shield" alt="" src=${source} /></span>`;
  }
  const mask = iconAddress(parts[0] === 'maki' ? parts[1] : name);
  const style = `background:${colour};mask-image:url(${mask})`;
  return html`<span class="symbol"><span class="maki" style=${style}></span></span>`;
}

/** Draw the symbol of a whole layer: its first legend row. */
export const layerSymbol = (/** @type {import('../core/types.js').Layer | undefined} */ layer) =>
  layer?.legend?.entries?.length ? symbol(layer.legend.entries[0]) : html`<span class="symbol"></span>`;

/**
 * Say a value of a column: coded values by their names, numbers with their unit, times in +08:00.
 *
 * @param {import('../core/types.js').Column | undefined} column
 * @param {unknown} raw
 */
export function value(column, raw, brief = false) {
  if (raw === null || raw === undefined || raw === '') {
    return html`<span class="null">${brief ? '–' : t('inspect.null')}</span>`;
  }
  if (typeof raw === 'boolean') return raw ? t('yes') : t('no');
  const coded = column?.values?.[String(raw)];
  if (coded) return pick(coded);
  if (column?.type === 'datetime' && typeof raw === 'string') return moment(raw, brief);
  const unit = column?.unit ? `\u00a0${pick(column.unit)}` : '';
  if (typeof raw === 'number') return `${number(raw, 3)}${unit}`;
  if (typeof raw === 'object') return html`<code>${JSON.stringify(raw)}</code>`;
  return `${raw}${unit}`;
}

/** Draw the colours of the units between the least and the greatest number. */
export function unitRamp(/** @type {{ low: string, high: string }} */ { low, high }, theme = shellStore.theme.value) {
  const colours = Array.from({ length: UNIT_CLASSES }, (_, at) => classColour(UNIT_CLASSES - 1 - at, theme));
  return html`<span class="num">${low}</span><span class="ramp-classes" aria-hidden="true">${
    colours.map((colour) => html`<i style="background:${colour}"></i>`)}</span><span class="num">${high}</span>`;
}

/** Draw an error with its way out. */
export const failure = (/** @type {unknown} */ error, /** @type {() => void} */ retry, testid = 'retry') =>
  html`<div class="failure" role="alert">
    <span>${explain(error)}</span>
    <button data-testid=${testid} @click=${retry}>${t('app.retry')}</button>
  </div>`;

/** Draw the bar that says that something is loading. */
export const busy = (/** @type {boolean} */ on) =>
  html`<div class="busy" ?hidden=${!on} role="status" aria-label=${t('app.loading')}></div>`;
