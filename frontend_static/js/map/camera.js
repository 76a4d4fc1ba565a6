// @ts-check
/** Move the map's camera: to a place, an extent, home; without flight when motion is reduced. */
import { theMap } from './instance.js';
import { shellStore } from '../model/shell.js';
import { skyStore, switchSpace } from '../model/sky.js';
import { viewStore } from '../model/view.js';

/** @typedef {import('../core/hash.js').Camera} Camera */
/** @typedef {import('maplibre-gl').Map} Map */

const POINT_ZOOM = 12;
const FIT_PADDING = 60;
/** Below this width panels slide in from the bottom; see narrow.css. */
const NARROW_PX = 760;

/** How far the map is tilted to show heights, degrees. */
const TILT = 60;

const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Return to the first view. */
export function goHome() {
  const home = viewStore.home.peek();
  if (home) theMap.peek()?.jumpTo({ center: [home.lng, home.lat], zoom: home.zoom, bearing: 0, pitch: 0 });
}

/** Show a position; never zooms out. */
export function showPoint(/** @type {[number, number]} */ position, zoom = POINT_ZOOM) {
  const map = theMap.peek();
  if (!map) return;
  const options = { center: position, zoom: Math.max(map.getZoom(), zoom) };
  if (still()) map.jumpTo(options);
  else map.flyTo({ ...options, duration: 800 });
}

/** Switch between the flat map and heights, seen from the side. */
export function turnSpace() {
  switchSpace();
  const pitch = skyStore.space.peek() === '3d' ? TILT : 0;
  theMap.peek()?.easeTo({ pitch, duration: still() ? 0 : 600 });
}

/** Padding that keeps an extent clear of an open drawer. */
function clearOf(/** @type {Map} */ map) {
  const { clientWidth, clientHeight } = map.getContainer();
  const usual = Math.min(FIT_PADDING, clientWidth / 6);
  const side = document.querySelector('.right');
  const covers = side && getComputedStyle(side).position === 'fixed' && shellStore.drawer.peek() === 'side';
  const narrow = innerWidth <= NARROW_PX;
  const most = (narrow ? clientHeight : clientWidth) - 2 * usual - 80;
  const hidden = covers ? Math.max(0, Math.min(narrow ? side.clientHeight - 60 : side.clientWidth, most)) : 0;
  return { top: usual, left: usual, right: usual + (narrow ? 0 : hidden), bottom: usual + (narrow ? hidden : 0) };
}

/** Show an extent of west, south, east, north. */
export function showExtent(/** @type {number[]} */ box, maxZoom = 14) {
  const map = theMap.peek();
  const [west, south, east, north] = box;
  if (west === east && south === north) {
    showPoint([west, south]);
    return;
  }
  map?.fitBounds([west, south, east, north], {
    padding: clearOf(map),
    maxZoom,
    duration: still() ? 0 : 800,
  });
}

/** Move the map where the address says, when that is not where it is. */
export function whenAway(/** @type {Map} */ map, /** @type {Camera | null} */ camera) {
  if (!camera || map.isMoving()) return;
  const { lng, lat } = map.getCenter();
  const near = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ by) => Math.abs(a - b) < by;
  const here = near(lng, camera.lng, 1e-4) && near(lat, camera.lat, 1e-4) && near(map.getZoom(), camera.zoom, 0.02);
  if (here && near(map.getBearing(), camera.bearing, 0.1) && near(map.getPitch(), camera.pitch, 0.1)) return;
  const { zoom, bearing, pitch } = camera;
  map.jumpTo({ center: [camera.lng, camera.lat], zoom, bearing, pitch });
}
