// @ts-check
/** Heights as text: never without their datum, and unknown where they are. */
import { number, t } from '../../core/i18n.js';

/** @typedef {import('../../core/types.js').SkyPlace} SkyPlace */
/** @typedef {import('../../core/types.js').SkyLimit} SkyLimit */

/** Glyphs of the states of plans, the shapes of their marks on the map. @type {Record<string, string>} */
export const GLYPHS = {
  Accepted: '●', Activated: '◆', Nonconforming: '▲', Contingent: '▲', Filed: '○', Ended: '◌',
};

/** The height of a place in a datum. */
export function heightText(/** @type {SkyPlace} */ place, /** @type {'AGL' | 'AMSL' | 'W84'} */ datum) {
  const metres = place[datum];
  return metres === null ? `? ${datum}` : `${number(metres)} m ${datum}`;
}

/** A limit of a zone. */
export function limitText(/** @type {SkyLimit | null} */ limit, /** @type {'floor' | 'ceiling'} */ side) {
  if (!limit) return t(side === 'floor' ? 'sky.ground' : 'sky.no_ceiling');
  if (limit.value_m === null || !limit.datum) return t('sky.unknown');
  return `${number(limit.value_m)} m ${limit.datum}`;
}
