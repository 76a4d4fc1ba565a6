// @ts-check
/** Take the map out: a PNG with its frame, and an A4 page with the same facts. */
import { findLayer, ORIGINS, originsOf } from '../catalog.js';
import { titleOf } from '../events.js';
import { moment, number, pick, t } from '../i18n.js';
import { comparison } from '../path.js';
import { data, shown, toast, url } from '../store.js';
import { originName } from '../parts/bits.js';
import { shownInstant } from '../parts/timebar.js';
import { theMap } from './instance.js';
import { attributions } from './map.js';

const EARTH_M = 40_075_016.686;
const BAR_PX = 140;
/** Line heights of the picture's legend. */
const LAYER_PX = 19;
const ENTRY_PX = 15;

/** Facts that every export carries. */
export function facts() {
  const layers = shown.value.flatMap((id) => findLayer(id) ?? []);
  const origins = ORIGINS.filter((origin) => layers.some((layer) => (layer.origins[origin] ?? 0) > 0));
  const path = data.path.value;
  return {
    title: pick(data.catalogue.value?.title),
    time: moment(shownInstant()),
    made: moment(Date.now()),
    layers,
    origins,
    synthetic: origins.includes('synthetic'),
    sources: attributions(),
    review: data.catalogue.value?.review_number ?? null,
    path: 'now' in path && path.now ? comparison()?.text ?? `${number(path.now.feature.properties.length_m / 1000, 1)} km` : null,
    closures: data.events.value.filter((event) => event.properties.kind === 'closure').map(titleOf),
    originText: (/** @type {import('../types.js').Layer} */ layer) => originsOf(layer).map(([origin]) => originName(origin)).join(' '),
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

/** Height of the legend as it is written, in CSS pixels. */
const legendHeight = (/** @type {Facts} */ known) =>
  known.layers.reduce((sum, layer) => sum + LAYER_PX + ENTRY_PX * (layer.legend?.entries.length ?? 0), 0);

/** Compose map, title, time, scale bar, legend, origins and sources into one canvas. */
export function compose(/** @type {import('maplibre-gl').Map} */ map) {
  const shot = picture(map);
  const ratio = shot.width / map.getContainer().clientWidth;
  const [width, height] = [shot.width / ratio, shot.height / ratio];
  const known = facts();
  const side = 240;
  const sheet = document.createElement('canvas');
  const [head, foot] = [52, 88];
  const middle = Math.max(height, legendHeight(known) + 24);
  sheet.width = Math.round((width + side) * ratio);
  sheet.height = Math.round((middle + head + foot) * ratio);
  const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext('2d'));
  pen.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const token = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  pen.fillStyle = token('--panel');
  pen.fillRect(0, 0, width + side, middle + head + foot);
  pen.drawImage(shot, 0, head, width, height);
  const write = writer(pen, token);
  write.title(known, width + side);
  write.legend(known, width + 16, head + 8, side - 28);
  write.foot(known, scaleBar(map), head + middle, width + side);
  return sheet;
}

/**
 * Draw a legend symbol 18 px wide, centred on a height.
 *
 * @param {CanvasRenderingContext2D} pen @param {import('../types.js').LegendEntry} entry
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

function writer(/** @type {CanvasRenderingContext2D} */ pen, /** @type {(name: string) => string} */ token) {
  const font = (/** @type {number} */ size, bold = false) => (pen.font = `${bold ? '600 ' : ''}${size}px Inter, "Noto Sans SC", sans-serif`);
  const ink = (/** @type {string} */ name) => (pen.fillStyle = token(name));
  return {
    title(/** @type {Facts} */ known, /** @type {number} */ width) {
      font(18, true);
      ink('--text');
      pen.fillText(known.title, 16, 33);
      font(13);
      pen.textAlign = 'right';
      pen.fillText(`${t('export.time')} ${known.time}`, width - 16, 24);
      ink('--warn');
      pen.fillText(known.synthetic ? t('origin.contains_synthetic') : '', width - 16, 42);
      pen.textAlign = 'left';
    },
    legend(/** @type {Facts} */ known, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ width) {
      const theme = url.theme.peek();
      for (const layer of known.layers) {
        font(12, true);
        ink('--text');
        pen.fillText(`${pick(layer.title)} (${known.originText(layer)})`, x, (y += LAYER_PX), width);
        for (const entry of layer.legend?.entries ?? []) {
          const colour = entry.color?.[theme] ?? token('--text');
          drawSymbol(pen, entry, String(Array.isArray(colour) ? colour[0] : colour), x, (y += ENTRY_PX) - 4);
          font(11);
          ink('--muted');
          pen.fillText(`${entry.text ? `${entry.text} ` : ''}${pick(entry.label)}`, x + 26, y, width - 26);
        }
      }
    },
    foot(/** @type {Facts} */ known, /** @type {{ pixels: number, text: string }} */ bar, /** @type {number} */ y, /** @type {number} */ width) {
      ink('--text');
      pen.fillRect(16, y + 24, bar.pixels, 3);
      pen.fillRect(16, y + 18, 1.5, 9);
      pen.fillRect(16 + bar.pixels - 1.5, y + 18, 1.5, 9);
      font(12);
      pen.fillText(bar.text, 16, y + 44);
      const lines = [
        `${t('export.origins')}: ${known.origins.map(originName).join(' · ')}`,
        [known.path ? `${t('export.path')}: ${known.path}` : '', ...known.closures].filter(Boolean).join(' · '),
        `${t('export.sources')}: ${known.sources.join(' · ')}${known.review ? ` · ${t('export.review')} ${known.review}` : ''}`,
      ].filter(Boolean);
      font(11);
      ink('--muted');
      lines.flatMap((text) => wrap(pen, text, width - 220)).slice(0, 5).forEach((text, row) => pen.fillText(text, 190, y + 16 + row * 14));
    },
  };
}

/** Save the composed picture. */
export async function exportPng() {
  const map = theMap.peek();
  if (!map) return;
  const blob = await new Promise((resolve) => compose(map).toBlob(resolve, 'image/png'));
  const name = `sigang-${moment(shownInstant()).slice(0, 16).replace(/[: ]/g, '-')}.png`;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(/** @type {Blob} */ (blob));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  toast({ kind: 'ok', text: t('export.done', { name }) });
}
