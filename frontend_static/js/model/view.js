// @ts-check
/** What part of the world the map shows, and the menu that is open on it. */
import { batch, signal } from '@preact/signals-core';
import { url } from '../core/store.js';

/** @typedef {import('../core/hash.js').Camera} Camera */
/** @typedef {[number, number, number, number]} Box west, south, east, north */
/** @typedef {{ x: number, y: number, lngLat: [number, number] }} Menu */

export const viewStore = {
  camera: url.camera,
  /** The first view, to which the page can return. */
  home: signal(/** @type {Camera | null} */ (null)),
  bounds: signal(/** @type {Box | null} */ (null)),
  zoom: signal(8),
  /** The extent that the map is to show in full. */
  fit: signal(/** @type {number[] | null} */ (null)),
  cursor: signal(/** @type {{ lng: number, lat: number } | null} */ (null)),
  menu: signal(/** @type {Menu | null} */ (null)),
};

/** Remember the first view. */
export function placeHome(/** @type {Camera} */ camera) {
  viewStore.home.value = camera;
}

/** The map has moved. */
export function moved(/** @type {Camera} */ camera, /** @type {Box} */ bounds) {
  batch(() => {
    url.camera.value = camera;
    viewStore.bounds.value = bounds;
  });
}

/** The map is zooming. */
export function zoomed(/** @type {number} */ zoom) {
  viewStore.zoom.value = zoom;
}

/** Ask the map to show an extent in full. */
export function fitTo(/** @type {number[]} */ box) {
  viewStore.fit.value = box;
}

/** The cursor is over a place. */
export function pointAt(/** @type {{ lng: number, lat: number }} */ place) {
  viewStore.cursor.value = place;
}

/** Open the map's menu at a place, or close it. */
export function openMenu(/** @type {Menu | null} */ menu) {
  viewStore.menu.value = menu;
}
