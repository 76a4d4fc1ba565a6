// @ts-check
/** Drag a stop, or pull a new via point out of the path's line; by mouse and by finger. */
import { drawStore } from '../model/draw.js';
import { addVia, placeAt, setWaypoint } from '../model/stops.js';
import { chosen } from '../model/path.js';
import { dragTo, planStore } from '../model/plan.js';
import { setOrigin } from '../model/reach.js';

/** @typedef {import('maplibre-gl').Map} Map */
/** @typedef {import('maplibre-gl').MapMouseEvent | import('maplibre-gl').MapTouchEvent} Press */

/** A finger or mouse that moved less than this did not drag. */
const START_PX = 4;
const TOUCH_PX = 14;
const MOUSE_PX = 2;
const GRIPS = ['sg-waypoint', 'sg-grip'];

/** Squared distance on the ground, up to a factor. */
function apart(/** @type {number[]} */ a, /** @type {number[]} */ b) {
  const shrink = Math.cos((a[1] * Math.PI) / 180);
  return ((a[0] - b[0]) * shrink) ** 2 + (a[1] - b[1]) ** 2;
}

/** The vertex of a line that is nearest to a place, from a vertex on. */
function nearestVertex(/** @type {number[][]} */ coordinates, /** @type {number[]} */ at, start = 0) {
  let best = start;
  for (let index = start; index < coordinates.length; index++) {
    if (apart(coordinates[index], at) < apart(coordinates[best], at)) best = index;
  }
  return best;
}

/** Where in the order a via point belongs that is pulled out of the path at a place. */
export function insertionIndex(
  /** @type {number[][]} */ coordinates,
  /** @type {number[][]} */ stops,
  /** @type {number[]} */ at,
) {
  const grabbed = nearestVertex(coordinates, at);
  let index = 1;
  let vertex = 0;
  for (const stop of stops.slice(1, -1)) {
    vertex = nearestVertex(coordinates, stop, vertex);
    if (vertex > grabbed) break;
    index++;
  }
  return index;
}

/** What a press takes hold of: a stop, the origin, the path's line, or nothing. */
function grip(/** @type {Map} */ map, /** @type {Press} */ event, /** @type {number} */ reach) {
  const { x, y } = event.point;
  const layers = GRIPS.filter((id) => map.getLayer(id));
  const hits = map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers });
  const stop = hits.find((hit) => hit.layer.id === 'sg-waypoint');
  if (stop) return { index: Number(stop.properties.index), insert: false, origin: stop.properties.role === 'origin' };
  const state = planStore.path.peek();
  if (!hits.length || !('now' in state) || !state.now) return null;
  const path = chosen(state.now);
  const index = insertionIndex(path.geometry.coordinates, path.properties.snap_points, event.lngLat.toArray());
  return { index, insert: true, origin: false };
}

/** @param {{ index: number, insert: boolean, origin: boolean }} held @param {import('maplibre-gl').LngLat} at */
function drop(held, at) {
  const place = placeAt(at.lng, at.lat);
  if (held.origin) setOrigin(place);
  else if (held.insert) addVia(place, held.index);
  else setWaypoint(held.index, place);
}

/** Tell whether a press is of the first button or of one finger. */
const single = (/** @type {Press} */ { originalEvent: press }) =>
  'touches' in press ? press.touches.length === 1 : press.button === 0;

/** Follow presses on the map. */
export function watchDrag(/** @type {Map} */ map) {
  const press = (/** @type {Press} */ event, /** @type {'mouse' | 'touch'} */ kind) => {
    if (!single(event) || drawStore.state.peek().mode !== null) return;
    const held = grip(map, event, kind === 'touch' ? TOUCH_PX : MOUSE_PX);
    if (!held) return;
    event.preventDefault();
    const from = event.point;
    const moving = kind === 'mouse' ? 'mousemove' : 'touchmove';
    const move = (/** @type {Press} */ now) => {
      if (!planStore.dragged.peek() && now.point.dist(from) < START_PX) return;
      map.getCanvas().style.cursor = 'grabbing';
      dragTo({ index: held.index, insert: held.insert, lon: now.lngLat.lng, lat: now.lngLat.lat });
    };
    const end = (/** @type {Press} */ now) => {
      map.off(moving, move);
      map.getCanvas().style.cursor = '';
      const moved = planStore.dragged.peek() !== null;
      dragTo(null);
      if (moved) drop(held, now.lngLat);
    };
    map.on(moving, move);
    map.once(kind === 'mouse' ? 'mouseup' : 'touchend', end);
  };
  map.on('mousedown', (event) => press(event, 'mouse'));
  map.on('touchstart', (event) => press(event, 'touch'));
  for (const id of GRIPS) {
    map.on('mouseenter', id, () => planStore.dragged.peek() || (map.getCanvas().style.cursor = 'grab'));
    map.on('mouseleave', id, () => planStore.dragged.peek() || (map.getCanvas().style.cursor = ''));
  }
}
