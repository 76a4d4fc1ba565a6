// @ts-check
/** Layers of the air, of whose rows the map draws those in force at its time: the columns of begin and end. */
export const DATED = /** @type {Record<string, [string, string]>} */ ({
  airspace: ['valid_from', 'valid_to'],
  controlled_ground: ['valid_from', 'valid_to'],
  airspace_restrictions: ['valid_from', 'valid_to'],
  operations: ['planned_start', 'planned_end'],
  intents: ['begins', 'ends'],
});
