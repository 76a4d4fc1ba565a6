// @ts-check
/** Take the map out: a PNG with its frame, and an A4 page with the same facts. */
import { moment, number, pick, t } from '../core/i18n.js';
import { originName } from './widgets.js';
import { theMap } from '../map/instance.js';
import { COUNTIES } from '../map/units.js';
import { toast } from '../model/toasts.js';
import { attributions, findLayer, layerStore, ORIGINS, originsOf } from '../model/layers.js';
import { deskStore, titleOf } from '../model/events.js';
import { shellStore } from '../model/shell.js';
import { chosen, comparison } from '../model/path.js';
import { planStore } from '../model/plan.js';
import { skyStore } from '../model/sky.js';
import { figures, scenarioStore, unitRange } from '../model/scenarios.js';
import { viewStore } from '../model/view.js';
import { mapInstant, timeText } from '../model/time.js';
import { heatShown, heatSurface } from '../model/heat.js';
import { save } from '../core/download.js';
import { answerFact } from './air/marks.js';
import { foundText } from './heat/found.js';
import { whySentence } from './heat/legend.js';
import { countedText, daysText } from './heat/said.js';

const EARTH_M = 40_075_016.686;
const BAR_PX = 140;
/** Line heights of the picture's legend. */
const LAYER_PX = 19;
const ENTRY_PX = 15;
const COLUMN_PX = 216;
/** Where the lines under the map begin, and their height. */
const FOOT_X = 190;
const FOOT_PX = 14;

/** @typedef {import('../core/types.js').Layer} Layer */

/** Facts that every export carries. */
export function facts() {
  const layers = layerStore.shown.value.flatMap((id) => findLayer(id) ?? []);
  const origins = ORIGINS.filter((origin) => layers.some((layer) => (layer.origins[origin] ?? 0) > 0));
  return {
    title: pick(layerStore.catalogue.value?.title),
    time: timeText(),
    made: moment(Date.now()),
    layers,
    origins,
    synthetic: origins.includes('synthetic'),
    sources: attributions(),
    review: layerStore.catalogue.value?.review_number ?? null,
    path: pathFact(),
    reach: reachFact(),
    air: answerFact(),
    heights: heightsFact(),
    scenario: scenarioFact(),
    heat: heatFact(),
    closures: deskStore.events.value.filter((event) => event.properties.kind === 'closure').map(titleOf),
    originText: (/** @type {Layer} */ layer) => originsOf(layer).map(([origin]) => originName(origin)).join(' '),
  };
}

/** The surface of enforcement heat on show, and of which days; null for none. */
function heatFact() {
  const surface = heatShown.value ? heatSurface.value : undefined;
  if (!surface) return null;
  const rule = surface.rule ? ` · ${surface.rule.key}@${surface.rule.version}` : '';
  const text = `${pick(surface.title)} (${pick(surface.unit)}) · ${daysText()} · ${countedText()}${rule}`;
  return { text: [text, foundText()].filter(Boolean).join(' · '), why: whySentence(), entries: surface.entries };
}

/** The path on show in words, or null. */
function pathFact() {
  const path = planStore.path.value;
  if (!('now' in path) || !path.now) return null;
  return comparison()?.text ?? `${number(chosen(path.now).properties.length_m / 1000, 1)} km`;
}

/** How heights are drawn, in words, or null. */
function heightsFact() {
  if (skyStore.space.value !== '3d') return null;
  return t('sky.drawn', { datum: t(`sky.datum_${skyStore.datum.value}`), times: skyStore.exaggeration.value });
}

/** The contours on show in words, or null. */
function reachFact() {
  const origin = planStore.origin.value;
  if (planStore.kind.value !== 'reach' || planStore.reach.value.state !== 'ready' || !origin) return null;
  const { way, unit, values } = planStore.contours.value;
  return `${origin.label}, ${t(`reach.${way}`)}: ${values.join(' / ')} ${t(`reach.${unit}`)}`;
}

/** The open scenario with its numbers, and the colours of the units that the map shows; or null. */
function scenarioFact() {
  const page = scenarioStore.page.value;
  if (!page) return null;
  const range = unitRange(viewStore.zoom.value < COUNTIES ? 'prefecture' : 'county');
  const digits = scenarioStore.indicators.value?.[page.view.colour ?? '']?.digits ?? 1;
  const name = pick(scenarioStore.indicators.value?.[page.view.colour ?? '']?.title);
  return {
    title: `${page.title} (${page.maturity.title})`,
    question: page.question,
    figures: figures(),
    units: range && { name, low: number(range.low, digits), high: number(range.high, digits) },
  };
}

/** A round ground length and its width in CSS pixels at the map's centre. */
export function scaleBar(/** @type {import('maplibre-gl').Map} */ map, width = BAR_PX) {
  const latitude = (map.getCenter().lat * Math.PI) / 180;
  const perPixel = (EARTH_M * Math.cos(latitude)) / (512 * 2 ** map.getZoom());
  const most = perPixel * width;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = power * ([5, 2, 1].find((step) => step * power <= most) ?? 1);
  return { metres, pixels: metres / perPixel, text: metres >= 1000 ? `${metres / 1000} km` : `${metres} m` };
}

/** Copy the map's picture right after a frame is drawn. @returns {HTMLCanvasElement} */
export function picture(/** @type {import('maplibre-gl').Map} */ map) {
  map.redraw();
  const source = map.getCanvas();
  const copy = document.createElement('canvas');
  copy.width = source.width;
  copy.height = source.height;
  /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d')).drawImage(source, 0, 0);
  return copy;
}

/** Break a text into lines that fit. @returns {string[]} */
function wrap(/** @type {CanvasRenderingContext2D} */ pen, /** @type {string} */ text, /** @type {number} */ width) {
  const lines = [''];
  for (const word of text.split(/(?<=[ ·,，、])/)) {
    if (pen.measureText(lines[lines.length - 1] + word).width > width) lines.push('');
    lines[lines.length - 1] += word;
  }
  return lines;
}

/** Share the legend out into columns no higher than the map. @returns {Layer[][]} */
function legendColumns(/** @type {Facts} */ known, /** @type {number} */ height) {
  /** @type {Layer[][]} */
  const columns = [[]];
  let filled = 0;
  for (const layer of known.layers) {
    const needs = LAYER_PX + ENTRY_PX * (layer.legend?.entries.length ?? 0);
    if (filled + needs > height && filled > 0) {
      columns.push([]);
      filled = 0;
    }
    columns[columns.length - 1].push(layer);
    filled += needs;
  }
  return columns;
}

/** Compose map, title, time, scale bar, legend, origins and sources into one canvas. */
export function compose(/** @type {import('maplibre-gl').Map} */ map) {
  const shot = picture(map);
  const ratio = shot.width / map.getContainer().clientWidth;
  const [width, height] = [shot.width / ratio, shot.height / ratio];
  const known = facts();
  const columns = legendColumns(known, height - 16);
  const side = columns.length * COLUMN_PX + 16;
  const sheet = document.createElement('canvas');
  const head = 52;
  const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext('2d'));
  pen.font = '11px Inter, "Noto Sans SC", sans-serif';
  const foot = Math.max(60, 24 + FOOT_PX * footLines(pen, known, width + side).length);
  sheet.width = Math.round((width + side) * ratio);
  sheet.height = Math.round((height + head + foot) * ratio);
  pen.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const token = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  pen.fillStyle = token('--panel');
  pen.fillRect(0, 0, width + side, height + head + foot);
  pen.drawImage(shot, 0, head, width, height);
  const write = new Writer(pen, token);
  write.title(known, width + side);
  columns.forEach((layers, at) => write.legend(layers, known, width + 16 + at * COLUMN_PX, head));
  write.foot(known, scaleBar(map), head + height, width + side);
  return sheet;
}

/**
 * Draw a legend symbol 18 px wide, centred on a height.
 *
 * @param {CanvasRenderingContext2D} pen @param {import('../core/types.js').LegendEntry} entry
 * @param {string} colour @param {number} x @param {number} y
 */
function drawSymbol(pen, entry, colour, x, y) {
  pen.save();
  pen.fillStyle = pen.strokeStyle = colour;
  pen.beginPath();
  if (entry.symbol === 'line') {
    pen.lineWidth = Math.min(entry.width ?? 3, 7);
    pen.setLineDash((entry.dash ?? []).map((part) => part * pen.lineWidth));
    pen.moveTo(x, y);
    pen.lineTo(x + 18, y);
    pen.stroke();
  } else if (entry.symbol === 'fill' || entry.symbol === 'ramp') {
    pen.rect(x + 0.5, y - 4.5, 17, 9);
    pen.fill();
    pen.strokeStyle = '#7A8B9A';
    pen.stroke();
  } else {
    pen.arc(x + 9, y, 4.5, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.restore();
}

/** @typedef {ReturnType<typeof facts>} Facts */

/** Writes the parts of the sheet around the map. */
class Writer {
  constructor(/** @type {CanvasRenderingContext2D} */ pen, /** @type {(name: string) => string} */ token) {
    this.pen = pen;
    this.token = token;
  }

  font(/** @type {number} */ size, bold = false) {
    this.pen.font = `${bold ? '600 ' : ''}${size}px Inter, "Noto Sans SC", sans-serif`;
  }

  ink(/** @type {string} */ name) {
    this.pen.fillStyle = this.token(name);
  }

  title(/** @type {Facts} */ known, /** @type {number} */ width) {
    this.font(18, true);
    this.ink('--text');
    this.pen.fillText(known.title, 16, 33);
    this.font(13);
    this.pen.textAlign = 'right';
    this.pen.fillText(known.time, width - 16, 24);
    this.ink('--warn');
    this.pen.fillText(known.synthetic ? t('origin.contains_synthetic') : '', width - 16, 42);
    this.pen.textAlign = 'left';
  }

  /** @param {Layer[]} layers @param {Facts} known @param {number} x @param {number} y */
  legend(layers, known, x, y) {
    const theme = shellStore.theme.peek();
    const width = COLUMN_PX - 16;
    for (const layer of layers) {
      const origins = known.originText(layer);
      this.font(12, true);
      this.ink('--text');
      this.pen.fillText(`${pick(layer.title)}${origins ? ` (${origins})` : ''}`, x, (y += LAYER_PX), width);
      for (const entry of layer.legend?.entries ?? []) {
        const colour = entry.color?.[theme] ?? this.token('--text');
        drawSymbol(this.pen, entry, String(Array.isArray(colour) ? colour[0] : colour), x, (y += ENTRY_PX) - 4);
        this.font(11);
        this.ink('--muted');
        this.pen.fillText(`${pick(entry.text)} ${pick(entry.label)}`.trim(), x + 26, y, width - 26);
      }
    }
  }

  /** @param {Facts} known @param {{ pixels: number, text: string }} bar @param {number} y @param {number} width */
  foot(known, bar, y, width) {
    this.ink('--text');
    this.pen.fillRect(16, y + 24, bar.pixels, 3);
    this.pen.fillRect(16, y + 18, 1.5, 9);
    this.pen.fillRect(16 + bar.pixels - 1.5, y + 18, 1.5, 9);
    this.font(12);
    this.pen.fillText(bar.text, 16, y + 44);
    this.font(11);
    this.ink('--muted');
    footLines(this.pen, known, width).forEach((text, row) => this.pen.fillText(text, FOOT_X, y + 16 + row * FOOT_PX));
  }
}

/**
 * Lines under the map: origins, path and closures, sources; broken to the sheet's width.
 *
 * @param {CanvasRenderingContext2D} pen @param {Facts} known @param {number} width
 */
function footLines(pen, known, width) {
  const path = known.path ? `${t('export.path')}: ${known.path}` : '';
  const air = known.air ?? '';
  const reach = known.reach ? `${t('export.reach')}: ${known.reach}` : '';
  const review = known.review ? ` · ${t('export.review')} ${known.review}` : '';
  const lines = [
    `${t('export.origins')}: ${known.origins.map(originName).join(' · ')}`,
    known.scenario ? `${known.scenario.title}: ${known.scenario.figures.join(' · ')}` : '',
    known.scenario?.units ? unitsText(known.scenario.units) : '',
    [path, reach, air, known.heights, known.heat?.text, known.heat?.why, ...known.closures].filter(Boolean).join(' · '),
    `${t('export.sources')}: ${known.sources.join(' · ')}${review}`,
  ].filter(Boolean);
  return lines.flatMap((text) => wrap(pen, text, width - FOOT_X - 24));
}

const unitsText = (/** @type {{ name: string, low: string, high: string }} */ { name, low, high }) =>
  `${t('scene.units')}: ${name} ${low} – ${high}`;

/** Save the composed picture. */
export async function exportPng() {
  const map = theMap.peek();
  if (!map) return;
  const blob = await new Promise((resolve) => compose(map).toBlob(resolve, 'image/png'));
  const name = `sigang-${moment(mapInstant()).slice(0, 16).replace(/[: ]/g, '-')}.png`;
  save(/** @type {Blob} */ (blob), name);
  toast({ kind: 'ok', text: t('export.done', { name }) });
}
