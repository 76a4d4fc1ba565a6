// @ts-check
/** Flights as they are planned: a mark that moves, a stem to the ground, a trail along the path. */
import { effect } from '@preact/signals-core';
import { AltitudeLayer, Anchor, rgba } from './altitude_layer.js';
import { AIR, stateColour } from './colours.js';
import { wires } from './wires.js';
import { skyStore, findFlight, follow, inForce, movingFlights, placeOf } from '../model/sky.js';
import { sectionStore, suitableTop } from '../model/section.js';
import { select } from '../model/selection.js';
import { shellStore } from '../model/shell.js';
import { playhead, timeStore } from '../model/time.js';

/** @typedef {import('./altitude_layer.js').Line} Line */
/** @typedef {import('./altitude_layer.js').Mark} Mark */
/** @typedef {import('./altitude_layer.js').Spot} Spot */
/** @typedef {import('./altitude_layer.js').Rgba} Rgba */
/** @typedef {import('../core/types.js').SkyFlight} SkyFlight */
/** @typedef {import('../core/types.js').SkyPlace} SkyPlace */
/** @typedef {{ id: string, x: number, y: number, foot: { x: number, y: number } }} Seen */

const ID = 'sg-altitude';
const DASH_S = 40;
const DASH_M = 400;
const PICK_PX = 12;
/** Radius of a mark by zoom: small over the province, full size from here on. */
const [SMALL, FULL] = [{ zoom: 7, px: 4.5 }, { zoom: 11.5, px: 7.5 }];
const SHAPES = /** @type {Record<string, number>} */ ({
  Accepted: 0, Activated: 1, Nonconforming: 2, Contingent: 2, Filed: 3, Ended: 3,
});
const UNKNOWN = 4;

/** Height of a place and of the ground below it as they are drawn, m; null where one is unknown. */
function drawnHeights(/** @type {{ AGL: number | null, AMSL: number | null, ground: number | null }} */ place) {
  const times = skyStore.exaggeration.peek();
  if (skyStore.datum.peek() === 'AGL') return { head: scaled(place.AGL, times), foot: 0 };
  return { head: scaled(place.AMSL, times), foot: scaled(place.ground, times) ?? 0 };
}

const scaled = (/** @type {number | null} */ metres, /** @type {number} */ times) =>
  metres === null ? null : Math.max(0, metres) * times;

/** The planned paths, which stand. @returns {Line[]} */
function paths(/** @type {Anchor} */ anchor, /** @type {number} */ day_ms) {
  const theme = shellStore.theme.value;
  void [skyStore.datum.value, skyStore.exaggeration.value];
  return movingFlights().flatMap((flight) => {
    const { path } = flight;
    if (!path) return [];
    const life = /** @type {[number, number]} */ ([(flight.begin_ms - day_ms) / 1000, (flight.end_ms - day_ms) / 1000]);
    const look = { colour: rgba(stateColour(flight.state, theme)), width: 3, life, trail: true, dash: DASH_S };
    const spots = path.at_s.map((_, n) => {
      const [AMSL, ground] = [path.amsl_m[n], path.ground_m[n]];
      const AGL = AMSL === null || ground === null ? null : AMSL - ground;
      return anchor.spot(path.lon[n], path.lat[n], drawnHeights({ AMSL, AGL, ground }).head ?? 0);
    });
    const times = path.at_s.map((at) => at - day_ms / 1000);
    return spots.slice(1).map((to, n) => ({ from: spots[n], to, from_s: times[n], to_s: times[n + 1], ...look }));
  });
}

/** The line of the section: the ground, and the height up to which flight needs no application. @returns {Line[]} */
function cutLines(/** @type {Anchor} */ anchor) {
  const section = sectionStore.section.value;
  if (!section || skyStore.space.value !== '3d') return [];
  const c = AIR[shellStore.theme.value];
  const suitable = suitableTop(section);
  const above = (/** @type {number} */ metres, /** @type {Partial<Line> & { colour: Rgba, width: number }} */ look) =>
    section.lon.slice(1).flatMap((_, n) => {
      const ends = [n, n + 1].map((at) => {
        const ground = section.ground_m[at];
        if (ground === null) return null;
        const { head, foot } = drawnHeights({ AGL: metres, AMSL: ground + metres, ground });
        return anchor.spot(section.lon[at], section.lat[at], head ?? foot);
      });
      const [from, to] = ends;
      return from && to ? [{ from, to, from_s: section.along_m[n], to_s: section.along_m[n + 1], ...look }] : [];
    });
  return [
    ...above(0, { colour: rgba(c.ground), width: 2.5 }),
    ...(suitable === null ? [] : above(suitable, { colour: rgba(c.constraint), width: 3, dash: DASH_M })),
  ];
}

/**
 * Mark, foot and stem of a flight where it is, the mark of a radius in pixels.
 *
 * @param {Anchor} anchor @param {SkyFlight} flight @param {SkyPlace} place @param {number} px
 */
function stand(anchor, flight, place, px) {
  const theme = shellStore.theme.peek();
  const colour = stateColour(flight.state, theme);
  const { head, foot } = drawnHeights(place);
  const big = flight.id === skyStore.follow.peek();
  const [low, top] = [foot, head ?? foot].map((metres) => anchor.spot(place.lon, place.lat, metres));
  /** @type {Line[]} */
  const lines = [];
  if (head !== null) lines.push({ from: low, to: top, colour: rgba(colour, 0.9), width: big ? 3 : 2 });
  if (foot > 0) {
    const below = { colour: rgba(AIR[theme].ground, 0.7), width: 1.5 };
    lines.push({ from: anchor.spot(place.lon, place.lat, 0), to: low, ...below });
  }
  const shape = head === null ? UNKNOWN : (SHAPES[flight.state ?? ''] ?? 3);
  /** @type {Mark[]} */
  const marks = [
    { at: low, colour: rgba(colour), radius: px * 0.4, shape: 0 },
    { at: top, colour: rgba(colour), radius: big ? px + 4 : px, shape },
  ];
  return { lines, marks };
}

/** Flights of the map: the layer that draws them, and what is under a point of the screen. */
export class Flights {
  constructor(/** @type {import('maplibre-gl').Map} */ map) {
    this.map = map;
    this.layer = new AltitudeLayer(ID, () => this.frame());
    /** Where marks were drawn last. @type {{ id: string, at: Spot, foot: Spot }[]} */
    this.drawn = [];
    this.day_ms = 0;
    const put = () => {
      if (!map.getLayer(ID)) map.addLayer(this.layer);
    };
    map.on('style.load', put);
    this.stops = [this.follow(), this.placed(), this.ticked()];
    map.on('dragstart', () => follow(null));
  }

  /** Place what stands anew. */
  placed() {
    return effect(() => {
      const picture = skyStore.wanted.value ? skyStore.picture.value : null;
      const [lon, lat] = sectionStore.section.value
        ? [sectionStore.section.value.lon[0], sectionStore.section.value.lat[0]]
        : Object.values(this.map.getCenter());
      const anchor = new Anchor(lon, lat);
      this.day_ms = picture?.day_ms ?? 0;
      const planned = picture ? paths(anchor, this.day_ms) : [];
      this.layer.place(anchor, [...wires(anchor, this.day_ms), ...planned, ...cutLines(anchor)]);
      void skyStore.follow.value;
      this.map.triggerRepaint();
    });
  }

  /** Draw again when the time was set, and each second while it follows the clock. */
  ticked() {
    setInterval(() => {
      if (skyStore.wanted.peek() && timeStore.at.peek() === null && !document.hidden) this.map.triggerRepaint();
    }, 1000);
    return effect(() => {
      void [timeStore.at.value, timeStore.player.value];
      if (skyStore.wanted.value) this.map.triggerRepaint();
    });
  }

  /** Where every flight is at this frame. */
  frame() {
    const at = playhead();
    /** @type {Line[]} */
    const lines = [];
    /** @type {Mark[]} */
    const marks = [];
    this.drawn = [];
    const share = (this.map.getZoom() - SMALL.zoom) / (FULL.zoom - SMALL.zoom);
    const px = SMALL.px + Math.max(0, Math.min(1, share)) * (FULL.px - SMALL.px);
    if (skyStore.wanted.peek()) {
      for (const flight of movingFlights()) {
        const place = inForce(flight, at) ? placeOf(flight, at) : null;
        if (!place) continue;
        const found = stand(this.layer.anchor, flight, place, px);
        lines.push(...found.lines);
        marks.push(...found.marks);
        this.drawn.push({ id: flight.id, at: found.marks[1].at, foot: found.marks[0].at });
      }
      if (timeStore.player.peek() !== null) this.next(at);
    }
    const casing = rgba(AIR[shellStore.theme.peek()].casing).slice(0, 3);
    return { now_s: (at - this.day_ms) / 1000, lines, marks, casing };
  }

  /** While time runs the next frame comes at once, the followed flight in its middle. */
  next(/** @type {number} */ at) {
    const flight = findFlight(skyStore.follow.peek());
    const place = flight && placeOf(flight, at);
    requestAnimationFrame(() => {
      if (place) this.map.jumpTo({ center: [place.lon, place.lat] }, { following: true });
      this.map.triggerRepaint();
    });
  }

  /** Bring the followed flight into the middle when it is chosen or the time is set. */
  follow() {
    return effect(() => {
      const flight = findFlight(skyStore.follow.value);
      void timeStore.at.value;
      const place = flight && timeStore.player.value === null ? placeOf(flight, playhead()) : null;
      if (place) this.map.jumpTo({ center: [place.lon, place.lat] });
    });
  }

  /** Where marks and feet are on the screen, pixels. @returns {Seen[]} */
  seen() {
    return this.drawn.flatMap(({ id, at, foot }) => {
      const [head, ground] = [this.layer.project(at), this.layer.project(foot)];
      return head && ground ? [{ id, ...head, foot: ground }] : [];
    });
  }

  /** Take the flight whose mark is under a point of the screen; tells whether there is one. */
  take(/** @type {{ x: number, y: number }} */ { x, y }) {
    const near = this.seen().map((one) => ({ ...one, px: Math.hypot(one.x - x, one.y - y) }));
    const [best] = near.filter(({ px }) => px <= PICK_PX).sort((a, b) => a.px - b.px);
    if (!best) return false;
    follow(best.id);
    if (findFlight(best.id)?.layer === 'operations') select({ layer: 'operations', id: best.id });
    return true;
  }
}
