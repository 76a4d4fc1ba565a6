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
