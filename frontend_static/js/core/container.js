// @ts-check
/** Numbers of containers by ISO 6346: four letters, six digits, a check digit. */

const SHAPE = /^[A-Z]{3}[UJZ]\d{7}$/;
const BAG = /^\d{10}$/;

/** 10 … 38 for A … Z, without the multiples of 11. */
const LETTERS = Object.fromEntries([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((letter, at) =>
  [letter, 10 + at + Math.floor((at + 9) / 10)]));

/** The check digit of the first ten characters. */
export function checkDigit(/** @type {string} */ number) {
  const parts = [...number.slice(0, 10)].map((sign, at) => (LETTERS[sign] ?? Number(sign)) * 2 ** at);
  const sum = parts.reduce((total, part) => total + part, 0);
  return (sum % 11) % 10;
}

/**
 * What a typed number is: a right container number, one with a wrong check digit (`right` is the one it would have),
 * the tag of a bag, or none of these.
 *
 * @returns {{ kind: 'right' | 'wrong' | 'bag' | 'none' | 'blank', plain: string, right?: number }}
 */
export function judgeUnit(/** @type {string} */ text) {
  const plain = text.toUpperCase().replace(/[\s\-./]/g, '');
  if (!plain) return { kind: 'blank', plain };
  if (BAG.test(plain)) return { kind: 'bag', plain };
  if (!SHAPE.test(plain)) return { kind: 'none', plain };
  const right = checkDigit(plain);
  return { kind: right === Number(plain[10]) ? 'right' : 'wrong', plain, right };
}
