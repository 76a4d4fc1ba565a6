// @ts-check
/** A second map that lies over the left part of the first, moves with it and shows the surface of another period. */
import { SOURCE } from './heat.js';
import { note, theMap } from './instance.js';
import { supplyImages } from '../core/icons.js';

/** @import * as maplibregl from 'maplibre-gl' */

/** The style of the first map with other tiles of the surface. */
function styleWith(/** @type {maplibregl.Map} */ map, /** @type {string} */ tiles) {
  const style = map.getStyle();
  const surface = /** @type {any} */ (style.sources[SOURCE]);
  return { ...style, sources: { ...style.sources, [SOURCE]: { ...surface, tiles: [tiles] } } };
}

/**
 * Open the second map in an element; it costs what a map costs, and ends with `remove`.
 *
 * @param {HTMLElement} element @param {string} tiles template of the other period's tiles
 */
export async function openSecond(element, tiles) {
  const first = theMap.peek();
  if (!first) return null;
  const library = await import('maplibre-gl');
  const second = new library.Map({
    container: element,
    style: styleWith(first, tiles),
    interactive: false,
    attributionControl: false,
    fadeDuration: 0,
    center: first.getCenter(),
    zoom: first.getZoom(),
    bearing: first.getBearing(),
    pitch: first.getPitch(),
  });
  supplyImages(second, note);
  second.on('error', (event) => note(event.error));
  second.getCanvas().setAttribute('aria-hidden', 'true');
  second.getCanvas().setAttribute('tabindex', '-1');
  const move = () => second.jumpTo({
    center: first.getCenter(), zoom: first.getZoom(), bearing: first.getBearing(), pitch: first.getPitch(),
  });
  first.on('move', move);
  return {
    /** Show the tiles of another question, in the style that the first map has by now. */
    show: (/** @type {string} */ other) => second.setStyle(styleWith(first, other), { diff: true }),
    remove: () => {
      first.off('move', move);
      second.remove();
    },
  };
}
