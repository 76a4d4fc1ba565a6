// @ts-check
/** Colours of what the page itself draws, and the ramp of the reach contours. */

/** @typedef {'dark' | 'light'} Theme */

export const COLOURS = {
  dark: {
    accent: '#4CC9F0', casing: '#06121C', before: '#8FA3B5', halo: '#0B1622', text: '#D6E2EC',
    bad: '#FF5A6E', give: '#FFB454',
  },
  light: {
    accent: '#0B6BA8', casing: '#FFFFFF', before: '#52616F', halo: '#FFFFFF', text: '#1B2733',
    bad: '#B3001B', give: '#A34A00',
  },
};

/** Viridis, without the end that the theme's ground would swallow. */
const RAMP = {
  dark: ['#FDE725', '#7AD151', '#22A884', '#2A788E', '#5A6BB0'],
  light: ['#440154', '#414487', '#2A788E', '#22A884', '#5FB03A'],
};

/** The colour of a class of numbers: the highest numbers are 0. */
export const classColour = (/** @type {number} */ index, /** @type {Theme} */ theme) => RAMP[theme][index];

/** The colour of a contour: the narrowest is 0. */
export function contourColour(/** @type {number} */ index, /** @type {number} */ count, /** @type {Theme} */ theme) {
  const ramp = RAMP[theme];
  return ramp[count < 2 ? 0 : Math.round((index / (count - 1)) * (ramp.length - 1))];
}

/** Colours of the air beside those of the layers' legends, and how strong its zones are. */
export const AIR = {
  dark: {
    unknown: '#B8C4D0', text: '#D6E2EC', halo: '#0B1622', casing: '#06121C', ground: '#8FA3B5', zone: 0.13,
    waiting: '#B9C9D8', planned: '#6FB7FF', flying: '#7FD8C0', off: '#FF8C1A', constraint: '#FFD166',
  },
  light: {
    unknown: '#5A6B7B', text: '#1B2733', halo: '#FFFFFF', casing: '#FFFFFF', ground: '#52616F', zone: 0.1,
    waiting: '#52616F', planned: '#1B5E9E', flying: '#0B7A55', off: '#A34A00', constraint: '#7A5600',
  },
};

/** @type {Record<string, 'waiting' | 'planned' | 'flying' | 'off' | 'constraint'>} */
const STATES = {
  Filed: 'waiting', Ended: 'waiting', Accepted: 'planned', Activated: 'flying', Nonconforming: 'off', Contingent: 'off',
};

/** The colour of a plan's state; a constraint has none. */
export const stateColour = (/** @type {string | null} */ state, /** @type {Theme} */ theme) =>
  AIR[theme][STATES[state ?? ''] ?? 'constraint'];

/** Colours of the modes of a shipment, at least 3:1 on ground, water and panel. */
const MODES = {
  dark: { road: '#FFB454', rail: '#C9A2FF', barge: '#2FBF8F', feeder: '#4CC9F0', deep_sea: '#7DA7FF', air: '#FF8AB8' },
  light: { road: '#A34A00', rail: '#6D3FC0', barge: '#0B7A55', feeder: '#0B6BA8', deep_sea: '#2A3F9E', air: '#A3195B' },
};

/** The colour of a mode. */
export const modeColour = (/** @type {import('../core/linkage.js').Mode} */ mode, /** @type {Theme} */ theme) =>
  MODES[theme][mode];
